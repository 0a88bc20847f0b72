"""Sheets as people fill them in: titles above the header, headers of one or two rows, totals and signatures below.

A table of text is one sheet. Rows are numbered as an editor or a spreadsheet counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from schemas.errors import DataFault, Fault, Place
from sources.reading import workbook
from sources.reading.russian import normalize
from sources.reading.tables import decoded, delimiter_of, lines_of

__all__ = [
    "Header",
    "Sheet",
    "SheetRow",
    "header_at",
    "header_key",
    "headers",
    "is_table",
    "is_total",
    "read_sheets",
    "rows_below",
]

TEXT_ENDINGS = (".csv", ".tsv", ".txt", ".tab")
# How far down a header is looked for; registries put an address and a period above it.
_TITLE_ROWS = 40
_TOTAL = re.compile(
    r"(?:итого|всего|сумма|total|среднее|подпис\w*|исполнител\w*|ответственн\w*|заведующ\w*|зав\.|составил\w*|"
    r"главный врач|гл\. ?врач|м\.? ?п\.?|дата (?:выгрузки|формирования|отчета)|сформирован\w*|отчет|примечани[ея]:?)\b"
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a workbook, or a table of text.

    Parameters
    ----------
    file : str
        File as the user knows it.
    name : str
        Name of the sheet; empty for text.
    rows : tuple of (int, tuple of str)
        Number and cells of each row, blank ones included.
    encoding, delimiter : str or None
        Of a table of text.
    """

    file: str
    name: str
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    encoding: str | None = None
    delimiter: str | None = None

    @property
    def title(self) -> str:
        """File and sheet, as a place names them."""
        return f"{self.file}!{self.name}" if self.name else self.file


@dataclass(frozen=True, slots=True)
class Header:
    """Where the names of the columns stand.

    Parameters
    ----------
    first, last : int
        Positions in `Sheet.rows`; equal where the header is one row.
    names : tuple of str
        One name a column; ``group / name`` where two rows name it, numbered where a name stands twice.
    """

    first: int
    last: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row below a header.

    Parameters
    ----------
    number : int
        As an editor or a spreadsheet counts.
    cells : mapping of str to str
        Name of the column to text.
    skipped : bool
        True where it is no record, but a total or a signature.
    """

    number: int
    cells: Mapping[str, str]
    skipped: bool


def is_table(path: str) -> bool:
    """Return whether a file is a table by its name."""
    name = PurePosixPath(path).name
    return name.casefold().endswith(TEXT_ENDINGS + workbook.ENDINGS) and not name.startswith("~$")


def read_sheets(data: bytes, name: str, *, encoding: str | None = None, delimiter: str | None = None) -> list[Sheet]:
    """Return the sheets of a file.

    Parameters
    ----------
    data : bytes
        The file.
    name : str
        What the user calls it; a workbook is known by its ending.
    encoding, delimiter : str, optional
        Where known; found out otherwise.
    """
    if name.casefold().endswith(workbook.ENDINGS):
        sheets = workbook.read_sheets(data, name)
        return [
            Sheet(name, title, tuple((at, tuple(cells)) for at, cells in enumerate(rows, start=1)))
            for title, rows in sheets
        ]
    text, codec = decoded(data, name=name, encoding=encoding)
    cut = delimiter or delimiter_of(text)
    rows = tuple((line, tuple(cells)) for line, cells in lines_of(text, cut, name))
    return [Sheet(name, "", rows, codec, cut)]


def header_key(name: str) -> str:
    """Return the name of a column as names are compared: without case, line breaks and punctuation around it."""
    return normalize(name.replace("*", " "))


def headers(sheet: Sheet) -> Iterator[Header]:
    """Yield what could be the header of a sheet, from above: each of the first rows, alone and with the row below."""
    last = min(len(sheet.rows), _TITLE_ROWS)
    for at in range(last):
        cells = sheet.rows[at][1]
        if not any(cell.strip() for cell in cells):
            continue
        yield header_at(sheet, at, at)
        if at + 1 < last and any(cell.strip() for cell in sheet.rows[at + 1][1]):
            yield header_at(sheet, at, at + 1)


def header_at(sheet: Sheet, first: int, last: int) -> Header:
    """Return the header in the rows at two positions.

    Raises
    ------
    schemas.errors.DataFault
        The sheet ends above.
    """
    if last >= len(sheet.rows):
        what = f"has {len(sheet.rows)} rows, the header is said to stand in row {last + 1}"
        raise DataFault(what, place=Place(sheet.title), remedy="Correct `header_row` in the profile.")
    top = sheet.rows[first][1]
    if first == last:
        return Header(first, last, _unique(" ".join(cell.split()) for cell in top))
    below = sheet.rows[last][1]
    width = max(len(top), len(below))
    group, names = "", []
    for at in range(width):
        upper = " ".join(top[at].split()) if at < len(top) else ""
        lower = " ".join(below[at].split()) if at < len(below) else ""
        group = upper or (group if lower else "")
        names.append(f"{group} / {lower}" if group and lower and group != lower else lower or upper)
    return Header(first, last, _unique(names))


def _unique(names: Iterator[str] | Sequence[str]) -> tuple[str, ...]:
    found: list[str] = []
    for name in names:
        again = sum(header_key(name) == header_key(each.partition(" #")[0]) for each in found) if name else 0
        found.append(f"{name} #{again + 1}" if again else name)
    return tuple(found)


def is_total(cells: Sequence[str], *, words: Sequence[str] = ()) -> bool:
    """Return whether a row sums up or signs what stands above it.

    Parameters
    ----------
    cells : sequence of str
    words : sequence of str
        How such rows begin, beside «Итого», «Всего» and signatures.
    """
    said = [plain for cell in cells if (plain := normalize(cell))]
    distinct = dict.fromkeys(said)
    first = next(iter(distinct), "")
    if any(each.startswith(normalize(word)) for word in words for each in distinct):
        return True
    # «Итого: 60» beside one or two sums; a row of a patient fills more cells.
    return _TOTAL.match(first) is not None and len(distinct) <= max(3, len(cells) // 2)


def rows_below(sheet: Sheet, header: Header, *, skips: Callable[[Sequence[str]], bool]) -> Iterator[SheetRow | Fault]:
    """Yield each row below a header, or the fault of a row that holds more cells than the header.

    Blank rows and rows that say the header again are no rows. A row with fewer cells lacks its last ones.
    """
    shown = [header_key(name) for name in header.names]
    for number, cells in sheet.rows[header.last + 1 :]:
        if not any(cell.strip() for cell in cells) or [header_key(cell) for cell in cells] == shown:
            continue
        skipped = skips(cells)
        if not skipped and any(cell.strip() for cell in cells[len(header.names) :]):
            what = f"has {len(cells)} cells, the header has {len(header.names)}"
            remedy = "Correct the row; a cell that holds the delimiter needs quotes."
            yield Fault("K04", what, Place(sheet.title, number), remedy=remedy)
            continue
        padded = (*cells, *[""] * (len(header.names) - len(cells)))
        yield SheetRow(number, dict(zip(header.names, padded, strict=False)), skipped)
