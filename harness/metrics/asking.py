"""What is asked of a group: every metric of two classes; of several, those of all, of the malignant and of each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.metrics.classes import MALIGNANT, ClassRows
from harness.metrics.estimable import Support
from harness.metrics.evaluated import EvaluatedSet
from harness.metrics.gaps import Contrast
from harness.metrics.multiclass import MACRO_PRESENT, MULTICLASS, class_metrics
from harness.metrics.scored import Scored
from harness.metrics.subgroups import OVERALL, Group
from harness.metrics.values import Asked, Judged, judge, questions


def ask(case: EvaluatedSet, group: Group, *, only_gaps: bool = False) -> list[Judged]:
    """Return everything that may be said about a group; in a task of several classes that of all classes comes first.

    Parameters
    ----------
    case : EvaluatedSet
        The evaluated set.
    group : Group
        One of its groups, or the rest beside it.
    only_gaps : bool
        Ask only what groups are compared by, and nothing of single classes.
    """
    scored, always = case.scored(group.rows), group.group_id == OVERALL
    support = Support.of(scored, case.settings.min_positives)
    two_classes = [each for each in questions(case.thresholds) if each.metric.gap is not None or not only_gaps]
    if scored.labels is None:
        return [judge(group.group_id, scored, two_classes, support, always=always)]
    found = [
        _of_all_classes(group.group_id, scored, scored.labels, support, always=always),
        judge(group.group_id, scored, two_classes, support, class_name=MALIGNANT, always=always),
    ]
    for number, name in enumerate(() if only_gaps else case.task.classes):
        asked = [Asked(metric) for metric in class_metrics(number)]
        own = _class_support(scored, scored.labels, number, support)
        found.append(judge(group.group_id, scored, asked, own, class_name=name, always=always))
    return found


def contrasts(case: EvaluatedSet, judged: dict[str, list[Judged]]) -> dict[str, list[Contrast]]:
    """Return for every attribute each known group beside the rest of the rows with that attribute known.

    Parameters
    ----------
    case : EvaluatedSet
        The evaluated set.
    judged : dict
        Group id to what `ask` found.
    """
    found: dict[str, list[Contrast]] = {}
    for group in case.groups:
        if group.group_id == OVERALL or group.is_pair or group.is_missing:
            continue
        rest = case.frame[group.attribute].notna().to_numpy() & ~group.rows
        if not rest.any():
            continue
        beside = replace(group, group_id=f"rest of {group.group_id}", rows=rest)
        others = {each.class_name: each for each in ask(case, beside, only_gaps=True)}
        for one in judged[group.group_id]:
            if one.class_name in {None, MALIGNANT}:
                found.setdefault(group.attribute, []).append(Contrast(one, others[one.class_name]))
    return found


def _of_all_classes(group_id: str, scored: Scored, labels: ClassRows, support: Support, *, always: bool) -> Judged:
    rows = np.bincount(labels.y_true, minlength=len(labels.names))
    people = [scored.clusters(labels.y_true == number) for number in np.flatnonzero(rows)]
    rarest = replace(
        support,
        n_pos=int(rows.min()),
        n_neg=support.n - int(rows.min()),
        clusters_pos=min(people),
        clusters_neg=support.clusters,
    )
    metrics = MULTICLASS if rows.all() else (*MULTICLASS, MACRO_PRESENT)
    return judge(group_id, scored, [Asked(metric) for metric in metrics], rarest, always=always)


def _class_support(scored: Scored, labels: ClassRows, number: int, support: Support) -> Support:
    own = labels.y_true == number
    return replace(
        support,
        n_pos=int(own.sum()),
        n_neg=int((~own).sum()),
        clusters_pos=scored.clusters(own),
        clusters_neg=scored.clusters(~own),
    )
