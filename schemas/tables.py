"""Arrow schemas of version 1: one row per column, with its unit and the code list that holds its values.

Every dictionary column of the contract is a plain string here: Delta Lake has no dictionary type, engines return
different string types, and the code list is named in the field's metadata instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

SCHEMA_VERSION = 1
SCHEMA_MINOR = 0

TableName = Literal["samples", "sources", "measures", "embeddings", "findings", "decisions", "splits", "log"]

S, L, B = pa.string(), pa.list_(pa.string()), pa.bool_()
I8, I16, I32, I64 = pa.int8(), pa.int16(), pa.int32(), pa.int64()
F32, F64 = pa.float32(), pa.float64()
UTC = pa.timestamp("us", tz="UTC")
SKIN_TONES = pa.list_(
    pa.struct([("scale", S), ("value", S), ("rater", S), ("rater_role", S), ("gradable", B), ("confidence", F32)])
)
DIAGNOSES = pa.list_(
    pa.struct(
        [
            ("raw", S),
            ("path", S),
            ("candidates", L),
            ("kind", S),
            ("certainty", S),
            ("rater", S),
            ("rater_role", S),
            ("rank", I8),
            ("weight", F32),
            ("confidence", F32),
            ("confirm_type", S),
            ("gradable", S),
        ]
    )
)
OVERLAPS = pa.list_(pa.struct([("source", S), ("evidence", S), ("rows", I64)]))
FILES = pa.list_(pa.struct([("name", S), ("url", S), ("sha256", S), ("bytes", I64), ("fetched_at", UTC)]))


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name : str
        Name in tables, Python, flags and reports.
    type : pyarrow.DataType
        Logical type; readers accept the variants that engines return.
    required : bool
        True where null is not allowed.
    codes : str
        Name of the code list (`schemas.vocabulary`), empty where any value may stand.
    unit : str
        Unit, empty where the type says it.
    """

    name: str
    type: pa.DataType
    required: bool = False
    codes: str = ""
    unit: str = ""

    def field(self) -> pa.Field:
        """Return the Arrow field, with code list and unit as metadata."""
        facts = {name: value for name, value in (("codes", self.codes), ("unit", self.unit)) if value}
        return pa.field(self.name, self.type, nullable=not self.required, metadata=facts or None)


_SAMPLES = (
    Column("sample_id", S, required=True),
    Column("source", S, required=True),
    Column("source_image_id", S, required=True),
    Column("isic_id", S),
    Column("external_ids", pa.map_(S, S)),
    Column("patient_id", S),
    Column("lesion_id", S),
    Column("case_id", S),
    Column("acquisition_day", I32, unit="days"),
    Column("acquisition_year", I16),
    Column("series_order", I16),
    Column("source_split", S, codes="source_split"),
    Column("image_status", S, required=True, codes="image_status"),
    Column("file_sha256", S),
    Column("stored_sha256", S),
    Column("pixel_sha256", S),
    Column("format", S, codes="image_format"),
    Column("width", I32, unit="px"),
    Column("height", I32, unit="px"),
    Column("color_mode", S, codes="color_mode"),
    Column("file_bytes", I64, unit="bytes"),
    Column("exif_orientation", I8),
    Column("metadata_removed", L),
    Column("frame", I16),
    Column("origin_url", S),
    Column("image_type", S, codes="image_type"),
    Column("dermoscopic_type", S, codes="dermoscopic_type"),
    Column("tbp_tile_type", S, codes="tbp_tile_type"),
    Column("manipulation", S, codes="manipulation"),
    Column("device", S),
    Column("sex", S, codes="sex"),
    Column("age_years", I16, unit="years"),
    Column("age_low", I16, unit="years"),
    Column("age_high", I16, unit="years"),
    Column("age_method", S, codes="age_method"),
    Column("site_path", S, codes="site"),
    Column("sites", L),
    Column("site_special", S, codes="site_special"),
    Column("laterality", S, codes="laterality"),
    Column("site_group", S, codes="site_group"),
    Column("skin_tones", SKIN_TONES),
    Column("fitzpatrick", S, codes="fitzpatrick"),
    Column("skin_tone_group", S, codes="skin_tone_group"),
    Column("diameter_mm", F32, unit="mm"),
    Column("breslow_mm", F32, unit="mm"),
    Column("breslow_low", F32, unit="mm"),
    Column("breslow_high", F32, unit="mm"),
    Column("ulceration", B),
    Column("mitotic_index", S, codes="mitotic_index"),
    Column("melanocytic", B),
    Column("biopsied", B),
    Column("personal_history_melanoma", B),
    Column("family_history_melanoma", B),
    Column("attributes", pa.map_(S, S)),
    Column("diagnosis_path", S, codes="diagnosis"),
    Column("diagnosis_candidates", L),
    Column("diagnosis_kind", S, required=True, codes="diagnosis_kind"),
    Column("diagnosis_certainty", S, codes="diagnosis_certainty"),
    Column("confirm_type", S, codes="confirm_type"),
    Column("diagnoses", DIAGNOSES),
    Column("source_malignancy", S, codes="source_malignancy"),
    Column("malignancy", S, required=True, codes="malignancy"),
    Column("icd10", L),
    Column("icdo3", S),
    Column("licence", S, required=True, codes="licence"),
    Column("redistribute", S, required=True, codes="yes_no"),
    Column("commercial", S, required=True, codes="yes_no"),
    Column("attribution", S),
    Column("raw", S, required=True),
    Column("raw_hash", S, required=True),
    Column("row_status", S, required=True, codes="row_status"),
    Column("ingest_id", S, required=True),
    Column("adapter", S, required=True),
    Column("vocab", S, required=True),
)

