"""Tables of the report: cells with their text, their detail and the number they are sorted by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from harness.report.numbers import Judged, RunFolder
from harness.report.rows import ComparisonRow, GroupRow, ValueRow
from harness.report.text import tested
from harness.report.wording import (
    NOTHING,
    count,
    interval,
    metric_name,
    number,
    percent,
    reason,
    signed,
    signed_interval,
    threshold_name,
)

_BINARY = 2
Kind = Literal["text", "number", "better", "worse", "muted"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    Parameters
    ----------
    text : str
        What stands in it.
    detail : str
        Second line in small type: an interval, a reason.
    sort : float, optional
        What its column is sorted by, where that is not the text.
    kind : str
        How it is set; ``better`` and ``worse`` carry a sign as well, so that no meaning hangs on color.
    weight : float, optional
        0..1, how dark the ground of a matrix cell is.
    """

    text: str
    detail: str = ""
    sort: float | None = None
    kind: Kind = "text"
    weight: float | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a caption; the first cell of a row is its heading.

    Parameters
    ----------
    caption : str
        What is counted, for a reader and a screen reader.
    columns : tuple of str
        Headings.
    rows : tuple of tuple of Cell
        As many cells as headings.
    note : str
        What has to be known to read it.
    sortable : bool
        True where another order of rows makes sense.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    sortable: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One metric of the headline table."""

    metric: str
    threshold: str | None = None
    detail: str = ""
    label: str = field(default="")


DISCRIMINATION = (
    Line("macro_auroc_ovr", detail="chance 0.5"),
    Line("bma"),
    Line("accuracy"),
    Line("auroc", detail="chance 0.5"),
    Line("ap", detail="chance = share of positives"),
    Line("sens", "val_spec95", "threshold fixed on validation", "Sensitivity, specificity set to 95 %"),
    Line("spec", "val_spec95", "asked 95 %", "Specificity reached there on test"),
    Line("sens", "val_spec90", "threshold fixed on validation", "Sensitivity, specificity set to 90 %"),
    Line("spec", "val_spec90", "asked 90 %", "Specificity reached there on test"),
    Line("sens_at_spec_95", detail="threshold picked on the test set"),
    Line("sens_at_spec_90", detail="threshold picked on the test set"),
)
_SEVERAL = ("macro_auroc_ovr", "bma", "accuracy")
CALIBRATION = (
    Line("bss", detail="0 = no better than the prevalence"),
    Line("cal_slope", detail="ideal 1"),
)


def headline(run: RunFolder) -> Table:
    """Return model | baseline | paired difference for the metrics that a reader asks for first."""
    return Table(
        caption=f"Test set: {tested(run)}",
        columns=("Measure", *_model_columns(run)),
        rows=(*_headline_rows(run, DISCRIMINATION), *_counts_row(run), *_headline_rows(run, CALIBRATION)),
        note=(
            f"Below each value its {level(run)} interval, resampled by patient; thresholds are held fixed. "
            "\N{BLACK UP-POINTING TRIANGLE} \N{BLACK DOWN-POINTING TRIANGLE} the interval of the paired difference "
            "excludes 0. \N{DAGGER} few cases: read with care."
        ),
    )


def _headline_rows(run: RunFolder, lines: Iterable[Line]) -> tuple[tuple[Cell, ...], ...]:
    known = [line for line in lines if any(model.value(line.metric, threshold=line.threshold) for model in run.models)]
    return tuple(_headline_row(run, line) for line in known)


def level(run: RunFolder) -> str:
    """Return the confidence level as "95 %"."""
    return f"{100 * run.lead.metrics['settings']['level']:g} %"


def _model_columns(run: RunFolder) -> tuple[str, ...]:
    names = ["baseline"] if run.baseline else []
    for model in run.contenders:
        names.append(model.name)
        if run.baseline:
            names.append("difference")
    return tuple(names)


def _headline_row(run: RunFolder, line: Line) -> tuple[Cell, ...]:
    read_out = "" if run.is_binary or line.metric in _SEVERAL else "malignant against the rest"
    cells = [Cell(line.label or metric_name(line.metric), ", ".join(filter(None, (read_out, line.detail))))]
    if run.baseline:
        cells.append(value_cell(run.baseline.value(line.metric, threshold=line.threshold)))
    for model in run.contenders:
        cells.append(value_cell(model.value(line.metric, threshold=line.threshold)))
        if run.baseline:
            cells.append(difference_cell(model.difference(line.metric, threshold=line.threshold)))
    return tuple(cells)


def _counts_row(run: RunFolder) -> tuple[tuple[Cell, ...], ...]:
    counts = {model.name: _counts(model) for model in run.models}
    if not any(counts.values()):
        return ()
    cells = [Cell("Positive and negative calls, true and false", "threshold for specificity 95 %, fixed on validation")]
    for model in run.models:
        cells.append(counts[model.name] or Cell(NOTHING, kind="muted"))
        if run.baseline and model is not run.baseline:
            cells.append(Cell("", kind="muted"))
    return (tuple(cells),)


def _counts(model: Judged) -> Cell | None:
    found = model.confusion("val_spec95")
    if found is None or len(found.labels) != _BINARY:
        return None
    (tn, fp), (fn, tp) = found.matrix
    return Cell(f"TP {count(tp)}, FP {count(fp)}", f"TN {count(tn)}, FN {count(fn)}", kind="number")


def value_cell(row: ValueRow | None, group: GroupRow | None = None, *, digits: int = 3) -> Cell:
    """Return a metric with its interval, or a dash with the reason why it is not given."""
    if row is None:
        return Cell(NOTHING, kind="muted")
    if row["status"] == "not_estimable":
        return Cell(NOTHING, reason(row, group), kind="muted")
    mark = " \N{DAGGER}" if row["status"] == "low_precision" else ""
    text, between = number(row["value"], digits=digits), interval(row["lo"], row["hi"], digits=digits)
    return Cell(text + mark, between, sort=row["value"], kind="number")


def difference_cell(row: ComparisonRow | None) -> Cell:
    """Return a paired difference with its interval, marked where the interval excludes 0."""
    if row is None or row["difference"] is None:
        return Cell(NOTHING, kind="muted")
    signs = {"better": "\N{BLACK UP-POINTING TRIANGLE} ", "worse": "\N{BLACK DOWN-POINTING TRIANGLE} "}
    kinds: dict[str, Kind] = {"better": "better", "worse": "worse"}
    return Cell(
        signs.get(row["verdict"], "") + signed(row["difference"]),
        signed_interval(row["lo"], row["hi"]),
        sort=row["difference"],
        kind=kinds.get(row["verdict"], "number"),
    )


def confusion(model: Judged, threshold: str) -> Table | None:
    """Return counts with shares of the row, rows = truth; None where the threshold was not set."""
    found = model.confusion(threshold)
    if found is None:
        return None
    rows = []
    for label, counts in zip(found.labels, found.matrix, strict=True):
        total = sum(counts)
        shares = [cell / total if total else None for cell in counts]
        cells = [
            Cell(count(cell), percent(share), kind="number", weight=share)
            for cell, share in zip(counts, shares, strict=True)
        ]
        rows.append((Cell(label), *cells, Cell(count(total), kind="muted")))
    return Table(caption=model.name, columns=("Truth", *found.labels, "all"), rows=tuple(rows))


_OF_CLASS = ("auroc", "ap", "sens", "ppv", "f1")


def classes(model: Judged) -> Table | None:
    """Return every class of a task of several against all others; None for a task of two."""
    task = model.metrics["task"]
    if task["kind"] == "binary":
        return None
    rows = []
    for name in task["classes"]:
        support = model.of_class("support", name)
        images = int(support["value"]) if support and support["value"] is not None else None
        values = (value_cell(model.of_class(metric, name)) for metric in _OF_CLASS)
        rows.append((Cell(name), Cell(count(images), sort=images, kind="number"), *values))
    columns = ("Class", "Images", *(metric_name(metric) for metric in _OF_CLASS))
    return Table(f"{model.name}: each class against all others", columns, tuple(rows), sortable=True)


def calibration(run: RunFolder) -> Table:
    """Return what is known about the probabilities of every model."""
    metrics = (
        "cal_slope",
        "cal_intercept",
        "citl",
        "oe",
        "ece_db",
        "ece15",
        "ece15_expected_if_calibrated",
        "brier",
        "bss",
        "logloss",
    )
    ideal = {
        "cal_slope": "ideal 1",
        "cal_intercept": "ideal 0",
        "citl": "ideal 0",
        "oe": "ideal 1",
        "ece_db": "ideal 0",
        "brier": "smaller is better",
    }
    rows = [
        (Cell(metric_name(metric), ideal.get(metric, "")), *(value_cell(model.value(metric)) for model in run.models))
        for metric in metrics
        if any(model.value(metric) for model in run.models)
    ]
    return Table(
        caption="Calibration on the test set",
        columns=("Measure", *(model.name for model in run.models)),
        rows=tuple(rows),
    )


def thresholds(run: RunFolder) -> Table:
    """Return the named thresholds of every model and what they were chosen on."""
    names = list(dict.fromkeys(row["name"] for model in run.models for row in model.metrics["thresholds"]))
    rows = []
    for name in names:
        found = [
            next((row for row in model.metrics["thresholds"] if row["name"] == name), None) for model in run.models
        ]
        chosen = next(row["chosen_on"] for row in found if row)
        values = [Cell(number(row["value"] if row else None, digits=4), kind="number") for row in found]
        rows.append((Cell(threshold_name(name), f"chosen on: {chosen}"), *values))
    return Table(caption="Thresholds", columns=("Threshold", *(model.name for model in run.models)), rows=tuple(rows))


# Specificities read off the ROC curve; where a metric of its own exists it is taken, because a drawn curve is thinned.
_SPECIFICITIES = {
    0.99: "",
    0.98: "",
    0.95: "sens_at_spec_95",
    0.90: "sens_at_spec_90",
    0.80: "",
    0.70: "",
    0.60: "",
    0.50: "",
}
_SENSITIVITIES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


def roc_points(run: RunFolder) -> Table:
    """Return the sensitivity of every model at round specificities, for readers who cannot see the figure."""
    rows = []
    for specificity, metric in _SPECIFICITIES.items():
        cells = [
            number(_value(model, metric) if metric else _highest(model, "roc", specificity)) for model in run.models
        ]
        rows.append((Cell(percent(specificity, digits=0)), *(Cell(text, kind="number") for text in cells)))
    return Table(
        "Sensitivity at a specificity of at least", ("Specificity", *(model.name for model in run.models)), tuple(rows)
    )


def precision_points(run: RunFolder) -> Table:
    """Return the highest precision of every model at round sensitivities."""
    rows = []
    for sensitivity in _SENSITIVITIES:
        cells = [number(_highest(model, "pr", sensitivity)) for model in run.models]
        rows.append((Cell(percent(sensitivity, digits=0)), *(Cell(text, kind="number") for text in cells)))
    return Table(
        "Precision at a sensitivity of at least", ("Sensitivity", *(model.name for model in run.models)), tuple(rows)
    )


def _value(model: Judged, metric: str) -> float | None:
    row = model.value(metric)
    return row["value"] if row else None


def _highest(model: Judged, kind: str, asked: float) -> float | None:
    """Return the best rate that an observed threshold reaches while the other rate is at least as asked."""
    curve = model.curve(kind)
    if curve is None:
        return None
    if kind == "roc":
        found = [tpr for fpr, tpr in zip(curve["fpr"], curve["tpr"], strict=True) if fpr <= 1 - asked + 1e-9]
    else:
        found = [
            precision
            for recall, precision in zip(curve["recall"], curve["precision"], strict=True)
            if recall >= asked - 1e-9
        ]
    return max(found, default=None)


_NET_BENEFIT_AT = (0.05, 0.1, 0.2, 0.3, 0.4)


def net_benefit(run: RunFolder) -> Table:
    """Return the net benefit of every model at round threshold probabilities, beside treating all."""
    curves = [model.curve("decision") for model in run.models]
    lead = run.lead.curve("decision")
    rows = []
    for asked in _NET_BENEFIT_AT:
        values = [*(_at(curve, asked, "net_benefit") for curve in curves), _at(lead, asked, "treat_all")]
        rows.append((Cell(percent(asked, digits=0)), *(Cell(number(value), kind="number") for value in values)))
    names = (*(model.name for model in run.models), "treat all")
    return Table("Net benefit at a threshold probability (treating none: 0)", ("Threshold", *names), tuple(rows))


def _at(curve: dict[str, list[float]] | None, asked: float, key: str) -> float | None:
    """Return the value of the grid point at a threshold; the grid has steps of .01."""
    if curve is None:
        return None
    pairs = zip(curve["threshold"], curve[key], strict=True)
    return next((value for threshold, value in pairs if abs(threshold - asked) < 1e-9), None)


def biopsies(run: RunFolder) -> Table:
    """Return how many images are called positive for each true one, at every threshold fixed before the test."""
    names = [row["name"] for row in run.lead.metrics["thresholds"]]
    rows = [
        (
            Cell(threshold_name(name)),
            *(value_cell(model.value("nnb", threshold=name), digits=1) for model in run.models),
        )
        for name in names
    ]
    columns = ("Threshold", *(model.name for model in run.models))
    return Table("Number needed to biopsy: positive calls per cancer found", columns, tuple(rows))
