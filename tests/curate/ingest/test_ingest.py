from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from curate.cli.main import app
from curate.dataset import Dataset, load_dataset
from curate.imaging import decode
from schemas.errors import BarNotMet, DataFault, UserError
from schemas.validation import validate

Folder = Callable[..., Path]
NEVUS = "Benign:Benign melanocytic proliferations:Nevus"


def ingest(*words: object) -> Result:
    return CliRunner().invoke(app, ["ingest", *(str(word) for word in words)])


def done(*words: object) -> Dataset:
    result = ingest(*words)
    assert result.exit_code == 0, (result.stderr, result.exception)
    return load_dataset(str(words[list(words).index("--into") + 1]))


def files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def row_of(dataset: Dataset, name: str) -> dict[str, object]:
    return {row["source_image_id"]: row for row in dataset.read("samples").to_pylist()}[name]


def column(dataset: Dataset, name: str) -> dict[str, object]:
    rows = dataset.read("samples", ["source_image_id", name]).to_pylist()
    return {row["source_image_id"]: row[name] for row in rows}


def test_rows_and_pictures_become_a_sound_version(folder: Folder, tmp_path: Path) -> None:
    root = folder(3, sex=["female", "male", ""], age_years=["45", "0", ""], diagnosis_path=["Nevus", NEVUS, ""])
    dataset = done("folder", root, "--into", tmp_path / "d")
    samples = dataset.read("samples")
    assert dataset.version == 1
    assert validate(samples, "samples") == []
    assert samples.column("sample_id").to_pylist() == ["folder:0", "folder:1", "folder:2"]
    first = row_of(dataset, "0")
    assert (first["sex"], first["age_low"], first["malignancy"], first["diagnosis_path"]) == (
        "female",
        45,
        "benign",
        NEVUS,
    )
    assert (decode((root / "images/0.jpg").read_bytes()) == dataset.image("folder:0")).all()
    assert row_of(dataset, "1")["age_years"] == 0
    assert json.loads(str(first["raw"]))["diagnosis_path"] == "Nevus"
    assert dataset.read("sources").num_rows == 1


def test_the_summary_says_what_was_done_and_what_to_type_next(folder: Folder, tmp_path: Path) -> None:
    out = ingest("folder", folder(2), "--into", tmp_path / "d").stdout
    assert "folder: 2 rows read: 2 added" in out
    assert "Images: 2 stored." in out
    assert out.splitlines()[-1] == f"{tmp_path / 'd'} is at version 1. Next: curate check {tmp_path / 'd'}"


# --- again -----------------------------------------------------------------------------------------------------------


def test_the_same_again_makes_no_version_and_touches_no_file(folder: Folder, tmp_path: Path) -> None:
    root = folder()
    done("folder", root, "--into", tmp_path / "d")
    before = {name: (tmp_path / "d" / name).stat().st_mtime_ns for name in files(tmp_path / "d")}
    result = ingest("folder", root, "--into", tmp_path / "d")
    assert "Nothing to write" in result.stdout
    assert "4 unchanged" in result.stdout
    after = {name: (tmp_path / "d" / name).stat().st_mtime_ns for name in files(tmp_path / "d")}
    lock = {"writer.json", "writer.lock"}
    assert {name: at for name, at in before.items() if name not in lock} == {
        name: at for name, at in after.items() if name not in lock
    }


def test_a_changed_row_a_new_one_and_one_that_is_gone_make_one_version(folder: Folder, tmp_path: Path) -> None:
    root = folder(4, sex=["female", "male", "female", "male"])
    first = done("folder", root, "--into", tmp_path / "d")
    table = (root / "metadata.csv").read_text().splitlines()
    (root / "images/3.jpg").rename(root / "images/4.jpg")
    (root / "metadata.csv").write_text("\n".join([*table[:3], "2,images/2.jpg,male", "4,images/4.jpg,male"]))
    second = done("folder", root, "--into", tmp_path / "d")
    assert (second.version, first.version) == (2, 1)
    log = second.read("log").to_pylist()[-1]
    assert (log["rows_added"], log["rows_changed"], log["rows_withdrawn"]) == (1, 1, 1)
    assert column(second, "row_status") == {
        "0": "active",
        "1": "active",
        "2": "active",
        "3": "withdrawn",
        "4": "active",
    }
    assert row_of(second, "0")["ingest_id"] == row_of(load_dataset(tmp_path / "d", at=1), "0")["ingest_id"]
    kinds = {row["kind"]: row["message"] for row in second.read("findings").to_pylist()}
    assert "folder:3" in kinds["K12"]
    assert "folder:2" in kinds["K13"]


