from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from PIL import Image

from curate.dataset import Dataset, load_dataset
from curate.store import images, tables
from curate.verify import Verdict, report_lines, verify
from schemas.errors import DatasetConflict
from schemas.tables import from_rows


def rules(verdict: Verdict) -> set[str]:
    return {fault.rule for fault in verdict.faults}


def change(dataset: Dataset, table: str, **fields: object) -> None:
    """Give every row of a table other values, as a damaged or careless program would."""
    rows = [row | fields for row in dataset.read(table).to_pylist()]
    rewrite(dataset, table, rows)


def rewrite(dataset: Dataset, table: str, rows: list[dict[str, object]]) -> None:
    with dataset.writer("test", {}) as writer:
        writer.replace(table, from_rows(table, rows))
        writer.commit("changed")


def stored_file(dataset: Dataset, sample_id: str = "clinic:0") -> Path:
    return dataset.view().image_file(sample_id)


def restore_as(dataset: Dataset, content: bytes) -> None:
    """Put other bytes under their own hash and let the first row name them."""
    rows = dataset.read("samples").to_pylist()
    rows[0]["stored_sha256"] = images.put(dataset.root, content, "jpeg")
    rewrite(dataset, "samples", rows)


def test_a_sound_dataset_is_sound(sound: Dataset) -> None:
    done: list[int] = []
    verdict = verify(sound, progress=done.append)
    assert verdict.faults == ()
    assert (verdict.exit_code, verdict.rows, verdict.files, verdict.versions) == (0, 4, 4, 1)
    assert sum(done) == 4
    assert report_lines(verdict) == ["Sound: 4 rows, 4 image files, 1 versions."]


def test_an_empty_dataset_is_sound(dataset_of: Callable[..., Dataset]) -> None:
    assert verify(dataset_of([])).exit_code == 0


def test_a_missing_file_is_named_with_its_sample(sound: Dataset) -> None:
    stored_file(sound).unlink()
    verdict = verify(sound)
    assert [(fault.rule, fault.value) for fault in verdict.faults] == [("I01", "clinic:0")]
    assert verdict.exit_code == 3


def test_one_changed_byte_is_found(sound: Dataset) -> None:
    path = stored_file(sound)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    (fault,) = verify(sound).faults
    assert (fault.rule, fault.found, fault.expected) == ("I02", hashlib.sha256(content).hexdigest(), path.stem)
    assert "Ingest clinic again" in str(fault)


def test_a_picture_that_breaks_off_is_found(sound: Dataset) -> None:
    restore_as(sound, stored_file(sound).read_bytes()[:-200])
    assert "I03" in rules(verify(sound))


def test_a_size_that_is_not_that_of_the_file_is_found(sound: Dataset) -> None:
    change(sound, "samples", width=47)
    found = [fault for fault in verify(sound).errors if fault.rule == "I04"]
    assert len(found) == 4
    assert (found[0].expected, found[0].found) == ("47x32 jpeg", "48x32 jpeg")


def test_metadata_in_a_stored_file_is_found(sound: Dataset) -> None:
    exif = Image.Exif()
    exif[0x010F] = "maker"
    file = io.BytesIO()
    Image.open(stored_file(sound)).save(file, "JPEG", exif=exif)
    restore_as(sound, file.getvalue())
    assert rules(verify(sound)) == {"I12"}


def test_a_source_without_a_fact_sheet_is_found(sound: Dataset) -> None:
    rewrite(sound, "sources", [])
    assert "K07" in rules(verify(sound))


def test_ids_of_an_issuer_that_nobody_declared_are_found(sound: Dataset) -> None:
    change(sound, "samples", lesion_id="elsewhere:L1")
    faults = [fault for fault in verify(sound).errors if fault.rule == "K03"]
    assert [(fault.column, fault.value) for fault in faults] == [("lesion_id", "elsewhere")]


def test_a_derived_column_that_differs_from_its_rule_is_found(sound: Dataset) -> None:
    change(sound, "samples", malignancy="malignant")
    assert rules(verify(sound)) == {"K09"}


@pytest.mark.parametrize(
    ("table", "fields", "rule"),
    [
        ("findings", {"sample_ids": ["clinic:0", "clinic:9"]}, "D01"),
        ("findings", {"finding_id": "same_photo-0000000000000000"}, "D02"),
        ("decisions", {"sample_ids": ["clinic:9"]}, "D03"),
        ("decisions", {"finding_id": "same_photo-1"}, "D03"),
        ("decisions", {"supersedes": "00"}, "D03"),
        ("decisions", {"action": "set_field", "field": "age_years", "new_value": "old"}, "D06"),
        ("decisions", {"action": "exclude", "new_value": "ugly"}, "D06"),
        ("splits", {"sample_id": "clinic:9"}, "S01"),
        ("measures", {"value": float("inf")}, "L05"),
    ],
)
def test_rows_that_name_what_is_not_there_are_found(
    sound: Dataset, table: str, fields: dict[str, object], rule: str
) -> None:
    rows = sound.read(table).to_pylist()
    rewrite(sound, table, [rows[0] | fields, *rows[1:]])
    verdict = verify(sound)
    assert rule in rules(verdict)
    assert verdict.exit_code == 3