_VIEW = (
    Column("label_path", S, codes="diagnosis"),
    Column("label_malignancy", S, required=True, codes="malignancy"),
    Column("label_origin", S, required=True, codes="label_origin"),
    Column("excluded", B, required=True),
    Column("excluded_reason", S, codes="excluded_reason"),
    Column("applied_decisions", L, required=True),
)

_SOURCES = (
    Column("source", S, required=True),
    Column("version", S, required=True),
    Column("adapter", S, required=True),
    Column("title", S, required=True),
    Column("language", S, required=True),
    Column("countries", L),
    Column("url", S),
    Column("doi", S),
    Column("citation", S),
    Column("licence", S, required=True, codes="licence"),
    Column("licence_url", S),
    Column("licence_text_sha256", S),
    Column("licence_checked_on", pa.date32()),
    Column("redistribute", S, required=True, codes="yes_no"),
    Column("commercial", S, required=True, codes="yes_no"),
    Column("share_alike", S, required=True, codes="yes_no"),
    Column("attribution", S),
    Column("access", S, required=True, codes="access"),
    Column("consent", S),
    Column("ethics", S),
    Column("collection_process", S),
    Column("annotation_process", S),
    Column("annotator_count", I16),
    Column("label_basis", S),
    Column("population", S),
    Column("biases", S),
    Column("limitations", S),
    Column("known_problems", L),
    Column("overlaps", OVERLAPS),
    Column("id_issuers", pa.map_(S, S), required=True),
    Column("declared_images", I64),
    Column("declared_lesions", I64),
    Column("declared_patients", I64),
    Column("rows_read", I64, required=True),
    Column("rows_written", I64, required=True),
    Column("rows_unmapped", I64, required=True),
    Column("images_missing", I64, required=True),
    Column("files", FILES, required=True),
    Column("refused_columns", L, required=True),
    Column("label_leak_columns", L, required=True),
    Column("run_id", S, required=True),
)

_MEASURES = (
    Column("sample_id", S, required=True),
    Column("pixel_sha256", S),
    Column("measure", S, required=True),
    Column("value", F64),
    Column("status", S, required=True, codes="measure_status"),
    Column("detail", S),
    Column("method", S, required=True),
    Column("method_version", S, required=True),
    Column("run_id", S, required=True),
)

_EMBEDDINGS = (
    Column("sample_id", S, required=True),
    Column("pixel_sha256", S, required=True),
    Column("model", S, required=True),
    Column("model_sha256", S, required=True),
    Column("vector", pa.list_(F32), required=True),
    Column("run_id", S, required=True),
)

_FINDINGS = (
    Column("finding_id", S, required=True),
    Column("kind", S, required=True),
    Column("severity", S, required=True, codes="severity"),
    Column("sample_ids", L, required=True),
    Column("key", S),
    Column("field", S),
    Column("found", S),
    Column("expected", S),
    Column("score", F64),
    Column("score_name", S),
    Column("marked", B, required=True),
    Column("group_id", S),
    Column("evidence_sha256", S, required=True),
    Column("status", S, required=True, codes="finding_status"),
    Column("message", S, required=True),
    Column("evidence", S),
    Column("detector", S, required=True),
    Column("detector_version", S, required=True),
    Column("run_id", S, required=True),
    Column("first_version", I64, required=True),
    Column("last_version", I64, required=True),
)

