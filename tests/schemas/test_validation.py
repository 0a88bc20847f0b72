from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest

from schemas.derived import derive
from schemas.errors import Place
from schemas.tables import TABLE_NAMES, empty, from_rows
from schemas.validation import raw_hash, validate

NEVUS = "Benign:Benign melanocytic proliferations:Nevus"


def sound(name: str = "1", **fields: object) -> dict[str, object]:
    raw = '{"dx":"nv"}'
    row: dict[str, object] = {
        "sample_id": f"clinic:{name}",
        "source": "clinic",
        "source_image_id": name,
        "image_status": "missing",
        "diagnosis_kind": "exact",
        "diagnosis_path": NEVUS,
        "licence": "CC0-1.0",
        "redistribute": "yes",
        "commercial": "yes",
        "raw": raw,
        "raw_hash": raw_hash(raw),
        "row_status": "active",
        "ingest_id": "run",
        "adapter": "clinic@1",
        "vocab": "v",
        "age_years": 45,
        "age_method": "exact",
    }
    row |= fields
    return {**row, **derive(row), **fields}


def rules(*rows: dict[str, object]) -> list[tuple[str, str | None]]:
    return [(fault.rule, fault.column) for fault in validate(from_rows("samples", list(rows)), "samples")]


def test_sound_rows_have_no_fault() -> None:
    assert rules(sound("1"), sound("2", patient_id="clinic:p")) == []


@pytest.mark.parametrize("name", TABLE_NAMES)
def test_an_empty_table_is_sound(name: str) -> None:
    assert validate(empty(name), name) == []


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"sample_id": "clinic:other"}, ("K02", "sample_id")),
        ({"patient_id": "p1"}, ("K03", "patient_id")),
        ({"licence": "CC"}, ("R01", "licence")),
        ({"row_status": "gone"}, ("K05", "row_status")),
        ({"age_years": 130, "age_low": 130, "age_high": 130}, ("P03", "age_years")),
        ({"raw": "[1]", "raw_hash": raw_hash("[1]")}, ("K08", "raw")),
        ({"raw_hash": "0" * 16}, ("K08", "raw")),
        ({"malignancy": "malignant"}, ("K09", "malignancy")),
        ({"age_low": 40}, ("K09", "age_low")),
        ({"licence": "CC-BY-NC-4.0", "attribution": "we"}, ("K09", "commercial")),
        ({"licence": "CC-BY-4.0"}, ("R03", "attribution")),
        ({"diagnosis_path": "Benign:Wart", "malignancy": "unknown"}, ("V01", "diagnosis_path")),
        ({"diagnosis_kind": "none"}, ("V02", "diagnosis_kind")),
        ({"image_status": "stored"}, ("I01", "file_sha256")),
        ({"stored_sha256": "0" * 64}, ("I01", "stored_sha256")),
    ],
)
def test_each_rule_finds_its_own_violation_and_nothing_else(fields: dict[str, object], fault: tuple[str, str]) -> None:
    assert rules(sound("1"), sound("2", **fields)) == [fault]


def test_all_violations_come_at_once_with_place_value_and_remedy() -> None:
    rows = [sound("1", row_status="gone"), sound("1"), sound("3", age_years=130, age_low=130, age_high=130)]
    places = [Place("table.csv", line) for line in (2, 3, 4)]
    faults = validate(from_rows("samples", rows), "samples", places=places)
    assert [(fault.rule, str(fault.place)) for fault in faults] == [
        ("K05", "table.csv, row 2, column row_status"),
        ("K01", "table.csv, row 3, column sample_id"),
        ("P03", "table.csv, row 4, column age_years"),
    ]
    assert str(faults[0]).startswith("table.csv, row 2, column row_status: 'gone' is not a code of row_status")
    assert "Codes: active, withdrawn." in str(faults[0])
    assert faults[2].sample_ids == ("clinic:3",)


def test_a_null_where_none_may_be_is_a_fault_of_its_row() -> None:
    table = from_rows("samples", [sound("1"), {**sound("2"), "licence": None}])
    assert [(fault.rule, fault.column, fault.sample_ids) for fault in validate(table, "samples")] == [
        ("K04", "licence", ("clinic:2",))
    ]


def test_a_missing_column_and_one_of_another_type_end_the_judgement() -> None:
    table = from_rows("samples", [sound()])
    at = table.schema.get_field_index("age_years")
    wrong = table.set_column(at, "age_years", pa.array(["45"])).drop_columns(["raw"])
    found = {(fault.column, fault.found, fault.expected) for fault in validate(wrong, "samples")}
    assert found == {("age_years", "string", "int16"), ("raw", "missing", "string")}


@pytest.mark.parametrize("cast", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())])
def test_the_string_types_of_other_engines_are_no_fault(cast: pa.DataType) -> None:
    table = from_rows("samples", [sound()])
    at = table.schema.get_field_index("licence")
    assert validate(table.set_column(at, "licence", table.column("licence").cast(cast)), "samples") == []


def measure(**fields: object) -> dict[str, object]:
    row: dict[str, object] = {"sample_id": "a:1", "measure": "sharpness", "value": 1.0, "status": "ok"}
    return {**row, "method": "m", "method_version": "1", "run_id": "r", **fields}


def test_a_measure_occurs_once_and_is_a_number_where_it_is_ok() -> None:
    check: Callable[..., list[str]] = lambda *rows: [  # noqa: E731
        fault.rule for fault in validate(from_rows("measures", list(rows)), "measures")
    ]
    assert check(measure(), measure(method_version="2"), measure(measure="x", value=None, status="declined")) == []
    assert check(measure(), measure()) == ["L05"]
    assert check(measure(value=float("nan"))) == ["L05"]
