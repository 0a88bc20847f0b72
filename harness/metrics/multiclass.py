"""Metrics of several classes: over all of them, and of each against the rest.

A class that is absent makes a macro average not estimable; the average over the classes present has a name of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from harness.metrics import estimable, ranking
from harness.metrics.blocks import Floats, RankCounts
from harness.metrics.classes import ClassCounts
from harness.metrics.confusion import Confusion, f_beta
from harness.metrics.estimable import Support, Verdict
from harness.metrics.metric import Metric
from harness.metrics.scored import Draws


def _counts(draws: Draws) -> ClassCounts:
    if draws.classes is None:
        raise ValueError("these rows have two classes")
    return draws.classes


def _one_against_rest(counts: ClassCounts, number: int) -> Confusion:
    tp = counts.cells[number, number]
    fn = counts.cells[number].sum(axis=0) - tp
    fp = counts.cells[:, number].sum(axis=0) - tp
    return Confusion(tp=tp, fp=fp, fn=fn, tn=counts.cells.sum(axis=(0, 1)) - tp - fp - fn)


def _recalls(counts: ClassCounts) -> Floats:
    return ranking.ratio(np.einsum("iic->ic", counts.cells), counts.cells.sum(axis=1))


def _areas(counts: ClassCounts, of: Callable[[RankCounts], Floats]) -> Floats:
    """Return one value per class, shape (k, c); NaN for a class that is absent."""
    undefined = np.full(counts.cells.shape[-1], np.nan)
    return np.stack([undefined if ranks is None else of(ranks) for ranks in counts.ranks])


def _f1s(counts: ClassCounts) -> Floats:
    return np.stack([f_beta(_one_against_rest(counts, number), 1) for number in range(len(counts.cells))])


def _present_mean(values: Floats) -> Floats:
    defined = np.isfinite(values)
    return ranking.ratio(np.where(defined, values, 0).sum(axis=0), defined.sum(axis=0).astype(np.float64))


def _weighted_f1(draws: Draws, _: str) -> Floats:
    counts = _counts(draws)
    support = counts.cells.sum(axis=1)
    return ranking.ratio((np.nan_to_num(_f1s(counts)) * support).sum(axis=0), support.sum(axis=0))


def _kappa(draws: Draws, _: str) -> Floats:
    """Cohen's kappa.

    References
    ----------
    Cohen, Educ Psychol Meas 20:37, 1960.
    """
    cells = _counts(draws).cells
    n = cells.sum(axis=(0, 1))
    agreed = ranking.ratio(np.einsum("iic->c", cells), n)
    expected = ranking.ratio((cells.sum(axis=0) * cells.sum(axis=1)).sum(axis=0), n * n)
    return ranking.ratio(agreed - expected, 1 - expected)


def _mcc(draws: Draws, _: str) -> Floats:
    """Matthews correlation of several classes; 0 where all rows are of one class or one prediction.

    References
    ----------
    Gorodkin, Comput Biol Chem 28:367, 2004.
    """
    cells = _counts(draws).cells
    truth, called, n = cells.sum(axis=1), cells.sum(axis=0), cells.sum(axis=(0, 1))
    spread = (n * n - (truth**2).sum(axis=0)) * (n * n - (called**2).sum(axis=0))
    found: Floats = np.zeros_like(n)
    agreement = np.einsum("iic->c", cells) * n - (truth * called).sum(axis=0)
    np.divide(agreement, np.sqrt(spread), out=found, where=spread > 0)
    return found


def _mean_of(name: str) -> Callable[[Draws, str], Floats]:
    return lambda draws, _: ranking.ratio(_counts(draws).sums[name], draws.n)


# --- when a number may be shown: the support of a group is that of its rarest class ----------------------------------


def _every_class(support: Support) -> Verdict:
    if not support.n_pos:
        return Verdict("not_estimable", "class_absent")
    return estimable.both_classes(support)


def _accuracy_share(by_cluster: Mapping[str, Floats], _: str) -> tuple[Floats, Floats]:
    right = [rows for name, rows in by_cluster.items() if _is_diagonal(name)]
    return np.sum(right, axis=0), by_cluster["pos"] + by_cluster["neg"]


def _is_diagonal(name: str) -> bool:
    kind, _, places = name.partition("_")
    return kind == "cell" and places.split("_")[0] == places.split("_")[1]


def _top2_share(by_cluster: Mapping[str, Floats], _: str) -> tuple[Floats, Floats]:
    return by_cluster["top2"], by_cluster["pos"] + by_cluster["neg"]


MULTICLASS: tuple[Metric, ...] = (
    Metric(
        name="macro_auroc_ovr",
        title="Macro ROC-AUC (one against the rest)",
        of=lambda draws, _: _areas(_counts(draws), ranking.auroc).mean(axis=0),
        interval="logit_t",
        needs=_every_class,
        comparable=True,
        chance=lambda _, __: 0.5,
        gap="logit",
        paired="t",
    ),
    Metric(
        name="bma",
        title="Balanced multiclass accuracy",
        of=lambda draws, _: _recalls(_counts(draws)).mean(axis=0),
        interval="logit_t",
        needs=_every_class,
        comparable=True,
        gap="logit",
        paired="t",
    ),
    Metric(
        name="bma_isic",
        title="Balanced multiclass accuracy, ties wrong (ISIC)",
        of=lambda draws, _: ranking.ratio(_counts(draws).untied, _counts(draws).cells.sum(axis=1)).mean(axis=0),
        interval="logit_t",
        needs=_every_class,
        comparable=True,
        paired="t",
    ),
    Metric(
        name="accuracy",
        title="Accuracy",
        of=lambda draws, _: ranking.ratio(np.einsum("iic->c", _counts(draws).cells), draws.n),
        interval="korn_graubard",
        share=_accuracy_share,
        paired="t",
    ),
    Metric(
        name="top2_accuracy",
        title="Accuracy of the two most probable classes",
        of=_mean_of("top2"),
        interval="korn_graubard",
        share=_top2_share,
        paired="t",
    ),
    Metric(
        name="macro_ap_ovr",
        title="Macro PR-AUC (one against the rest)",
        of=lambda draws, _: _areas(_counts(draws), ranking.ap).mean(axis=0),
        interval="logit_t",
        needs=_every_class,
        paired="t",
    ),
    Metric(
        name="macro_f1",
        title="Macro F1",
        of=lambda draws, _: _f1s(_counts(draws)).mean(axis=0),
        interval="logit_t",
        needs=_every_class,
        paired="t",
    ),
    Metric(
        name="weighted_f1",
        title="F1, classes weighted by their rows",
        of=_weighted_f1,
        interval="logit_t",
        needs=estimable.enough_rows,
        paired="t",
    ),
    Metric(
        name="kappa",
        title="Cohen's kappa",
        of=_kappa,
        interval="percentile",
        needs=estimable.enough_rows,
        chance=lambda _, __: 0.0,
        paired="t",
    ),
    Metric(
        name="mcc",
        title="Matthews correlation",
        of=_mcc,
        interval="percentile",
        needs=estimable.enough_rows,
        chance=lambda _, __: 0.0,
        paired="t",
    ),
    Metric(
        name="logloss",
        title="Log loss",
        of=_mean_of("class_logloss"),
        interval="percentile",
        needs=estimable.enough_rows,
        higher_is_better=False,
        paired="t",
    ),
    Metric(
        name="brier",
        title="Brier score, summed over classes",
        of=_mean_of("class_brier"),
        interval="percentile",
        needs=estimable.enough_rows,
        higher_is_better=False,
        paired="t",
    ),
    Metric(
        name="n_argmax_ties",
        title="Rows whose highest probability two classes share",
        of=lambda draws, _: _counts(draws).sums["tied"],
        interval="none",
        higher_is_better=False,
    ),
)

# Asked only of rows without one of the classes, in place of the macro average over all.
MACRO_PRESENT = Metric(
    name="macro_auroc_ovr_present",
    title="Macro ROC-AUC over the classes that are present",
    of=lambda draws, _: _present_mean(_areas(_counts(draws), ranking.auroc)),
    interval="none",
    needs=estimable.enough_rows,
)


def class_metrics(number: int) -> tuple[Metric, ...]:
    """Return the metrics of one class against the rest.

    Parameters
    ----------
    number : int
        Of the class.
    """

    def area(of: Callable[[RankCounts], Floats]) -> Callable[[Draws, str], Floats]:
        def value(draws: Draws, _: str) -> Floats:
            ranks = _counts(draws).ranks[number]
            return draws.undefined if ranks is None else of(ranks)

        return value

    def table(of: Callable[[Confusion], Floats]) -> Callable[[Draws, str], Floats]:
        return lambda draws, _: of(_one_against_rest(_counts(draws), number))

    def support(table: Confusion) -> Floats:
        return table.tp + table.fn

    def share(by_cluster: Mapping[str, Floats], axis: int) -> tuple[Floats, Floats]:
        places = [name.split("_") for name in by_cluster if name.startswith("cell_")]
        own = [by_cluster["_".join(place)] for place in places if place[1 + axis] == str(number)]
        return by_cluster[f"cell_{number}_{number}"], np.sum(own, axis=0)

    rule = estimable.both_classes
    return (
        Metric(name="auroc", title="ROC-AUC", of=area(ranking.auroc), interval="logit_t", needs=rule, comparable=True),
        Metric(name="ap", title="PR-AUC (average precision)", of=area(ranking.ap), interval="logit_t", needs=rule),
        Metric(
            name="ap_baseline",
            title="PR-AUC of chance (prevalence)",
            of=lambda draws, _: ranking.ratio(support(_one_against_rest(_counts(draws), number)), draws.n),
            interval="none",
        ),
        Metric(
            name="sens",
            title="Sensitivity",
            of=table(lambda one: ranking.ratio(one.tp, one.tp + one.fn)),
            interval="korn_graubard",
            share=lambda by_cluster, _: share(by_cluster, 0),
            comparable=True,
        ),
        Metric(
            name="ppv",
            title="Positive predictive value",
            of=table(lambda one: ranking.ratio(one.tp, one.tp + one.fp)),
            interval="korn_graubard",
            share=lambda by_cluster, _: share(by_cluster, 1),
        ),
        Metric(name="f1", title="F1", of=table(lambda one: f_beta(one, 1)), interval="logit_t", needs=rule),
        Metric(name="support", title="Rows of the class", of=table(support), interval="none"),
    )
