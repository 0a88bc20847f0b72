"""Is a table what the contract says: types, keys, code lists, and the rules of one row; all violations at once.

Rules and their codes are those of ``codes/constraints.csv``. Rules about one cell are pandera checks on a schema made
from `schemas.tables`; rules about several cells of one row are functions in `ROW_RULES`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from schemas import derived, vocabulary
from schemas.errors import Fault, Place
from schemas.tables import COLUMNS, Column

if TYPE_CHECKING:
    import pandera.pandas as pandera

__all__ = ["ROW_RULES", "Cells", "raw_hash", "validate"]

Cells = Mapping[str, object]
"""One row: column name to Python value."""

# schema.md, column 1.
_SAMPLE_ID = r"^[a-z0-9][a-z0-9_-]{0,31}:.{1,200}$"
# Tables whose rows have a key, and the rule that says so.
_KEYS: dict[str, tuple[str, tuple[str, ...]]] = {
    "samples": ("K01", ("sample_id",)),
    "measures": ("L05", ("sample_id", "measure", "method", "method_version")),
    "findings": ("D02", ("finding_id",)),
    "decisions": ("D03", ("decision_id",)),
    "splits": ("S01", ("split_name", "sample_id")),
    "log": ("L01", ("version",)),
}
_OLDEST_YEARS = 120


def raw_hash(raw: str) -> str:
    """Return the first 16 hex digits of the SHA-256 of column ``raw``: what finds a row that changed at the source."""
    return hashlib.sha256(raw.encode()).hexdigest()[:16]


def validate(table: pa.Table, name: str, *, places: Sequence[Place] | None = None) -> list[Fault]:
    """Return everything that is wrong with a table, in the order of its rows.

    Parameters
    ----------
    table : pyarrow.Table
        Rows of one table of the contract.
    name : str
        Which, of `schemas.tables.TABLE_NAMES`.
    places : sequence of Place, optional
        Where each row was read from, for the messages; the table and the sample where it is not given.

    Returns
    -------
    list of Fault
        Severity ``error`` all of them; an empty list where the table is sound.
    """
    shape = list(_shape(table, name))
    if any(fault.column in _needed(name) for fault in shape):
        return shape
    ids = _sample_ids(table)
    if places is None:
        places = [
            Place(f"{name} {each}" if each else name, None if each else at) for at, each in enumerate(ids, start=1)
        ]
    found = [*_cells(table, name), *_rows(table, name)]
    found.sort(key=lambda each: each[0])
    faults = [
        Fault(
            rule=fault.rule,
            what=fault.what,
            place=Place(places[at].file, places[at].row, fault.column),
            value=fault.value,
            remedy=fault.remedy,
            sample_ids=(ids[at],) if ids[at] else (),
            column=fault.column,
            found=fault.found,
            expected=fault.expected,
        )
        for at, fault in found
    ]
    return shape + faults


def _sample_ids(table: pa.Table) -> list[str]:
    if "sample_id" not in table.column_names:
        return [""] * table.num_rows
    return [str(each or "") for each in table.column("sample_id").to_pylist()]


# --- shape: K04 ------------------------------------------------------------------------------------------------------


def _needed(name: str) -> set[str]:
    return {column.name for column in COLUMNS[name]}


def _shape(table: pa.Table, name: str) -> Iterator[Fault]:
    """Yield the columns that are missing or of another type; nothing else can be judged then."""
    for column in COLUMNS[name]:
        if column.name not in table.column_names:
            yield _wrong_column(name, column, "missing")
        elif not _same_type(table.schema.field(column.name).type, column.type):
            yield _wrong_column(name, column, str(table.schema.field(column.name).type))


def _wrong_column(name: str, column: Column, found: str) -> Fault:
    wanted = str(column.type)
    return Fault(
        rule="K04",
        what=f"is {found}, schema version 1 wants {wanted}",
        place=Place(name, column=column.name),
        remedy="Ingest the source again, or restore the folder from a copy.",
        column=column.name,
        found=found,
        expected=wanted,
    )


def _same_type(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Return whether two types hold the same values; engines return several kinds of strings and lists."""
    if pa.types.is_dictionary(found):
        return _same_type(found.value_type, wanted)
    if pa.types.is_string(wanted):
        return found in (pa.string(), pa.large_string(), pa.string_view())
    if pa.types.is_map(wanted):
        return bool(pa.types.is_map(found))
    if pa.types.is_list(wanted):
        lists = pa.types.is_list(found) or pa.types.is_large_list(found) or pa.types.is_fixed_size_list(found)
        return bool(lists) and _same_type(found.value_type, wanted.value_type)
    if pa.types.is_struct(wanted):
        return bool(pa.types.is_struct(found)) and {each.name for each in wanted} <= {each.name for each in found}
    return bool(found == wanted)


