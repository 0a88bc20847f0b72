"""Tasks: which rows count as what."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from schemas import tasks, vocabulary
from schemas.errors import DataFault

AKIEC = vocabulary.label("ham10000", "dx", "akiec")
MELANOMA = "Malignant:Malignant melanocytic proliferations (Melanoma)"


def judge(name: str, path: str | None, *candidates: str, **more: str) -> str:
    malignancy = more.pop("malignancy", vocabulary.malignancy_of(path, candidates))
    return tasks.task(name).judge(tasks.Label(path, candidates, malignancy, **more))


def test_every_node_is_judged_and_the_malignant_task_follows_its_malignancy():
    expected = {"malignant": "positive", "benign": "negative", "indeterminate": "excluded:indeterminate"}
    for row in vocabulary.read("diagnosis"):
        assert judge("malignant", row["path"]) == expected[row["malignancy"]]
        assert judge("melanoma", row["path"]) == row["melanoma_task"]


def test_a_group_whose_members_disagree_is_left_out_as_mixed():
    assert judge("malignant", None, *AKIEC.candidates) == "excluded:mixed"
    assert judge("malignant-indeterminate-positive", None, *AKIEC.candidates) == "positive"
    assert judge("malignant-indeterminate-negative", None, *AKIEC.candidates) == "excluded:mixed"
    assert judge("diagnosis7", None, *AKIEC.candidates) == "akiec"
    assert judge("diagnosis8", None, *AKIEC.candidates) == "excluded:mixed"


def test_a_group_whose_members_agree_gets_their_answer():
    bcc, scc = (vocabulary.label("pad_ufes20", "diagnostic", raw) for raw in ("BCC", "SCC"))
    assert judge("melanoma", None, str(bcc.path), *scc.candidates) == "negative"


def test_suspicion_leaves_a_row_out_of_every_task():
    for each in tasks.TASKS:
        assert judge(each.name, f"{MELANOMA}:Melanoma Invasive", certainty="suspected") == "excluded:suspected"


def test_invasion_must_be_said():
    assert judge("melanoma-invasive", f"{MELANOMA}:Melanoma Invasive") == "positive"
    assert judge("melanoma-invasive", f"{MELANOMA}:Melanoma metastasis") == "positive"
    assert judge("melanoma-invasive", f"{MELANOMA}:Melanoma in situ") == "excluded:in_situ"
    assert judge("melanoma-invasive", MELANOMA) == "excluded:invasion_unknown"
    assert judge("melanoma-invasive", "Benign:Benign melanocytic proliferations:Nevus") == "negative"


def test_keratinocyte_cancer_leaves_other_cancers_out():
    assert judge("keratinocyte", str(vocabulary.label("ham10000", "dx", "bcc").path)) == "positive"
    assert judge("keratinocyte", MELANOMA) == "excluded:other_malignant"
    assert judge("keratinocyte", "Malignant") == "excluded:undetermined"
    assert judge("keratinocyte", "Benign") == "negative"


def test_a_condition_without_a_node_is_no_melanoma_but_an_unknown_label_is_unknown():
    assert judge("melanoma", None, malignancy="non_neoplastic") == "negative"
    assert judge("melanoma", None, malignancy="unknown") == "excluded:unknown"
    assert judge("malignant", None, malignancy="unknown") == "excluded:unknown"


def test_families_cover_the_tree_below_its_first_level():
    for row in vocabulary.read("diagnosis"):
        answer = judge("family", row["path"])
        assert answer == ("excluded:above_family" if row["family"].endswith("unspecified") else row["family"])


def test_ham10000_classes_come_back_through_its_own_table():
    for raw in ("mel", "nv", "bcc", "akiec", "bkl", "df", "vasc"):
        label = vocabulary.label("ham10000", "dx", raw)
        assert judge("diagnosis7", label.path, *label.candidates) == raw


@pytest.mark.real
def test_isic_2019_classes_come_back_through_its_own_table(shared: Path):
    with (shared / "data" / "vocab" / "map_diagnosis.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["source"] == "isic2019" and row["raw_value"] != "UNK"]
    assert len(rows) == 8
    for row in rows:
        candidates = [part for part in row["candidates"].split("|") if part]
        assert judge("diagnosis8", row["isic_path"] or None, *candidates) == row["raw_value"]


def test_a_decision_outweighs_doubt_and_candidates_of_the_source():
    rows = pd.DataFrame(
        {
            "label_path": [MELANOMA, MELANOMA, None],
            "label_malignancy": ["malignant", "malignant", "mixed"],
            "label_origin": ["decision", "source", "source"],
            "diagnosis_candidates": [list(AKIEC.candidates), None, list(AKIEC.candidates)],
            "diagnosis_certainty": ["suspected", "suspected", "definite"],
            "excluded": [False, False, False],
        },
        index=["a", "b", "c"],
    )
    labels = tasks.label_rows(rows, tasks.task("malignant"))
    assert labels["y_true"].tolist()[0] == 1
    assert labels["y_true"].isna().tolist() == [False, True, True]
    assert labels["reason"].tolist()[1:] == ["suspected", "mixed"]
    assert list(labels.index) == ["a", "b", "c"]


def test_rows_that_the_view_excludes_are_left_out():
    rows = pd.DataFrame({"malignancy": ["benign", "malignant"], "excluded": [True, False]})
    labels = tasks.label_rows(rows, tasks.task("malignant"))
    assert labels["reason"].tolist()[0] == "excluded"
    assert labels["y_true"].tolist()[1] == 1


def test_an_unknown_task_names_the_near_ones():
    with pytest.raises(DataFault, match=r"'melanom' is no task.*melanoma"):
        tasks.task("melanom")
