"""Workbooks (xlsx, xls, xlsb, ods) as sheets of text: numbers without a needless point, merged cells filled in."""

from __future__ import annotations

import datetime as dt
import io
import itertools
from typing import TYPE_CHECKING

from schemas.errors import DataFault, Place, Unavailable

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

__all__ = ["ENDINGS", "read_sheets"]

ENDINGS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")


def read_sheets(data: bytes, name: str) -> list[tuple[str, list[list[str]]]]:
    """Return name and rows of each sheet, from its first cell on.

    Parameters
    ----------
    data : bytes
        The file.
    name : str
        What the user calls it.

    Raises
    ------
    schemas.errors.DataFault
        It is no workbook, or is protected by a password.
    schemas.errors.Unavailable
        The library that reads workbooks is not installed.
    """
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError as error:
        raise Unavailable("python-calamine is not installed", remedy="Install it, or save the table as CSV.") from error
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        return [(title, _rows(book, title)) for title in book.sheet_names]
    except CalamineError as error:
        remedy = "Save it without a password, or as CSV."
        raise DataFault(f"is no workbook that can be read ({error})", place=Place(name), remedy=remedy) from error


def _rows(book: CalamineWorkbook, title: str) -> list[list[str]]:
    sheet = book.get_sheet_by_name(title)
    rows = [[_text(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        inside = itertools.product(range(top, bottom + 1), range(left, right + 1))
        for at, column in inside:
            if at < len(rows) and column < len(rows[at]):
                rows[at][column] = rows[top][left]
    return rows


def _text(cell: object) -> str:
    """Return a cell as a person would type it: 7.0 as 7, dates as ISO 8601."""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, dt.datetime):
        midnight = cell.time() == dt.time()
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ")
    return str(cell)
