"""All metrics of two classes, in the order of reports. A new one is a function, a test and a line here.

Each value knows its function, its interval and the rule for when it may be shown (`harness.metrics.metric.Metric`).
Definitions are tested against scikit-learn, statsmodels and a table worked by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from harness.metrics import calibration, confusion, estimable, operating_point, ranking
from harness.metrics.blocks import Floats, RankCounts
from harness.metrics.confusion import Confusion
from harness.metrics.metric import Metric
from harness.metrics.scored import Bools, Draws

__all__ = ["METRICS", "Metric"]

# The labels that `ece15_expected_if_calibrated` draws: a property of the scores, not of the run's seed.
_LABEL_SEED = 15


def _of_ranks(function: Callable[[RankCounts], Floats]) -> Callable[[Draws, str], Floats]:
    return lambda draws, _: draws.undefined if draws.ranks is None else function(draws.ranks)


def _at_reference(function: Callable[[RankCounts, float], Floats]) -> Callable[[Draws, str], Floats]:
    return lambda draws, _: (
        draws.undefined if draws.ranks is None else function(draws.ranks, draws.reference_prevalence)
    )


def _of_table(function: Callable[[Confusion], Floats]) -> Callable[[Draws, str], Floats]:
    return lambda draws, threshold: function(draws.at(threshold))


def _of_rows(function: Callable[[Bools, Floats], float]) -> Callable[[Draws, str], Floats]:
    return lambda draws, _: np.array([function(draws.y_true, draws.score)])


def _prevalence(draws: Draws, _: str) -> Floats:
    return ranking.ratio(draws.sums["pos"], draws.n)


def _mean_of(name: str) -> Callable[[Draws, str], Floats]:
    return lambda draws, _: ranking.ratio(draws.sums[name], draws.n)


def _brier_skill(draws: Draws, threshold: str) -> Floats:
    prevalence = _prevalence(draws, threshold)
    return 1 - ranking.ratio(draws.sums["brier"] / draws.n, prevalence * (1 - prevalence))


def _observed_to_expected(draws: Draws, _: str) -> Floats:
    return ranking.ratio(draws.sums["pos"], draws.sums["score"])


def _calibration_model(draws: Draws, which: int) -> Floats:
    model = draws.model
    if model is None or model.missing is not None:
        return draws.undefined
    gradient = np.stack([draws.sums["gradient_0"], draws.sums["gradient_1"]])
    information = np.stack([draws.sums[f"information_{part}"] for part in ("00", "01", "11")])
    step: Floats = calibration.newton_step(gradient, information)[which]
    return (model.intercept, model.slope)[which] + step


def _citl(draws: Draws, _: str) -> Floats:
    if draws.model is None:
        return draws.undefined
    return draws.model.citl + ranking.ratio(draws.sums["citl_gradient"], draws.sums["citl_information"])


def _part(name: str) -> Callable[[Bools, Floats], float]:
    return lambda y_true, score: calibration.decomposition(y_true, score)[name]


_CLASSES = estimable.both_classes
_MODEL = estimable.calibration_model

_RANKING = (
    Metric(
        name="auroc",
        title="ROC-AUC",
        of=_of_ranks(ranking.auroc),
        interval="logit_t",
        needs=_CLASSES,
        comparable=True,
        chance=lambda _, __: 0.5,
        gap="logit",
        paired="t",
    ),
    Metric(
        name="auroc_obuchowski",
        title="ROC-AUC, closed-form interval",
        of=_of_ranks(ranking.auroc),
        interval="obuchowski_logit_t",
        needs=_CLASSES,
        comparable=True,
        chance=lambda _, __: 0.5,
    ),
    Metric(
        name="ap",
        title="PR-AUC (average precision)",
        of=_of_ranks(ranking.ap),
        interval="logit_t",
        needs=_CLASSES,
        chance=lambda prevalence, _: prevalence,
        paired="t",
    ),
    Metric(name="ap_baseline", title="PR-AUC of chance (prevalence)", of=_prevalence, interval="none"),
    Metric(
        name="ap_adj",
        title="PR-AUC at the reference prevalence",
        of=_at_reference(ranking.ap_adj),
        interval="logit_t",
        needs=_CLASSES,
        comparable=True,
        chance=lambda _, reference: reference,
        gap="logit",
        paired="t",
    ),
    Metric(
        name="pauc_tpr80",
        title="Partial ROC-AUC above sensitivity 80 %",
        of=_of_ranks(ranking.pauc),
        interval="logit_t",
        needs=partial(estimable.positives, ok=80, low=40),
        comparable=True,
        chance=lambda _, __: 0.02,
        upper=0.2,
        gap="logit",
        paired="t",
    ),
)


def _sens_at_spec(percent: int) -> Metric:
    return Metric(
        name=f"sens_at_spec_{percent}",
        title=f"Sensitivity at specificity {percent} % (threshold picked on the test set)",
        of=_of_ranks(partial(operating_point.sens_at_spec, specificity=percent / 100)),
        interval="percentile",
        needs=partial(estimable.negatives_beyond, specificity=percent / 100),
        comparable=True,
        chance=lambda _, __: 1 - percent / 100,
        paired="percentile",
    )


def _spec_at_sens(percent: int) -> Metric:
    return Metric(
        name=f"spec_at_sens_{percent}",
        title=f"Specificity at sensitivity {percent} % (threshold picked on the test set)",
        of=_of_ranks(partial(operating_point.spec_at_sens, sensitivity=percent / 100)),
        interval="logit_t",
        needs=partial(estimable.positives_beyond, sensitivity=percent / 100),
        comparable=True,
        chance=lambda _, __: 1 - percent / 100,
        paired="percentile",
    )


_PICKED = (*map(_sens_at_spec, (95, 90)), *map(_spec_at_sens, (80, 90, 95)))

_AT_THRESHOLD = (
    Metric(
        name="sens",
        title="Sensitivity",
        of=_of_table(confusion.sens),
        interval="korn_graubard",
        share=confusion.positives_share,
        comparable=True,
        at_threshold=True,
        gap="logit",
        paired="t",
    ),
    Metric(
        name="spec",
        title="Specificity",
        of=_of_table(confusion.spec),
        interval="korn_graubard",
        share=confusion.negatives_share,
        comparable=True,
        at_threshold=True,
        gap="logit",
        paired="t",
    ),
    Metric(
        name="ppv",
        title="Positive predictive value",
        of=_of_table(confusion.ppv),
        interval="korn_graubard",
        share=confusion.called_positive_share,
        at_threshold=True,
        chance=lambda prevalence, _: prevalence,
        paired="t",
    ),
    Metric(
        name="npv",
        title="Negative predictive value",
        of=_of_table(confusion.npv),
        interval="korn_graubard",
        share=confusion.called_negative_share,
        at_threshold=True,
        chance=lambda prevalence, _: 1 - prevalence,
        paired="t",
    ),
    Metric(
        name="bacc",
        title="Balanced accuracy",
        of=_of_table(confusion.bacc),
        interval="logit_t",
        needs=_CLASSES,
        comparable=True,
        at_threshold=True,
        chance=lambda _, __: 0.5,
        gap="logit",
        paired="t",
    ),
    Metric(
        name="f1",
        title="F1",
        of=_of_table(partial(confusion.f_beta, beta=1)),
        interval="logit_t",
        needs=_CLASSES,
        at_threshold=True,
        paired="t",
    ),
    Metric(
        name="f2",
        title="F2",
        of=_of_table(partial(confusion.f_beta, beta=2)),
        interval="logit_t",
        needs=_CLASSES,
        at_threshold=True,
        paired="t",
    ),
    Metric(
        name="mcc",
        title="Matthews correlation",
        of=_of_table(confusion.mcc),
        interval="percentile",
        needs=_CLASSES,
        at_threshold=True,
        chance=lambda _, __: 0.0,
        paired="t",
    ),
    Metric(
        name="nnb",
        title="Number needed to biopsy",
        of=_of_table(confusion.nnb),
        interval="inverse_ppv",
        share=confusion.called_positive_share,
        higher_is_better=False,
        at_threshold=True,
        chance=lambda prevalence, _: 1 / prevalence,
    ),
    Metric(
        name="nnb_adj",
        title="Number needed to biopsy at the reference prevalence",
        of=lambda draws, threshold: confusion.nnb_adj(draws.at(threshold), draws.reference_prevalence),
        interval="none",
        needs=_CLASSES,
        higher_is_better=False,
        comparable=True,
        at_threshold=True,
        chance=lambda _, reference: 1 / reference,
    ),
)

_CALIBRATION = (
    Metric(
        name="brier",
        title="Brier score",
        of=_mean_of("brier"),
        interval="percentile",
        needs=estimable.enough_rows,
        higher_is_better=False,
        chance=lambda prevalence, _: prevalence * (1 - prevalence),
        paired="t",
    ),
    Metric(
        name="bss",
        title="Brier skill score",
        of=_brier_skill,
        interval="percentile",
        needs=estimable.enough_rows,
        chance=lambda _, __: 0.0,
        paired="t",
    ),
    *(
        Metric(
            name=f"brier_{part}",
            title=f"Brier score, part {part}",
            of=_of_rows(_part(f"brier_{part}")),
            interval="none",
            needs=estimable.decomposable,
            higher_is_better=part == "res",
        )
        for part in ("rel", "res", "unc", "within")
    ),
    Metric(
        name="logloss",
        title="Log loss",
        of=_mean_of("logloss"),
        interval="percentile",
        needs=estimable.enough_rows,
        higher_is_better=False,
        paired="t",
    ),
    Metric(
        name="n_clipped",
        title="Rows whose truth has probability 0",
        of=_of_rows(calibration.n_clipped),
        interval="none",
        higher_is_better=False,
    ),
    Metric(
        name="cal_slope",
        title="Calibration slope",
        of=lambda draws, _: _calibration_model(draws, 1),
        interval="sandwich_t",
        needs=_MODEL,
        higher_is_better=False,
        comparable=True,
        ideal=1.0,
        gap="identity",
    ),
    Metric(
        name="cal_intercept",
        title="Calibration intercept",
        of=lambda draws, _: _calibration_model(draws, 0),
        interval="sandwich_t",
        needs=_MODEL,
        higher_is_better=False,
        ideal=0.0,
    ),
    Metric(
        name="citl",
        title="Calibration in the large",
        of=_citl,
        interval="sandwich_t",
        needs=_MODEL,
        higher_is_better=False,
        comparable=True,
        ideal=0.0,
        gap="identity",
    ),
    Metric(
        name="oe",
        title="Observed to expected positives",
        of=_observed_to_expected,
        interval="percentile",
        needs=estimable.enough_rows,
        higher_is_better=False,
        ideal=1.0,
    ),
    Metric(
        name="ece_db",
        title="Calibration error, debiased",
        of=_of_rows(calibration.ece_db),
        interval="none",
        needs=_MODEL,
        higher_is_better=False,
    ),
    Metric(
        name="ece15",
        title="Calibration error, plain (15 bins)",
        of=_of_rows(calibration.ece),
        interval="none",
        needs=estimable.enough_rows,
        higher_is_better=False,
    ),
    Metric(
        name="ece15_expected_if_calibrated",
        title="Plain calibration error that a calibrated model would show",
        of=_of_rows(lambda _, score: calibration.ece_if_calibrated(score, _LABEL_SEED)),
        interval="none",
        needs=estimable.enough_rows,
        higher_is_better=False,
    ),
)

METRICS: tuple[Metric, ...] = (*_RANKING, *_PICKED, *_AT_THRESHOLD, *_CALIBRATION)
