"""Tables of text as people hand them over: encoding and delimiter found out, lines numbered as an editor counts."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from schemas.errors import DataFault, Fault, Place

__all__ = ["Record", "TextTable", "decoded", "delimiter_of", "lines_of", "read_table"]

# In this order: a byte order mark says it, UTF-8 proves itself, the rest are guesses among what Russian programs write.
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_GUESSES = {"windows-1251": "cp1251", "koi8-r": "koi8-r", "ibm866": "cp866", "maccyrillic": "mac-cyrillic"}
_USUAL = "windows-1251"
_DELIMITERS = ",;\t|"
_SNIFFED_LINES = 30


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a table.

    Parameters
    ----------
    line : int
        First line of the row as an editor counts: the first line of the file is 1.
    cells : mapping of str to str
        Column to text, letter by letter.
    """

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table that was read.

    Parameters
    ----------
    name : str
        File as the user knows it.
    columns : tuple of str
        Names in the header.
    encoding, delimiter : str
        As given or found out.
    """

    name: str
    columns: tuple[str, ...]
    encoding: str
    delimiter: str
    _text: str = field(repr=False)
    _header_line: int = field(repr=False)

    def records(self) -> Iterator[Record | Fault]:
        """Yield each row below the header, or what is wrong with it; blank lines are no rows."""
        for line, cells in lines_of(self._text, self.delimiter, self.name):
            if line <= self._header_line or not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(self.columns):
                what = f"has {len(cells)} cells, the header has {len(self.columns)}"
                remedy = "Correct the row; a cell that holds the delimiter needs quotes."
                yield Fault("K04", what, place=Place(self.name, line), remedy=remedy)
                continue
            yield Record(line, dict(zip(self.columns, cells, strict=True)))


def read_table(
    source: Path | bytes,
    *,
    name: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    header_holds: str | None = None,
) -> TextTable:
    """Return a table of text: CSV, TSV, semicolons, bars.

    Parameters
    ----------
    source : Path or bytes
        The file, or what it holds.
    name : str, optional
        What the user calls it; the name of the file where it is not given.
    encoding, delimiter : str, optional
        Where known; found out otherwise.
    header_holds : str, optional
        Name of a column: lines above the first line that holds it are titles. Without it the first line that is not
        blank is the header.

    Raises
    ------
    schemas.errors.DataFault
        The file is missing, is no text, has no header or the same name twice in it.
    """
    name = name or (source.name if isinstance(source, Path) else "table")
    text, found = decoded(_bytes(source), name=name, encoding=encoding)
    delimiter = delimiter or delimiter_of(text)
    line, header = _header(lines_of(text, delimiter, name), name, header_holds)
    columns = tuple(cell.strip() for cell in header)
    doubled = sorted({column for column in columns if columns.count(column) > 1})
    if doubled:
        raise DataFault(
            "stands twice in the header", place=Place(name, line), value=doubled[0], remedy="Rename one of the columns."
        )
    return TextTable(name, columns, found, delimiter, text, line)


def _bytes(source: Path | bytes) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        return source.read_bytes()
    except OSError as error:
        raise DataFault(f"cannot be read: {error.strerror}", place=Place(str(source))) from error


def decoded(data: bytes, *, name: str, encoding: str | None = None) -> tuple[str, str]:
    """Return text and encoding of the bytes of a table.

    Raises
    ------
    schemas.errors.DataFault
        The bytes are not text in the encoding that was given, or in any that is known.
    """
    tried = []
    for codec in _codecs(data, encoding):
        tried.append(codec)
        try:
            text = data.decode(codec)
        except (UnicodeDecodeError, LookupError):
            continue
        if "\x00" not in text:
            return text, codec
    remedy = "Save it as CSV in UTF-8."
    raise DataFault(f"is no text in {' or '.join(tried)}", place=Place(name), remedy=remedy)


def _codecs(data: bytes, encoding: str | None) -> Iterator[str]:
    known = encoding or next((codec for mark, codec in _MARKS if data.startswith(mark)), None)
    if known is not None:
        yield known
    else:
        yield "utf-8"
        yield _guess(data)


def _guess(data: bytes) -> str:
    import chardet

    said = chardet.detect(
        data, include_encodings=["utf-8", *_GUESSES], no_match_encoding=_USUAL, empty_input_encoding=_USUAL
    )
    return _GUESSES.get(str(said["encoding"]).casefold(), _GUESSES[_USUAL])


def lines_of(text: str, delimiter: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield first line number and cells of each row, blank ones included."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    before = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            remedy = "Look for a quote that is never closed."
            raise DataFault(
                f"cannot be split into cells ({error})", place=Place(name, before + 1), remedy=remedy
            ) from error
        yield before + 1, cells
        before = reader.line_num


def _header(lines: Iterator[tuple[int, list[str]]], name: str, holds: str | None) -> tuple[int, Sequence[str]]:
    for line, cells in lines:
        stripped = [cell.strip() for cell in cells]
        if holds in stripped if holds is not None else any(stripped):
            return line, stripped
    what = "is empty" if holds is None else f"has no line with the column {holds!r}"
    raise DataFault(what, place=Place(name), remedy="The first line of a table names its columns.")


def delimiter_of(text: str) -> str:
    """Return what splits most of the first lines into the same number of cells, and into the most."""
    head = "".join(text.splitlines(keepends=True)[:_SNIFFED_LINES])

    def agreement(delimiter: str) -> tuple[int, int]:
        try:
            widths = [len(cells) for _, cells in lines_of(head, delimiter, "") if any(cells)]
        except DataFault:
            return (0, 0)
        usual = max(set(widths), key=widths.count, default=1)
        return (widths.count(usual) if usual > 1 else 0, usual)

    return max(_DELIMITERS, key=agreement)
