"""Interval recipes: logit-t, percentile, Korn-Graubard, sandwich-t, and the one-sided rule at the boundary.

Each takes numbers and returns an `Interval`; which metric uses which recipe stands in `harness.metrics.METRICS`, and
why in the coverage simulation of the project's design of metrics.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from harness.metrics.blocks import Floats

Method = Literal["logit_t", "percentile", "korn_graubard", "sandwich_t", "obuchowski_logit_t", "boundary", "none"]
# Of all resamples, this share must define the metric, else there is no interval.
MIN_USED = 0.9
SIGNIFICANT_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval and how it came about.

    Parameters
    ----------
    lo, hi, se : float
        Ends and standard error; NaN where there is none.
    method : str
        Recipe.
    n_used : int or None
        Resamples that defined the metric; None for a closed form.
    reason : str or None
        Why there is no interval.
    """

    lo: float
    hi: float
    se: float
    method: Method
    n_used: int | None = None
    reason: str | None = None


def rounded(value: float) -> float:
    """Return a number rounded to 10 significant digits, so that the last bits of a sum change no byte."""
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}") if math.isfinite(value) else value


def t_quantile(df: float, level: float) -> float:
    """Return the two-sided quantile of Student's t; NaN where there is no degree of freedom."""
    return float(special.stdtrit(df, 0.5 + level / 2)) if df >= 1 else math.nan


def logit_t(value: float, se: float, df: float, *, level: float, upper: float = 1.0) -> tuple[float, float]:
    """Return value -+ t SE on the logit scale, transformed back.

    Parameters
    ----------
    value, se : float
        Estimate strictly between 0 and `upper`, and its standard error.
    df : float
        Degrees of freedom: clusters of the smaller class minus 1.
    level : float
        Of confidence, for example .95.
    upper : float
        Largest value of the metric.
    """
    share = value / upper
    center, width = math.log(share / (1 - share)), t_quantile(df, level) * se / upper / (share * (1 - share))
    return upper / (1 + math.exp(-(center - width))), upper / (1 + math.exp(-(center + width)))


def boundary(*, at_top: bool, clusters: int, level: float, upper: float = 1.0) -> tuple[float, float]:
    """Return the one-sided interval of a value of 0 or `upper`: [((1 - level) / 2)^(1 / clusters), 1], mirrored for 0.

    Parameters
    ----------
    at_top : bool
        True for the largest value.
    clusters : int
        Patients of the smaller class.
    """
    reach = ((1 - level) / 2) ** (1 / max(1, clusters))
    return (upper * reach, upper) if at_top else (0.0, upper * (1 - reach))


def bootstrap_error(draws: Floats) -> tuple[float, int]:
    """Return the standard deviation over resamples that define the metric, and how many do."""
    used = draws[np.isfinite(draws)]
    return (float(used.std(ddof=1)) if len(used) > 1 else math.nan), len(used)


def from_draws(
    value: float,
    draws: Floats,
    method: Literal["logit_t", "percentile"],
    *,
    clusters: int,
    level: float,
    upper: float = 1.0,
) -> Interval:
    """Return the bootstrap interval of a value.

    Parameters
    ----------
    value : float
        Point estimate.
    draws : array, shape (b,)
        Its value in every resample, NaN where undefined.
    method : {"logit_t", "percentile"}
        Recipe.
    clusters : int
        Patients of the smaller class.
    level, upper
        See `logit_t`.
    """
    if not len(draws):
        return Interval(math.nan, math.nan, math.nan, "none", None, "no_resamples")
    se, used = bootstrap_error(draws)
    if used < MIN_USED * len(draws):
        return Interval(math.nan, math.nan, math.nan, "none", used, "unstable_resampling")
    if method == "percentile":
        tail = (1 - level) / 2
        lo, hi = (float(end) for end in np.quantile(draws[np.isfinite(draws)], (tail, 1 - tail)))
        # A skewed bootstrap may leave the estimate outside; an interval that excludes its own estimate helps nobody.
        return Interval(rounded(min(lo, value)), rounded(max(hi, value)), rounded(se), "percentile", used)
    if value <= 0 or value >= upper:
        lo, hi = boundary(at_top=value >= upper, clusters=clusters, level=level, upper=upper)
        return Interval(rounded(lo), rounded(hi), rounded(se), "boundary", used)
    if clusters < 2 or se < 1e-12:
        return Interval(
            math.nan, math.nan, rounded(se), "none", used, "no_variation" if clusters > 1 else "one_patient"
        )
    lo, hi = logit_t(value, se, clusters - 1, level=level, upper=upper)
    return Interval(rounded(lo), rounded(hi), rounded(se), "logit_t", used)


def korn_graubard(hits: Floats, n: Floats, *, level: float) -> Interval:
    """Return the Clopper-Pearson interval of a clustered proportion at its effective sample size.

    Parameters
    ----------
    hits, n : array, shape (g,)
        Successes and trials per cluster.
    level : float
        Of confidence.

    References
    ----------
    Korn, Graubard, Survey Methodology 24:193, 1998.
    """
    hits, n = hits[n > 0], n[n > 0]
    g, trials = len(n), float(n.sum())
    if not g:
        return Interval(math.nan, math.nan, math.nan, "none", None, "empty_denominator")
    p = float(hits.sum()) / trials
    if p in {0.0, 1.0}:
        effective = min(trials, float(g))
        se = 0.0
    elif g == 1:
        return Interval(math.nan, math.nan, math.nan, "none", None, "one_patient")
    else:
        variance = g / (g - 1) * float(((hits - p * n) ** 2).sum()) / trials**2
        independent = p * (1 - p) / trials
        effective = trials / max(1.0, variance / independent)
        se = math.sqrt(p * (1 - p) / effective)
    tail = (1 - level) / 2
    x = p * effective
    lo = float(special.betaincinv(x, effective - x + 1, tail)) if x > 0 else 0.0
    hi = float(special.betaincinv(x + 1, effective - x, 1 - tail)) if x < effective else 1.0
    return Interval(rounded(lo), rounded(hi), rounded(se), "korn_graubard")


def wald_t(value: float, se: float, df: float, *, level: float, method: Method = "sandwich_t") -> Interval:
    """Return value -+ t SE."""
    width = t_quantile(df, level) * se
    if not math.isfinite(width):
        return Interval(math.nan, math.nan, math.nan, "none", None, "one_patient")
    return Interval(rounded(value - width), rounded(value + width), rounded(se), method)


def two_sided_p(effect: float, se: float, df: float) -> float:
    """Return 2 P(T > |effect| / SE); NaN where there is no degree of freedom."""
    if not se > 0 or df < 1:
        return math.nan
    return float(2 * special.stdtr(df, -abs(effect) / se))


def holm(p_values: Floats) -> Floats:
    """Return Holm-adjusted p values; NaN stays NaN and counts as no test.

    References
    ----------
    Holm, Scand J Statist 6:65, 1979.
    """
    adjusted = np.full(len(p_values), np.nan)
    tested = np.flatnonzero(np.isfinite(p_values))
    order = tested[np.argsort(p_values[tested], kind="stable")]
    steps = np.arange(len(order), 0, -1) * p_values[order]
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
