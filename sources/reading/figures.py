"""Numbers, ages and yes-or-no in cells of published tables; a cell that holds something else is a fault of its row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from schemas.errors import Fault, Place

__all__ = ["CellFaultError", "age_fields", "flag", "number"]

_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_YES, _NO = frozenset({"true", "1", "1.0", "yes"}), frozenset({"false", "0", "0.0", "no"})


class CellFaultError(ValueError):
    """A cell does not hold what its column says.

    Parameters
    ----------
    rule : str
        Code of the constraint.
    what : str
        What is wrong.
    column, value : str
        Column as the table names it, and the cell.
    """

    def __init__(self, rule: str, what: str, *, column: str, value: str) -> None:
        super().__init__(what)
        self.rule = rule
        self.what = what
        self.column = column
        self.value = value

    def fault(self, place: Place) -> Fault:
        """Return the fault of a row."""
        place = replace(place, column=self.column)
        return Fault(self.rule, self.what, place=place, value=self.value, remedy="Correct the cell.")


def number(cells: Mapping[str, str], column: str, *, rule: str = "K04") -> float | None:
    """Return the number in a cell; None where the table has no such column or the cell is empty.

    Raises
    ------
    CellFaultError
        The cell holds something else.
    """
    cell = cells.get(column, "")
    if not cell:
        return None
    if not _NUMBER.fullmatch(cell):
        raise CellFaultError(rule, "is not a number", column=column, value=cell)
    return float(cell)


def age_fields(cells: Mapping[str, str], column: str, *, method: str) -> dict[str, object]:
    """Return ``age_years`` and ``age_method`` of a row; 0 is an age.

    Parameters
    ----------
    cells : mapping of str to str
        The row.
    column : str
        Column of ages in years, written ``45`` or ``45.0``.
    method : str
        Code of list ``age_method``.

    Raises
    ------
    CellFaultError
        The cell is no number (P03).
    """
    years = number(cells, column, rule="P03")
    return {} if years is None else {"age_years": int(years), "age_method": method}


def flag(cells: Mapping[str, str], column: str) -> bool | None:
    """Return what a cell says of yes and no, whatever program wrote it; None where it is empty or not there.

    Raises
    ------
    CellFaultError
        The cell holds something else.
    """
    cell = cells.get(column, "").casefold()
    if cell and cell not in _YES | _NO:
        raise CellFaultError("K04", "is neither true nor false", column=column, value=cells[column])
    return cell in _YES if cell else None
