"""Parts of ``metrics.json`` that count rows and warn: data, groups, thresholds, warnings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.metrics.evaluated import EvaluatedSet
from harness.metrics.subgroups import OVERALL, Group
from harness.metrics.values import ValueRow, number

# Above this share of rows without a patient id, intervals may be too narrow.
_MAX_UNKNOWN_PATIENTS = 0.1
# Below this many negatives in validation the specificity at a transferred threshold is off by .013 or more (one SD).
_MIN_VALIDATION = 400

Row = dict[str, object]


def group_row(case: EvaluatedSet, group: Group) -> Row:
    """Return the entry of ``groups``: rows and patients, by class in a task of two."""
    positive, _ = case.malignancy
    code, binary = case.clusters.code, case.task.kind == "binary"

    def people(rows: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int:
        return len(np.unique(code[rows]))

    pos, neg = group.rows & positive, group.rows & ~positive
    n, n_pos = int(group.rows.sum()), int(pos.sum())
    return {
        "group_id": group.group_id,
        "attribute": group.attribute,
        "level": group.level,
        "n": n,
        "n_pos": n_pos if binary else None,
        "n_neg": n - n_pos if binary else None,
        "n_clusters": people(group.rows),
        "n_clusters_pos": people(pos) if binary else None,
        "n_clusters_neg": people(neg) if binary else None,
        "prevalence": n_pos / n if binary else None,
    }


def threshold_rows(case: EvaluatedSet) -> list[Row]:
    """Return the entries of ``thresholds``; a value is null where it could not be chosen or is infinite."""
    return [
        {"name": each.name, "value": number(each.value), "chosen_on": each.chosen_on, "rule": each.rule}
        for each in case.thresholds
    ]


def warnings(case: EvaluatedSet, values: Sequence[ValueRow], n_validation: int) -> list[Row]:
    """Return what a reader must know before believing the numbers."""
    found = []
    unknown = case.clusters.rows_by["row"] / len(case.frame)
    if unknown > _MAX_UNKNOWN_PATIENTS:
        said = f"patients unknown for {100 * unknown:.0f} % of images: intervals may be too narrow"
        found.append(_warning("patients_unknown", said))
    found += _about_thresholds(case, n_validation)
    found += _about_values(case, values)
    found += [_warning("attribute_unknown", f"{name} is known for no row: no groups by it") for name in case.absent]
    return found


def _about_thresholds(case: EvaluatedSet, n_validation: int) -> list[Row]:
    missing = {each.missing for each in case.thresholds}
    if "no_validation_split" in missing:
        said = "no validation rows: no threshold could be carried over to the test set"
        return [_warning("no_validation_split", said)]
    if "validation_one_class" in missing:
        said = "validation rows are of one class: no threshold could be chosen on them"
        return [_warning("validation_one_class", said)]
    if n_validation < _MIN_VALIDATION:
        said = (
            f"thresholds rest on {n_validation} validation images: "
            "specificity and sensitivity on new data may differ from the target"
        )
        return [_warning("small_validation", said)]
    return []


def _about_values(case: EvaluatedSet, values: Sequence[ValueRow]) -> list[Row]:
    found = []
    areas = [row for row in values if row["metric"] == _headline(case) and row["class"] is None]
    overall = next(row for row in areas if row["group_id"] == OVERALL)
    if overall["reason"] == "class_absent":
        absent = [name for number, name in enumerate(case.task.classes) if number not in case.y_true]
        said = f"no test image of {', '.join(absent)}: no average over all classes"
        found.append(_warning("class_absent", said, OVERALL))
    elif overall["status"] != "ok":
        why = str(overall["reason"]).replace("_", " ")
        said = f"the whole test set is small ({why}): its ranking numbers are of low precision"
        found.append(_warning("small_test_set", said, OVERALL))
    clipped = next((row["value"] for row in values if row["metric"] == "n_clipped"), None)
    if clipped:
        said = f"{clipped:.0f} rows were given probability 0 for their truth: the log loss is that of the clipping"
        found.append(_warning("clipped_scores", said, OVERALL))
    withheld = sum(row["status"] == "not_estimable" for row in areas)
    if withheld:
        said = (
            f"{withheld} of {len(case.groups)} groups are too small for a ROC-AUC: "
            "their counts are shown, their values withheld"
        )
        found.append(_warning("small_groups", said))
    return found


def _headline(case: EvaluatedSet) -> str:
    return "auroc" if case.task.kind == "binary" else "macro_auroc_ovr"


def _warning(code: str, message: str, group_id: str | None = None) -> Row:
    row: Row = {"code": code, "message": message}
    return row if group_id is None else row | {"group_id": group_id}
