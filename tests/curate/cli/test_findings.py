"""``curate findings`` as a user and a program read it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from curate.checks.check import Finding
from curate.cli.main import app
from curate.dataset import Dataset
from schemas.errors import DatasetConflict, UserError
from schemas.tables import from_rows

Make = Callable[..., Dataset]
Row = Callable[..., dict[str, object]]
COLUMNS = "finding_id,kind,severity,sample_id,other_sample_id,group_id,score,marked,detector,message,evidence"


def curate(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def finding(kind: str, *ids: str, **fields: object) -> Finding:
    return Finding(kind, ids, f"{kind} of {', '.join(ids)}", "test", "1", **fields)  # type: ignore[arg-type]


PAIR = finding("same_photo", "clinic:2", "clinic:1", score=0.7, evidence={"inliers": 30})
LABEL = finding("label_error", "clinic:3", score=0.9)
QUIET = finding("label_error", "clinic:1", score=0.2, marked=False)
GROUP = finding("label_conflict", "clinic:1", "clinic:2", "clinic:3", score=0.7, severity="block", group_id="clinic:1")
CELL = finding("tone_gap", key="part=test", severity="note")
GONE = finding("exact", "clinic:1", "clinic:3", score=1.0)


@pytest.fixture
def found(dataset_of: Make, row: Row) -> Path:
    """Folder of a dataset with one finding of each form."""
    dataset = dataset_of([row("1"), row("2"), row("3")])
    rows = [each.row(run_id="r", first_version=2, last_version=2) for each in (CELL, PAIR, LABEL, QUIET, GROUP)]
    rows.append(GONE.row(run_id="r", first_version=2, last_version=2, status="gone"))
    with dataset.writer("test", {}) as writer:
        writer.append("findings", from_rows("findings", rows))
        writer.commit("findings of a test")
    return dataset.root


def listed(*words: object) -> list[dict[str, str]]:
    done = curate("findings", *words, "--format", "csv")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == COLUMNS
    return list(csv.DictReader(io.StringIO(done.stdout)))


def ids(rows: list[dict[str, str]]) -> list[str]:
    return [row["finding_id"] for row in rows]


def test_marked_findings_that_still_stand_are_listed_most_suspect_first(found: Path) -> None:
    assert ids(listed(found)) == [each.finding_id for each in (LABEL, GROUP, PAIR, CELL)]


def test_with_all_what_was_scored_and_not_marked_is_there_too(found: Path) -> None:
    rows = listed(found, "--all", "--kind", "label_error")
    assert [(row["finding_id"], row["marked"]) for row in rows] == [
        (LABEL.finding_id, "true"),
        (QUIET.finding_id, "false"),
    ]


def test_a_pair_fills_both_sample_columns_a_set_fills_the_group(found: Path) -> None:
    rows = {row["kind"]: row for row in listed(found)}
    shown = {kind: (row["sample_id"], row["other_sample_id"], row["group_id"]) for kind, row in rows.items()}
    assert shown == {
        "label_error": ("clinic:3", "", ""),
        "label_conflict": ("", "", "clinic:1"),
        "same_photo": ("clinic:1", "clinic:2", ""),
        "tone_gap": ("", "", ""),
    }
    assert json.loads(rows["same_photo"]["evidence"]) == {"inliers": 30}


def test_a_budget_takes_the_first(found: Path) -> None:
    assert ids(listed(found, "--budget", 2)) == [LABEL.finding_id, GROUP.finding_id]
    assert curate("findings", found, "--budget", 0).exit_code == 2


def test_a_kind_that_was_not_found_is_an_empty_listing(found: Path) -> None:
    assert listed(found, "--kind", "leak") == []
    assert listed(found, "--kind", "exact") == []
    assert listed(found, "--kind", "K06") == []


def test_a_kind_that_does_not_exist_is_refused_with_near_ones(found: Path) -> None:
    done = curate("findings", found, "--kind", "label_eror")
    assert isinstance(done.exception, UserError)
    assert "'label_eror' is no kind of finding. Did you mean label_error" in str(done.exception)


def test_an_older_version_is_listed_as_it_was(found: Path) -> None:
    assert listed(found, "--at", 1) == []
    assert isinstance(curate("findings", found, "--at", 9).exception, DatasetConflict)


def test_json_holds_the_same_columns(found: Path) -> None:
    rows = json.loads(curate("findings", found, "--format", "json").stdout)
    assert list(rows[0]) == COLUMNS.split(",")
    assert [row["score"] for row in rows] == [0.9, 0.7, 0.7, None]


def test_people_see_the_sentence_and_the_whole_id(found: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = curate("findings", found).stdout
    assert "4 findings" in shown
    assert all(each.finding_id in shown for each in (LABEL, PAIR, GROUP))
