"""Skin tone: recorded share, thin cells, and color that contradicts the record."""

from __future__ import annotations

import pandas as pd
import pytest
from statsmodels.stats.proportion import samplesize_confint_proportion

from curate.checks import Request, run_checks
from curate.checks.check import CheckContext
from curate.checks.skin_tone import CHECK, needed_groups
from curate.splits import plan_fractions, split_dataset

NEVUS = "Benign:Benign melanocytic proliferations:Nevus"
MELANOMA = "Malignant:Malignant melanocytic proliferations (Melanoma):Melanoma Invasive"
TONES = {"light": "II", "medium": "III", "dark": "VI", None: None}


@pytest.fixture
def clinic(row, dataset_of):
    """Melanomas of 70 light, 3 dark and 5 patients without tone, two pictures each; no medium ones."""
    people = (
        [("light", i) for i in range(70)] + [("dark", i) for i in range(70, 73)] + [(None, i) for i in range(73, 78)]
    )
    rows = [
        row(
            f"{patient:02d}_{image}",
            patient_id=f"clinic:{patient}",
            diagnosis_path=MELANOMA,
            skin_tone_group=tone,
            fitzpatrick=TONES[tone],
        )
        for tone, patient in people
        for image in range(2)
    ]
    return dataset_of(rows)


def check(dataset, measures: pd.DataFrame | None = None):
    samples = dataset.view().frame.sort_values("sample_id", ignore_index=True)
    context = CheckContext(
        dataset=dataset,
        samples=samples,
        measures=pd.DataFrame() if measures is None else measures,
        findings=dataset.findings(),
        splits=dataset.splits(),
        decisions=dataset.effective_decisions(),
    )
    return CHECK.find(context)


def cell(found, **keys: str):
    wanted = "|".join(f"{name}={value}" for name, value in keys.items())
    return next(finding for finding in found if finding.key == wanted)


def test_patients_are_counted_and_not_pictures(clinic) -> None:
    thin = cell(check(clinic), split="all", part="all", diagnosis="melanoma", tone="dark")

    assert thin.marked
    assert (thin.found, thin.expected) == ("3", "62")
    assert thin.evidence["images"] == 6
    assert "needs 59 more" in thin.message


def test_a_cell_with_enough_patients_is_listed_and_not_marked(clinic) -> None:
    assert not cell(check(clinic), split="all", part="all", diagnosis="melanoma", tone="light").marked


def test_an_empty_cell_is_the_most_suspect(clinic) -> None:
    empty = cell(check(clinic), split="all", part="all", diagnosis="melanoma", tone="medium")

    assert empty.marked
    assert empty.score == 1.0


def test_each_part_of_a_split_has_its_own_cells(clinic) -> None:
    split_dataset(clinic, plan_fractions("default", [0.6, 0.2, 0.2]))

    found = check(clinic)

    parts = [
        cell(found, split="default", part=part, diagnosis="melanoma", tone="light") for part in ("train", "val", "test")
    ]
    assert sum(int(part.found) for part in parts) == 70
    assert all(part.marked for part in parts)


def test_unknown_tone_is_counted_apart_and_never_as_a_tone(clinic) -> None:
    found = check(clinic)

    recorded = cell(found, tone="recorded", source="clinic")
    assert recorded.message == "146 of 156 images of clinic have a recorded skin tone."
    assert not any("tone=unknown" in (finding.key or "") for finding in found)


def test_a_set_without_any_tone_says_so_once(row, dataset_of) -> None:
    dataset = dataset_of([row(f"{i}", diagnosis_path=MELANOMA) for i in range(5)])

    found = check(dataset)

    assert [finding.message for finding in found] == ["0 of 5 images of clinic have a recorded skin tone."]
    assert found[0].marked


def angle(sample: str, value: float, half: float = 3.0, status: str = "ok") -> list[dict[str, object]]:
    values = {"ita_degrees": value, "ita_degrees_low": value - half, "ita_degrees_high": value + half}
    return [
        {"sample_id": sample, "measure": name, "value": number, "status": status, "method": "skin_tone"}
        for name, number in values.items()
    ]


def test_color_far_from_the_recorded_tone_is_a_conflict_and_color_near_it_is_none(clinic) -> None:
    measures = pd.DataFrame(
        angle("clinic:00_0", 60) + angle("clinic:01_0", 20) + angle("clinic:02_0", -40) + angle("clinic:70_0", 70)
    )

    conflicts = [finding for finding in check(clinic, measures) if finding.kind == "tone_conflict"]

    # Light skin at -40 degrees and dark skin at 70 cannot be; light skin at 20 is within the 15 degrees of one picture.
    assert [finding.sample_ids for finding in conflicts] == [("clinic:02_0",), ("clinic:70_0",)]
    assert all(finding.marked for finding in conflicts)


def test_a_declined_picture_contradicts_nothing(clinic) -> None:
    measures = pd.DataFrame(angle("clinic:02_0", -40, status="declined"))

    assert not [finding for finding in check(clinic, measures) if finding.kind == "tone_conflict"]


def test_a_clinical_photograph_is_reported_as_experimental_and_not_marked(row, dataset_of) -> None:
    dataset = dataset_of(
        [row("a", image_type="clinical: close-up", skin_tone_group="dark", fitzpatrick="VI", diagnosis_path=NEVUS)]
    )

    (conflict,) = [f for f in check(dataset, pd.DataFrame(angle("clinic:a", 70))) if f.kind == "tone_conflict"]

    assert not conflict.marked
    assert "experimental" in conflict.message


@pytest.mark.parametrize("width", [0.05, 0.1, 0.2])
def test_needed_groups_agree_with_statsmodels(width: float) -> None:
    assert needed_groups(width, 0.8) == -(-samplesize_confint_proportion(0.8, width, 0.05) // 1)


def test_checking_one_split_does_not_call_the_cells_of_another_gone(clinic) -> None:
    for name in ("one", "two"):
        split_dataset(clinic, plan_fractions(name, [0.5, 0.5]))
    run_checks(clinic, Request(only=["skin-tone"]), arguments={})
    before = clinic.findings().set_index("finding_id")["status"]

    run_checks(clinic, Request(only=["skin-tone"], split="one"), arguments={})

    after = clinic.findings().set_index("finding_id")["status"]
    assert (before == "open").all()
    assert after.equals(before)


def test_rows_of_other_tables_are_untouched_where_nothing_changed(clinic) -> None:
    first = run_checks(clinic, Request(only=["skin-tone"]), arguments={})
    again = run_checks(clinic, Request(only=["skin-tone"]), arguments={})

    assert first.written
    assert not again.written
    assert clinic.version == first.version