def test_a_part_of_a_source_withdraws_nothing(folder: Folder, tmp_path: Path) -> None:
    root = folder(4, sex=["female", "male", "female", "male"])
    done("folder", root, "--into", tmp_path / "d")
    for part in (("--limit", "1"), ("--where", "sex = male")):
        assert "0 withdrawn" in ingest("folder", root, "--into", tmp_path / "d", *part).stdout
    assert set(load_dataset(tmp_path / "d").samples()["row_status"]) == {"active"}


def test_a_damaged_stored_file_is_restored_by_ingesting_again(folder: Folder, tmp_path: Path) -> None:
    root = folder(2)
    dataset = done("folder", root, "--into", tmp_path / "d")
    row = row_of(dataset, "1")
    path = dataset.image_file(str(row["stored_sha256"]), str(row["format"]))
    sound = path.read_bytes()
    path.write_bytes(b"damaged")
    ingest("folder", root, "--into", tmp_path / "d")
    assert path.read_bytes() == sound


def test_metadata_only_opens_no_picture_and_keeps_those_that_are_stored(folder: Folder, tmp_path: Path) -> None:
    root = folder(2)
    done("folder", root, "--into", tmp_path / "d")
    moved = root.rename(tmp_path / "moved")
    bare = tmp_path / "clinic"
    bare.mkdir()
    (bare / "metadata.csv").write_bytes((moved / "metadata.csv").read_bytes())
    assert "2 unchanged" in ingest("folder", bare, "--into", tmp_path / "d", "--metadata-only").stdout
    fresh = done("folder", bare, "--into", tmp_path / "e", "--metadata-only")
    assert set(fresh.samples()["image_status"]) == {"not_fetched"}


def test_two_folders_live_side_by_side_and_equal_ids_are_named(folder: Folder, tmp_path: Path) -> None:
    done("folder", folder(2), "--into", tmp_path / "d")
    other = folder(1, name="other", rows=[{"image": "x", "file": "images/0.jpg"}])
    dataset = done("folder", other, "--into", tmp_path / "d")
    assert set(dataset.samples()["row_status"]) == {"active"}
    assert dataset.read("samples").num_rows == 3
    clash = folder(2, name="clash", sex=["male", "male"])
    result = ingest("folder", clash, "--into", tmp_path / "d")
    assert isinstance(result.exception, DataFault)
    assert {fault.rule for fault in result.exception.faults} == {"K01"}
    assert str(tmp_path / "clinic") in result.stderr


# --- bad input -------------------------------------------------------------------------------------------------------


def broken(root: Path) -> None:
    """Break five rows of ten, each in its own way, and put a picture beside them that no row names."""
    table = (root / "metadata.csv").read_text().splitlines()
    table[2] = "1,images/1.jpg,forty,female"
    table[3] = "1,images/2.jpg,40,female"
    table[4] = "3,images/none.jpg,40,female"
    table[6] = "5,images/5.jpg,40,female,more"
    (root / "images/4.jpg").write_bytes((root / "images/4.jpg").read_bytes()[:900])
    (root / "images/extra.jpg").write_bytes((root / "images/0.jpg").read_bytes())
    (root / "metadata.csv").write_text("\n".join(table))


def ten(folder: Folder) -> Path:
    root = folder(10, age_years=["40"] * 10, sex=["female"] * 10)
    broken(root)
    return root


