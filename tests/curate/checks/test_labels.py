"""Wrong labels are ranked first, whole lesions are judged together, and bags of diagnoses contradict nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from curate.checks.check import CheckContext, Finding
from curate.checks.labels import CHECK, MIN_GROUPS, label_class, out_of_fold
from schemas.tables import from_rows

NEVUS = "Benign:Benign melanocytic proliferations:Nevus"
MELANOMA = "Malignant:Malignant melanocytic proliferations (Melanoma):Melanoma Invasive"
BCC = "Malignant:Malignant adnexal epithelial proliferations - Follicular:Basal cell carcinoma"
SOLAR = "Indeterminate:Indeterminate epidermal proliferations:Solar or actinic keratosis"
SCC = "Malignant:Malignant epidermal proliferations:Squamous cell carcinoma, Invasive"
PATHS = (NEVUS, MELANOMA, BCC)


def clinic(row, *, lesions: int = 120, photos: int = 1, seed: int = 0, wrong: tuple[int, ...] = ()):
    """Rows of lesions of three diagnoses in turn, vectors show the true one; `wrong` carry the next label."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(0, 1, (len(PATHS), 12))
    rows, vectors = [], []
    for number in range(lesions * photos):
        lesion = number // photos
        true = lesion % len(PATHS)
        label = (true + (number in wrong)) % len(PATHS)
        rows.append(
            row(
                f"{number:04d}",
                lesion_id=f"clinic:{lesion}",
                diagnosis_path=PATHS[label],
                pixel_sha256=f"{number:064x}",
                image_status="stored",
            )
        )
        vectors.append(centers[true] + rng.normal(0, 0.6, 12))
    return rows, np.array(vectors, np.float32)


def check(dataset, vectors: np.ndarray) -> dict[str, Finding]:
    samples = dataset.view().frame.sort_values("sample_id", ignore_index=True)
    context = CheckContext(
        dataset=dataset,
        samples=samples,
        embeddings=vectors,
        findings=dataset.findings(),
        decisions=dataset.effective_decisions(),
    )
    return {finding.sample_ids[0]: finding for finding in CHECK.find(context)}