# --- one cell: pandera -----------------------------------------------------------------------------------------------


def _cells(table: pa.Table, name: str) -> Iterator[tuple[int, Fault]]:
    if table.num_rows == 0:
        return
    checked = {column.name: column for column in COLUMNS[name] if _is_checked(name, column)}
    # Two seconds: not paid by whoever needs `raw_hash` only, nor where no row is new.
    import pandera.pandas as pandera

    flat = {column: _series(table.column(column)) for column in checked}
    keys = _KEYS.get(name)
    if keys is not None:
        yield from _doubled(table, *keys)
    try:
        _pandera_schema(name).validate(pd.DataFrame(flat, index=pd.RangeIndex(table.num_rows)), lazy=True)
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        for at, column, check, value in zip(
            cases["index"], cases["column"], cases["check"], cases["failure_case"], strict=True
        ):
            yield int(at), _cell_fault(str(column), str(check), value, checked[str(column)])


def _is_checked(name: str, column: Column) -> bool:
    return column.required or bool(_checks(name, column))


def _series(column: pa.ChunkedArray) -> pd.Series:
    if pa.types.is_nested(column.type):
        # Only whether there is a value is asked of lists and maps here.
        return pd.Series([True if valid else None for valid in column.is_valid().to_pylist()], dtype=object)
    return pd.Series(column.to_pylist(), dtype=object)


@cache
def _pandera_schema(name: str) -> pandera.DataFrameSchema:
    import pandera.pandas as pandera

    columns = {
        column.name: pandera.Column(nullable=not column.required, checks=_checks(name, column))
        for column in COLUMNS[name]
        if _is_checked(name, column)
    }
    return pandera.DataFrameSchema(columns)


def _checks(name: str, column: Column) -> list[pandera.Check]:
    """Return the checks of one column; the text of each is the code of its rule."""
    import pandera.pandas as pandera

    checks = []
    if column.codes == "licence":
        checks.append(pandera.Check.isin(vocabulary.codes("licence"), error="R01"))
    elif column.codes and vocabulary.is_closed(column.codes):
        checks.append(pandera.Check.isin(vocabulary.codes(column.codes), error="K05"))
    if (name, column.name) == ("samples", "sample_id"):
        checks.append(pandera.Check.str_matches(_SAMPLE_ID, error="K02"))
    if (name, column.name) == ("samples", "age_years"):
        checks.append(pandera.Check.in_range(0, _OLDEST_YEARS, error="P03"))
    return checks


def _cell_fault(column: str, rule: str, value: object, facts: Column) -> Fault:
    if rule == "not_nullable":
        return Fault("K04", "is empty and must not be", column=column, remedy="Fill it.")
    shown = str(value)
    if rule in {"K05", "R01"}:
        near = vocabulary.near(shown, facts.codes)
        hint = f"Nearest: {', '.join(near)}. " if near else ""
        codes = ", ".join(vocabulary.codes(facts.codes))
        what = f"is not a code of {facts.codes}, version {vocabulary.version()}"
        return Fault(rule, what, value=shown, column=column, remedy=f"{hint}Codes: {codes}.", found=shown)
    if rule == "P03":
        return Fault(rule, f"is no age of 0 to {_OLDEST_YEARS} years", value=shown, column=column, found=shown)
    return Fault(rule, "does not have the form source:image of at most 200 letters", value=shown, column=column)


def _doubled(table: pa.Table, rule: str, key: tuple[str, ...]) -> Iterator[tuple[int, Fault]]:
    seen: dict[tuple[object, ...], int] = {}
    for at, values in enumerate(zip(*(table.column(name).to_pylist() for name in key), strict=True)):
        if values in seen:
            value = ", ".join(str(each) for each in values)
            what = f"occurs again; row {seen[values] + 1} has it first"
            yield at, Fault(rule, what, value=value, column=key[0], remedy="A key may occur once; keep one row.")
        seen.setdefault(values, at)


# --- one row ---------------------------------------------------------------------------------------------------------


def _rows(table: pa.Table, name: str) -> Iterator[tuple[int, Fault]]:
    rules = ROW_RULES.get(name, ())
    if not rules:
        return
    at = 0
    for batch in table.to_batches(max_chunksize=4096):
        for row in batch.to_pylist(maps_as_pydicts="strict"):
            for rule in rules:
                for fault in rule(row):
                    yield at, fault
            at += 1


def _id_fits_its_parts(row: Cells) -> Iterator[Fault]:
    wanted = f"{row['source']}:{row['source_image_id']}"
    if row["sample_id"] != wanted:
        what = f"does not fit source {row['source']} and image id {row['source_image_id']}"
        yield Fault("K02", what, value=str(row["sample_id"]), column="sample_id", expected=wanted)


