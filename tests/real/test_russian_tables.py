"""The four synthetic Russian sets beside the checkout against their answer keys, by their own program of scores."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from curate.dataset import load_dataset
from curate.ingest.pour import Request
from curate.ingest.run import Plan, ingest
from schemas.listing import cell
from sources import load
from sources.profile import draft
from sources.source import Options

pytestmark = pytest.mark.real

PROFILES = Path(__file__).parents[1] / "sources" / "profiles"
SETS = (
    ("d1_poliklinika", "priem_2021.csv", "poliklinika.yaml"),
    ("d2_reestr", "reestr.xlsx", "reestr.yaml"),
    ("d3_konsilium", "konsilium.tsv", "konsilium.yaml"),
)
_COLUMNS = ("image_file=source_image_id", "certainty=diagnosis_certainty", "patient_group=patient_id")


@pytest.fixture(autouse=True)
def _own_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DERMACURATE_PSEUDONYM_KEY", str(tmp_path / "pseudonym.key"))


def poured(tmp_path: Path, source: str, location: Path, profile: Path | None) -> Path:
    plan = Plan(load(source), Options(location=str(location), profile=profile), Request())
    ingest(plan, tmp_path / "dataset", arguments={"source": source, "location": str(location)})
    return tmp_path / "dataset"


def scores(shared: Path, name: str, dataset: Path) -> dict[str, float]:
    """Return what the program of scores prints of a dataset: field to accuracy."""
    table = load_dataset(dataset).read("samples")
    result = dataset.parent / "result.csv"
    with result.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(table.column_names)
        writer.writerows([cell(value) for value in row.values()] for row in table.to_pylist())
    folder = shared / "data" / "tables_ru"
    options = [part for column in _COLUMNS for part in ("--col", column)]
    said = subprocess.run(
        [sys.executable, str(folder / "score.py"), str(folder / f"{name}.key.csv"), str(result), *options],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "missing 0" in said
    return {
        match[1].strip(): float(match[2])
        for match in re.finditer(r"^(\w[\w ]+?)\s+(\d\.\d{3})  \(", said, re.MULTILINE)
    }


@pytest.mark.parametrize("how", ["drafted", "corrected"])
@pytest.mark.parametrize(("name", "table", "profile"), SETS, ids=[each[0] for each in SETS])
def test_a_table_gives_its_answer_key(
    shared: Path, tmp_path: Path, name: str, table: str, profile: str, how: str
) -> None:
    location = shared / "data" / "tables_ru" / name / table
    file = PROFILES / profile
    if how == "drafted":
        file = tmp_path / "drafted.yaml"
        file.write_text(draft(str(location)), encoding="utf-8")
    found = scores(shared, name, poured(tmp_path, "ru_table", location, file))
    assert len(found) >= 9
    assert {field: share for field, share in found.items() if share < 1} == {}


def test_folders_give_their_answer_key(shared: Path, tmp_path: Path) -> None:
    location = shared / "data" / "tables_ru" / "d4_papki"
    found = scores(shared, "d4_papki", poured(tmp_path, "ru_folders", location, None))
    assert {field: share for field, share in found.items() if share < 1} == {}


@pytest.mark.parametrize(("name", "table", "profile"), SETS, ids=[each[0] for each in SETS])
def test_no_table_of_the_dataset_holds_a_number_or_a_name(
    shared: Path, tmp_path: Path, name: str, table: str, profile: str
) -> None:
    location = shared / "data" / "tables_ru" / name / table
    dataset = poured(tmp_path, "ru_table", location, PROFILES / profile)
    text = " ".join(str(pq.read_table(file).to_pylist()) for file in dataset.rglob("*.parquet"))
    text += " ".join(file.read_text(encoding="utf-8") for file in dataset.rglob("*.json"))
    # The name of the column is no name of a person.
    text = text.replace("Фамилия И.О.", "")
    assert not re.findall(r"\d{3}-\d{3}-\d{3} \d\d|(?:\+7|8)[ (-]*900[ )-]*\d{3}|[А-Я][а-я]+ [А-Я]\.[А-Я]\.", text)
