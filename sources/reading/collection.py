"""A published collection on disk: its table and its pictures, found by name anywhere below a location."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from schemas.errors import DataFault, Fault, Place, Unavailable, UserError
from sources.reading.figures import CellFaultError
from sources.reading.images import File, Listing, Pictures, list_files
from sources.reading.tables import Record, TextTable, read_table
from sources.source import ImageRef, Options, Row
from sources.transport.archive import is_archive

__all__ = ["Collection", "Found", "by_key", "open_collection", "raw_of"]


@dataclass(frozen=True, slots=True)
class Found:
    """A row of a table with its picture.

    Parameters
    ----------
    place : Place
        Table, as the user knows it, and line.
    cells : mapping of str to str
        Column to text without blanks around it.
    raw : mapping of str to str
        Column to text, letter by letter.
    image : ImageRef or None
        The picture; None where there is none.
    """

    place: Place
    cells: Mapping[str, str]
    raw: Mapping[str, str]
    image: ImageRef | None


@dataclass(frozen=True, slots=True)
class Collection:
    """Table and pictures of a collection.

    Parameters
    ----------
    table : TextTable
        The table of its rows.
    pictures : Pictures
        All pictures that lie there; none where only the table is read.
    faults : tuple of Fault
        Archives that were refused.
    beside : callable
        Returns the further table with a file name, None where there is none.
    """

    table: TextTable
    pictures: Pictures
    faults: tuple[Fault, ...]
    beside: Callable[[str], TextTable | None]

    def each(
        self, row: Callable[[Found], Row | Fault], *keys: str, table: TextTable | None = None
    ) -> Iterator[Row | Fault]:
        """Yield what a function makes of each row of a table; a cell that it cannot read is a fault of the row.

        Parameters
        ----------
        row : callable
            Makes a row of the source of a row of the table. May raise `figures.CellFaultError`.
        *keys : str
            Columns that name the picture: the first is the key and never empty, the others are tried after it.
        table : TextTable, optional
            A further table; the table of the collection where it is not given.
        """
        table = table or self.table
        for record in table.records():
            found = record if isinstance(record, Fault) else self._found(record, keys, table)
            if isinstance(found, Fault):
                yield found
                continue
            try:
                yield row(found)
            except CellFaultError as error:
                yield error.fault(found.place)

    def whole(self, row: Callable[[Found], Row | Fault], *keys: str) -> Iterator[Row | Fault]:
        """Yield everything that a collection of one table says: refused archives, rows, pictures without a row."""
        yield from self.faults
        yield from self.each(row, *keys)
        yield from self.pictures.unnamed(table=self.table.name)

    def _found(self, record: Record, keys: Sequence[str], table: TextTable) -> Found | Fault:
        place = Place(table.name, record.line)
        cells = {name: cell.strip() for name, cell in record.cells.items()}
        if not cells[keys[0]]:
            remedy = "A row without the name of its picture has no key."
            return Fault("K02", "is empty", place=replace(place, column=keys[0]), remedy=remedy)
        image: ImageRef | Fault | None = None
        for key in keys:
            image = image or (self.pictures.find(cells[key]) if cells[key] else None)
        return replace(image, place=place) if isinstance(image, Fault) else Found(place, cells, record.cells, image)


def open_collection(options: Options, *, tables: Sequence[str], columns: Sequence[str], how_to_get: str) -> Collection:
    """Return table and pictures of a collection below the location of the options.

    Parameters
    ----------
    options : Options
        Location, and whether pictures are wanted.
    tables : sequence of str
        File names under which the table is published or copied, the best first.
    columns : sequence of str
        Columns without which the table is another one.
    how_to_get : str
        Where a user finds the files.

    Raises
    ------
    schemas.errors.Unavailable
        No location is given: this release does not fetch by itself.
    schemas.errors.UserError, schemas.errors.DataFault
        The location holds no such table, several different ones, or one without its columns.
    """
    if options.location is None:
        raise Unavailable("this release does not fetch the files itself", remedy=f"{how_to_get} Then name the folder.")
    path = Path(options.location)
    listing, table = _main_table(path, tables, options, how_to_get)
    _has_columns(table, columns)

    def beside(name: str) -> TextTable | None:
        found = listing.named(name)
        if found:
            return read_table(_one(found, options.location or "").ref.open(), name=found[0].path)
        neighbor = path.with_name(name)
        return read_table(neighbor) if path.is_file() and not is_archive(path) and neighbor.is_file() else None

    pictures = Pictures(() if options.metadata_only else listing.pictures())
    return Collection(table, pictures, listing.faults, beside)


def _main_table(path: Path, tables: Sequence[str], options: Options, how_to_get: str) -> tuple[Listing, TextTable]:
    if path.is_file() and not is_archive(path):
        return Listing(()) if options.metadata_only else list_files(str(path)), read_table(path)
    listing = list_files(str(path))
    file = _table(listing, tables, str(path), how_to_get)
    return listing, read_table(file.ref.open(), name=file.path)


def _has_columns(table: TextTable, columns: Sequence[str]) -> None:
    lacking = [column for column in columns if column not in table.columns]
    if lacking:
        has = f"It has: {', '.join(table.columns)}."
        raise DataFault(f"has no column {', '.join(lacking)}", place=Place(table.name), remedy=has)


def _table(listing: Listing, names: Sequence[str], location: str, how_to_get: str) -> File:
    for name in names:
        found = listing.named(name)
        if found:
            return _one(found, location)
    refused = f"{listing.faults[0]} " if listing.faults else ""
    raise UserError(f"holds no {names[0]}", value=location, remedy=f"{refused}{how_to_get}")


def _one(found: Sequence[File], location: str) -> File:
    """Return the first of the files of one name; two that differ in size are no copies."""
    if len({file.size for file in found}) > 1:
        both = f"{found[0].path} and {found[1].path}"
        raise DataFault(f"holds two different tables: {both}", value=location, remedy="Name the folder of one.")
    return found[0]


def by_key(table: TextTable, key: str, *columns: str) -> dict[str, Record]:
    """Return the rows of a further table by the cells of a column.

    Parameters
    ----------
    table : TextTable
        A table that another one is joined with.
    key : str
        Column whose cells are unique.
    *columns : str
        Columns without which the table is another one.

    Raises
    ------
    schemas.errors.DataFault
        The table lacks a column, holds a row that cannot be read, or a key twice.
    """
    _has_columns(table, (key, *columns))
    rows: dict[str, Record] = {}
    for record in table.records():
        if isinstance(record, Fault):
            raise DataFault(record.what, place=record.place, remedy=record.remedy, faults=(record,))
        cell = record.cells[key].strip()
        if cell in rows:
            what = f"stands in row {rows[cell].line} already"
            raise DataFault(what, place=Place(table.name, record.line, key), value=cell, remedy="Keep one of the rows.")
        rows[cell] = record
    return rows


def raw_of(*parts: tuple[str, Mapping[str, str]], refused: Container[str] = ()) -> dict[str, str]:
    """Return the cells of a row that stands in several tables, letter by letter, under ``file/column``.

    Parameters
    ----------
    *parts : tuple of (str, mapping)
        File as the user knows it, and its cells.
    refused : container of str
        Columns that may not enter.
    """
    return {
        f"{PurePosixPath(name).name}/{column}": cell
        for name, cells in parts
        for column, cell in cells.items()
        if column not in refused
    }
