"""``curate check`` as a user types it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from curate.cli.main import app
from curate.dataset import Dataset, load_dataset
from schemas.errors import BarNotMet, DatasetConflict, UserError

Make = Callable[..., Dataset]
Row = Callable[..., dict[str, object]]


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DERMACURATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "160")


def curate(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def leaking(dataset_of: Make, row: Row) -> Path:
    """Folder of a dataset without pictures, one of whose patients is in train and test."""
    rows = [
        row("1", patient_id="clinic:p1", source_split="train"),
        row("2", patient_id="clinic:p1", source_split="test"),
        row("3", patient_id="clinic:p2", source_split="test"),
    ]
    return dataset_of(rows).root


def test_a_table_without_pictures_is_checked_for_leaks(leaking: Path) -> None:
    done = curate("check", leaking, "--only", "leakage")
    assert done.exit_code == 0
    shown = " ".join(done.stdout.split())
    assert "leakage │ leak │ block │ 1" in shown
    assert "source_split:clinic │ test (2) │ train │ 1 (50.0%) │ 1 (50.0%)" in shown
    assert f"Written as version 2. Next: curate findings {leaking}" in done.stdout
    assert "3 samples have no stored picture" in done.stderr


def test_a_second_run_says_nothing_new_and_makes_no_version(leaking: Path) -> None:
    curate("check", leaking, "--only", "leakage")
    done = curate("check", leaking, "--only", "leakage")
    assert "Nothing new; it stands in version 2." in done.stdout
    assert load_dataset(leaking).version == 2


def test_counts_for_programs_stand_alone_on_stdout(leaking: Path) -> None:
    expected = {"check": "leakage", "kind": "leak", "severity": "block"}
    as_csv = curate("check", leaking, "--only", "leakage", "--format", "csv").stdout
    assert list(csv.DictReader(io.StringIO(as_csv))) == [{**expected, "findings": "1"}]
    as_json = curate("check", leaking, "--only", "leakage", "--format", "json").stdout
    assert json.loads(as_json) == [{**expected, "findings": 1}]


@pytest.mark.parametrize("words", [["--fail-on", "leak"], ["--fail-on", "exact,leak"]])
def test_a_marked_leak_breaks_the_bar_that_the_user_set(leaking: Path, words: list[str]) -> None:
    done = curate("check", leaking, "--only", "leakage", *words)
    assert isinstance(done.exception, BarNotMet)
    assert str(done.exception) == (
        f"1 findings of kind leak are marked. See them: curate findings {leaking} --kind leak"
    )
    assert load_dataset(leaking).version == 2


def test_the_bar_is_about_what_this_run_looked_at(leaking: Path, tmp_path: Path) -> None:
    curate("check", leaking, "--only", "leakage")
    clean = tmp_path / "clean.csv"
    clean.write_text("image,role\n1,train\n2,train\n3,test\n")
    assert curate("check", leaking, "--only", "leakage", "--split", clean, "--fail-on", "leak").exit_code == 0
    assert curate("check", leaking, "--only", "leakage", "--fail-on", "exact").exit_code == 0


def test_a_bar_for_a_kind_that_does_not_exist_is_refused_before_anything_runs(leaking: Path) -> None:
    done = curate("check", leaking, "--only", "leakage", "--fail-on", "leek")
    assert isinstance(done.exception, UserError)
    assert "'leek' is no kind of finding. Did you mean leak" in str(done.exception)
    assert load_dataset(leaking).version == 1


def test_a_foreign_split_says_where_it_does_not_fit(leaking: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("image,role\n1,train\n1,test\n2,test\n99,test\n")
    done = curate("check", leaking, "--only", "leakage", "--split", file, "--fail-on", "leak")
    assert isinstance(done.exception, BarNotMet)
    assert "Note: mine.csv: 1 names are no image of this dataset (99)." in done.stderr
    assert "Note: mine.csv: 1 samples stand in two parts (clinic:1)." in done.stderr
    assert "Note: mine.csv: 1 samples of this dataset are in no part (clinic:3)." in done.stderr
    leaks = curate("findings", leaking, "--kind", "leak", "--format", "csv").stdout
    assert [row["message"] for row in csv.DictReader(io.StringIO(leaks))] == [
        "mine.csv: clinic:1 itself stands in test and in train."
    ]


def test_a_policy_changes_what_is_marked(leaking: Path, tmp_path: Path) -> None:
    policy = tmp_path / "strict.yaml"
    policy.write_text("leakage:\n  marked: 1.1\n")
    assert curate("check", leaking, "--only", "leakage", "--policy", policy, "--fail-on", "leak").exit_code == 0
    assert "findings" in curate("findings", leaking, "--all").stdout
    assert isinstance(curate("check", leaking, "--only", "leakage", "--fail-on", "leak").exception, BarNotMet)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--only", "leekage"], "'leekage' is no check. Did you mean leakage?"),
        (["--only", "leakage", "--split", "defualt"], "'defualt' is no split of this dataset."),
        (["--only", "leakage", "--split", "none.csv"], "'none.csv' is no file."),
        (["--only", "leakage", "--policy", "none.yaml"], "'none.yaml' is no file."),
    ],
)
def test_what_does_not_exist_is_said_in_one_line(leaking: Path, words: list[str], said: str) -> None:
    done = curate("check", leaking, *words)
    assert isinstance(done.exception, UserError)
    assert said in str(done.exception)
    assert "\n" not in str(done.exception)
    assert load_dataset(leaking).version == 1


def test_a_word_that_is_no_choice_is_a_wrong_command_line(leaking: Path) -> None:
    assert curate("check", leaking, "--within", "lesion").exit_code == 2
    assert curate("check", leaking, "--workers", "0").exit_code == 2


def test_a_folder_that_is_no_dataset_is_a_conflict(tmp_path: Path) -> None:
    assert isinstance(curate("check", tmp_path / "nowhere").exception, DatasetConflict)
    assert not (tmp_path / "nowhere").exists()