_DECISIONS = (
    Column("decision_id", S, required=True),
    Column("finding_id", S),
    Column("sample_ids", L, required=True),
    Column("action", S, required=True, codes="action"),
    Column("field", S),
    Column("old_value", S),
    Column("new_value", S),
    Column("reason", S, required=True),
    Column("reviewer", S, required=True),
    Column("decided_at", UTC, required=True),
    Column("evidence_sha256", S),
    Column("supersedes", S),
    Column("client", S, required=True, codes="client"),
    Column("tool_version", S, required=True),
)

_SPLITS = (
    Column("split_name", S, required=True),
    Column("sample_id", S, required=True),
    Column("role", S, codes="split_role"),
    Column("fold", I8),
    Column("group_id", S, required=True),
    Column("group_basis", S, required=True, codes="group_basis"),
    Column("seed", I64, required=True),
    Column("method", S, required=True),
    Column("params", S, required=True),
    Column("frozen", B, required=True),
    Column("created_version", I64, required=True),
)

_LOG = (
    Column("version", I64, required=True),
    Column("run_id", S, required=True),
    Column("created_at", UTC, required=True),
    Column("command", S, required=True),
    Column("arguments", S, required=True),
    Column("tool_version", S, required=True),
    Column("schema_version", I16, required=True),
    Column("schema_minor", I16, required=True),
    Column("vocab_version", S, required=True),
    Column("user", S),
    Column("tables", pa.map_(S, I64), required=True),
    Column("rows_added", I64, required=True),
    Column("rows_changed", I64, required=True),
    Column("rows_withdrawn", I64, required=True),
    Column("message", S),
    Column("parent", I64),
)

COLUMNS: dict[str, tuple[Column, ...]] = {
    "samples": _SAMPLES,
    "sources": _SOURCES,
    "measures": _MEASURES,
    "embeddings": _EMBEDDINGS,
    "findings": _FINDINGS,
    "decisions": _DECISIONS,
    "splits": _SPLITS,
    "log": _LOG,
}

# Columns of the curated view and of exports, computed on reading from `samples` and `decisions`, never stored.
VIEW_COLUMNS: tuple[Column, ...] = _VIEW

TABLE_NAMES: tuple[str, ...] = tuple(COLUMNS)


def schema(table: str) -> pa.Schema:
    """Return the Arrow schema of a table.

    Parameters
    ----------
    table : str
        One of `TABLE_NAMES`.
    """
    return pa.schema([column.field() for column in COLUMNS[table]])


def empty(table: str) -> pa.Table:
    """Return the table with no row."""
    return schema(table).empty_table()


def from_rows(table: str, rows: list[dict[str, object]]) -> pa.Table:
    """Return rows as an Arrow table of the contract; a key that is absent is null.

    Parameters
    ----------
    table : str
        One of `TABLE_NAMES`.
    rows : list of dict
        Column name to Python value.

    Raises
    ------
    KeyError
        Where a row holds a name that is no column of the table.
    """
    known = {column.name for column in COLUMNS[table]}
    for row in rows:
        if extra := row.keys() - known:
            raise KeyError(f"{sorted(extra)} are no columns of {table}")
    return pa.Table.from_pylist(rows, schema=schema(table))


def conform(rows: pa.Table, table: str) -> pa.Table:
    """Return a table as the contract has it: columns by name and in order, types cast, unknown columns kept at the end.

    Parameters
    ----------
    rows : pyarrow.Table
        As an engine returned it: large_string, string_view, dictionary and list variants are accepted.
    table : str
        One of `TABLE_NAMES`.
    """
    arrays: list[pa.ChunkedArray] = []
    fields: list[pa.Field] = []
    for column in COLUMNS[table]:
        fields.append(column.field())
        if column.name in rows.column_names:
            arrays.append(rows.column(column.name).cast(column.type))
        else:
            arrays.append(pa.chunked_array([pa.nulls(rows.num_rows, column.type)]))
    known = {column.name for column in COLUMNS[table]}
    for field in rows.schema:
        if field.name not in known:
            fields.append(field)
            arrays.append(rows.column(field.name))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))
