"""Tables about groups: every group with its counts, the gaps between groups, pairs of attributes."""

from __future__ import annotations

from collections.abc import Iterable

from harness.report.numbers import Judged, RunFolder
from harness.report.rows import DifferenceRow, GroupRow
from harness.report.tables import Cell, Kind, Table, value_cell
from harness.report.wording import (
    NOTHING,
    attribute_name,
    count,
    group_counts,
    group_name,
    level_name,
    metric_name,
    number,
    percent,
    signed,
    signed_interval,
    threshold_name,
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
            pair = (model.value(metric, row["group_id"], threshold=threshold) for metric in ("sens", "spec"))
            cells.extend(value_cell(value) for value in pair)
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
        note="A gap is never negative, so it has no interval; p compares it with chance alone.",
        sortable=True,
    )


def differences(run: RunFolder) -> Table | None:
    """Return every group against all others, with the interval that holds for all groups of its attribute at once."""
    metric = run.headline
    rows: list[tuple[Cell, ...]] = []
    for attribute in run.attributes:
        for model in run.models:
            gap = model.gap(attribute, metric)
            rows.extend(_difference_row(model, row) for row in (gap["differences"] if gap else ()))
    if not rows:
        return None
    return Table(
        caption=f"Each group against all other images with that attribute known: difference in {metric_name(metric)}",
        columns=("Group", "Model", "Difference", "Simultaneous interval", "p (Holm)", "p (Holm, all)", "Detectable"),
        rows=tuple(rows),
        note=(
            "The simultaneous interval holds for all groups of an attribute at once; only where it excludes 0 does the "
            "report call a group lower. Detectable: the smallest difference that this many cases could have shown."
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
        return Cell(NOTHING, group_counts(group), kind="muted")
    weight = min(max((value - 0.5) * 2, 0.0), 1.0)
    return Cell(number(value), group_counts(group), sort=value, kind="number", weight=weight)