def test_a_patient_on_two_sides_of_a_split_is_found(sound: Dataset) -> None:
    rows = sound.read("splits").to_pylist()
    rows[0] |= {"role": "test", "group_id": "clinic:0"}
    rewrite(sound, "splits", rows)
    (fault,) = verify(sound).faults
    assert fault.rule == "S02"
    assert "patient clinic:p1 is in test (1 images), train (1 images)" in fault.what


def test_a_split_is_judged_by_what_was_known_when_it_was_made(sound: Dataset) -> None:
    merged = sound.read("decisions").to_pylist()[0] | {
        "decision_id": "02",
        "finding_id": None,
        "action": "merge_patient",
        "sample_ids": ["clinic:0", "clinic:2"],
        "new_value": "clinic:p1",
    }
    rewrite(sound, "decisions", [*sound.read("decisions").to_pylist(), merged])
    assert verify(sound).faults == ()


def test_measures_of_older_pixels_are_a_note(sound: Dataset) -> None:
    change(sound, "measures", pixel_sha256="0" * 64)
    verdict = verify(sound)
    assert (rules(verdict), verdict.exit_code) == ({"L04"}, 0)


def test_a_lost_table_file_ends_with_five(sound: Dataset) -> None:
    next((sound.root / "tables" / "findings").glob("*.parquet")).unlink()
    verdict = verify(sound)
    assert (rules(verdict), verdict.exit_code) == ({"L01"}, 5)


def test_an_old_version_that_cannot_be_read_is_found(sound: Dataset) -> None:
    old = next((sound.root / "tables" / "measures").glob("*.parquet"))
    change(sound, "measures", value=2.5)
    old.unlink()
    verdict = verify(sound)
    assert (rules(verdict), verdict.exit_code) == ({"L01"}, 5)


def leave_behind(dataset: Dataset) -> list[Path]:
    """Leave what runs killed at various moments leave; return the files that no version needs."""
    rows = dataset.read("samples").to_pylist()
    dead = from_rows("samples", [rows[0] | {"sample_id": "clinic:dead", "source_image_id": "dead"}])
    before = set(dataset.root.rglob("*.parquet"))
    tables.write(dataset.root, "samples", tables.arranged(dead, "samples"), append=True)
    tables.write(dataset.root, "embeddings/half", tables.arranged(from_rows("embeddings", []), "embeddings"))
    unfinished = dataset.root / "tables" / "samples" / "source=clinic" / "part-00000-unfinished.zstd.parquet"
    unfinished.write_bytes(b"half a file")
    orphan = images.path_of(dataset.root, images.put(dataset.root, b"orphan", "png"), "png")
    partial = orphan.with_name(f".{orphan.name}.0123abcd.part")
    partial.write_bytes(b"orp")
    holder = dataset.root / ".writer.json.0123abcd.part"
    holder.write_bytes(b"{")
    return [*(set(dataset.root.rglob("*.parquet")) - before), orphan, partial, holder]


def test_what_killed_runs_left_is_a_note_and_can_be_cleaned(sound: Dataset) -> None:
    left = leave_behind(sound)
    verdict = verify(sound)
    assert (rules(verdict), verdict.exit_code) == ({"L02", "I11"}, 0)
    assert all(path.exists() for path in left)
    cleaned = verify(sound, clean=True)
    assert (rules(cleaned), cleaned.exit_code) == ({"L02", "I11"}, 0)
    assert not any(path.exists() for path in left)
    after = load_dataset(sound.root)
    assert verify(after).faults == ()
    assert (after.version, len(after.samples())) == (2, 4)
    assert load_dataset(sound.root, at=1).read("samples").equals(after.read("samples"))


def test_cleaning_keeps_the_pictures_and_rows_of_every_version(sound: Dataset) -> None:
    everything = sound.read("samples")
    rewrite(sound, "samples", everything.slice(0, 2).to_pylist())
    rewrite(sound, "splits", [])
    rewrite(sound, "decisions", [])
    rewrite(sound, "findings", [])
    rewrite(sound, "measures", [])
    leave_behind(sound)
    verify(sound, clean=True)
    old = load_dataset(sound.root, at=1)
    assert old.read("samples").equals(everything)
    assert all(old.image_bytes(sample_id) for sample_id in everything.column("sample_id").to_pylist())
    assert verify(load_dataset(sound.root)).faults == ()


def test_cleaning_a_clean_dataset_makes_no_version(sound: Dataset) -> None:
    verify(sound, clean=True)
    assert load_dataset(sound.root).version == 1


def test_cleaning_waits_for_no_other_writer(sound: Dataset) -> None:
    with sound.writer("long", {}), pytest.raises(DatasetConflict, match="long"):
        verify(load_dataset(sound.root), clean=True)


def test_many_faults_of_one_rule_are_counted_and_five_are_shown(sound: Dataset) -> None:
    rows = sound.read("splits").to_pylist()
    rewrite(sound, "splits", [rows[0] | {"sample_id": f"clinic:{number}"} for number in range(20, 28)])
    lines = report_lines(verify(sound))
    assert sum("[S01]" in line for line in lines) == 5
    assert "  ... and 3 more of S01" in lines
    assert lines[-1].startswith("8 errors: ")


def test_a_partial_read_of_columns_keeps_their_types(sound: Dataset) -> None:
    assert sound.read("samples", ["width"]).schema.field("width").type == pa.int32()
