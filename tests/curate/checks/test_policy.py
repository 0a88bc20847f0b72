"""Thresholds: what a file changes, and what is said about a wrong one."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from curate.checks import policy
from schemas.errors import DataFault, UserError


def file_of(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_file_changes_what_it_names_and_leaves_the_rest_as_shipped(tmp_path: Path) -> None:
    shipped = policy.read()
    mine = policy.read(file_of(tmp_path, "leakage:\n  marked: 0.5\n"))
    assert mine["leakage"]["marked"] == 0.5
    assert {check: named for check, named in mine.items() if check != "leakage"} == {
        check: named for check, named in shipped.items() if check != "leakage"
    }


def test_the_shipped_file_is_itself_a_valid_policy_that_changes_nothing(tmp_path: Path) -> None:
    shipped = resources.files("curate.checks").joinpath("policy.yaml").read_text(encoding="utf-8")
    assert policy.read(file_of(tmp_path, shipped)) == policy.read()


@pytest.mark.parametrize("text", ["", "# nothing yet\n"])
def test_an_empty_file_changes_nothing(tmp_path: Path, text: str) -> None:
    assert policy.read(file_of(tmp_path, text)) == policy.read()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "leakage:\n  marked: 0.9\nleakige:\n  marked: 1\n",
            ["mine.yaml, row 3", "'leakige'", "Did you mean leakage?"],
        ),
        ("# mine\nleakage:\n  marks: 0.9\n", ["mine.yaml, row 3", "'marks'", "Did you mean marked?"]),
        ("leakage:\n  marked: high\n", ["mine.yaml, row 2", "'high' is no number"]),
        ("leakage:\n  marked: .nan\n", ["mine.yaml, row 2", "is no number"]),
        ("leakage:\n  marked: [1]\n", ["mine.yaml, row 2", "is no number"]),
        ("leakage: 0.9\n", ["mine.yaml, row 1", "holds no thresholds"]),
        ("leakage:\n  marked: 0.9\n  marked: 0.8\n", ["mine.yaml, row 3", "a second time"]),
        ("- leakage\n", ["mine.yaml, row 1", "holds no thresholds"]),
        ("leakage: [\n", ["mine.yaml", "is not YAML"]),
    ],
)
def test_a_wrong_file_is_refused_with_file_line_and_the_nearest_key(
    tmp_path: Path, text: str, words: list[str]
) -> None:
    with pytest.raises(DataFault) as caught:
        policy.read(file_of(tmp_path, text))
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no file"):
        policy.read(tmp_path / "none.yaml")


def test_text_that_is_not_utf8_is_said(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_bytes("# пороги\n".encode("cp1251"))
    with pytest.raises(DataFault, match="is not YAML"):
        policy.read(file)
