"""Tables of the report: cells with their text, their detail and the number they are sorted by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from harness.report.numbers import MISSING, OVERALL, Judged, RunFolder
from harness.report.rows import ComparisonRow, DifferenceRow, GroupRow, ValueRow
from harness.report.text import tested
from harness.report.wording import (
    NOTHING,
    attribute_name,
    count,
    group_name,
    interval,
    level_name,
    metric_name,
    number,
    percent,
    reason,
    signed,
    signed_interval,
    threshold_name,
)

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
    Line("auroc", detail="chance 0.5"),
    Line("macro_auroc_ovr", detail="chance 0.5"),
    Line("bma"),
    Line("ap", detail="chance = share of positives"),
    Line("sens", "val_spec95", "threshold fixed on validation", "Sensitivity, specificity set to 95 %"),
    Line("spec", "val_spec95", "asked 95 %", "Specificity reached there on test"),
    Line("sens", "val_spec90", "threshold fixed on validation", "Sensitivity, specificity set to 90 %"),
    Line("spec", "val_spec90", "asked 90 %", "Specificity reached there on test"),
    Line("sens_at_spec_95", detail="threshold picked on the test set"),
    Line("sens_at_spec_90", detail="threshold picked on the test set"),
)
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
            "\N{BLACK UP-POINTING TRIANGLE} \N{BLACK DOWN-POINTING TRIANGLE} the interval of the paired difference excludes 0. "
            "\N{DAGGER} few cases: read with care."
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
    cells = [Cell(line.label or metric_name(line.metric), line.detail)]
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
    cells = [Cell("True, false positives; false, true negatives", "at the threshold for specificity 95 %")]
    for model in run.models:
        cells.append(Cell(counts[model.name] or NOTHING, kind="number"))
        if run.baseline and model is not run.baseline:
            cells.append(Cell("", kind="muted"))
    return (tuple(cells),)


def _counts(model: Judged) -> str | None:
    curve = model.curve("confusion", f"{OVERALL}:val_spec95")
    if curve is None:
        return None
    (tn, fp), (fn, tp) = confusion_matrix(curve)
    return f"{count(tp)}, {count(fp)}; {count(fn)}, {count(tn)}"


def confusion_matrix(curve: dict[str, object]) -> list[list[int]]:
    """Return the counts of a ``confusion`` curve, rows = truth."""
    matrix = curve["matrix"]
    assert isinstance(matrix, list)
    return [[int(cell) for cell in row] for row in matrix]


def value_cell(row: ValueRow | None, group: GroupRow | None = None) -> Cell:
    """Return a metric with its interval, or a dash with the reason why it is not given."""
    if row is None:
        return Cell(NOTHING, kind="muted")
    if row["status"] == "not_estimable":
        return Cell(NOTHING, reason(row, group), kind="muted")
    mark = " \N{DAGGER}" if row["status"] == "low_precision" else ""
    return Cell(number(row["value"]) + mark, interval(row["lo"], row["hi"]), sort=row["value"], kind="number")


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


def groups(run: RunFolder, attribute: str) -> Table:
    """Return counts and the headline metric of every group of an attribute, for all models."""
    metric = run.headline
    rows = []
    for row in run.levels(attribute):
        counts = (count(row["n"]), count(row["n_clusters"]), count(row["n_pos"]), percent(row["prevalence"]))
        sorts = (row["n"], row["n_clusters"], row["n_pos"], row["prevalence"])
        cells = [Cell(level_name(row["level"]))]
        cells += [Cell(text, sort=sort, kind="number") for text, sort in zip(counts, sorts, strict=True)]
        cells += [value_cell(model.value(metric, row["group_id"]), row) for model in run.models]
        rows.append(tuple(cells))
    return Table(
        caption=f"{attribute_name(attribute)}: {metric_name(metric)} per group",
        columns=("Group", "Images", "Patients", "Positive", "Prevalence", *(model.name for model in run.models)),
        rows=tuple(rows),
        sortable=True,
    )


def sensitivities(run: RunFolder, attribute: str, threshold: str) -> Table | None:
    """Return sensitivity and specificity of every group at one threshold that all groups share."""
    if not any(model.value("sens", threshold=threshold) for model in run.models):
        return None
    rows = []
    for row in run.levels(attribute):
        cells = [Cell(level_name(row["level"])), Cell(count(row["n_pos"]), sort=row["n_pos"], kind="number")]
        for model in run.models:
            for metric in ("sens", "spec"):
                cells.append(value_cell(model.value(metric, row["group_id"], threshold=threshold)))
        rows.append(tuple(cells))
    columns = [f"{model.name}, {word}" for model in run.models for word in ("sensitivity", "specificity")]
    return Table(
        caption=f"{attribute_name(attribute)}: one threshold for all groups ({threshold_name(threshold)})",
        columns=("Group", "Positive", *columns),
        rows=tuple(rows),
        sortable=True,
    )


def gaps(run: RunFolder) -> Table | None:
    """Return the largest difference between groups of each attribute beside what chance alone would give."""
    metric = run.headline
    rows = []
    for attribute in run.attributes:
        for model in run.models:
            gap = model.gap(attribute, metric)
            if gap is None or gap["max_min_gap"] is None:
                continue
            worst = model.groups[gap["worst_group"]] if gap["worst_group"] else None
            rows.append(
                (
                    Cell(attribute_name(attribute)),
                    Cell(model.name),
                    Cell(count(gap["n_groups"]), sort=gap["n_groups"], kind="number"),
                    Cell(number(gap["max_min_gap"]), sort=gap["max_min_gap"], kind="number"),
                    Cell(number(gap["gap_expected_by_chance"]), sort=gap["gap_expected_by_chance"], kind="number"),
                    Cell(number(gap["gap_p"]), sort=gap["gap_p"], kind="number"),
                    Cell(level_name(worst["level"]) if worst else NOTHING),
                )
            )
    if not rows:
        return None
    return Table(
        caption=f"Gaps in {metric_name(metric)}: best minus worst group, beside the gap that chance alone would give",
        columns=("Attribute", "Model", "Groups", "Gap", "Expected by chance", "p", "Lowest group"),
        rows=tuple(rows),
        note="A gap is never negative, so it has no interval; p compares it with gaps of resamples in which all groups are alike.",
        sortable=True,
    )


def differences(run: RunFolder) -> Table | None:
    """Return every group against all others, with the interval that holds for all groups of its attribute at once."""
    metric = run.headline
    rows = []
    for attribute in run.attributes:
        for model in run.models:
            gap = model.gap(attribute, metric)
            for row in gap["differences"] if gap else ():
                rows.append(_difference_row(model, row))
    if not rows:
        return None
    return Table(
        caption=f"Each group against all other images with that attribute known: difference in {metric_name(metric)}",
        columns=("Group", "Model", "Difference", "Simultaneous interval", "p (Holm)", "p (Holm, all)", "Detectable"),
        rows=tuple(rows),
        note=(
            "The simultaneous interval holds for all groups of an attribute at once; only where it excludes 0 does the report call a group "
            "lower. Detectable: the smallest difference that this many cases could have shown."
        ),
        sortable=True,
    )


def _difference_row(model: Judged, row: DifferenceRow) -> tuple[Cell, ...]:
    lo, hi = row["lo_simultaneous"], row["hi_simultaneous"]
    kind: Kind = "number"
    if lo is not None and hi is not None and (lo > 0 or hi < 0):
        kind = "better" if lo > 0 else "worse"
    return (
        Cell(group_name(model.groups[row["group_id"]])),
        Cell(model.name),
        Cell(signed(row["estimate"]), sort=row["estimate"], kind=kind),
        Cell(signed_interval(lo, hi) or NOTHING, sort=lo, kind="number"),
        Cell(number(row["p_holm"]), sort=row["p_holm"], kind="number"),
        Cell(number(row["p_holm_run"]), sort=row["p_holm_run"], kind="number"),
        Cell(number(row["detectable"]), sort=row["detectable"], kind="number"),
    )


def pair(model: Judged, rows: Iterable[GroupRow], metric: str) -> Table:
    """Return one model's metric over two attributes at once; a cell that cannot be estimated says why."""
    cells = {_two_levels(row): row for row in rows}
    firsts = list(dict.fromkeys(first for first, _ in cells))
    seconds = list(dict.fromkeys(second for _, second in cells))
    attribute = next(iter(cells.values()))["attribute"]
    body = [
        (Cell(level_name(first)), *(_pair_cell(model, cells.get((first, second)), metric) for second in seconds))
        for first in firsts
    ]
    return Table(
        caption=f"{model.name}: {metric_name(metric)}, {attribute_name(attribute)}",
        columns=("", *(level_name(second) for second in seconds)),
        rows=tuple(body),
    )


