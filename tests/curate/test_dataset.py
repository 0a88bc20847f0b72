from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from PIL import Image

import curate
from curate.dataset import Dataset, create_dataset, load_dataset
from curate.store import versions
from schemas.errors import DataFault, DatasetConflict, UserError
from schemas.tables import TABLE_NAMES, from_rows

Make = Callable[..., Dataset]
Row = Callable[..., dict[str, object]]


def split_rows(name: str, roles: dict[str, str | None], folds: dict[str, int] | None = None) -> list[dict[str, object]]:
    return [
        {
            "split_name": name,
            "sample_id": sample_id,
            "role": role,
            "fold": None if folds is None else folds[sample_id],
            "group_id": sample_id,
            "group_basis": "image",
            "seed": 0,
            "method": "test",
            "params": "{}",
            "frozen": True,
            "created_version": 1,
        }
        for sample_id, role in roles.items()
    ]


@pytest.mark.parametrize("name", [name for name in TABLE_NAMES if name != "embeddings"])
def test_a_new_dataset_reads_as_empty_tables(tmp_path: Path, name: str) -> None:
    dataset = create_dataset(tmp_path / "new")
    assert dataset.version == 0
    assert dataset.read(name).num_rows == 0
    assert dataset.read(name).column_names[0]


def test_making_a_dataset_twice_gives_the_same_one(tmp_path: Path) -> None:
    first = create_dataset(tmp_path / "new", name="clinic A")
    second = create_dataset(tmp_path / "new")
    assert (second.uuid, second.name) == (first.uuid, "clinic A")


@pytest.mark.parametrize("leftover", ["writer.lock", "writer.json", ".dataset.json.1a2b3c4d.part"])
def test_a_killed_creation_is_completed_by_the_next(tmp_path: Path, leftover: str) -> None:
    (tmp_path / leftover).write_bytes(b"")
    assert create_dataset(tmp_path).version == 0


