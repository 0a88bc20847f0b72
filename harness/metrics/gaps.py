"""Differences between the groups of an attribute: each group against the rest, and the largest gap.

A percentile interval of a largest-minus-smallest gap can never contain 0, so none is given: the gap is compared with
what chance alone would show. Naming a worst group is a selection, so its interval is simultaneous over all groups of
the attribute.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from harness.metrics import calibration, intervals
from harness.metrics.blocks import Floats
from harness.metrics.metric import Metric
from harness.metrics.values import Asked, Judged, Key, number

# Proportions are kept off 0 and 1 on the logit scale.
CLIP = 0.005
# A difference that 80 % of studies of this size would see: z(.975) + z(.8).
DETECTABLE_SE = 2.8


@dataclass(frozen=True, slots=True)
class Difference:
    """One group against all other rows with the attribute known, on the plain scale; NaN where not estimable.

    Parameters
    ----------
    group_id : str
        The group.
    estimate : float
        Metric of the group minus metric of the rest.
    lo, hi : float
        Pointwise interval.
    lo_simultaneous, hi_simultaneous : float
        Interval that holds for all groups of the attribute at once.
    p, p_holm, p_holm_run : float
        Against no difference: alone; Holm over the groups of the attribute; Holm over all attributes of the run.
    detectable : float
        Smallest difference that could have been seen.
    """

    group_id: str
    estimate: float
    lo: float
    hi: float
    lo_simultaneous: float
    hi_simultaneous: float
    p: float
    p_holm: float
    p_holm_run: float
    detectable: float

    def row(self) -> dict[str, str | float | None]:
        """Return the entry of ``differences``."""
        named = (
            "estimate",
            "lo",
            "hi",
            "lo_simultaneous",
            "hi_simultaneous",
            "p",
            "p_holm",
            "p_holm_run",
            "detectable",
        )
        numbers = {name: number(intervals.rounded(getattr(self, name))) for name in named[1:]}
        return {"group_id": self.group_id, "estimate": number(self.estimate), **numbers}


@dataclass(frozen=True, slots=True)
class Gap:
    """What one metric says about the groups of one attribute.

    Parameters
    ----------
    attribute, metric : str
        Names.
    threshold : str or None
        Name of the threshold.
    max_min_gap, expected_by_chance, p : float
        Largest minus smallest value of the estimable groups, its mean where all groups are alike, and the share of such
        gaps that are at least as large.
    worst_group : str or None
        Group with the lowest value (farthest from the ideal one where the metric has one).
    n_groups : int
        Estimable groups.
    differences : tuple of Difference
        One per estimable group.
    """

    attribute: str
    metric: str
    threshold: str | None
    max_min_gap: float
    expected_by_chance: float
    p: float
    worst_group: str | None
    n_groups: int
    differences: tuple[Difference, ...]

    def row(self) -> dict[str, object]:
        """Return the entry of ``gaps``."""
        return {
            "attribute": self.attribute,
            "metric": self.metric,
            "threshold": self.threshold,
            "max_min_gap": number(self.max_min_gap),
            "gap_expected_by_chance": number(intervals.rounded(self.expected_by_chance)),
            "gap_p": number(intervals.rounded(self.p)),
            "worst_group": self.worst_group,
            "n_groups": self.n_groups,
            "differences": [difference.row() for difference in self.differences],
        }


@dataclass(frozen=True, slots=True)
class Contrast:
    """One group and the rest, judged alike.

    Parameters
    ----------
    group, rest : Judged
        Rows of the group; all other rows with the attribute known.
    """

    group: Judged
    rest: Judged


def attribute_gaps(
    attribute: str, contrasts: Sequence[Contrast], draws: Mapping[Key, Floats], level: float
) -> list[Gap]:
    """Return the gaps of an attribute, one per metric (and threshold) that groups may be compared by.

    Parameters
    ----------
    attribute : str
        Its name.
    contrasts : sequence of Contrast
        Every known level.
    draws : dict
        Values of groups and rests in every resample.
    level : float
        Of confidence.
    """
    if not contrasts:
        return []
    asked = [each for each in contrasts[0].group.asked if each.metric.gap is not None]
    return [_gap(attribute, each, contrasts, draws, level) for each in asked]


def _gap(attribute: str, asked: Asked, contrasts: Sequence[Contrast], draws: Mapping[Key, Floats], level: float) -> Gap:
    sides = [side for side in (_sides(asked, contrast, draws) for contrast in contrasts) if side is not None]
    empty = Gap(attribute, asked.metric.name, asked.at or None, math.nan, math.nan, math.nan, None, len(sides), ())
    if len(sides) < 2:
        return empty
    values = np.array([side.value for side in sides])
    centered = np.stack([side.draws - side.value for side in sides])
    chance = np.ptp(centered, axis=0)
    chance = chance[np.isfinite(chance)]
    gap = float(np.ptp(values))
    distance = values if asked.metric.ideal is None else -np.abs(values - asked.metric.ideal)
    return replace(
        empty,
        max_min_gap=gap,
        expected_by_chance=float(chance.mean()) if len(chance) else math.nan,
        p=float((chance >= gap).mean()) if len(chance) else math.nan,
        worst_group=sides[int(distance.argmin())].group_id,
        differences=_differences(asked.metric, sides, level),
    )


@dataclass(frozen=True, slots=True)
class _Sides:
    """Value of a group and of its rest, and both in every resample."""

    group_id: str
    value: float
    rest: float
    draws: Floats
    rest_draws: Floats
    df: int


def _sides(asked: Asked, contrast: Contrast, draws: Mapping[Key, Floats]) -> _Sides | None:
    keys = contrast.group.key(asked), contrast.rest.key(asked)
    if any(key not in draws for key in keys):
        return None
    place = contrast.group.asked.index(asked)
    if asked.metric.share is None:
        clusters = contrast.group.support.clusters_pos
    else:
        clusters = int((asked.metric.share(contrast.group.scored.by_cluster, asked.at)[1] > 0).sum())
    return _Sides(
        group_id=contrast.group.group_id,
        value=contrast.group.points[place],
        rest=contrast.rest.points[contrast.rest.asked.index(asked)],
        draws=draws[keys[0]],
        rest_draws=draws[keys[1]],
        df=clusters - 1,
    )


def _differences(metric: Metric, sides: Sequence[_Sides], level: float) -> tuple[Difference, ...]:
    """Return every difference with pointwise and max-t simultaneous intervals.

    References
    ----------
    Westfall, Young, Resampling-Based Multiple Testing, 1993 (max-t).
    """
    points = [float(_scaled(metric, side.value) - _scaled(metric, side.rest)) for side in sides]
    resampled = [_scaled(metric, side.draws) - _scaled(metric, side.rest_draws) for side in sides]
    errors = [intervals.bootstrap_error(each)[0] for each in resampled]
    with np.errstate(divide="ignore", invalid="ignore"):
        distances = np.stack(
            [np.abs(each - point) / error for each, point, error in zip(resampled, points, errors, strict=True)]
        )
    largest = np.fmax.reduce(distances)
    largest = largest[np.isfinite(largest)]
    critical = float(np.quantile(largest, level)) if len(largest) else math.nan
    joint_level = 1 - 2 * float(special.ndtr(-critical))
    p_values = [
        intervals.two_sided_p(point, error, side.df) for point, error, side in zip(points, errors, sides, strict=True)
    ]
    adjusted = intervals.holm(np.array(p_values))
    found = []
    for side, point, error, p, p_holm in zip(sides, points, errors, p_values, adjusted, strict=True):
        lo, hi = _ends(metric, side, point, error, level)
        lo_joint, hi_joint = _ends(metric, side, point, error, joint_level)
        seen = DETECTABLE_SE * intervals.bootstrap_error(side.draws - side.rest_draws)[0]
        estimate = side.value - side.rest
        found.append(Difference(side.group_id, estimate, lo, hi, lo_joint, hi_joint, p, float(p_holm), math.nan, seen))
    return tuple(found)


def _ends(metric: Metric, side: _Sides, point: float, error: float, level: float) -> tuple[float, float]:
    reach = intervals.t_quantile(side.df, level) * error if 0 < level < 1 else math.nan
    return _plain(metric, side.rest, point - reach), _plain(metric, side.rest, point + reach)


def _scaled(metric: Metric, value: Floats | float) -> Floats:
    if metric.gap == "identity":
        return np.asarray(value, dtype=np.float64)
    share = np.clip(np.asarray(value, dtype=np.float64) / metric.upper, CLIP, 1 - CLIP)
    return np.log(share / (1 - share))


def _plain(metric: Metric, rest: float, shift: float) -> float:
    """Return the end of a difference on the plain scale, the value of the rest held fixed."""
    if metric.gap == "identity":
        return shift
    return float(calibration.expit(_scaled(metric, rest) + shift)) * metric.upper - rest


def adjust_over_run(gaps: Sequence[Gap]) -> list[Gap]:
    """Return gaps with ``p_holm_run``: Holm over all groups of all attributes, metric by metric."""
    questions = {(gap.metric, gap.threshold) for gap in gaps}
    found: dict[tuple[str, str, str | None], tuple[Difference, ...]] = {}
    for metric, threshold in questions:
        same = [gap for gap in gaps if (gap.metric, gap.threshold) == (metric, threshold)]
        adjusted = iter(intervals.holm(np.array([each.p for gap in same for each in gap.differences])))
        for gap in same:
            found[gap.attribute, metric, threshold] = tuple(
                replace(each, p_holm_run=float(next(adjusted))) for each in gap.differences
            )
    return [replace(gap, differences=found[gap.attribute, gap.metric, gap.threshold]) for gap in gaps]
