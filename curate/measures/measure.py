"""What a measure is: facts of one picture, without judgement, computed once for the same pixels, method and version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Status = Literal["ok", "declined", "not_applicable", "failed"]


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one picture, or why there is none.

    Parameters
    ----------
    value : float, optional
        In the unit of the measure; None unless `status` is ``ok``.
    status : {"ok", "declined", "not_applicable", "failed"}
        ``declined``: the picture does not allow it.
    detail : str, optional
        The reason, or a remark.
    """

    value: float | None
    status: Status = "ok"
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """One method that gives one or more measures of a picture.

    Parameters
    ----------
    name : str
        Name of the method, column ``method``.
    version : str
        Changes whenever a value may change; parameters are part of it.
    units : mapping
        Name of each measure that the method gives -> its unit; an empty unit is a plain number.
    of : callable
        An upright sRGB picture, shape (h, w, 3), uint8 -> a reading for each measure. A module function: it is sent to
        worker processes.
    """

    name: str
    version: str
    units: Mapping[str, str]
    of: Callable[[Image], Mapping[str, Reading]]
