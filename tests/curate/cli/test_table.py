from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from curate.cli.main import app
from curate.dataset import Dataset
from schemas.errors import DatasetConflict, UserError

Make = Callable[..., Dataset]
Row = Callable[..., dict[str, object]]


def curate(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_samples_as_csv_have_their_key_first_and_empty_cells_for_null(dataset_of: Make, row: Row) -> None:
    root = dataset_of([row("1", sites=["a", "b"], external_ids={"md5": "x"}, device="=1+1"), row("2")]).root
    first, second = csv.DictReader(io.StringIO(curate("table", root, "samples", "--format", "csv").stdout))
    assert next(iter(first)) == "sample_id"
    assert json.loads(first["sites"]) == ["a", "b"]
    assert json.loads(first["external_ids"]) == {"md5": "x"}
    assert first["device"] == "'=1+1"
    assert (second["sites"], second["age_years"]) == ("", "")


def test_an_older_version_and_chosen_columns(dataset_of: Make, row: Row) -> None:
    dataset_of([row("1")])
    root = dataset_of([row("2")]).root
    out = curate("table", root, "samples", "--at", 1, "--columns", "licence,sample_id", "--format", "csv").stdout
    assert out == "licence,sample_id\nCC-0,clinic:1\n"


def test_a_file_is_written_once_and_replaced_only_with_force(dataset_of: Make, row: Row, tmp_path: Path) -> None:
    root = dataset_of([row("1")]).root
    file = tmp_path / "samples.csv"
    assert curate("table", root, "samples", "--out", file).exit_code == 0
    assert file.read_text(encoding="utf-8").startswith("sample_id,source,")
    file.write_text("mine")
    again = curate("table", root, "samples", "--out", file)
    assert isinstance(again.exception, UserError)
    assert file.read_text() == "mine"
    curate("table", root, "samples", "--out", file, "--force")
    assert file.read_text() != "mine"


@pytest.mark.parametrize("words", [("table", "DATASET", "samples"), ("verify", "DATASET"), ("log", "DATASET")])
def test_a_folder_that_is_no_dataset_is_a_conflict(tmp_path: Path, words: tuple[str, ...]) -> None:
    result = curate(*(tmp_path if word == "DATASET" else word for word in words))
    assert isinstance(result.exception, DatasetConflict)
    assert list(tmp_path.iterdir()) == []


def test_verify_says_sound_and_ends_with_zero(dataset_of: Make) -> None:
    result = curate("verify", dataset_of([]).root)
    assert (result.exit_code, result.stdout) == (0, "Sound: 0 rows, 0 image files, 0 versions.\n")


def test_verify_ends_with_three_where_a_fact_sheet_is_missing(dataset_of: Make, row: Row) -> None:
    result = curate("verify", dataset_of([row("1")]).root)
    assert result.exit_code == 3
    assert "[K07]" in result.stdout


def test_log_and_diff_print_versions(dataset_of: Make, row: Row) -> None:
    dataset_of([row("1")])
    root = dataset_of([row("2")]).root
    log = json.loads(curate("log", root, "--format", "json").stdout)
    assert [entry["version"] for entry in log] == [1, 2]
    diff = json.loads(curate("diff", root, 1, 2, "--format", "json").stdout)
    assert diff == [{"table": "samples", "change": "added", "reason": "clinic", "rows": 1}]
    assert "same rows" in curate("diff", root, 2, 2).stdout
