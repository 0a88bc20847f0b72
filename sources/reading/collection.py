"""A published collection on disk: its table and its pictures, found by name anywhere below a location."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from schemas.errors import DataFault, Fault, Place, Unavailable, UserError
from sources.reading.images import File, Listing, Pictures, list_files
from sources.reading.tables import Record, TextTable, read_table
from sources.source import ImageRef, Options
from sources.transport.archive import is_archive

__all__ = ["Collection", "open_collection"]


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
    """

    table: TextTable
    pictures: Pictures
    faults: tuple[Fault, ...] = ()

    def rows(self, key: str) -> Iterator[tuple[Record, ImageRef | None] | Fault]:
        """Yield each row with its picture, and at the end a fault for each picture that no row names.

        Parameters
        ----------
        key : str
            Column that names the picture.
        """
        yield from self.faults
        for record in self.table.records():
            yield record if isinstance(record, Fault) else self._with_picture(record, key)
        yield from self.pictures.unnamed(table=self.table.name)

    def _with_picture(self, record: Record, key: str) -> tuple[Record, ImageRef | None] | Fault:
        place = Place(self.table.name, record.line, key)
        name = record.cells[key].strip()
        if not name:
            return Fault("K02", "is empty", place=place, remedy="A row without the name of its picture has no key.")
        found = self.pictures.find(name)
        return replace(found, place=place) if isinstance(found, Fault) else (record, found)


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
    if path.is_file() and not is_archive(path):
        listing = Listing(()) if options.metadata_only else list_files(options.location)
        table = read_table(path)
    else:
        listing = list_files(options.location)
        file = _table(listing, tables, options.location, how_to_get)
        table = read_table(file.ref.open(), name=file.path)
    lacking = [column for column in columns if column not in table.columns]
    if lacking:
        has = f"It has: {', '.join(table.columns)}."
        raise DataFault(f"has no column {', '.join(lacking)}", place=Place(table.name), remedy=has)
    return Collection(table, Pictures(() if options.metadata_only else listing.pictures()), listing.faults)


def _table(listing: Listing, names: Sequence[str], location: str, how_to_get: str) -> File:
    for name in names:
        found = listing.named(name)
        if len({file.size for file in found}) > 1:
            both = f"{found[0].path} and {found[1].path}"
            raise DataFault(f"holds two different tables: {both}", value=location, remedy="Name the folder of one.")
        if found:
            return found[0]
    refused = f"{listing.faults[0]} " if listing.faults else ""
    raise UserError(f"holds no {names[0]}", value=location, remedy=f"{refused}{how_to_get}")
