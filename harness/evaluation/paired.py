"""Paired differences of two models on the same rows: the same resamples of patients, model minus reference."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.evaluation.judge import Evaluation
from harness.metrics import delong, intervals
from harness.metrics.blocks import Floats
from harness.metrics.subgroups import OVERALL
from harness.metrics.values import Asked, Judged, number, smaller_class
from schemas.errors import DataFault

Verdict = Literal["better", "worse", "no_difference_shown", "not_estimable"]
Row = dict[str, str | float | None]


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference with its interval; NaN where there is none.

    Parameters
    ----------
    estimate, lo, hi, p : float
        Model minus reference, ends, two-sided p against no difference.
    """

    estimate: float
    lo: float
    hi: float
    p: float

    def verdict(self, *, higher_is_better: bool) -> Verdict:
        """Return what may be said; never that two models are equal."""
        if not math.isfinite(self.lo):
            return "not_estimable"
        lo, hi = (self.lo, self.hi) if higher_is_better else (-self.hi, -self.lo)
        return "better" if lo > 0 else "worse" if hi < 0 else "no_difference_shown"


def check_same_rows(one: Evaluation, other: Evaluation) -> None:
    """Raise where two models were not judged alike.

    Raises
    ------
    DataFault
        Task, unit, test rows, labels or resamples differ; the message names which.
    """
    said = (_asked(one), _asked(other))
    for name, value in said[0].items():
        if value != said[1][name]:
            raise DataFault(
                f"models are compared only on the same {name}",
                value=f"{value} and {said[1][name]}",
                remedy="Evaluate both again with the same options (`harness evaluate`).",
            )
    if one.sample_ids != other.sample_ids:
        only = sorted(set(one.sample_ids) ^ set(other.sample_ids))
        raise DataFault(
            f"models are compared only on the same test rows; {len(only)} differ, {only[0]} first",
            remedy="Evaluate both on the same split of the same dataset version.",
        )
    first, second = one.judged[0].scored.y_true, other.judged[0].scored.y_true
    if not np.array_equal(first, second):
        place = one.sample_ids[int(np.flatnonzero(first != second)[0])]
        raise DataFault(f"models are compared only on the same labels; they differ at {place}")


def _asked(one: Evaluation) -> dict[str, object]:
    settings = one.settings
    return {
        "task": one.task.name,
        "unit": settings.unit,
        "resamples": (settings.n_resamples, settings.seed),
        "level": settings.level,
    }


def paired_differences(model: Evaluation, reference: Evaluation) -> list[Row]:
    """Return the entries of ``comparisons``: the whole set first, then the groups of single attributes.

    Parameters
    ----------
    model, reference : Evaluation
        Judged on the same rows with the same settings.

    Raises
    ------
    DataFault
        See `check_same_rows`.
    """
    check_same_rows(model, reference)
    others = {(each.group_id, each.class_name): each for each in reference.judged}
    found = []
    for one in model.judged:
        other = others.get((one.group_id, one.class_name))
        if other is None or one.class_name is not None or ";" in one.group_id:
            continue
        found += _group(one, other, model, reference)
    return found


def _group(one: Judged, other: Judged, model: Evaluation, reference: Evaluation) -> list[Row]:
    rows = []
    name = reference.facts.run_id
    for asked in one.asked:
        metric, key = asked.metric, one.key(asked)
        if metric.paired is None:
            continue
        if key in model.draws and key in reference.draws:
            found = _difference(asked, one, other, (model.draws[key], reference.draws[key]), model.settings.level)
        elif one.group_id == OVERALL:
            found = Difference(math.nan, math.nan, math.nan, math.nan)
        else:
            continue
        rows.append(_row(name, one.group_id, metric.name, asked.at or None, found, higher=metric.higher_is_better))
    if one.group_id == OVERALL and one.scored.has_both:
        rows.append(_closed_form(one, other, name, model.settings.level))
    return rows


def _difference(asked: Asked, one: Judged, other: Judged, draws: tuple[Floats, Floats], level: float) -> Difference:
    estimate = one.points[one.asked.index(asked)] - _point(other, asked)
    drawn = draws[0] - draws[1]
    used = drawn[np.isfinite(drawn)]
    if len(used) < intervals.MIN_USED * len(drawn) or not math.isfinite(estimate):
        return Difference(estimate, math.nan, math.nan, math.nan)
    if asked.metric.paired == "percentile":
        tail = (1 - level) / 2
        lo, hi = (float(end) for end in np.quantile(used, (tail, 1 - tail)))
        least = 2 * min(float((used <= 0).mean()), float((used >= 0).mean()))
        return Difference(estimate, lo, hi, min(1.0, max(least, 1 / (len(drawn) + 1))))
    return _t_difference(estimate, float(used.std(ddof=1)), smaller_class(one.support) - 1, level)


def _t_difference(estimate: float, se: float, df: int, level: float) -> Difference:
    if se < 1e-12 and abs(estimate) < 1e-12:
        # The same calls in every resample: no difference, and none could have been seen.
        return Difference(estimate, 0.0, 0.0, 1.0)
    reach = intervals.t_quantile(df, level) * se
    if not reach > 0:
        return Difference(estimate, math.nan, math.nan, math.nan)
    return Difference(estimate, estimate - reach, estimate + reach, intervals.two_sided_p(estimate, se, df))


def _point(judged: Judged, asked: Asked) -> float:
    # Thresholds of the same name have different values in two models: compare the names.
    for each, value in zip(judged.asked, judged.points, strict=True):
        if each.metric.name == asked.metric.name and each.at == asked.at:
            return value
    return math.nan


def _closed_form(one: Judged, other: Judged, name: str, level: float) -> Row:
    """Return the difference of two areas with its closed-form interval.

    References
    ----------
    Obuchowski, Biometrics 53:567, 1997.
    """
    first, second = (
        delong.placements(each.scored.y_true, each.scored.score, each.scored.cluster) for each in (one, other)
    )
    se = delong.difference_error(first, second)
    found = _t_difference(first.auroc - second.auroc, se, smaller_class(one.support) - 1, level)
    return _row(name, one.group_id, "auroc_diff_obuchowski", None, found, higher=True)


def _row(name: str, group_id: str, metric: str, threshold: str | None, found: Difference, *, higher: bool) -> Row:
    return {
        "other_run_id": name,
        "group_id": group_id,
        "metric": metric,
        "threshold": threshold,
        "difference": number(found.estimate),
        "lo": number(intervals.rounded(found.lo)),
        "hi": number(intervals.rounded(found.hi)),
        "p": number(intervals.rounded(found.p)),
        "verdict": found.verdict(higher_is_better=higher),
    }
