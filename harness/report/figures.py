"""The figures of the report; every one is told in words too, and stands beside a table of its numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from harness.report.numbers import Judged, RunFolder
from harness.report.rows import GroupRow
from harness.report.svg import DASHES, INK, LINE, MARKERS, MUTED, PALETTE, Picture, canvas, picture
from harness.report.wording import (
    metric_name,
    number,
    reason,
    signed,
    signed_interval,
)

_OPERATING = ("val_spec95", "val_spec90")


def placed(run: RunFolder) -> list[tuple[int, Judged]]:
    """Give every model its color, marker and dash: the baseline the first, others in turn."""
    start = 0 if run.baseline else 1
    return [((start + place) % len(PALETTE), model) for place, model in enumerate(run.models)]


def roc(run: RunFolder) -> Picture | None:
    """Draw the ROC curve of every model with its pointwise band, chance line and operating points."""
    drawn = [(place, model, model.curve("roc")) for place, model in placed(run)]
    with canvas(height_inches=4.0) as figure:
        axes = _unit_square(figure.add_axes((0.125, 0.115, 0.855, 0.855)))
        axes.plot((0, 1), (0, 1), color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)))
        for place, model, curve in drawn:
            if curve is None:
                continue
            _band(axes, curve["fpr"], curve.get("tpr_lo"), curve.get("tpr_hi"), place)
            axes.plot(
                curve["fpr"], curve["tpr"], color=PALETTE[place], linestyle=DASHES[place], label=_label(model, "auroc")
            )
            _operating_points(axes, model, place, curve="roc")
        axes.set_xlabel("1 \N{MINUS SIGN} specificity (false positive rate)")
        axes.set_ylabel("sensitivity (true positive rate)")
        axes.legend(
            loc="lower right", title=metric_name("auroc"), alignment="left", title_fontproperties={"weight": "bold"}
        )
        summary = "; ".join(
            f"{model.name}: {metric_name('auroc')} {shown(model, 'auroc')}" for _, model, curve in drawn if curve
        )
        return picture(figure, "roc", "ROC curves on the test set", summary) if summary else None


def precision_recall(run: RunFolder) -> Picture | None:
    """Draw the precision-recall curve of every model, the prevalence as chance line."""
    drawn = [(place, model, model.curve("pr")) for place, model in placed(run)]
    prevalence = run.lead.metrics["data"]["prevalence"]
    with canvas(height_inches=4.0) as figure:
        axes = _unit_square(figure.add_axes((0.125, 0.115, 0.855, 0.855)))
        if prevalence is not None:
            axes.axhline(prevalence, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)))
        for place, model, curve in drawn:
            if curve is None:
                continue
            _band(axes, curve["recall"], curve.get("precision_lo"), curve.get("precision_hi"), place)
            axes.plot(
                curve["recall"],
                curve["precision"],
                color=PALETTE[place],
                linestyle=DASHES[place],
                label=_label(model, "ap"),
            )
            _operating_points(axes, model, place, curve="pr")
        axes.set_xlabel("sensitivity (recall)")
        axes.set_ylabel("positive predictive value (precision)")
        axes.legend(loc="best", title="Average precision", alignment="left", title_fontproperties={"weight": "bold"})
        summary = "; ".join(
            f"{model.name}: average precision {shown(model, 'ap')}" for _, model, curve in drawn if curve
        )
        return picture(figure, "pr", "Precision-recall curves on the test set", summary) if summary else None


def reliability(model: Judged, place: int) -> Picture | None:
    """Draw how often a score was right, bin by bin, over a histogram of the scores."""
    curve = model.curve("reliability")
    if curve is None:
        return None
    score, share = np.array(curve["mean_score"]), np.array(curve["share_positive"])
    with canvas(height_inches=4.0) as figure:
        axes = _unit_square(figure.add_axes((0.125, 0.30, 0.855, 0.665)))
        axes.plot((0, 1), (0, 1), color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)))
        bars = np.array([share - curve["lo"], np.array(curve["hi"]) - share]).clip(0)
        axes.errorbar(
            score,
            share,
            yerr=bars,
            color=PALETTE[place],
            marker=MARKERS[place],
            linewidth=0,
            elinewidth=1.0,
            markersize=4.2,
        )
        axes.set_ylabel("share positive")
        axes.set_xticklabels([])
        below = figure.add_axes((0.125, 0.115, 0.855, 0.14))
        test = model.read_out["score"] if len(model.read_out) else score
        below.hist(test, bins=np.linspace(0, 1, 41).tolist(), color=PALETTE[place], alpha=0.65)
        below.set_xlim(-0.02, 1.02)
        below.set_xlabel("score")
        below.set_ylabel("images")
        summary = f"slope {shown(model, 'cal_slope')}, observed over expected {shown(model, 'oe')}"
        return picture(figure, f"reliability-{place}-{slug(model.name)}", f"Reliability of {model.name}", summary)


def decision(run: RunFolder) -> Picture | None:
    """Draw net benefit over the threshold probability, beside treating all and treating none."""
    drawn = [(place, model, model.curve("decision")) for place, model in placed(run)]
    with canvas(height_inches=3.2) as figure:
        axes = figure.add_axes((0.15, 0.145, 0.83, 0.82))
        axes.axhline(0, color=MUTED, linewidth=0.8)
        highest = 0.0
        for place, model, curve in drawn:
            if curve is None:
                continue
            _band(axes, curve["threshold"], curve.get("lo"), curve.get("hi"), place)
            axes.plot(
                curve["threshold"],
                curve["net_benefit"],
                color=PALETTE[place],
                linestyle=DASHES[place],
                label=model.name,
            )
            highest = max(highest, *curve["net_benefit"], *curve["hi"])
        first = next((curve for _, _, curve in drawn if curve), None)
        if first is None:
            return None
        axes.plot(
            first["threshold"], first["treat_all"], color=MUTED, linewidth=1.0, linestyle=(0, (1, 1)), label="treat all"
        )
        axes.set_ylim(-0.25 * highest, 1.08 * highest)
        axes.set_xlim(0, first["threshold"][-1])
        axes.set_xlabel("threshold probability")
        axes.set_ylabel("net benefit")
        axes.legend(loc="best")
        summary = "; ".join(f"{model.name}: {_net_benefit(curve)}" for _, model, curve in drawn if curve)
        return picture(figure, "decision", "Decision curves on the test set", summary)


def _net_benefit(curve: dict[str, list[float]]) -> str:
    better = [
        t
        for t, net, everyone in zip(curve["threshold"], curve["net_benefit"], curve["treat_all"], strict=True)
        if net > max(everyone, 0)
    ]
    if not better:
        return "at no threshold above treating all or none"
    lowest, highest = number(min(better), digits=2), number(max(better), digits=2)
    return f"above treating all or none at thresholds from {lowest} to {highest}"


def training(run: RunFolder) -> tuple[Picture, ...]:
    """Draw loss and validation ROC-AUC over the epochs, of the models that keep a log."""
    drawn = [(place, model) for place, model in placed(run) if "train_loss" in model.train_log]
    if not drawn:
        return ()
    return (_loss(drawn), _validation_auroc(drawn))


def _loss(drawn: Sequence[tuple[int, Judged]]) -> Picture:
    with canvas(height_inches=2.8) as figure:
        axes = figure.add_axes((0.125, 0.165, 0.855, 0.80))
        for place, model in drawn:
            log, color = model.train_log, PALETTE[place]
            axes.plot(log["epoch"], log["train_loss"], color=color, linewidth=0.9, alpha=0.7)
            axes.plot(
                log["epoch"],
                log["validation_loss"],
                color=color,
                linestyle=DASHES[place],
                marker=MARKERS[place],
                markersize=3,
                label=model.name,
            )
        _epochs(axes, "loss")
        last = [f"{model.name} {number(float(model.train_log['validation_loss'].iloc[-1]))}" for _, model in drawn]
        title = "Loss: validation with markers, training thin"
        return picture(figure, "training-loss", title, f"Validation loss after the last epoch: {', '.join(last)}")


def _validation_auroc(drawn: Sequence[tuple[int, Judged]]) -> Picture:
    with canvas(height_inches=2.8) as figure:
        axes = figure.add_axes((0.125, 0.165, 0.855, 0.80))
        for place, model in drawn:
            log = model.train_log
            axes.plot(
                log["epoch"],
                log["validation_auroc"],
                color=PALETTE[place],
                linestyle=DASHES[place],
                marker=MARKERS[place],
                markersize=3,
                label=model.name,
            )
        _epochs(axes, metric_name("auroc"))
        best = [f"{model.name} {number(float(model.train_log['validation_auroc'].max()))}" for _, model in drawn]
        return picture(
            figure,
            "training-auroc",
            f"{metric_name('auroc')} on validation",
            f"Highest over the epochs: {', '.join(best)}",
        )


def _epochs(axes: Axes, label: str) -> None:
    axes.set_xlabel("epoch")
    axes.set_ylabel(label)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(color=LINE, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.legend(loc="best")


def difference(run: RunFolder, model: Judged, place: int) -> Picture | None:
    """Draw the paired difference of one model to the baseline, on an axis that all models of the run share."""
    rows = {other.name: other.difference(run.headline) for other in run.contenders}
    row = rows.get(model.name)
    if row is None or row["difference"] is None or row["lo"] is None or row["hi"] is None:
        return None
    ends = [abs(end) for other in rows.values() if other for end in (other["lo"], other["hi"]) if end is not None]
    reach = math.ceil(max(0.05, *ends) * 20) / 20
    with canvas(height_inches=0.9, width_inches=2.9) as figure:
        axes = figure.add_axes((0.05, 0.47, 0.90, 0.40))
        axes.axvline(0, color=MUTED, linewidth=0.9)
        axes.plot((row["lo"], row["hi"]), (0, 0), color=PALETTE[place], linewidth=2.2, solid_capstyle="butt")
        axes.plot((row["difference"],), (0,), color=PALETTE[place], marker=MARKERS[place], markersize=7)
        axes.set_xlim(-reach, reach)
        axes.set_ylim(-1, 1)
        axes.set_yticks(())
        axes.spines["left"].set_visible(False)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(lambda value, _: signed(value, digits=2))
        axes.set_xlabel(f"{metric_name(run.headline)} minus baseline")
        summary = f"{signed(row['difference'])}, interval {signed_interval(row['lo'], row['hi'])}"
        return picture(
            figure, f"difference-{place}-{slug(model.name)}", f"{model.name}: difference to the baseline", summary
        )


def slug(name: str) -> str:
    """Return a name that can stand in a file name and in an id of the page."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name)


