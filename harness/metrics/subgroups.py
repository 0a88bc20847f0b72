"""Groups of rows that share a value: attributes, pairs of attributes, and the rows of each group.

A missing value is a group of its own, so that a model that fails where sex is unknown is seen; it takes no part in
gaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from schemas.errors import DataFault

ATTRIBUTES = ("sex", "age_band", "skin_tone", "ita_class", "site", "source", "image_type")
PAIRS = ("sex*age_band", "skin_tone*image_type", "source*image_type")
OVERALL = "overall"
MISSING = "(missing)"
MAX_GROUPS = 200
AGE_BANDS = ("<30", "30-49", "50-69", ">=70")
AGE_EDGES = (30, 50, 70)

# Levels with an order of their own; all others stand in the order of their names.
_ORDER = {
    level: number
    for number, level in enumerate(
        (*AGE_BANDS, "very_light", "light", "intermediate", "medium", "tan", "brown", "dark")
    )
}


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that share a value of one attribute, or of two.

    Parameters
    ----------
    group_id : str
        ``overall``, ``sex=female``, ``sex=female;age_band=50-69``.
    attribute : str
        ``overall``, ``sex``, ``sex*age_band``.
    level : str
        ``all``, ``female``, ``female;50-69``.
    rows : array of bool, shape (n,)
        True for members.
    """

    group_id: str
    attribute: str
    level: str
    rows: npt.NDArray[np.bool_]

    @property
    def is_missing(self) -> bool:
        """Whether the attribute, or one of a pair, is not known."""
        return MISSING in self.level.split(";")

    @property
    def is_pair(self) -> bool:
        """Whether two attributes make the group."""
        return "*" in self.attribute


def age_band(years: pd.Series[float], low: pd.Series[float], high: pd.Series[float]) -> pd.Series[str]:
    """Return the band of each age; missing where a published range touches two bands.

    Parameters
    ----------
    years, low, high : Series of float
        Age, and the closed interval of ages that are published as it; missing where not known.
    """
    point = _band_number(years)
    ends = _band_number(low), _band_number(high)
    # An open end ("80+") lies in the last band if its lower end does.
    top = len(AGE_BANDS) - 1
    ranged = ends[0].where((ends[0] == ends[1]) | (ends[1].isna() & (ends[0] == top)))
    names = pd.Series(list(AGE_BANDS), dtype="str")
    number = point.fillna(ranged)
    return number.map(names, na_action="ignore").astype("str")


def _band_number(age: pd.Series[float]) -> pd.Series[float]:
    value = age.to_numpy(dtype=np.float64, na_value=np.nan)
    number = np.where(np.isnan(value), np.nan, np.searchsorted(AGE_EDGES, value, side="right"))
    return pd.Series(number, index=age.index)


def levels(values: pd.Series[str]) -> list[str]:
    """Return the levels that occur, in their own order or that of their names, without the missing one."""
    found = {str(value) for value in values.dropna().unique()}
    return sorted(found, key=lambda level: (_ORDER.get(level, -1), level))


def make_groups(frame: pd.DataFrame, attributes: Sequence[str], pairs: Sequence[str]) -> list[Group]:
    """Return the whole set and every group that has a row.

    Parameters
    ----------
    frame : DataFrame
        One row per evaluated unit, one column per attribute; text, missing where not known.
    attributes : sequence of str
        Columns. One that is missing everywhere makes no group.
    pairs : sequence of str
        ``a*b`` of two columns. A pair makes groups only of known values of both.

    Raises
    ------
    DataFault
        More than 200 groups.
    """
    everyone = np.ones(len(frame), dtype=bool)
    groups = [Group(OVERALL, OVERALL, "all", everyone)]
    known = [name for name in attributes if frame[name].notna().any()]
    for name in known:
        groups.extend(
            Group(f"{name}={level}", name, level, (frame[name] == level).to_numpy()) for level in levels(frame[name])
        )
        missing = frame[name].isna().to_numpy()
        if missing.any():
            groups.append(Group(f"{name}={MISSING}", name, MISSING, missing))
    for pair in pairs:
        groups.extend(_pair_groups(frame, *pair.split("*", 1)))
    if len(groups) > MAX_GROUPS:
        raise DataFault(
            f"{len(groups)} groups are more than {MAX_GROUPS}",
            remedy="Leave out a pair or a column with many values (--by).",
        )
    return groups


def _pair_groups(frame: pd.DataFrame, first: str, second: str) -> list[Group]:
    found = []
    for one in levels(frame[first]):
        for other in levels(frame[second]):
            rows = ((frame[first] == one) & (frame[second] == other)).to_numpy()
            if rows.any():
                found.append(Group(f"{first}={one};{second}={other}", f"{first}*{second}", f"{one};{other}", rows))
    return found
