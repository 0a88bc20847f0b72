"""What the user wants of a split: its parts, their shares, what is balanced."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.splits.strata import BALANCE
from schemas.errors import UserError

# Folds are int8 in the table.
MAX_FOLDS = 100
_PARTS = {2: ("train", "test"), 3: ("train", "val", "test")}


@dataclass(frozen=True, slots=True)
class Plan:
    """Parts of a split.

    Parameters
    ----------
    name : str
        Name of the split.
    parts : tuple of str
        ``train``, ``val``, ``test``, or the numbers of the folds.
    fractions : tuple of float
        Share of each part, sum 1.
    folds : bool
        True where the parts are folds.
    seed : int
        Salt of the order of equally large groups.
    balance : tuple of str
        What is balanced, names of `curate.splits.strata.BALANCE`.
    """

    name: str
    parts: tuple[str, ...]
    fractions: tuple[float, ...]
    folds: bool
    seed: int = 0
    balance: tuple[str, ...] = BALANCE

    @property
    def shares(self) -> npt.NDArray[np.float64]:
        """Shares as an array."""
        return np.array(self.fractions)

    @property
    def params(self) -> dict[str, object]:
        """What decides the assignment besides rows and seed, as column ``params`` holds it."""
        return {"parts": list(self.parts), "fractions": list(self.fractions), "balance": list(self.balance)}


def plan_fractions(name: str, fractions: Sequence[float], *, seed: int = 0, balance: Sequence[str] = BALANCE) -> Plan:
    """Return the plan of a split into train, (val) and test.

    Parameters
    ----------
    name : str
        Name of the split; no ``/``, which names a fold.
    fractions : sequence of float
        Shares of train, val, test, or of train, test. A share of 0 leaves its part out.
    seed : int
        Another seed gives another split.
    balance : sequence of str
        Names of `BALANCE`.

    Raises
    ------
    UserError
        The fractions are not two or three shares that sum to 1, or a name is unknown.
    """
    text = ",".join(f"{share:g}" for share in fractions)
    if len(fractions) not in _PARTS:
        raise UserError(
            "is not a list of two or three shares", value=text, remedy="Give train,val,test or train,test: 0.6,0.2,0.2."
        )
    if any(not 0 <= share <= 1 for share in fractions) or not math.isclose(sum(fractions), 1, abs_tol=1e-6):
        raise UserError(f"shares sum to {sum(fractions):g}", value=text, remedy="They must lie in 0..1 and sum to 1.")
    kept = [(part, share) for part, share in zip(_PARTS[len(fractions)], fractions, strict=True) if share > 0]
    if len(kept) < 2:
        raise UserError("leaves one part only", value=text, remedy="Give at least two parts a share above 0.")
    parts, shares = zip(*kept, strict=True)
    return Plan(_checked_name(name), parts, shares, folds=False, seed=seed, balance=_checked_balance(balance))


def plan_folds(name: str, count: int, *, seed: int = 0, balance: Sequence[str] = BALANCE) -> Plan:
    """Return the plan of a split into equal folds.

    Parameters
    ----------
    name : str
        Name of the split; no ``/``, which names a fold.
    count : int
        Folds, 2..100.
    seed, balance
        As `plan_fractions` takes them.

    Raises
    ------
    UserError
        The count is out of range, or a name is unknown.
    """
    if not 2 <= count <= MAX_FOLDS:
        raise UserError("is not a number of folds", value=str(count), remedy=f"Give 2 to {MAX_FOLDS}.")
    parts = tuple(str(fold) for fold in range(count))
    shares = (1 / count,) * count
    return Plan(_checked_name(name), parts, shares, folds=True, seed=seed, balance=_checked_balance(balance))


def _checked_name(name: str) -> str:
    if not name or "/" in name or name != name.strip() or not name.isprintable():
        raise UserError("is no name for a split", value=name, remedy="Give a word; `/` names a fold of a split.")
    return name


def _checked_balance(balance: Sequence[str]) -> tuple[str, ...]:
    unknown = [name for name in balance if name not in BALANCE]
    if unknown:
        raise UserError(
            "is nothing that a split is balanced over", value=unknown[0], remedy=f"Choose of {', '.join(BALANCE)}."
        )
    return tuple(name for name in BALANCE if name in balance or name == "diagnosis")
