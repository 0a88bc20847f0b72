"""Whole evaluations: the document, its numbers against scikit-learn group by group, and what changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable

import jsonschema
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from harness import artifacts
from harness.evaluation import Evaluation, Facts, Settings, evaluate_predictions
from harness.metrics.tables import tables
from schemas.errors import DataFault
from schemas.tasks import task

Make = Callable[..., pd.DataFrame]
FACTS = Facts("run-1", "m", 0, "2026-01-01T00:00:00Z", "0" * 64, 7, "default", "default@3")
FEW = Settings(n_resamples=100)


def judge(frame: pd.DataFrame, settings: Settings = FEW, name: str = "malignant") -> Evaluation:
    return evaluate_predictions(frame, task(name), FACTS, settings)


def values(one: Evaluation) -> dict[tuple[str, str, str | None, str | None], dict]:
    rows = one.metrics["values"]
    found = {(row["group_id"], row["metric"], row["class"], row["threshold"]): row for row in rows}
    assert len(found) == len(rows), "a value stands once under each key"
    return found


def text(one: Evaluation) -> str:
    return json.dumps(one.metrics, sort_keys=True, allow_nan=False)


def members(frame: pd.DataFrame, group_id: str) -> pd.Series:
    keep = frame["split"] == "test"
    for part in group_id.split(";") if group_id != "overall" else ():
        attribute, level = part.split("=", 1)
        keep &= frame[attribute].fillna("(missing)") == level
    return keep


def test_the_document_fits_its_schema(predictions: Make):
    frame = predictions().drop(columns="site")
    for settings in (FEW, Settings(n_resamples=0), Settings(n_resamples=100, thresholds=(0.3,), by=("sex*skin_tone",))):
        jsonschema.validate(json.loads(text(judge(frame, settings))), artifacts.metrics_schema())


def test_the_schema_refuses_a_number_that_is_called_not_estimable(predictions: Make):
    document = json.loads(text(judge(predictions())))
    document["values"][0] |= {"status": "not_estimable", "reason": "too_few_positives"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, artifacts.metrics_schema())


def test_every_group_has_its_counts_and_the_values_of_scikit_learn(predictions: Make):
    frame = predictions(1200, patients=300)
    one = judge(frame)
    found = values(one)
    checked = 0
    for group in one.metrics["groups"]:
        rows = frame[members(frame, group["group_id"])]
        assert (group["n"], group["n_pos"]) == (len(rows), rows["y_true"].sum())
        assert group["n_clusters"] == rows["patient_id"].nunique()
        for metric, oracle in {
            "auroc": roc_auc_score,
            "ap": average_precision_score,
            "brier": brier_score_loss,
        }.items():
            value = found[group["group_id"], metric, None, None]
            if value["status"] != "not_estimable":
                assert value["value"] == pytest.approx(oracle(rows["y_true"], rows["p_1"]), abs=1e-12)
                assert value["lo"] <= value["value"] <= value["hi"]
                checked += 1
    assert checked >= 20


def test_the_order_of_rows_changes_no_digit(predictions: Make):
    frame = predictions()
    assert text(judge(frame)) == text(judge(frame.sample(frac=1, random_state=3)))


def test_another_seed_moves_intervals_and_no_value(predictions: Make):
    frame = predictions()
    one, other = values(judge(frame)), values(judge(frame, Settings(n_resamples=100, seed=1)))
    assert all(row["value"] == other[key]["value"] for key, row in one.items())
    key = ("overall", "auroc", None, None)
    assert one[key]["lo"] != other[key]["lo"]


def test_a_group_of_all_rows_repeats_the_whole_bit_by_bit(predictions: Make):
    frame = predictions().assign(source="one")
    found = values(judge(frame))
    # The whole set is given values where a group of its size would be withheld: only the verdict may differ.
    numbers = ("value", "lo", "hi", "se", "method", "n_resamples_used")
    compared = 0
    for key, row in found.items():
        same = found.get(("source=one", *key[1:]))
        if key[0] == "overall" and same is not None and same["status"] != "not_estimable":
            assert [same[name] for name in numbers] == [row[name] for name in numbers], key
            compared += 1
    assert compared > 50


def test_doubling_every_patient_keeps_values_and_shrinks_errors_by_the_square_root_of_two(predictions: Make):
    frame = predictions()
    copy = frame.assign(sample_id=frame["sample_id"] + "x", patient_id=frame["patient_id"] + "x")
    once, twice = values(judge(frame)), values(judge(pd.concat([frame, copy], ignore_index=True)))
    for metric in ("auroc", "ap", "brier"):
        key = ("overall", metric, None, None)
        assert twice[key]["value"] == pytest.approx(once[key]["value"], abs=1e-12)
        assert once[key]["se"] / twice[key]["se"] == pytest.approx(np.sqrt(2), rel=0.15)


def test_copies_within_a_patient_say_nothing_new(predictions: Make):
    frame = predictions()
    copy = frame.assign(sample_id=frame["sample_id"] + "x")
    once, twice = values(judge(frame)), values(judge(pd.concat([frame, copy], ignore_index=True)))
    key = ("overall", "auroc", None, None)
    assert twice[key]["se"] == pytest.approx(once[key]["se"], rel=1e-9)


def test_bootstrap_and_closed_form_errors_of_the_area_agree_within_ten_percent(predictions: Make):
    frame = predictions(900, patients=250)
    found = values(judge(frame, Settings()))
    bootstrap, closed = (found["overall", name, None, None] for name in ("auroc", "auroc_obuchowski"))
    assert bootstrap["se"] == pytest.approx(closed["se"], rel=0.1)
    assert (bootstrap["method"], closed["method"]) == ("logit_t", "obuchowski_logit_t")


def test_unknown_patients_fall_back_to_rows_and_are_warned_about(predictions: Make):
    frame = predictions()
    frame.loc[::3, "patient_id"] = None
    one = judge(frame)
    assert one.metrics["data"]["cluster_counts"] == {"patient": 320, "lesion": 0, "row": 160}
    assert "patients unknown for 33 % of images" in str(one.metrics["warnings"])


def test_a_group_of_one_class_has_counts_and_no_value(predictions: Make):
    frame = predictions()
    frame.loc[frame["skin_tone"] == "dark", "y_true"] = 0
    one = judge(frame)
    for metric in ("auroc", "ap", "sens_at_spec_95", "pauc_tpr80", "cal_slope", "bss"):
        row = values(one)["skin_tone=dark", metric, None, None]
        assert (row["status"], row["value"], row["lo"]) == ("not_estimable", None, None), metric
        assert row["reason"]
    group = next(each for each in one.metrics["groups"] if each["group_id"] == "skin_tone=dark")
    assert (group["n_pos"], group["n"] > 0) == (0, True)


def test_the_whole_set_is_given_a_value_however_small_if_both_classes_are_there(predictions: Make):
    frame = predictions(30, validation=0, prevalence=0.2)
    row = values(judge(frame))["overall", "auroc", None, None]
    assert row["status"] == "low_precision"
    assert row["value"] is not None
    frame["y_true"] = 0
    assert values(judge(frame))["overall", "auroc", None, None]["status"] == "not_estimable"


def test_without_validation_transferred_thresholds_have_a_reason(predictions: Make):
    one = judge(predictions(validation=0))
    assert values(one)["overall", "sens", None, "val_spec95"]["reason"] == "no_validation_split"
    assert values(one)["overall", "sens", None, "half"]["status"] == "ok"
    assert {each["name"]: each["value"] for each in one.metrics["thresholds"]}["val_spec95"] is None


def test_thresholds_come_from_validation_and_hold_there(predictions: Make):
    frame = predictions(validation=400)
    found = {each["name"]: each["value"] for each in judge(frame).metrics["thresholds"]}
    valid = frame[(frame["split"] == "val") & (frame["y_true"] == 0)]
    assert (valid["p_1"] < found["val_spec95"]).mean() >= 0.95


def test_the_reference_prevalence_makes_adjusted_precision_comparable(predictions: Make):
    one = judge(predictions(1200, patients=300), Settings(n_resamples=100, reference_prevalence=0.05))
    assert one.metrics["settings"]["reference_prevalence"] == 0.05
    found = values(one)
    assert found["overall", "ap_adj", None, None]["value"] < found["overall", "ap", None, None]["value"]


def test_without_resamples_only_closed_forms_have_intervals(predictions: Make):
    found = values(judge(predictions(), Settings(n_resamples=0)))
    assert found["overall", "auroc", None, None]["method"] == "obuchowski_logit_t"
    assert found["overall", "sens", None, "half"]["method"] == "korn_graubard"
    assert found["overall", "ap", None, None]["lo"] is None
    assert found["overall", "ap", None, None]["reason"] == "no_resamples"


def test_lesions_and_patients_are_units_of_their_own(predictions: Make):
    frame = predictions(validation=0)
    one = judge(frame, Settings(n_resamples=100, unit="patient"))
    assert one.metrics["data"]["n"] == frame["patient_id"].nunique()
    assert one.metrics["data"]["unit"] == "patient"
    assert one.metrics["data"]["n_pos"] == frame.groupby("patient_id")["y_true"].max().sum()


def test_no_test_row_is_a_fault(predictions: Make):
    with pytest.raises(DataFault, match="no test row"):
        judge(predictions()[lambda frame: frame["split"] == "val"])


def test_tables_hold_what_the_document_holds(predictions: Make):
    one = judge(predictions())
    made = tables(one.metrics)
    frame = made["metrics.parquet"].to_pandas()
    assert len(frame) == len(one.metrics["values"])
    assert made["gaps.parquet"].num_rows == len(one.metrics["gaps"])
    row = frame[(frame["group_id"] == "overall") & (frame["metric"] == "ap")].iloc[0]
    assert (row["chance"], row["n"], row["level_pct"]) == (one.metrics["data"]["prevalence"], 480, 95)
    half = frame[(frame["group_id"] == "overall") & (frame["threshold"] == "half")]
    assert (half["threshold_value"] == 0.5).all()


def several(predictions: Make, n: int = 600) -> pd.DataFrame:
    frame = predictions(n, validation=100)
    rng = np.random.default_rng(5)
    classes = task("diagnosis7").classes
    y_true = rng.choice(len(classes), len(frame), p=[0.11, 0.6, 0.05, 0.04, 0.12, 0.04, 0.04])
    latent = np.exp(rng.normal(size=(len(frame), len(classes))) + 2 * np.eye(len(classes))[y_true])
    shares = latent / latent.sum(axis=1, keepdims=True)
    return frame.assign(y_true=y_true, **{f"p_{number}": shares[:, number] for number in range(len(classes))})


def test_several_classes_give_macro_class_and_malignant_values(predictions: Make):
    frame = several(predictions)
    one = judge(frame, name="diagnosis7")
    jsonschema.validate(json.loads(text(one)), artifacts.metrics_schema())
    found = values(one)
    test = frame[frame["split"] == "test"]
    shares = test[[f"p_{number}" for number in range(7)]].to_numpy()
    assert found["overall", "macro_auroc_ovr", None, None]["value"] == pytest.approx(
        roc_auc_score(test["y_true"], shares, multi_class="ovr"), abs=1e-12
    )
    malignant = test["y_true"].isin([0, 2, 3])
    assert found["overall", "auroc", "(malignant)", None]["value"] == pytest.approx(
        roc_auc_score(malignant, shares[:, [0, 2, 3]].sum(axis=1)), abs=1e-12
    )
    assert found["overall", "support", "mel", None]["value"] == (test["y_true"] == 0).sum()
    matrix = one.metrics["curves"]["confusion:overall:argmax"]["matrix"]
    assert np.sum(matrix) == len(test)
    assert one.metrics["groups"][0]["n_pos"] is None


def test_an_absent_class_is_named_and_no_macro_average_given(predictions: Make):
    frame = several(predictions)
    frame = frame[(frame["y_true"] != 5) | (frame["split"] != "test")]
    one = judge(frame, name="diagnosis7")
    assert values(one)["overall", "macro_auroc_ovr", None, None]["reason"] == "class_absent"
    assert values(one)["overall", "macro_auroc_ovr_present", None, None]["value"] > 0.8
    assert "no test image of df" in str(one.metrics["warnings"])
