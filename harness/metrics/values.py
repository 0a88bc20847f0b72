"""From scored rows to the values of a group: which may be shown, the estimate, its interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.metrics import METRICS, calibration, confusion, delong, intervals
from harness.metrics.blocks import Floats
from harness.metrics.classes import MALIGNANT
from harness.metrics.estimable import Support, Verdict
from harness.metrics.intervals import Interval
from harness.metrics.metric import Metric
from harness.metrics.operating_point import Threshold
from harness.metrics.scored import Scored

# group, metric, class, threshold: a value stands once under each
Key = tuple[str, str, str | None, str | None]
ValueRow = dict[str, str | float | int | bool | None]
Job = Callable[[Floats], Mapping[Key, Floats]]

_RESAMPLED = ("logit_t", "percentile")


@dataclass(frozen=True, slots=True)
class Asked:
    """A metric at a threshold, or without one.

    Parameters
    ----------
    metric : Metric
        Which number.
    threshold : Threshold or None
        At which score rows are called positive.
    """

    metric: Metric
    threshold: Threshold | None = None

    @property
    def at(self) -> str:
        """Name of the threshold, empty without one."""
        return self.threshold.name if self.threshold is not None else ""

    @property
    def missing(self) -> str | None:
        """Why the threshold has no value, None where it has one."""
        return self.threshold.missing if self.threshold is not None else None


def questions(thresholds: Sequence[Threshold], metrics: Sequence[Metric] = METRICS) -> list[Asked]:
    """Return every metric, those at a threshold once per threshold."""
    plain = [Asked(metric) for metric in metrics if not metric.at_threshold]
    placed = [Asked(metric, at) for at in thresholds for metric in metrics if metric.at_threshold]
    return plain + placed


@dataclass(frozen=True, slots=True)
class Judged:
    """Scored rows of a group, what is asked of them, and what may be answered.

    Parameters
    ----------
    group_id : str
        Group of the rows.
    class_name : str or None
        Class that counts as positive in a task of several; None in a task of two.
    scored : Scored
        The rows.
    support : Support
        Their counts.
    asked : tuple of Asked
        In the order of the output.
    verdicts : tuple of Verdict
        For each of `asked`.
    points : tuple of float
        For each of `asked`; NaN where not estimable.
    """

    group_id: str
    class_name: str | None
    scored: Scored
    support: Support
    asked: tuple[Asked, ...]
    verdicts: tuple[Verdict, ...]
    points: tuple[float, ...]

    def key(self, asked: Asked) -> Key:
        """Return the key of a value."""
        return (self.group_id, asked.metric.name, self.class_name, asked.at or None)

    def rows(self, draws: Mapping[Key, Floats], level: float) -> list[ValueRow]:
        """Return the entries of ``values``.

        Parameters
        ----------
        draws : dict
            Values in every resample; empty for a run without resamples.
        level : float
            Of confidence.
        """
        found = []
        for asked, verdict, value in zip(self.asked, self.verdicts, self.points, strict=True):
            interval = None
            if verdict.status != "not_estimable":
                interval = _interval(self, asked, value, draws, level)
            found.append(value_row(self.key(asked), verdict, value, interval, comparable=asked.metric.comparable))
        return found


def job(judged: Sequence[Judged], *, only_gaps: bool = False) -> Job:
    """Return the function that gives all resampled values of a group for a matrix of multiplicities.

    Parameters
    ----------
    judged : sequence of Judged
        All that is asked of the same rows.
    only_gaps : bool
        Only what groups are compared by.
    """
    wanted = [
        (one.key(each), each)
        for one in judged
        for each, verdict in zip(one.asked, one.verdicts, strict=True)
        if verdict.status != "not_estimable" and _is_resampled(each.metric, only_gaps=only_gaps)
    ]
    scored = judged[0].scored

    def values(weights: Floats) -> Mapping[Key, Floats]:
        if not wanted:
            return {}
        draws = scored.draws(weights)
        return {key: each.metric.of(draws, each.at) for key, each in wanted}

    return values


def _is_resampled(metric: Metric, *, only_gaps: bool) -> bool:
    if only_gaps:
        return metric.gap is not None
    return metric.interval in _RESAMPLED or metric.gap is not None or metric.paired is not None


def judge(
    group_id: str,
    scored: Scored,
    asked: Sequence[Asked],
    support: Support,
    *,
    class_name: str | None = None,
    always: bool = False,
) -> Judged:
    """Return what may be said about a group.

    Parameters
    ----------
    group_id : str
        Name of the group.
    scored : Scored
        Its rows.
    asked : sequence of Asked
        Metrics.
    support : Support
        Counts that the rules look at.
    class_name : str, optional
        See `Judged`.
    always : bool
        Give a value of low precision where the rules withhold it: the whole evaluated set with both classes.
    """
    always = always and 0 < support.n_pos < support.n
    point = scored.point
    verdicts, points = [], []
    for each in asked:
        verdict = _verdict(each, scored, support, always=always)
        value = math.nan
        if verdict.status != "not_estimable":
            value = float(each.metric.of(point, each.at)[0])
            verdict = _after(each, verdict, value, scored)
        verdicts.append(verdict)
        points.append(value)
    return Judged(group_id, class_name, scored, support, tuple(asked), tuple(verdicts), tuple(points))


def _verdict(asked: Asked, scored: Scored, support: Support, *, always: bool) -> Verdict:
    if asked.missing is not None:
        return Verdict("not_estimable", asked.missing)
    verdict = asked.metric.judge(scored, support, asked.at)
    if always and verdict.status == "not_estimable" and not asked.metric.name.startswith("brier_"):
        return Verdict("low_precision", verdict.reason)
    return verdict


def _after(asked: Asked, verdict: Verdict, value: float, scored: Scored) -> Verdict:
    """Return the verdict once the value is known: NaN has a reason, and a correlation may rest on an empty margin."""
    if not math.isfinite(value):
        model = scored.model.missing if scored.model is not None else None
        named = {"nnb": "no_true_positive", "nnb_adj": "no_true_positive", "bss": "one_class"}
        slopes = {"cal_slope": model, "cal_intercept": model}
        found = named.get(asked.metric.name) or slopes.get(asked.metric.name) or verdict.reason or "undefined"
        return Verdict("not_estimable", found)
    if (
        asked.metric.name == "mcc"
        and asked.threshold is not None
        and confusion.is_degenerate(scored.point.at(asked.at))[0]
    ):
        return Verdict("low_precision", "degenerate")
    return verdict


def value_row(key: Key, verdict: Verdict, value: float, interval: Interval | None, *, comparable: bool) -> ValueRow:
    """Return one entry of ``values``."""
    group_id, metric, class_name, threshold = key
    status, reason = verdict.status, verdict.reason
    if interval is not None and interval.reason is not None and status == "ok":
        status, reason = "low_precision", interval.reason
    shown = status != "not_estimable"
    return {
        "group_id": group_id,
        "metric": metric,
        "class": class_name,
        "threshold": threshold,
        "status": status,
        "reason": reason,
        "value": value if shown else None,
        "lo": number(interval.lo) if interval is not None and shown else None,
        "hi": number(interval.hi) if interval is not None and shown else None,
        "se": number(interval.se) if interval is not None and shown else None,
        "method": interval.method if interval is not None and shown else "none",
        "n_resamples_used": interval.n_used if interval is not None and shown else None,
        "comparable_between_groups": comparable,
    }


def number(value: float) -> float | None:
    """Return a float as JSON holds it: None for NaN and infinity."""
    return float(value) if math.isfinite(value) else None


# --- intervals -------------------------------------------------------------------------------------------------------

_NONE = Interval(math.nan, math.nan, math.nan, "none")


def _interval(judged: Judged, asked: Asked, value: float, draws: Mapping[Key, Floats], level: float) -> Interval:
    recipe = asked.metric.interval
    if recipe == "none":
        return _NONE
    if recipe in {"korn_graubard", "inverse_ppv"}:
        return _proportion_interval(judged, asked, level)
    if recipe == "sandwich_t":
        return _model_interval(judged, asked, value, level)
    key = judged.key(asked)
    of_score = judged.class_name in {None, MALIGNANT}
    if recipe == "obuchowski_logit_t" or (not draws and asked.metric.name == "auroc" and of_score):
        return area_interval(judged.scored, value, level)
    method: Literal["logit_t", "percentile"] = "logit_t" if recipe == "logit_t" else "percentile"
    return intervals.from_draws(
        value,
        draws.get(key, np.empty(0)),
        method,
        clusters=smaller_class(judged.support),
        level=level,
        upper=asked.metric.upper,
    )


def smaller_class(support: Support) -> int:
    """Return the number of patients with a row of the rarer class."""
    return min(support.clusters_pos, support.clusters_neg)


def _proportion_interval(judged: Judged, asked: Asked, level: float) -> Interval:
    if asked.metric.share is None:
        raise ValueError(f"{asked.metric.name} is no proportion: it names no share")
    found = intervals.korn_graubard(*asked.metric.share(judged.scored.by_cluster, asked.at), level=level)
    if asked.metric.interval == "korn_graubard":
        return found
    # One over a proportion: the ends change places, and the far one may be infinite.
    ends = (1 / found.hi, 1 / found.lo if found.lo > 0 else math.nan)
    return Interval(intervals.rounded(ends[0]), intervals.rounded(ends[1]), math.nan, found.method)


def _model_interval(judged: Judged, asked: Asked, value: float, level: float) -> Interval:
    scored = judged.scored
    if scored.model is None:
        return _NONE
    errors = calibration.sandwich_errors(scored.y_true, scored.score, scored.cluster, scored.model)
    return intervals.wald_t(value, errors[asked.metric.name], judged.support.clusters - 1, level=level)


def area_interval(scored: Scored, value: float, level: float) -> Interval:
    """Return the closed-form interval of the area under the ROC curve.

    References
    ----------
    Obuchowski, Biometrics 53:567, 1997; logit step and t quantile as for the bootstrap.
    """
    se = delong.standard_error(delong.placements(scored.y_true, scored.score, scored.cluster))
    clusters = min(scored.clusters_pos, scored.clusters_neg)
    if value <= 0 or value >= 1:
        lo, hi = intervals.boundary(at_top=value >= 1, clusters=clusters, level=level)
        return Interval(intervals.rounded(lo), intervals.rounded(hi), intervals.rounded(se), "boundary")
    if not se > 0:
        return Interval(math.nan, math.nan, math.nan, "none", None, "one_patient")
    lo, hi = intervals.logit_t(value, se, clusters - 1, level=level)
    return Interval(intervals.rounded(lo), intervals.rounded(hi), intervals.rounded(se), "obuchowski_logit_t")
