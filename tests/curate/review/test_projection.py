"""What the App is shown of a sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from curate.checks.check import Finding
from curate.dataset import Dataset
from curate.review.projection import kinds, records
from schemas.tables import from_rows

NEVUS = "Benign:Benign melanocytic proliferations:Nevus"


def picture(shade: int) -> bytes:
    out = BytesIO()
    Image.new("RGB", (32, 24), (shade, 120, 100)).save(out, "PNG")
    return out.getvalue()


def pair(first: str, second: str, kind: str = "same_lesion", **changes: object) -> Finding:
    finding = Finding(kind, (first, second), f"{first} and {second}", "duplicates", "1", score=0.9)
    return replace(finding, **changes)  # type: ignore[arg-type]


@pytest.fixture
def dataset(dataset_of_files: Callable[..., Dataset]) -> Dataset:
    fields: Mapping[str, Mapping[str, object]] = {
        "a": {
            "diagnosis_path": NEVUS,
            "malignancy": "benign",
            "diagnosis_kind": "exact",
            "sex": "female",
            "age_years": 40,
        }
    }
    return dataset_of_files({name: picture(index * 40) for index, name in enumerate("abcd")}, fields)


def write(dataset: Dataset, *findings: Finding, status: str = "open") -> None:
    rows = [finding.row(run_id="r", first_version=2, last_version=2, status=status) for finding in findings]
    with dataset.writer("test", {}) as writer:
        writer.replace("findings", from_rows("findings", rows))
        writer.commit("findings of a test")


def test_a_finding_about_a_pair_is_shown_on_both_with_the_other_named(dataset: Dataset) -> None:
    write(dataset, pair("clinic:a", "clinic:b"))
    shown = {record.sample_id: record for record in records(dataset)}
    assert [finding.other for finding in shown["clinic:a"].findings] == ["clinic:b"]
    assert [finding.other for finding in shown["clinic:b"].findings] == ["clinic:a"]
    assert shown["clinic:c"].findings == ()


def test_pairs_that_share_a_sample_are_one_cluster(dataset: Dataset) -> None:
    write(dataset, pair("clinic:c", "clinic:b"), pair("clinic:d", "clinic:c"))
    clusters = {record.sample_id: record.strings.get("dup_cluster") for record in records(dataset)}
    assert clusters == {"clinic:a": None, "clinic:b": "clinic:b", "clinic:c": "clinic:b", "clinic:d": "clinic:b"}


def test_what_is_unmarked_or_gone_is_not_shown(dataset: Dataset) -> None:
    write(dataset, pair("clinic:a", "clinic:b", marked=False))
    assert kinds(records(dataset)) == ()
    write(dataset, pair("clinic:a", "clinic:b"), status="gone")
    assert kinds(records(dataset)) == ()


def test_a_record_changes_its_hash_only_when_what_is_shown_changes(dataset: Dataset) -> None:
    before = {record.sample_id: record.row_hash for record in records(dataset)}
    assert {record.sample_id: record.row_hash for record in records(dataset)} == before
    write(dataset, pair("clinic:a", "clinic:b"))
    after = {record.sample_id: record.row_hash for record in records(dataset)}
    assert {key for key in before if before[key] != after[key]} == {"clinic:a", "clinic:b"}


def test_values_that_are_not_known_are_absent(dataset: Dataset) -> None:
    known, unknown = records(dataset)[:2]
    assert (known.strings["sex"], known.numbers["age_years"], known.diagnosis) == ("female", 40.0, "Nevus")
    assert "sex" not in unknown.strings
    assert "age_years" not in unknown.numbers
    assert unknown.diagnosis is None
