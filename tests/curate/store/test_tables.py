from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from curate.store import tables
from schemas.tables import from_rows


def finding(number: int) -> dict[str, object]:
    return {
        "finding_id": f"blur-{number:04}",
        "kind": "blur",
        "severity": "note",
        "sample_ids": [f"a:{number}"],
        "marked": True,
        "evidence_sha256": "e",
        "status": "open",
        "message": "m",
        "detector": "d",
        "detector_version": "1",
        "run_id": "r",
        "first_version": 1,
        "last_version": 1,
    }


text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
measure = st.fixed_dictionaries(
    {
        "sample_id": text,
        "pixel_sha256": st.none() | text,
        "measure": st.sampled_from(["sharpness", "ita_degrees"]),
        "value": st.none() | st.floats(allow_nan=False),
        "status": st.sampled_from(["ok", "declined"]),
        "method": st.just("m"),
        "method_version": st.just("1"),
        "run_id": text,
    }
)


@settings(max_examples=10, deadline=None)
@given(rows=st.lists(measure, max_size=20, unique_by=lambda row: (row["sample_id"], row["measure"])))
def test_what_is_written_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]]
) -> None:
    root = tmp_path_factory.mktemp("dataset")
    table = tables.arranged(from_rows("measures", rows), "measures")
    version = tables.write(root, "measures", table)
    assert tables.read(root, "measures", version).equals(table)


def test_files_are_zstd_in_row_groups_with_strings_as_strings(tmp_path: Path) -> None:
    rows = tables.arranged(from_rows("findings", [finding(number) for number in range(10)]), "findings")
    tables.write(tmp_path, "findings", rows)
    (file,) = (tmp_path / "tables" / "findings").glob("*.parquet")
    column = parquet.ParquetFile(file).metadata.row_group(0).column(0)
    assert column.compression == "ZSTD"
    assert "RLE_DICTIONARY" not in column.encodings
    assert pa.types.is_string(parquet.read_schema(file).field("kind").type)


def test_every_version_stays_in_the_log_of_the_table(tmp_path: Path) -> None:
    tables.write(tmp_path, "findings", tables.arranged(from_rows("findings", [finding(1)]), "findings"))
    facts = DeltaTable(tmp_path / "tables" / "findings").metadata().configuration
    assert facts["delta.logRetentionDuration"] == "interval 36500 days"


def test_samples_lie_in_one_folder_per_source(tmp_path: Path) -> None:
    assert DeltaTable.is_deltatable(str(tmp_path)) is False
    row = dict.fromkeys(("image_status", "diagnosis_kind", "malignancy", "licence", "redistribute", "commercial"), "x")
    row |= dict.fromkeys(("raw", "raw_hash", "row_status", "ingest_id", "adapter", "vocab", "source_image_id"), "x")
    rows = [row | {"sample_id": f"{source}:1", "source": source} for source in ("a", "b")]
    tables.write(tmp_path, "samples", tables.arranged(from_rows("samples", rows), "samples"))
    folders = sorted(path.name for path in (tmp_path / "tables" / "samples").iterdir())
    assert folders == ["_delta_log", "source=a", "source=b"]


def test_an_append_after_a_restore_does_not_bring_taken_back_rows(tmp_path: Path) -> None:
    first = tables.arranged(from_rows("findings", [finding(1)]), "findings")
    version = tables.write(tmp_path, "findings", first)
    tables.write(tmp_path, "findings", tables.arranged(from_rows("findings", [finding(2)]), "findings"), append=True)
    tables.restore(tmp_path, "findings", version)
    third = tables.arranged(from_rows("findings", [finding(3)]), "findings")
    head = tables.write(tmp_path, "findings", third, append=True)
    assert tables.read(tmp_path, "findings", head).column("finding_id").to_pylist() == ["blur-0001", "blur-0003"]


def test_restoring_to_the_head_makes_no_commit(tmp_path: Path) -> None:
    version = tables.write(tmp_path, "findings", tables.arranged(from_rows("findings", [finding(1)]), "findings"))
    assert tables.restore(tmp_path, "findings", version) == version == tables.head(tmp_path, "findings")


def test_two_models_never_share_a_folder() -> None:
    names = ["timm/vit", "timm-vit", "timm vit", "a.b", "../up", "..", "vit"]
    keys = [tables.embeddings_key(name) for name in names]
    assert len(set(keys)) == len(names)
    assert all(key.count("/") == 1 and ".." not in key for key in keys)