def test_a_folder_that_is_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    for door in (load_dataset, create_dataset):
        with pytest.raises(DatasetConflict):
            door(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_missing_folder_is_refused_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(DatasetConflict, match="does not exist"):
        load_dataset(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", "no json", '{"name": "x"}'])
def test_a_damaged_root_file_is_one_line_and_no_traceback(tmp_path: Path, content: str) -> None:
    (tmp_path / "dataset.json").write_text(content)
    with pytest.raises(DatasetConflict) as caught:
        load_dataset(tmp_path)
    assert "\n" not in str(caught.value)


def make_newer(root: Path, **fields: object) -> None:
    file = root / "dataset.json"
    facts = json.loads(file.read_text()) | {"schema_version": 2, "created_by": "dermacurate 3.1.0"} | fields
    file.write_text(json.dumps(facts))


def test_a_newer_dataset_is_refused_with_what_to_do(dataset_of: Make, row: Row) -> None:
    dataset = dataset_of([row("1")])
    make_newer(dataset.root, last_versions={"1": 1})
    with pytest.raises(DatasetConflict) as caught:
        load_dataset(dataset.root)
    assert str(caught.value) == (
        "This dataset has schema version 2, written by dermacurate 3.1.0; this program reads up to version 1. "
        "Upgrade with `pip install -U dermacurate`, "
        "or read an older state with `--at 1` (the last version written as schema 1)."
    )
    assert caught.value.exit_code == 5
    assert load_dataset(dataset.root, at=1).read("samples").num_rows == 1


def test_columns_of_a_later_minor_are_kept_and_do_not_stop_a_writer(
    dataset_of: Make, row: Row, caplog: pytest.LogCaptureFixture
) -> None:
    dataset = dataset_of([row("1")])
    later = dataset.read("samples").append_column("mood", pa.array(["calm"]))
    folder = dataset.root / "tables" / "samples"
    write_deltalake(folder, later, mode="overwrite", schema_mode="overwrite", partition_by=["source"])
    heads = {"samples": int(DeltaTable(folder).version())}
    change = versions.Change("later", "test", {}, "a later program wrote")
    versions.commit(dataset.root, versions.find(dataset.root), heads, change)
    make_newer(dataset.root, schema_version=1, schema_minor=3)
    opened = load_dataset(dataset.root)
    assert "schema 1.3" in caplog.text
    with opened.writer("ingest", {}) as writer:
        writer.append("samples", from_rows("samples", [row("2")]))
        writer.commit("more")
    assert opened.read("samples").column("mood").to_pylist() == ["calm", None]


def test_a_newer_dataset_is_not_written_even_where_it_was_open_before(dataset_of: Make, row: Row) -> None:
    dataset = dataset_of([row("1")])
    make_newer(dataset.root)
    with pytest.raises(DatasetConflict, match="schema version 2"), dataset.writer("test", {}):
        pass


def test_an_old_version_shows_what_was_there_and_cannot_be_written(dataset_of: Make, row: Row) -> None:
    dataset_of([row("1")])
    dataset = dataset_of([row("2")])
    old = load_dataset(dataset.root, at=1)
    assert old.samples()["sample_id"].tolist() == ["clinic:1"]
    assert old.log()["version"].tolist() == [1]
    with pytest.raises(DatasetConflict, match="read-only"), old.writer("test", {}):
        pass
    with pytest.raises(DatasetConflict, match=r"no version 9.*to 2"):
        load_dataset(dataset.root, at=9)


def test_rows_that_are_there_already_make_no_version(dataset_of: Make, row: Row) -> None:
    rows = [row("1", external_ids={"md5": "a"}, icd10=["C43"]), row("2")]
    dataset = dataset_of(rows)
    again = from_rows("samples", [each | {"ingest_id": "run-1"} for each in reversed(rows)])
    with dataset.writer("ingest", {}) as writer:
        writer.replace("samples", again, where="source = 'clinic'")
        assert writer.commit("again") == 1
    assert load_dataset(dataset.root).version == 1
    assert dataset.samples()["ingest_id"].unique().tolist() == ["run-0"]


def test_rows_of_two_sources_that_are_there_already_make_no_version(dataset_of: Make, row: Row) -> None:
    dataset = dataset_of([row("1"), row("2", source="other")])
    with dataset.writer("build", {}) as writer:
        writer.replace("samples", from_rows("samples", [row("1")]), where="source = 'clinic'")
        writer.replace("samples", from_rows("samples", [row("2", source="other")]), where="source = 'other'")
        assert writer.commit("again") == 1


def test_a_writer_writes_inside_its_block_only(dataset_of: Make, row: Row) -> None:
    dataset = dataset_of([row("1")])
    with dataset.writer("ingest", {}) as writer:
        pass
    writer.append("samples", from_rows("samples", [row("2")]))
    with pytest.raises(RuntimeError, match="with block"):
        writer.commit("too late")


def test_replacing_one_source_leaves_the_others_alone(dataset_of: Make, row: Row) -> None:
    dataset = dataset_of([row("1"), row("2", source="other")])
    with dataset.writer("ingest", {}) as writer:
        writer.replace("samples", from_rows("samples", [row("3")]), where="source = 'clinic'")
        writer.commit("replaced")
    assert dataset.samples()["sample_id"].tolist() == ["clinic:3", "other:2"]


def test_one_writer_can_make_several_versions(dataset_of: Make, row: Row) -> None:
    dataset = dataset_of([row("1")])
    with dataset.writer("ingest", {}) as writer:
        for name in ("2", "3"):
            promised = writer.version
            writer.append("samples", from_rows("samples", [row(name)]))
            assert writer.commit(f"row {name}") == promised == dataset.version
    assert len(dataset.samples()) == 3


def test_leaving_without_a_commit_writes_no_row(dataset_of: Make, row: Row) -> None:
    dataset = dataset_of([row("1")])
    with dataset.writer("ingest", {}) as writer:
        writer.append("samples", from_rows("samples", [row("2")]))
    assert len(load_dataset(dataset.root).samples()) == 1
    with dataset.writer("ingest", {}):
        pass


def test_a_null_in_a_required_column_is_refused_before_anything_is_written(dataset_of: Make, row: Row) -> None:
    dataset = dataset_of([row("1")])
    with dataset.writer("ingest", {}) as writer, pytest.raises(ValueError, match="column licence"):
        writer.append("samples", from_rows("samples", [row("2", licence=None)]))


def test_secrets_do_not_reach_the_log(tmp_path: Path, row: Row) -> None:
    dataset = create_dataset(tmp_path / "new")
    arguments = {"token": "t0p", "location": "https://me:pw@host/x.zip?key=s3cret", "limit": 3, "folder": Path("a b")}
    with dataset.writer("ingest", arguments) as writer:
        writer.append("samples", from_rows("samples", [row("1")]))
        writer.commit("first")
    written = json.loads(dataset.log()["arguments"].iloc[0])
    assert written == {"token": "***", "location": "https://host/x.zip", "limit": 3, "folder": "a b"}


def test_frames_keep_missing_values_apart_from_values(dataset_of: Make, row: Row) -> None:
    filled = row("1", age_years=40, biopsied=False, sites=["a"], external_ids={"md5": "x"}, sex="male", diameter_mm=2.5)
    frame = dataset_of([filled, row("2")]).samples().set_index("sample_id")
    assert str(frame["age_years"].dtype) == "Int16"
    assert str(frame["biopsied"].dtype) == "boolean"
    assert str(frame["sex"].dtype) == "str"
    assert str(frame["isic_id"].dtype) == "str"
    assert frame.loc["clinic:1", ["age_years", "biopsied", "sites", "external_ids", "sex"]].tolist() == [
        40,
        False,
        ["a"],
        {"md5": "x"},
        "male",
    ]
    assert frame.loc["clinic:2", ["age_years", "biopsied"]].isna().all()
    assert frame.loc["clinic:2", "sites"] is None
    assert pd.isna(frame.loc["clinic:2", "sex"])


def test_embeddings_of_two_models_lie_apart(dataset_of: Make, row: Row) -> None:
    dataset = dataset_of([row("1")])
    for model, size in (("timm/vit_tiny", 3), ("timm-vit_tiny", 2)):
        vector = {"sample_id": "clinic:1", "pixel_sha256": "p", "model": model, "model_sha256": "m", "run_id": "r"}
        with dataset.writer("check", {}) as writer:
            writer.replace_embeddings(model, from_rows("embeddings", [vector | {"vector": [0.5] * size}]))
            writer.commit("vectors")
    assert len(dataset.embeddings("timm/vit_tiny").column("vector")[0]) == 3
    assert len(dataset.embeddings("timm-vit_tiny").column("vector")[0]) == 2
    assert dataset.embeddings("resnet50").num_rows == 0


def test_a_view_of_a_split_has_its_roles(dataset_of: Make, row: Row) -> None:
    dataset = dataset_of([row(name) for name in "123"])
    with dataset.writer("split", {}) as writer:
        rows = split_rows("default", {"clinic:1": "train", "clinic:2": "test"})
        writer.append("splits", from_rows("splits", rows))
        writer.commit("split")
    assert dataset.view(split="default").frame["role"].tolist() == ["train", "test"]
    assert dataset.view(split="default", role="test").frame["sample_id"].tolist() == ["clinic:2"]
    with pytest.raises(UserError, match=r"no split.*default"):
        dataset.view(split="other")
    with pytest.raises(UserError, match="test, train"):
        dataset.view(split="default", role="val")


def test_a_fold_is_test_the_next_is_val_the_rest_is_train(dataset_of: Make, row: Row) -> None:
    ids = [f"clinic:{name}" for name in "123"]
    dataset = dataset_of([row(name) for name in "123"])
    with dataset.writer("split", {}) as writer:
        rows = split_rows("cv", dict.fromkeys(ids), {sample_id: fold for fold, sample_id in enumerate(ids)})
        writer.append("splits", from_rows("splits", rows))
        writer.commit("folds")
    assert dataset.view(split="cv/2").frame["role"].tolist() == ["val", "train", "test"]
    assert dataset.view(split="cv").frame["fold"].tolist() == [0, 1, 2]
    with pytest.raises(UserError, match="no fold"):
        dataset.view(split="cv/3")


def test_a_stored_picture_comes_back_as_pixels(dataset_of: Make, row: Row) -> None:
    pixels = np.arange(32 * 48 * 3, dtype=np.uint8).reshape(32, 48, 3)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    dataset = dataset_of([row("1")])
    with dataset.writer("ingest", {}) as writer:
        stored = writer.put_image(file.getvalue(), "png")
        rows = [row("1", image_status="stored", stored_sha256=stored, format="png"), row("2", image_status="missing")]
        writer.replace("samples", from_rows("samples", rows))
        writer.commit("picture")
    assert dataset.image_bytes("clinic:1") == file.getvalue()
    np.testing.assert_array_equal(dataset.image("clinic:1"), pixels)
    np.testing.assert_array_equal(dataset.view().image("clinic:1"), pixels)
    with pytest.raises(DataFault, match="image_status is missing"):
        dataset.image("clinic:2")
    with pytest.raises(DataFault, match="is no sample"):
        dataset.view().image("clinic:3")
    dataset.view().image_file("clinic:1").unlink()
    with pytest.raises(DataFault, match=r"cannot be read.*[Ii]ngest"):
        dataset.image("clinic:1")


def test_the_package_offers_the_door() -> None:
    assert curate.load_dataset is load_dataset
    assert "Dataset" in dir(curate)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = curate.nothing  # type: ignore[attr-defined]


def test_decisions_said_in_python_become_a_version(dataset_of: Make, row: Row) -> None:
    dataset = dataset_of([row("1"), row("2")])
    said = pd.DataFrame(
        {
            "sample_ids": [["clinic:1"], ["clinic:2"]],
            "action": ["exclude", "accept"],
            "new_value": ["quality", None],
            "reviewer": "anna",
        }
    )
    assert dataset.commit(message="looked at two", decisions=said) == 2
    assert dataset.view().frame["excluded_reason"].tolist()[0] == "quality"
    ids = dataset.decisions()["decision_id"].tolist()
    assert ids == sorted(ids)
    undo = pd.DataFrame({"sample_ids": [["clinic:1"]], "action": "undo", "reviewer": "anna", "supersedes": ids[0]})
    assert dataset.commit(message="taken back", decisions=undo) == 3
    assert not dataset.view().frame["excluded"].any()


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"sample_ids": [["clinic:9"]]}, "clinic:9"),
        ({"finding_id": "blur-0"}, "blur-0"),
        ({"supersedes": "d0"}, "d0"),
        ({"action": "delete"}, "delete"),
        ({"action": "relabel", "new_value": "Benign:Nevi"}, "Benign:Nevi"),
        ({"action": "exclude", "new_value": "ugly"}, "ugly"),
        ({"action": "set_field", "field": "sex", "new_value": "mail"}, "mail.*near: male"),
        ({"action": "set_field", "field": "age_years", "new_value": "old"}, "old"),
        ({"reviewr": "anna"}, "reviewer"),
    ],
)
def test_a_decision_about_what_is_not_there_is_refused_and_not_written(
    dataset_of: Make, row: Row, fields: dict[str, object], named: str
) -> None:
    dataset = dataset_of([row("1")])
    said = pd.DataFrame({"sample_ids": [["clinic:1"]], "action": "accept", "reviewer": "anna"} | fields)
    with pytest.raises(DataFault, match=named):
        dataset.commit(message="wrong", decisions=said)
    assert load_dataset(dataset.root).version == 1