def _unit_square(axes: Axes) -> Axes:
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.grid(color=LINE, linewidth=0.5)
    axes.set_axisbelow(True)
    return axes


def _band(axes: Axes, x: list[float], lo: list[float] | None, hi: list[float] | None, place: int) -> None:
    if lo is None or hi is None:
        return
    axes.fill_between(x, lo, hi, color=PALETTE[place], alpha=0.13, linewidth=0)


def _operating_points(axes: Axes, model: Judged, place: int, *, curve: str) -> None:
    for threshold in _OPERATING:
        sens = model.value("sens", threshold=threshold)
        other = model.value("spec" if curve == "roc" else "ppv", threshold=threshold)
        if not sens or not other or sens["value"] is None or other["value"] is None:
            continue
        x, y = (1 - other["value"], sens["value"]) if curve == "roc" else (sens["value"], other["value"])
        axes.plot(
            (x,),
            (y,),
            marker=MARKERS[place],
            color=PALETTE[place],
            markeredgecolor=INK,
            markeredgewidth=0.6,
            markersize=5.5,
            linestyle="none",
        )


def _label(model: Judged, metric: str) -> str:
    row = model.value(metric)
    return f"{model.name}  {number(row['value'] if row else None)}"


def shown(model: Judged, metric: str, group: GroupRow | None = None) -> str:
    """Return a value with its interval, or why there is none, in words for a figure's description."""
    row = model.value(metric, group["group_id"]) if group else model.value(metric)
    if row is None:
        return "not computed"
    if row["value"] is None:
        return f"not estimable, {reason(row, None)}"
    between = f" ({number(row['lo'])} to {number(row['hi'])})" if row["lo"] is not None else ""
    return number(row["value"]) + between
