"""Splits of a real dataset on disk."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from curate.cli.main import app
from curate.dataset import load_dataset
from curate.splits import plan_folds, plan_fractions, split_dataset
from schemas.errors import DataFault, DatasetConflict, UserError
from schemas.tables import from_rows

NEVUS = "Benign:Benign melanocytic proliferations:Nevus"
MELANOMA = "Malignant:Malignant melanocytic proliferations (Melanoma):Melanoma Invasive"
THIRDS = plan_fractions("default", [0.6, 0.2, 0.2])


@pytest.fixture
def clinic(row, dataset_of):
    """Thirty patients of one to three pictures, the first ten with melanoma; ten rows without patient."""
    rows = [
        row(
            f"{patient:02d}_{image}",
            patient_id=f"clinic:{patient}",
            diagnosis_path=MELANOMA if patient < 10 else NEVUS,
        )
        for patient in range(30)
        for image in range(1 + patient % 3)
    ]
    rows += [row(f"lone_{i}", diagnosis_path=NEVUS) for i in range(10)]
    return dataset_of(rows)


def add(dataset, rows, table="samples"):
    with dataset.writer("test", {}) as writer:
        writer.append(table, from_rows(table, rows))
        writer.commit("more")


def test_no_patient_is_in_two_parts_and_every_row_has_one(clinic) -> None:
    split_dataset(clinic, THIRDS)

    rows = clinic.splits().merge(clinic.samples()[["sample_id", "patient_id"]], on="sample_id")
    assert len(rows) == len(clinic.samples())
    assert rows.groupby("patient_id")["role"].nunique().max() == 1
    assert set(rows["role"]) == {"train", "val", "test"}
    assert rows["group_basis"].value_counts().to_dict() == {"patient": 60, "image": 10}


def test_folds_have_no_role_and_cover_all_rows(clinic) -> None:
    outcome = split_dataset(clinic, plan_folds("cv", 5))

    rows = clinic.splits()
    assert rows["role"].isna().all()
    assert sorted(rows["fold"].unique()) == [0, 1, 2, 3, 4]
    assert outcome.sizes.column("part").to_pylist() == [f"fold_{k}" for k in range(5)]


def test_the_same_split_again_writes_no_version(clinic) -> None:
    first = split_dataset(clinic, THIRDS)
    again = split_dataset(clinic, THIRDS)

    assert first.written
    assert not again.written
    assert again.version == first.version


def test_new_rows_fill_a_split_and_old_rows_keep_their_part(clinic, row) -> None:
    split_dataset(clinic, THIRDS)
    before = clinic.splits().set_index("sample_id")
    add(
        clinic,
        [
            row(f"new_{i}", patient_id=f"clinic:{i}" if i < 10 else f"clinic:n{i}", diagnosis_path=NEVUS)
            for i in range(20)
        ],
    )

    split_dataset(clinic, THIRDS)

    after = clinic.splits().set_index("sample_id")
    assert (after.loc[before.index, "role"] == before["role"]).all()
    assert (after.loc[before.index, "created_version"] == before["created_version"]).all()
    assert after.loc["clinic:new_0", "role"] == after.loc["clinic:00_0", "role"]
    assert len(after) == len(before) + 20


def test_a_new_picture_that_joins_train_and_test_moves_the_test_side_into_train(clinic, row) -> None:
    split_dataset(clinic, THIRDS)
    roles = clinic.splits().set_index("sample_id")["role"]
    lone = [f"clinic:lone_{i}" for i in range(10)]
    trained, tested = (next(s for s in lone if roles[s] == role) for role in ("train", "test"))
    pairs = [finding_row(["clinic:link", trained]), finding_row(["clinic:link", tested])]
    add(clinic, [row("link", diagnosis_path=NEVUS)])
    add(clinic, pairs, "findings")

    outcome = split_dataset(clinic, THIRDS)

    after = clinic.splits().set_index("sample_id")
    assert after.loc[[trained, tested, "clinic:link"], "role"].tolist() == ["train"] * 3
    assert '"moved_from":"test"' in after.loc[tested, "params"]
    assert any(tested in note and "was test" in note for note in outcome.notes)


def finding_row(ids: list[str], kind: str = "same_lesion") -> dict[str, object]:
    return {
        "finding_id": f"{kind}-{'-'.join(ids)}",
        "kind": kind,
        "severity": "review",
        "sample_ids": sorted(ids),
        "score": 0.99,
        "marked": True,
        "evidence_sha256": "0" * 64,
        "status": "open",
        "message": "two pictures of one lesion",
        "detector": "duplicates",
        "detector_version": "1",
        "run_id": "run-1",
        "first_version": 1,
        "last_version": 1,
    }


def test_other_options_for_an_existing_name_need_force(clinic) -> None:
    split_dataset(clinic, THIRDS)

    with pytest.raises(DatasetConflict, match="frozen since version 2"):
        split_dataset(clinic, plan_fractions("default", [0.7, 0.3]))
    forced = split_dataset(clinic, plan_fractions("default", [0.7, 0.3]), force=True)

    assert forced.written
    assert set(clinic.splits()["role"]) == {"train", "test"}


def test_excluded_rows_are_left_out_of_the_curated_view_only(clinic) -> None:
    said = {
        "decision_id": "d1",
        "sample_ids": ["clinic:lone_0"],
        "action": "exclude",
        "new_value": "quality",
        "reason": "blurred",
        "reviewer": "ann",
        "decided_at": "2026-01-01T00:00:00Z",
        "client": "cli",
        "tool_version": "0",
    }
    import pandas as pd

    add(clinic, [said | {"decided_at": pd.Timestamp("2026-01-01", tz="UTC")}], "decisions")

    split_dataset(clinic, THIRDS)
    split_dataset(clinic, plan_fractions("raw", [0.6, 0.2, 0.2]), curated=False)

    splits = clinic.splits().groupby("split_name")["sample_id"].agg(set)
    assert "clinic:lone_0" not in splits["default"]
    assert "clinic:lone_0" in splits["raw"]


def test_fewer_groups_than_parts_is_refused_and_nothing_is_written(row, dataset_of) -> None:
    dataset = dataset_of([row(f"{i}", patient_id=f"clinic:{i % 2}") for i in range(8)])

    with pytest.raises(DataFault, match="2 groups cannot fill 3 parts"):
        split_dataset(dataset, THIRDS)
    assert dataset.version == 1


def test_a_patient_who_is_nearly_everything_is_named(row, dataset_of) -> None:
    rows = [row(f"{i:03d}", patient_id="clinic:big") for i in range(100)]
    dataset = dataset_of([*rows, row("x"), row("y")])

    outcome = split_dataset(dataset, THIRDS)

    assert any("train holds 98.0%" in note for note in outcome.notes)


def test_thin_classes_and_missing_patients_are_said(clinic, row) -> None:
    add(clinic, [row("rare", diagnosis_path="Benign:Benign dermal proliferations or tumors:Dermatofibroma")])

    outcome = split_dataset(clinic, THIRDS)

    assert any("11 rows of default have no patient id" in note and "[S08]" in note for note in outcome.notes)
    assert any("Dermatofibroma (1)" in note for note in outcome.notes)


@pytest.mark.parametrize("fractions", [[0.6, 0.2], [1.0, 0.0], [0.5], [0.6, 0.6, -0.2], [0.25] * 4])
def test_shares_that_make_no_split_are_refused(fractions) -> None:
    with pytest.raises(UserError):
        plan_fractions("default", fractions)


@pytest.mark.parametrize("name", ["", "a/1", " a"])
def test_names_that_would_be_misread_are_refused(name) -> None:
    with pytest.raises(UserError, match="no name for a split"):
        plan_folds(name, 5)


def test_the_command_prints_sizes_and_the_next_command(clinic) -> None:
    result = CliRunner().invoke(app, ["split", str(clinic.root), "--name", "it's", "--fractions", "0.6,0.2,0.2"])

    assert result.exit_code == 0, result.output
    assert "Next: harness run" in result.stdout
    assert "no patient id" in result.stderr
    assert load_dataset(clinic.root).splits()["split_name"].unique().tolist() == ["it's"]


def test_the_command_wants_either_fractions_or_folds(clinic) -> None:
    assert CliRunner().invoke(app, ["split", str(clinic.root), "--name", "x"]).exit_code == 2