def test_all_faults_are_named_and_nothing_is_written(folder: Folder, tmp_path: Path) -> None:
    result = ingest("folder", ten(folder), "--into", tmp_path / "d")
    error = result.exception
    assert isinstance(error, DataFault)
    assert error.exit_code == 3
    found = {(fault.rule, fault.place.file, fault.place.row) for fault in error.faults if fault.place}
    assert found == {
        ("K04", "metadata.csv", 3),
        ("I03", "metadata.csv", 5),
        ("I03", "metadata.csv", 6),
        ("K04", "metadata.csv", 7),
        ("I13", "images/3.jpg", None),
        ("I13", "images/5.jpg", None),
        ("I13", "images/extra.jpg", None),
    }
    assert not (tmp_path / "d").exists()
    assert "metadata.csv, row 3, column age_years: 'forty' is not a whole number" in result.stderr
    lines = (tmp_path / "faults.csv").read_text().splitlines()
    assert lines[0] == "rule,severity,file,row,column,value,what,remedy,sample_ids"
    assert len(lines) == 1 + len(error.faults)


def test_a_dataset_that_was_there_is_left_as_it_was(folder: Folder, tmp_path: Path) -> None:
    good = folder(2, name="good")
    done("folder", good, "--into", tmp_path / "d")
    before = files(tmp_path / "d")
    assert isinstance(ingest("folder", ten(folder), "--into", tmp_path / "d").exception, DataFault)
    assert files(tmp_path / "d") == before
    assert load_dataset(tmp_path / "d").version == 1


def test_skip_leaves_out_broken_rows_and_keeps_rows_without_their_picture(folder: Folder, tmp_path: Path) -> None:
    result = ingest("folder", ten(folder), "--into", tmp_path / "d", "--on-fault", "skip")
    assert result.exit_code == 0
    samples = load_dataset(tmp_path / "d").read("samples")
    assert column(load_dataset(tmp_path / "d"), "image_status") == {
        **dict.fromkeys(("0", "6", "7", "8", "9"), "stored"),
        "1": "stored",
        "3": "missing",
        "4": "unreadable",
    }
    assert validate(samples, "samples") == []
    assert "I13" in result.stderr
    assert "folder: 10 rows read: 8 added, 0 changed, 0 unchanged, 0 withdrawn, 2 left out." in result.stdout


def test_a_duplicate_key_names_both_rows(folder: Folder, tmp_path: Path) -> None:
    rows = [{"image": "a", "file": "images/0.jpg"}, {"image": "a", "file": "images/1.jpg"}]
    result = ingest("folder", folder(2, rows=rows), "--into", tmp_path / "d")
    assert "metadata.csv, row 3: 'a' is named again; metadata.csv, row 2 has it first" in result.stderr
    assert "[K01]" in result.stderr


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("image_status", "stored", "is no column of the schema that a table may bring"),
        ("row_colour", "x", "row_colour"),
        ("diagnosis_kind", "nearly", "'nearly' is not a code of diagnosis_kind"),
        ("licence", "CC", "'CC' is not a code of licence"),
        ("age_years", "400", "'400' is no age of 0 to 120 years"),
        ("biopsied", "maybe", "'maybe' is neither true nor false"),
        ("external_ids", "{", "'{' is not JSON"),
    ],
)
def test_a_wrong_cell_or_column_is_one_clear_line(
    column: str, cell: str, said: str, folder: Folder, tmp_path: Path
) -> None:
    result = ingest("folder", folder(1, **{column: [cell]}), "--into", tmp_path / "d")
    assert isinstance(result.exception, DataFault)
    assert said in result.stderr + str(result.exception)
    assert "\n" not in str(result.exception)
    assert not (tmp_path / "d").exists()


def test_a_value_without_a_code_is_kept_counted_and_with_strict_refused(folder: Folder, tmp_path: Path) -> None:
    root = folder(3, sex=["female", "fem", "fem"], diagnosis_path=["Nevus", "Wart?", ""])
    result = ingest("folder", root, "--into", tmp_path / "s", "--strict")
    assert isinstance(result.exception, BarNotMet)
    assert result.exception.exit_code == 10
    assert not (tmp_path / "s").exists()
    result = ingest("folder", root, "--into", tmp_path / "d")
    assert "Unmapped: sex = 'fem' in 2 rows." in result.stdout
    dataset = load_dataset(tmp_path / "d")
    assert row_of(dataset, "1")["sex"] == "unmapped"
    assert row_of(dataset, "1")["diagnosis_kind"] == "unmapped"
    kinds = sorted((row["kind"], row["found"]) for row in dataset.read("findings").to_pylist() if row["kind"] == "K06")
    assert kinds == [("K06", "Wart?"), ("K06", "fem")]


