from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from curate.dataset import Dataset, load_dataset
from curate.history import changes, listing, versions
from schemas.errors import UserError
from schemas.tables import from_rows

Make = Callable[..., Dataset]
Row = Callable[..., dict[str, object]]
NEVUS = "Benign:Benign melanocytic proliferations:Nevus"


def decide(dataset: Dataset, number: int, action: str, sample_id: str, new_value: str) -> None:
    decision = {
        "decision_id": str(number),
        "sample_ids": [sample_id],
        "action": action,
        "new_value": new_value,
        "reason": "",
        "reviewer": "anna",
        "decided_at": dt.datetime(2026, 1, number, tzinfo=dt.UTC),
        "client": "api",
        "tool_version": "0",
    }
    with dataset.writer("decide", {}) as writer:
        writer.append("decisions", from_rows("decisions", [decision]))
        writer.commit("decided")


def counted(dataset: Dataset, before: int, after: int) -> dict[tuple[str, str, str], int]:
    root = dataset.root
    rows = changes(load_dataset(root, before), load_dataset(root, after)).to_pylist()
    return {(row["table"], row["change"], row["reason"]): row["rows"] for row in rows}


def test_versions_differ_by_added_removed_and_changed_rows(dataset_of: Make, row: Row) -> None:
    dataset = dataset_of([row("1", age_years=40), row("2"), row("3", source="other")])
    with dataset.writer("ingest", {}) as writer:
        rows = [row("1", age_years=41, sites=["a"], ingest_id="run-1"), row("4"), row("5")]
        writer.replace("samples", from_rows("samples", rows), where="source = 'clinic'")
        writer.commit("changed")
    assert counted(dataset, 1, 2) == {
        ("samples", "added", "clinic"): 2,
        ("samples", "removed", "clinic"): 1,
        ("samples", "changed", "clinic"): 1,
        ("samples", "column", "age_years"): 1,
        ("samples", "column", "sites"): 1,
    }


def test_the_way_back_swaps_added_and_removed(dataset_of: Make, row: Row) -> None:
    dataset_of([row("1")])
    dataset = dataset_of([row("2"), row("3")])
    assert counted(dataset, 1, 2) == {("samples", "added", "clinic"): 2}
    assert counted(dataset, 2, 1) == {("samples", "removed", "clinic"): 2}


def test_equal_versions_have_no_changes(dataset_of: Make, row: Row) -> None:
    dataset = dataset_of([row("1", diameter_mm=float("nan"))])
    assert counted(dataset, 1, 1) == {}


def test_decisions_show_what_they_did_to_the_view(dataset_of: Make, row: Row) -> None:
    dataset = dataset_of([row("1", diagnosis_path=NEVUS), row("2")])
    decide(dataset, 1, "relabel", "clinic:1", "Malignant")
    decide(dataset, 2, "exclude", "clinic:2", "quality")
    assert counted(dataset, 1, 3) == {
        ("decisions", "added", "relabel"): 1,
        ("decisions", "added", "exclude"): 1,
        ("curated view", "label", f"{NEVUS} -> Malignant"): 1,
        ("curated view", "excluded", "quality"): 1,
    }
    assert counted(dataset, 3, 2)["curated view", "included again", "quality"] == 1


def test_the_first_version_is_compared_with_nothing(dataset_of: Make, row: Row) -> None:
    dataset = dataset_of([row("1")])
    assert counted(dataset, 0, 1) == {("samples", "added", "clinic"): 1}


def test_the_log_is_short_for_people(dataset_of: Make, row: Row) -> None:
    (line,) = versions(dataset_of([row("1")])).to_pylist()
    assert (line["version"], line["command"], line["message"], line["added"]) == (1, "test", "rows of a test", 1)
    assert len(line["created"]) == len("2026-01-01 12:00")


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("samples", ["sample_id"]),
        ("measures", ["sample_id", "measure", "value", "status"]),
        ("splits", ["split_name", "sample_id", "role"]),
        ("findings", ["finding_id"]),
        ("decisions", ["decision_id"]),
        ("sources", ["source"]),
        ("log", ["version"]),
    ],
)
def test_a_listing_begins_with_its_key(dataset_of: Make, row: Row, name: str, first: list[str]) -> None:
    assert listing(dataset_of([row("1")]), name).column_names[: len(first)] == first


def test_only_the_curated_listing_has_the_columns_of_the_view(dataset_of: Make, row: Row) -> None:
    dataset = dataset_of([row("1")])
    assert listing(dataset, "samples", curated=True).column_names[-6:] == [
        "label_path",
        "label_malignancy",
        "label_origin",
        "excluded",
        "excluded_reason",
        "applied_decisions",
    ]
    assert "label_path" not in listing(dataset, "samples").column_names


def test_an_unknown_column_is_answered_with_the_nearest(dataset_of: Make, row: Row) -> None:
    with pytest.raises(UserError, match="age_years"):
        listing(dataset_of([row("1")]), "samples", columns=["age_year"])
