"""Parts of ``metrics.json`` that count rows and warn: data, groups, thresholds, warnings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.metrics.evaluated import EvaluatedSet, malignancy
from harness.metrics.subgroups import OVERALL, Group
from harness.metrics.values import ValueRow, number

# Above this share of rows without a patient id, intervals may be too narrow.
_MAX_UNKNOWN_PATIENTS = 0.1
# Below this many negatives in validation the specificity at a transferred threshold is off by .013 or more (one SD).
_MIN_VALIDATION = 400

Row = dict[str, object]


def group_row(case: EvaluatedSet, group: Group) -> Row:
    """Return the entry of ``groups``: rows and patients, by class in a task of two."""
    positive, _ = malignancy(case.frame, case.task)
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
    by = case.clusters.rows_by
    unknown = by["row"] / len(case.frame)
    if unknown > _MAX_UNKNOWN_PATIENTS:
        said = f"patients unknown for {100 * unknown:.0f} % of images: intervals may be too narrow"
        found.append(_warning("patients_unknown", said))
    reasons = {each.missing for each in case.thresholds if each.missing is not None}
    if "no_validation_split" in reasons:
        found.append(
            _warning("no_validation_split", "no validation rows: no threshold could be carried over to the test set")
        )
    elif "validation_one_class" in reasons:
        found.append(
            _warning("validation_one_class", "validation rows are of one class: no threshold could be chosen on them")
        )
    elif n_validation < _MIN_VALIDATION:
        said = f"thresholds rest on {n_validation} validation images: specificity and sensitivity on new data may differ from the target"
        found.append(_warning("small_validation", said))
    found += _about_values(case, values)
    found += [_warning("attribute_unknown", f"{name} is known for no row: no groups by it") for name in case.absent]
    return found


def _about_values(case: EvaluatedSet, values: Sequence[ValueRow]) -> list[Row]:
    found = []
    overall = [row for row in values if row["group_id"] == OVERALL and row["class"] is None]
    area = next((row for row in overall if row["metric"] in {"auroc", "macro_auroc_ovr"}), None)
    if area is not None and area["status"] != "ok":
        said = f"the whole test set is small ({str(area['reason']).replace('_', ' ')}): every number here is of low precision"
        found.append(_warning("small_test_set", said, OVERALL))
    clipped = next((row["value"] for row in overall if row["metric"] == "n_clipped"), 0)
    if isinstance(clipped, (int, float)) and clipped:
        said = (
            f"{int(clipped)} rows were given probability 0 for their true class: the log loss is that of the clipping"
        )
        found.append(_warning("clipped_scores", said, OVERALL))
    withheld = {
        row["group_id"]
        for row in values
        if row["metric"] in {"auroc", "macro_auroc_ovr"} and row["class"] is None and row["status"] == "not_estimable"
    }
    if withheld:
        said = f"{len(withheld)} of {len(case.groups)} groups are too small for a ROC-AUC: their counts are shown, their values withheld"
        found.append(_warning("small_groups", said))
    return found


def _warning(code: str, message: str, group_id: str | None = None) -> Row:
    row: Row = {"code": code, "message": message}
    return row if group_id is None else row | {"group_id": group_id}