def test_personal_columns_are_not_taken_and_names_in_cells_stop(folder: Folder, tmp_path: Path) -> None:
    root = folder(1, patient_name=["Ivanova M.P."])
    dataset = done("folder", root, "--into", tmp_path / "d")
    assert "Ivanova" not in str(row_of(dataset, "0"))
    assert "patient_name" in dataset.read("sources").column("refused_columns").to_pylist()[0]
    other = folder(1, name="b", device=["camera of Ivanova M.P."])
    result = ingest("folder", other, "--into", tmp_path / "e")
    assert "looks like a name" in result.stderr
    assert "Ivanova" not in result.stderr


@pytest.mark.parametrize(
    "words", [("/nowhere",), ("--where", "colour = red", "."), ("--where", "age_years > old", ".")]
)
def test_a_wrong_command_leaves_nothing(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = ingest("folder", *words, "--into", "d")
    assert isinstance(result.exception, UserError)
    assert not (tmp_path / "d").exists()


def test_a_folder_that_is_something_else_is_refused(folder: Folder, tmp_path: Path) -> None:
    other = tmp_path / "mine"
    other.mkdir()
    (other / "thesis.tex").write_text("x")
    result = ingest("folder", folder(1), "--into", other)
    assert isinstance(result.exception, UserError)
    assert result.exception.exit_code == 5
    assert files(other) == {"thesis.tex"}


def test_a_dry_run_says_the_same_and_writes_nothing(folder: Folder, tmp_path: Path) -> None:
    root = folder(3)
    result = ingest("folder", root, "--into", tmp_path / "d", "--dry-run")
    assert "3 added" in result.stdout
    assert not (tmp_path / "d").exists()
    done("folder", root, "--into", tmp_path / "d")
    before = files(tmp_path / "d")
    assert "3 unchanged" in ingest("folder", root, "--into", tmp_path / "d", "--dry-run").stdout
    assert files(tmp_path / "d") == before


def test_pictures_alone_are_rows_with_their_path_as_id(folder: Folder, tmp_path: Path) -> None:
    root = folder(2)
    (root / "metadata.csv").unlink()
    dataset = done("folder", root, "--into", tmp_path / "d")
    assert dataset.read("samples").column("sample_id").to_pylist() == ["folder:images/0.jpg", "folder:images/1.jpg"]


# --- the judges' files -----------------------------------------------------------------------------------------------


@pytest.mark.real
def test_files_from_the_wild_meet_the_fate_that_the_judges_expect(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import csv
    import subprocess

    monkeypatch.chdir(tmp_path)
    out = tmp_path / "wild"
    subprocess.run([sys.executable, shared / "accept/bad_images.py", out], check=True, capture_output=True)
    assert isinstance(ingest("folder", out, "--into", tmp_path / "s").exception, DataFault)
    assert not (tmp_path / "s").exists()
    dataset = done("folder", out, "--into", tmp_path / "d", "--on-fault", "skip")
    with (out / "expected.csv").open(encoding="utf-8", newline="") as lines:
        expected = {row["image"]: row["expect"] for row in csv.DictReader(lines)}
    for name, fate in expected.items():
        row = row_of(dataset, name)
        stored = row["image_status"] == "stored"
        assert fate == "either" or stored == (fate == "kept"), name
        assert stored == (row["stored_sha256"] is not None)
    assert dataset.image("folder:rotated_exif")[5, 5].argmax() == 2
    for archive in ("traversal.zip", "absolute.tar", "symlink.tar", "bomb.zip"):
        error = ingest("folder", out / archive, "--into", tmp_path / "a").exception
        assert isinstance(error, DataFault), archive
        assert not (tmp_path / "a").exists()
    assert not (tmp_path / "escaped.jpg").exists()
    assert not Path("/tmp/escaped_absolute.jpg").exists()
