"""Forest plots: estimate and interval of every group of an attribute, with counts, or the reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes

from harness.metrics.subgroups import MISSING
from harness.report.figures import placed, shown, slug
from harness.report.numbers import RunFolder
from harness.report.rows import GroupRow, ValueRow
from harness.report.svg import DASHES, LINE, MARKERS, MUTED, PALETTE, PAPER, Picture, canvas, picture
from harness.report.wording import attribute_name, count, group_counts, level_name, metric_name, reason

Placed = Sequence[tuple[GroupRow, float]]

_FEWEST = 2
# Inches: one model's line in a row, the air between rows, a row of words.
_MODEL_HIGH, _ROW_AIR, _WORDS_HIGH = 0.13, 0.15, 0.24


def forest(run: RunFolder, attribute: str) -> Picture | None:
    """Draw estimate and interval of every group and model; a group that cannot be estimated is a row of words.

    Returns
    -------
    Picture or None
        None where fewer than two groups are known: there is nothing to compare.
    """
    metric, rows = run.headline, run.levels(attribute)
    if sum(row["level"] != MISSING for row in rows) < _FEWEST:
        return None
    heights = [_row_height(run, row) for row in rows]
    centers = [sum(heights[:line]) + height / 2 for line, height in enumerate(heights)]
    is_drawn = any(height > _WORDS_HIGH for height in heights)
    foot = 0.40 if is_drawn else 0.05
    inches = sum(heights) + foot + 0.22
    with canvas(height_inches=inches) as figure:
        axes = figure.add_axes((0.29, foot / inches, 0.56, sum(heights) / inches))
        axes.set_xlim(_lower_end(run, rows), 1.0)
        axes.set_ylim(sum(heights), 0)
        for line, (place, model) in enumerate(placed(run) if is_drawn else ()):
            overall = model.value(metric)
            if overall and overall["value"] is not None:
                axes.axvline(overall["value"], color=PALETTE[place], linewidth=0.7, linestyle=DASHES[place], alpha=0.55)
            offset = (line - (len(run.models) - 1) / 2) * _MODEL_HIGH
            values = [model.value(metric, row["group_id"]) for row in rows]
            _points(axes, values, [center + offset for center in centers], place)
        _words(axes, run, list(zip(rows, centers, strict=True)))
        axes.set_yticks(centers, [level_name(row["level"]) for row in rows])
        _frame(axes, metric_name(metric) if is_drawn else "")
        title = f"{attribute_name(attribute)}: {metric_name(metric)} per group"
        return picture(figure, f"groups-{slug(attribute)}", title, _summary(run, rows))


def _frame(axes: Axes, label: str) -> None:
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_axisbelow(True)
    if label:
        axes.set_xlabel(label)
        axes.grid(axis="x", color=LINE, linewidth=0.5)
    else:
        axes.set_xticks(())
        axes.spines["bottom"].set_visible(False)


def _row_height(run: RunFolder, row: GroupRow) -> float:
    values = [model.value(run.headline, row["group_id"]) for model in run.models]
    drawn = any(value is not None and value["value"] is not None for value in values)
    return _MODEL_HIGH * len(run.models) + _ROW_AIR if drawn else _WORDS_HIGH


def _points(axes: Axes, values: Sequence[ValueRow | None], heights: Sequence[float], place: int) -> None:
    color, marker = PALETTE[place], MARKERS[place]
    for value, height in zip(values, heights, strict=True):
        if value is None or value["value"] is None:
            continue
        if value["lo"] is not None and value["hi"] is not None:
            axes.plot((value["lo"], value["hi"]), (height, height), color=color, linewidth=1.1, solid_capstyle="butt")
        inside = PAPER if value["status"] == "low_precision" else color
        axes.plot(
            value["value"], height, marker=marker, color=color, markerfacecolor=inside, markersize=4.2, clip_on=False
        )


def _words(axes: Axes, run: RunFolder, rows: Placed) -> None:
    beside = axes.get_yaxis_transform()
    axes.text(
        1.04,
        -0.06,
        "positive / all" if run.is_binary else "images",
        transform=beside,
        ha="left",
        va="bottom",
        color=MUTED,
        fontsize=6.5,
    )
    for row, center in rows:
        axes.text(
            1.04,
            center,
            f"{count(row['n_pos'])} / {count(row['n'])}" if run.is_binary else count(row["n"]),
            transform=beside,
            ha="left",
            va="center",
            fontsize=7,
        )
        if _row_height(run, row) == _WORDS_HIGH:
            value = run.lead.value(run.headline, row["group_id"])
            words = f"not estimable: {reason(value, None)}" if value else "not estimable"
            ground = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.0}
            axes.text(
                0.02, center, words, transform=beside, ha="left", va="center", color=MUTED, fontsize=7, bbox=ground
            )


def _lower_end(run: RunFolder, rows: Sequence[GroupRow]) -> float:
    values = [model.value(run.headline, row["group_id"]) for model in run.models for row in rows]
    ends = [value["value"] if value["lo"] is None else value["lo"] for value in values if value]
    lowest = min((end for end in ends if end is not None), default=0.5)
    return 0.5 if lowest >= 0.5 else math.floor(lowest * 10) / 10


def _summary(run: RunFolder, rows: Sequence[GroupRow]) -> str:
    parts = []
    for row in rows:
        values = [f"{model.name} {shown(model, run.headline, row)}" for model in run.models]
        parts.append(f"{level_name(row['level'])} ({group_counts(row)}): {', '.join(values)}")
    return "; ".join(parts)