def _two_levels(row: GroupRow) -> tuple[str, str]:
    first, second = row["group_id"].split(";")
    return first.split("=", 1)[1], second.split("=", 1)[1]


def _pair_cell(model: Judged, group: GroupRow | None, metric: str) -> Cell:
    if group is None or group["n"] == 0:
        return Cell(NOTHING, "no image", kind="muted")
    row = model.value(metric, group["group_id"])
    value = row["value"] if row else None
    if value is None:
        return Cell(NOTHING, f"{count(group['n_pos'])} positive of {count(group['n'])}", kind="muted")
    weight = min(max((value - 0.5) * 2, 0.0), 1.0)
    return Cell(number(value), f"{count(group['n_pos'])} positive", sort=value, kind="number", weight=weight)


def confusion(model: Judged, threshold: str) -> Table | None:
    """Return counts with shares of the row, rows = truth; None where the threshold was not set."""
    curve = model.curve("confusion", f"{OVERALL}:{threshold}")
    if curve is None:
        return None
    labels = [str(label) for label in curve["labels"]]
    rows = []
    for label, counts in zip(labels, confusion_matrix(curve), strict=True):
        total = sum(counts)
        shares = [cell / total if total else None for cell in counts]
        cells = [
            Cell(count(cell), percent(share), kind="number", weight=share)
            for cell, share in zip(counts, shares, strict=True)
        ]
        rows.append((Cell(label), *cells, Cell(count(total), kind="muted")))
    return Table(caption=model.name, columns=("Truth", *labels, "all"), rows=tuple(rows))


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


# Specificities that are read off the ROC curve; where a metric of its own exists it is taken, because a drawn curve is thinned.
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
    """Return the best second rate among points whose first rate is good enough; thresholds are observed, nothing is interpolated."""
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


def known_levels(rows: Iterable[GroupRow]) -> list[GroupRow]:
    """Return the groups whose value is known."""
    return [row for row in rows if row["level"] != MISSING]