def _ids_have_an_issuer(row: Cells) -> Iterator[Fault]:
    for column in ("patient_id", "lesion_id", "case_id"):
        value = row[column]
        if value is None:
            continue
        issuer, colon, rest = str(value).partition(":")
        if not (issuer and colon and rest):
            yield Fault(
                "K03", "has no issuer", value=str(value), column=column, remedy="Ids of persons are written issuer:id."
            )


def _raw_fits_its_hash(row: Cells) -> Iterator[Fault]:
    raw = row["raw"]
    if not isinstance(raw, str):
        return
    try:
        said = json.loads(raw)
    except ValueError:
        said = None
    strings = isinstance(said, dict) and all(isinstance(value, str) for value in said.values())
    if not strings or row["raw_hash"] != raw_hash(raw):
        yield Fault("K08", "is damaged: no JSON object of strings, or its hash does not fit", column="raw")


def _derived_columns_fit(row: Cells) -> Iterator[Fault]:
    wanted = derived.derive(row)
    for column, value in wanted.items():
        if row[column] != value:
            what = f"differs from its rule: stored {row[column]}, computed {value}"
            remedy = f"Ingest {row['source']} again."
            yield Fault("K09", what, column=column, remedy=remedy, found=str(row[column]), expected=str(value))
    if row["licence"] not in vocabulary.codes("licence"):
        return
    allowed = derived.rights(str(row["licence"]))
    for column, right in zip(("redistribute", "commercial"), allowed, strict=True):
        if right != "unknown" and row[column] not in {right, "no"}:
            what = f"is wider than the licence {row['licence']} allows"
            yield Fault("K09", what, value=str(row[column]), column=column, expected=right)


def _paths_are_nodes(row: Cells) -> Iterator[Fault]:
    candidates = row["diagnosis_candidates"]
    paths = [row["diagnosis_path"], *(candidates if isinstance(candidates, list) else [])]
    for path in paths:
        if path is not None and vocabulary.diagnosis(str(path)) is None:
            near = vocabulary.near(str(path), "diagnosis", 1)
            remedy = f"Nearest: {near[0]}." if near else "`curate vocab` searches the tree."
            yield Fault(
                "V01", "is not a node of the diagnosis tree", value=str(path), column="diagnosis_path", remedy=remedy
            )


def _kind_fits_path(row: Cells) -> Iterator[Fault]:
    kind, path = row["diagnosis_kind"], row["diagnosis_path"]
    candidates = row["diagnosis_candidates"]
    wrong = (
        (kind in {"exact", "broader", "top"} and path is None)
        or (kind in {"outside", "none", "unmapped"} and path is not None)
        or (kind == "group" and not candidates)
        or (kind == "top" and path is not None and ":" in str(path))
    )
    if wrong:
        what = f"diagnosis_kind {kind} does not go with path {path}"
        yield Fault("V02", what, column="diagnosis_kind", value=str(kind))


def _stored_rows_have_their_hashes(row: Cells) -> Iterator[Fault]:
    facts = ("file_sha256", "stored_sha256", "pixel_sha256", "format", "width", "height")
    stored = row["image_status"] == "stored"
    lacking = [name for name in facts if row[name] is None]
    if stored and lacking:
        what = f"is stored, but {', '.join(lacking)} of its picture are empty"
        yield Fault("I01", what, value=str(row["sample_id"]), column=lacking[0])
    if not stored and row["stored_sha256"] is not None:
        what = f"names a stored file, but image_status is {row['image_status']}"
        yield Fault("I01", what, value=str(row["sample_id"]), column="stored_sha256")


def _attribution_where_asked(row: Cells) -> Iterator[Fault]:
    if row["attribution"] is not None or row["licence"] not in vocabulary.codes("licence"):
        return
    if vocabulary.licence(str(row["licence"])).attribution_required == "yes":
        yield Fault("R03", f"is empty, and licence {row['licence']} asks for it", column="attribution")


def _finite_where_ok(row: Cells) -> Iterator[Fault]:
    value = row["value"]
    finite = isinstance(value, float) and value - value == 0
    if row["status"] == "ok" and not finite:
        yield Fault("L05", "is not a number although status is ok", value=str(value), column="value")


ROW_RULES: dict[str, tuple[Callable[[Cells], Iterator[Fault]], ...]] = {
    "samples": (
        _id_fits_its_parts,
        _ids_have_an_issuer,
        _raw_fits_its_hash,
        _derived_columns_fit,
        _paths_are_nodes,
        _kind_fits_path,
        _stored_rows_have_their_hashes,
        _attribution_where_asked,
    ),
    "measures": (_finite_where_ok,),
}
