"""The seam of metrics: a frozen value with the function, the interval and the rule for when it may be shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.metrics.blocks import Floats
from harness.metrics.estimable import OK, Support, Verdict, proportion
from harness.metrics.scored import Bools, Draws, Scored

__all__ = ["Metric"]

Recipe = Literal["logit_t", "percentile", "korn_graubard", "inverse_ppv", "sandwich_t", "obuchowski_logit_t", "none"]
# Sums per cluster and the name of a threshold -> (right rows, counted rows) per cluster.
Share = Callable[[Mapping[str, Floats], str], tuple[Floats, Floats]]


@dataclass(frozen=True, slots=True)
class Metric:
    """A number about scored rows of two classes.

    Parameters
    ----------
    name : str
        Key in ``metrics.json``.
    title : str
        What a report prints.
    of : callable
        ``(draws, threshold name) -> array of shape (c,)``, NaN where undefined; the name is empty where the metric
        needs no threshold. See `harness.metrics.scored.Draws`.
    interval : str
        Recipe of `harness.metrics.intervals`.
    needs : callable, optional
        Rule of `harness.metrics.estimable`; None for a proportion, whose rule looks at the rows of `share`.
    higher_is_better : bool
        False also where the best value lies inside the range (`ideal`).
    comparable : bool
        Whether groups of different prevalence may be compared by it.
    at_threshold : bool
        Whether it is asked at every named threshold.
    share : callable, optional
        ``(sums per cluster, threshold name) -> (right rows, counted rows)`` per cluster, where the value is a
        proportion.
    chance : callable, optional
        ``(prevalence, reference prevalence) -> value`` of an uninformative score.
    upper : float
        Largest value.
    ideal : float, optional
        Best value, where neither end is.
    gap : {"logit", "identity"}, optional
        Scale of differences between groups; None where groups are not compared.
    paired : {"t", "percentile"}, optional
        Recipe of the difference of two models; None where they are not compared.
    """

    name: str
    title: str
    of: Callable[[Draws, str], Floats]
    interval: Recipe
    needs: Callable[[Support], Verdict] | None = None
    higher_is_better: bool = True
    comparable: bool = False
    at_threshold: bool = False
    share: Share | None = None
    chance: Callable[[float, float], float] | None = None
    upper: float = 1.0
    ideal: float | None = None
    gap: Literal["logit", "identity"] | None = None
    paired: Literal["t", "percentile"] | None = None

    def __call__(
        self, y_true: Bools, y_prob: Floats, *, threshold: float = 0.5, reference_prevalence: float | None = None
    ) -> float:
        """Return the value over rows that are taken as independent, without any rule for small numbers.

        Parameters
        ----------
        y_true : array of bool or 0 and 1, shape (n,)
            Truth.
        y_prob : array, shape (n,)
            Probability of the positive class.
        threshold : float
            For metrics at a threshold.
        reference_prevalence : float, optional
            Of the adjusted metrics; the prevalence of the rows where not given.
        """
        truth = np.asarray(y_true, dtype=bool)
        prevalence = float(truth.mean()) if reference_prevalence is None else reference_prevalence
        rows = Scored(
            truth, np.asarray(y_prob, dtype=np.float64), np.arange(len(truth)), {"asked": threshold}, prevalence
        )
        return float(self.of(rows.point, "asked")[0])

    def judge(self, scored: Scored, support: Support, threshold: str) -> Verdict:
        """Return whether the metric may be shown for a group."""
        if self.share is None:
            return self.needs(support) if self.needs is not None else OK
        _, counted = self.share(scored.by_cluster, threshold)
        return proportion(int(counted.sum()), int((counted > 0).sum()))
