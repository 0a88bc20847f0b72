"""Any folder of pictures, with or without a table beside them whose columns are those of the schema or mapped to it."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from schemas.errors import DataFault, Fault, Place, UserError
from sources.reading.cells import WRITABLE, CellError, UnmappedError, value_of
from sources.reading.images import File, Listing, Pictures, absent, is_picture, list_files
from sources.reading.mapping import TableMapping, read_mapping
from sources.reading.personal import personal_text, refused_column
from sources.reading.tables import Record, TextTable, read_table
from sources.source import FactSheet, ImageRef, Options, Row, Source
from sources.transport.archive import ENDINGS, is_archive

__all__ = ["SOURCE"]

NAME = "folder"
_TABLE = "metadata.csv"
_ISSUERS = {NAME: "ids of the owner of the folder", "isic": "ISIC Archive"}
_PERSON_KEYS = ("patient_id", "lesion_id", "case_id")
# What the table calls the picture and its file; all other columns are those of the schema.
_IMAGE, _FILE = "image", "file"
_MAPPED = WRITABLE | {_FILE}

_SHEET = FactSheet(
    title="A folder of pictures",
    version="1",
    language="as the table",
    licence="unknown-licence",
    access="none",
    summary="Any folder, zip or tar of pictures; a metadata.csv (image, file, columns of the schema) there is read.",
    how_to_get="Yours: `curate ingest folder FOLDER --into DATASET`; --mapping FILE.yaml names other columns.",
    redistribute="no",
    limitations="Nothing is known of it but what the table says.",
    id_issuers=_ISSUERS,
    one_of_many=True,
)


def rows(options: Options) -> Iterator[Row | Fault]:
    """Yield a row for each line of the table, or for each picture where there is no table."""
    if options.location is None:
        raise UserError("needs a LOCATION: a folder, a zip, a tar or a table", value=NAME)
    mapping = read_mapping(options.mapping, known=_MAPPED) if options.mapping else TableMapping()
    location = Path(options.location)
    is_table = location.is_file() and not is_archive(location)
    listing = list_files(options.location, archives=False)
    table = _read(location, location.name, mapping) if is_table else _find(listing, mapping, options)
    if table is None:
        yield from _pictures_alone(list_files(options.location), options)
        return
    if _names_archives(table, mapping):
        listing = list_files(options.location)
    yield from _Reader(table, mapping, listing, metadata_only=options.metadata_only).rows()


# --- pictures without a table ----------------------------------------------------------------------------------------


def _pictures_alone(listing: Listing, options: Options) -> Iterator[Row | Fault]:
    yield from listing.faults
    pictures = listing.pictures()
    if not pictures and not listing.faults:
        raise UserError(f"holds no picture and no {_TABLE}", value=str(options.location), remedy="Name another folder.")
    for file in pictures:
        place = Place(file.path)
        yield _personal(file.path, place) or Row(place, {"source_image_id": file.path}, {_FILE: file.path}, file.ref)


def _personal(text: str, place: Place) -> Fault | None:
    what = personal_text(text)
    if what is None:
        return None
    remedy = "Take it out: names of persons, dates, numbers and addresses do not enter a dataset."
    return Fault("R05", f"looks like {what}", place=place, remedy=remedy, column=place.column)


# --- a table ---------------------------------------------------------------------------------------------------------


def _find(listing: Listing, mapping: TableMapping, options: Options) -> TextTable | None:
    wanted = mapping.table or _TABLE
    found = [file for file in listing.files if file.path == wanted] or list(listing.named(PurePosixPath(wanted).name))
    if len(found) > 1:
        remedy = "Name the folder of one of them, or the table itself."
        raise DataFault(f"holds {found[0].path} and {found[1].path}", value=str(options.location), remedy=remedy)
    if found:
        return _read(found[0].ref.open(), found[0].path, mapping)
    if options.mapping is not None:
        raise UserError(f"holds no {wanted}", value=str(options.location), remedy="Correct `table` in the mapping.")
    return None


def _read(source: Path | bytes, name: str, mapping: TableMapping) -> TextTable:
    return read_table(source, name=name, encoding=mapping.encoding, delimiter=mapping.delimiter)


def _names_archives(table: TextTable, mapping: TableMapping) -> bool:
    column = mapping.columns.get(_FILE, _FILE)
    marks = tuple(f"{ending}/" for ending in ENDINGS)
    records = (record for record in table.records() if isinstance(record, Record))
    return column in table.columns and any(mark in each.cells[column].casefold() for each in records for mark in marks)


@dataclass(frozen=True, slots=True)
class _Cells:
    """Values of a row out of its cells."""

    fields: dict[str, object]
    unmapped: dict[str, str]
    faults: list[Fault]


class _Reader:
    """Reads the rows of one table beside its pictures."""

    def __init__(self, table: TextTable, mapping: TableMapping, listing: Listing, *, metadata_only: bool) -> None:
        self._table = table
        self._mapping = mapping
        self._refused = {column: what for column in table.columns if (what := refused_column(column)) is not None}
        self._columns = _columns(table, mapping, self._refused)
        pictures = () if metadata_only else listing.pictures()
        self._pictures = Pictures(pictures)
        self._by_path = _by_path(pictures)
        self._faults = listing.faults

    def rows(self) -> Iterator[Row | Fault]:
        for column, what in self._refused.items():
            place = Place(self._table.name, column=column)
            yield Fault("R05", f"looks like {what}; it was not taken", place, severity="note", column=column)
        yield from self._faults
        for record in self._table.records():
            yield from [record] if isinstance(record, Fault) else self._row(record)
        yield from self._pictures.unnamed(table=self._table.name)

    def _row(self, record: Record) -> Iterator[Row | Fault]:
        place = Place(self._table.name, record.line)
        raw = {name: cell for name, cell in record.cells.items() if name not in self._refused}
        personal = [self._personal(name, cell, place) for name, cell in raw.items()]
        cells = self._cells(record)
        file = record.cells[self._columns[_FILE]].strip() if _FILE in self._columns else ""
        image = self._image(file, str(cells.fields.get("source_image_id") or ""))
        if isinstance(image, Fault):
            cells.faults.append(Fault(image.rule, image.what, place, image.value, image.remedy))
        if faults := [*cells.faults, *(fault for fault in personal if fault is not None)]:
            yield from faults
            return
        if "source_image_id" not in cells.fields and file:
            cells.fields["source_image_id"] = PurePosixPath(file).as_posix()
        yield Row(place, cells.fields, raw, image if isinstance(image, ImageRef) else None, cells.unmapped)

    def _personal(self, name: str, cell: str, place: Place) -> Fault | None:
        return _personal(cell, Place(place.file, place.row, name))

    def _image(self, file: str, image_id: str) -> ImageRef | Fault | None:
        """Return the picture of a row: by the path in its column `file`, else by its id."""
        if not file:
            return self._pictures.find(image_id) if image_id else None
        path = PurePosixPath(unicodedata.normalize("NFC", file.replace("\\", "/")))
        if path.is_absolute() or ".." in path.parts:
            return ImageRef(file, functools.partial(absent, "has a path that leaves the folder"))
        found = self._by_path.get(path.as_posix()) or self._by_path.get(_loose(path.as_posix()))
        if found is None:
            return ImageRef(file, functools.partial(absent, "is no file below the location"))
        self._pictures.name(found)
        return found.ref

    def _cells(self, record: Record) -> _Cells:
        read = _Cells({}, {}, [])
        for column, name in self._columns.items():
            cell = record.cells[name].strip()
            if column != _FILE and cell and cell not in self._mapping.missing.get(column, ()):
                self._cell(read, column, cell, Place(self._table.name, record.line, name))
        for column, constant in self._mapping.constants.items():
            self._cell(read, column, constant, Place(self._table.name, record.line))
        label = record.cells.get(self._columns.get("diagnosis_path", ""), "").strip()
        _finish_diagnosis(read, label)
        _finish(read.fields, within_patient=self._mapping.lesion_ids == "within_patient")
        return read

    def _cell(self, read: _Cells, column: str, cell: str, place: Place) -> None:
        said = self._mapping.values.get(column, {}).get(cell, cell)
        if not said:
            return
        try:
            value = value_of(column, said)
        except UnmappedError:
            read.unmapped[column] = cell
            return
        except CellError as error:
            remedy = "Correct the cell, or leave it empty."
            read.faults.append(Fault("K04", str(error), place=place, value=cell, remedy=remedy, column=column))
            return
        read.fields[column] = value


def _columns(table: TextTable, mapping: TableMapping, refused: Mapping[str, str]) -> dict[str, str]:
    """Return column of the schema to column of the table."""
    if mapping.columns:
        lacking = sorted({name for name in mapping.columns.values() if name not in table.columns})
        if lacking:
            has = f"It has: {', '.join(table.columns)}."
            raise DataFault(
                f"has no column {lacking[0]!r}, which the mapping names", place=Place(table.name), remedy=has
            )
        return {column: name for column, name in mapping.columns.items() if name not in refused}
    columns = {("source_image_id" if name == _IMAGE else name): name for name in table.columns if name not in refused}
    unknown = sorted(set(columns) - _MAPPED)
    if unknown:
        remedy = "Name it as the schema does (malignancy is source_malignancy), or map it with --mapping FILE.yaml."
        what = f"holds what is no column of the schema that a table may bring: {', '.join(unknown)}"
        raise DataFault(what, place=Place(table.name), remedy=remedy)
    return columns


def _finish(fields: dict[str, object], *, within_patient: bool) -> None:
    """Add what follows from the cells of a row: issuers, one rating of the skin, how the age is meant."""
    for column in _PERSON_KEYS:
        value = fields.get(column)
        if value is not None and str(value).partition(":")[0] not in _ISSUERS:
            fields[column] = f"{NAME}:{value}"
    patient, lesion = fields.get("patient_id"), fields.get("lesion_id")
    if within_patient and patient is not None and lesion is not None:
        fields["lesion_id"] = f"{patient}/{str(lesion).partition(':')[2]}"
    tone = fields.pop("fitzpatrick", None)
    if tone is not None:
        fields.setdefault(
            "skin_tones",
            [{"scale": "fitzpatrick", "value": tone, "rater": "table", "rater_role": "publisher", "gradable": True}],
        )
    if fields.get("age_years") is not None:
        fields.setdefault("age_method", "exact")


def _finish_diagnosis(read: _Cells, raw: str) -> None:
    """Add what a diagnosis column alone does not say: the kind, and the label as the table has it."""
    path = read.fields.get("diagnosis_path")
    if path is None and "diagnosis_path" not in read.unmapped:
        return
    kind = "unmapped" if path is None else "exact" if ":" in str(path) else "top"
    read.fields.setdefault("diagnosis_kind", kind)
    read.fields.setdefault("diagnosis_certainty", "definite")
    label = {"raw": raw, "path": path, "kind": kind, "certainty": read.fields["diagnosis_certainty"], "rank": 1}
    read.fields.setdefault("diagnoses", [{**label, "rater_role": "publisher"}])


def _by_path(files: Iterable[File]) -> dict[str, File]:
    """Return files by path and, where no other file has it, by path without case and ending."""
    found: dict[str, File] = {}
    loose: dict[str, list[File]] = {}
    for file in files:
        path = unicodedata.normalize("NFC", file.path)
        found[path] = file
        loose.setdefault(_loose(path), []).append(file)
    return {**{path: same[0] for path, same in loose.items() if len(same) == 1}, **found}


def _loose(path: str) -> str:
    stem = PurePosixPath(path).with_suffix("").as_posix() if is_picture(path) else path
    return f"\0{stem.casefold()}"


SOURCE = Source(name=NAME, adapter_version="1", sheet=_SHEET, rows=rows)