def planted(found: dict[str, Finding], wrong: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    ids = sorted(found)
    truth = np.array([int(each.rsplit(":", 1)[1]) in wrong for each in ids])
    return truth, np.array([found[each].score for each in ids])


def test_planted_wrong_labels_come_first_and_every_labeled_image_is_there(row, dataset_of) -> None:
    wrong = (3, 30, 61, 90, 118)
    rows, vectors = clinic(row, wrong=wrong)

    found = check(dataset_of(rows), vectors)

    truth, score = planted(found, wrong)
    assert len(found) == 120
    assert average_precision_score(truth, score) > 0.95
    assert {int(key.rsplit(":", 1)[1]) for key, each in found.items() if each.marked} <= set(wrong)


def test_one_wrong_photo_among_right_ones_of_its_lesion_ranks_above_them(row, dataset_of) -> None:
    rows, vectors = clinic(row, photos=2, wrong=(20,))

    found = check(dataset_of(rows), vectors)

    first = max(found.values(), key=lambda finding: finding.score)
    assert first.sample_ids == ("clinic:0020",)
    assert first.evidence["disagree"] == ["clinic:0021"]
    assert "1 other images of the lesion say otherwise" in first.message


def test_photos_of_a_lesion_that_is_wrong_as_a_whole_get_one_rank(row, dataset_of) -> None:
    rows, vectors = clinic(row, photos=2, wrong=(40, 41))

    found = check(dataset_of(rows), vectors)

    assert found["clinic:0040"].score == found["clinic:0041"].score
    truth, score = planted(found, (40, 41))
    assert roc_auc_score(truth, score) > 0.97


def test_the_suggestion_and_what_looks_like_it_come_from_other_lesions(row, dataset_of) -> None:
    rows, vectors = clinic(row, photos=2, wrong=(40, 41))

    finding = check(dataset_of(rows), vectors)["clinic:0040"]

    assert (finding.found, finding.expected) == ("nevus", "bcc")
    assert finding.marked
    assert not {"clinic:0040", "clinic:0041"} & set(finding.evidence["nearest_suggested"])


def test_a_label_across_the_border_of_malignancy_costs_three(row, dataset_of) -> None:
    rows, vectors = clinic(row, wrong=(0,))

    assert check(dataset_of(rows), vectors)["clinic:0000"].evidence["cost"] == 3


def test_rows_without_vector_or_label_or_certainty_are_left_out(row, dataset_of) -> None:
    rows, vectors = clinic(row)
    rows[0]["diagnosis_path"], rows[0]["diagnosis_kind"] = None, "none"
    rows[1]["diagnosis_certainty"] = "suspected"
    vectors[2] = np.nan

    assert set(check(dataset_of(rows), vectors)) == {f"clinic:{number:04d}" for number in range(3, 120)}


def test_a_diagnosis_with_too_few_lesions_is_not_judged(row, dataset_of) -> None:
    rows, vectors = clinic(row)
    for each in rows[: MIN_GROUPS - 1]:
        each["diagnosis_path"] = SCC

    found = check(dataset_of(rows), vectors)

    assert "scc" not in {finding.found for finding in found.values()}


def test_one_class_alone_gives_nothing(row, dataset_of) -> None:
    rows, vectors = clinic(row)

    assert check(dataset_of([each | {"diagnosis_path": NEVUS} for each in rows]), vectors) == {}


def test_a_bag_and_its_member_on_one_lesion_do_not_disagree(row, dataset_of) -> None:
    rows, vectors = clinic(row, photos=2)
    for number in range(0, 240, 6):
        rows[number] |= {"diagnosis_path": None, "diagnosis_candidates": [SOLAR, SCC], "diagnosis_kind": "group"}
        rows[number + 1] |= {"diagnosis_path": SCC}

    found = check(dataset_of(rows), vectors)

    assert found["clinic:0000"].found == "ak or scc"
    assert not any(finding.evidence["disagree"] for finding in found.values())
    assert max(finding.score for finding in found.values() if finding.found in {"ak or scc", "scc"}) < 0.5


def test_subtypes_of_one_family_are_one_class() -> None:
    assert label_class(NEVUS, None) == label_class(f"{NEVUS}:Nevus, Atypical, Dysplastic, or Clark", None) == "nevus"
    assert label_class(None, None) is None


def test_no_image_is_judged_by_a_model_that_saw_its_group() -> None:
    # Every group is one tight cluster of its own with a random label: whoever saw the group would know the label.
    rng = np.random.default_rng(5)
    groups = np.repeat(np.arange(60), 4)
    label = rng.integers(0, 2, 60)[groups]
    vectors = (rng.normal(0, 1, (60, 10))[groups] + rng.normal(0, 0.01, (240, 10))).astype(np.float32)

    blind = out_of_fold(vectors, label, groups)
    leaking = out_of_fold(vectors, label, np.arange(240))

    assert 0.25 < roc_auc_score(label, blind[:, 1]) < 0.75
    assert roc_auc_score(label, leaking[:, 1]) > 0.95


@pytest.mark.parametrize("scale", [0.01, 100.0])
def test_the_size_of_a_networks_numbers_changes_nothing(row, scale: float) -> None:
    rows, vectors = clinic(row, wrong=(3, 30))
    code = pd.factorize(np.array([each["diagnosis_path"] for each in rows], dtype=object), sort=True)[0]
    group = np.arange(len(rows))

    np.testing.assert_allclose(
        out_of_fold(vectors * np.float32(scale), code, group), out_of_fold(vectors, code, group), atol=1e-3
    )


def test_probabilities_sum_to_one_also_where_a_fold_lacks_a_class() -> None:
    rng = np.random.default_rng(1)
    code = np.array([0] * 50 + [1] * 45 + [2] * 5)
    all_in_one_group = np.minimum(np.arange(100), 95)
    shares = out_of_fold(rng.normal(size=(100, 6)).astype(np.float32), code, all_in_one_group)

    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)
    assert (shares[code == 2, 2] == 0).all()


def test_a_decision_about_the_label_does_not_make_itself_stale(row, dataset_of) -> None:
    rows, vectors = clinic(row, wrong=(3,))
    dataset = dataset_of(rows)
    before = check(dataset, vectors)["clinic:0003"]
    relabel = {
        "decision_id": "d1",
        "finding_id": before.finding_id,
        "sample_ids": ["clinic:0003"],
        "action": "relabel",
        "new_value": NEVUS,
        "reason": "seen",
        "reviewer": "ann",
        "decided_at": pd.Timestamp("2026-01-01", tz="UTC"),
        "client": "cli",
        "tool_version": "0",
    }
    with dataset.writer("test", {}) as writer:
        writer.append("decisions", from_rows("decisions", [relabel]))
        writer.commit("decided")

    after = check(dataset, vectors)["clinic:0003"]

    assert after.found == "nevus"
    assert after.score < before.score
    assert after.compared == before.compared
