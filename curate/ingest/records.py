"""A row of a source as a row of ``samples``: keys, rights, derived columns and book-keeping filled in."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from schemas import derived, vocabulary
from schemas.errors import Fault, Place
from schemas.finding import canonical_json
from schemas.tables import COLUMNS, from_rows
from schemas.validation import raw_hash
from sources.source import ImageRef, Row, Source

__all__ = ["Record", "key_faults", "record", "to_table"]

_LISTS = {column.name: column.codes for column in COLUMNS["samples"] if column.codes}
_PERSON_KEYS = ("patient_id", "lesion_id", "case_id")


@dataclass(frozen=True, slots=True)
class Record:
    """A row on its way into the dataset.

    Parameters
    ----------
    values : mapping
        Columns of ``samples``, those of the picture not filled in yet.
    place : Place
        Where the row was read from.
    image : ImageRef or None
        Its picture.
    unmapped : mapping of str to str
        Column to the raw value for which no table has a code.
    """

    values: Mapping[str, object]
    place: Place
    image: ImageRef | None
    unmapped: Mapping[str, str]

    @property
    def sample_id(self) -> str:
        """Key of the sample."""
        return str(self.values["sample_id"])


def record(row: Row, source: Source, run_id: str) -> Record:
    """Return a row with everything filled in that does not need its picture.

    Parameters
    ----------
    row : Row
        As the source gives it.
    source : Source
        Whose fact sheet gives licence, attribution and rights where the row says nothing.
    run_id : str
        Run that writes it.
    """
    sheet = source.sheet
    image_id = unicodedata.normalize("NFC", str(row.fields.get("source_image_id") or ""))
    raw = canonical_json(dict(row.raw))
    values: dict[str, object] = {
        "diagnosis_kind": "none",
        "licence": sheet.licence,
        **{name: value for name, value in row.fields.items() if value is not None},
        **_unmapped_codes(row),
        "sample_id": f"{source.name}:{image_id}",
        "source": source.name,
        "source_image_id": image_id,
        "image_status": "not_fetched",
        "raw": raw,
        "raw_hash": raw_hash(raw),
        "row_status": "active",
        "ingest_id": run_id,
        "adapter": f"{source.name}@{source.adapter_version}",
        "vocab": vocabulary.version(),
    }
    of_sheet = values["licence"] == sheet.licence
    if of_sheet and sheet.attribution:
        values.setdefault("attribution", sheet.attribution)
    if values["licence"] in vocabulary.codes("licence"):
        stated = (sheet.redistribute, sheet.commercial) if of_sheet else ()
        values["redistribute"], values["commercial"] = derived.rights(str(values["licence"]), *stated)
    else:
        values["redistribute"] = values["commercial"] = "unknown"
    values |= derived.derive(values)
    return Record(values, row.place, row.image, row.unmapped)


def _unmapped_codes(row: Row) -> dict[str, object]:
    """Return code ``unmapped`` for each column of an open list whose raw value no table has."""
    return {
        column: "unmapped"
        for column in row.unmapped
        if column in _LISTS
        and column not in derived.DERIVED
        and row.fields.get(column) is None
        and _LISTS[column] != "diagnosis"
        and not vocabulary.is_closed(_LISTS[column])
    }


def key_faults(record: Record, source: Source) -> Iterator[Fault]:
    """Yield what is wrong with the keys of a row: no id (K02), control characters (K02), unknown issuers (K03)."""
    image_id = str(record.values["source_image_id"])
    if not image_id:
        yield Fault("K02", "has no id of its image", place=record.place, column="source_image_id")
    elif any(unicodedata.category(letter) == "Cc" for letter in image_id):
        what = "holds a control character"
        yield Fault("K02", what, place=record.place, value=image_id, column="source_image_id")
    for column in _PERSON_KEYS:
        value = record.values.get(column)
        issuer = str(value).partition(":")[0]
        if value is not None and issuer not in source.sheet.id_issuers:
            known = ", ".join(source.sheet.id_issuers) or "none"
            yield Fault(
                rule="K03",
                what=f"has no declared issuer (declared: {known})",
                place=replace(record.place, column=column),
                value=str(value),
                remedy=f"Add the prefix to id_issuers of source {source.name}.",
                column=column,
            )


def to_table(records: Sequence[Record]) -> tuple[pa.Table, dict[int, Fault]]:
    """Return records as a table, and by number those that were left out because a value does not fit its column."""
    try:
        return from_rows("samples", [dict(each.values) for each in records]), {}
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        pass
    misfits: dict[int, Fault] = {}
    tables = [from_rows("samples", [])]
    for at, each in enumerate(records):
        try:
            tables.append(from_rows("samples", [dict(each.values)]))
        except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
            what = f"a value does not fit its column ({error})"
            misfits[at] = Fault("K04", what, place=each.place, sample_ids=(each.sample_id,))
    return pa.concat_tables(tables), misfits
