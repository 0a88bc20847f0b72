"""The sentences of the report; none says more than its interval shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from harness.metrics.subgroups import MISSING, OVERALL
from harness.report.numbers import Judged, RunFolder
from harness.report.rows import DifferenceRow, GroupRow, ValueRow, WarningRow
from harness.report.wording import (
    attribute_name,
    count,
    group_counts,
    group_name,
    inside,
    interval,
    metric_name,
    number,
    plural,
    signed,
    signed_interval,
)

Tone = Literal["better", "worse", "none", "plain"]

# What a reader must know first; a code that is not named here comes after them, in the order of metrics.json.
_GRAVEST = ("no_validation_split", "validation_one_class", "small_test_set", "patients_unknown", "small_validation")


@dataclass(frozen=True, slots=True)
class VerdictText:
    """What is said about one model on top of the report.

    Parameters
    ----------
    model : str
        Name of the model.
    tone : {"better", "worse", "none", "plain"}
        Which sign and color it is given; ``plain`` where nothing was compared.
    headline : str
        A few words.
    sentences : tuple of (str, str)
        A word and its sentence: the result with its counts, the groups, the largest warning.
    """

    model: str
    tone: Tone
    headline: str
    sentences: tuple[tuple[str, str], ...]


def verdicts(run: RunFolder) -> tuple[VerdictText, ...]:
    """Return one verdict per model that was put beside the baseline, or on the only one there is."""
    judged = run.contenders if run.contenders and run.baseline else run.models
    return tuple(_verdict(run, model) for model in judged)


def is_smoke(run: RunFolder) -> bool:
    """Tell whether a model of this run had the smoke budget, whose numbers only prove that the path works."""
    return any(model.facts.get("budget") == "smoke" for model in run.models)


def is_synthetic(run: RunFolder) -> bool:
    """Tell whether test images are drawn by a program: the built-in source ``sample``, or so marked in run.json."""
    if any(model.facts.get("synthetic") is True for model in run.models):
        return True
    sources = {row["level"] for row in run.lead.groups.values() if row["attribute"] == "source"}
    return any(source == "sample" or source.startswith("sample_") for source in sources)


def tested(run: RunFolder) -> str:
    """Return "120 images of 82 patients, 31 malignant", the counts that go with every number."""
    rows = run.lead.metrics["data"]
    counts = rows["cluster_counts"]
    patients = plural(rows["n_clusters"], "patient")
    if counts["lesion"] or counts["row"]:
        patients = f"{plural(rows['n_clusters'], 'cluster')} (patients where known)"
    positives = "" if rows["n_pos"] is None else f", {count(rows['n_pos'])} {positive_word(run)}"
    return f"{plural(rows['n'], rows['unit'])} of {patients}{positives}"


def positive_word(run: RunFolder) -> str:
    """Return how the positive class is called."""
    classes = run.lead.metrics["task"]["classes"]
    return classes[1] if run.lead.metrics["task"]["kind"] == "binary" else "malignant"


def read_out(run: RunFolder) -> str:
    """Return what curves and thresholds of a task of several classes are about, empty for a task of two."""
    if run.is_binary:
        return ""
    malignant = ", ".join(run.lead.metrics["task"]["malignant"])
    return f"Of malignant against the rest: the score is the sum of the probabilities of {malignant}."


def _verdict(run: RunFolder, model: Judged) -> VerdictText:
    tone, headline, result = _against_baseline(run, model)
    sentences = [("Result", result), ("Groups", _groups(run, model))]
    warning = gravest(model)
    if warning is not None:
        sentences.append(("Warning", _sentence(warning["message"])))
    return VerdictText(model.name, tone, headline, tuple(sentences))


def _against_baseline(run: RunFolder, model: Judged) -> tuple[Tone, str, str]:
    metric = metric_name(run.headline)
    value = model.value(run.headline)
    row = model.difference(run.headline)
    alone = f"{metric} {_value(value)}; {tested(run)}."
    if run.baseline is None or model is run.baseline:
        return "plain", "Judged alone, beside no other model", alone
    if row is None or row["difference"] is None:
        return "plain", f"{metric} could not be compared", alone
    reference = "the reference of this smoke run" if is_smoke(run) else "the baseline"
    tones: dict[str, tuple[Tone, str]] = {
        "better": ("better", f"Better than {reference}"),
        "worse": ("worse", f"Worse than {reference}"),
    }
    tone, headline = tones.get(row["verdict"], ("none", f"No difference to {reference} shown"))
    mine, other = _point(model, run.headline), _point(run.baseline, run.headline)
    between = f"{_level(run)} interval {signed_interval(row['lo'], row['hi'])}"
    result = f"{metric} {mine} against {other}: difference {signed(row['difference'])} ({between}); {tested(run)}."
    return tone, headline, result


def _point(model: Judged, metric: str) -> str:
    row = model.value(metric)
    return number(row["value"] if row else None)


def _value(row: ValueRow | None) -> str:
    if row is None or row["value"] is None:
        return "could not be estimated"
    between = interval(row["lo"], row["hi"])
    return f"{number(row['value'])} ({between})" if between else number(row["value"])


def _level(run: RunFolder) -> str:
    return f"{100 * run.lead.metrics['settings']['level']:g} %"


def _groups(run: RunFolder, model: Judged) -> str:
    known = [row for attribute in run.attributes for row in run.levels(attribute) if row["level"] != MISSING]
    estimable = [row for row in known if _estimate(model, run.headline, row) is not None]
    if not known:
        return "No groups were looked at."
    if not estimable:
        return f"None of {plural(len(known), 'group')} holds enough cases to be judged."
    lower = sorted(_lower(run, model), key=lambda pair: pair[1]["estimate"] or 0.0)
    if lower:
        return _lower_sentence(run, model, *lower[0], more=len(lower) - 1)
    lowest = min(estimable, key=lambda row: _estimate(model, run.headline, row) or 0.0)
    judged = f"{count(len(estimable))} of {plural(len(known), 'group')} could be estimated"
    value = number(_estimate(model, run.headline, lowest))
    return (
        f"No group is shown to do worse than the rest ({judged}). The lowest {metric_name(run.headline)}, {value}, "
        f"is in the group {group_name(lowest)}{_unshown(run, model, lowest)}"
    )


def _lower(run: RunFolder, model: Judged) -> Iterator[tuple[str, DifferenceRow]]:
    """Give attribute and group wherever the simultaneous interval lies below 0.

    Naming the worst of several groups is a selection, so no other interval will do.
    """
    for attribute in run.attributes:
        gap = model.gap(attribute, run.headline)
        for row in gap["differences"] if gap else ():
            if row["hi_simultaneous"] is not None and row["hi_simultaneous"] < 0:
                yield attribute, row


def _lower_sentence(run: RunFolder, model: Judged, attribute: str, row: DifferenceRow, *, more: int) -> str:
    group = model.groups[row["group_id"]]
    rest = f"all other images with known {inside(attribute_name(attribute))}"
    between = signed_interval(row["lo_simultaneous"], row["hi_simultaneous"])
    others = f" So is it in {plural(more, 'other group')}." if more else ""
    return (
        f"{metric_name(run.headline)} is lower in the group {group_name(group)} than in {rest}: "
        f"{signed(row['estimate'])} (simultaneous {_level(run)} interval {between}; {group_counts(group)}).{others}"
    )


def _unshown(run: RunFolder, model: Judged, group: GroupRow) -> str:
    gap = model.gap(group["attribute"], run.headline)
    row = next((row for row in gap["differences"] if row["group_id"] == group["group_id"]), None) if gap else None
    if row is None or row["lo_simultaneous"] is None:
        return f" ({group_counts(group)})."
    between = signed_interval(row["lo_simultaneous"], row["hi_simultaneous"])
    seen = row["detectable"]
    smallest = "" if seen is None else f"; smallest that could have been seen: {number(seen)}"
    return f" ({group_counts(group)}); difference to the rest {signed(row['estimate'])} ({between}{smallest})."


def _estimate(model: Judged, metric: str, group: GroupRow) -> float | None:
    row = model.value(metric, group["group_id"])
    return row["value"] if row else None


def gravest(model: Judged) -> WarningRow | None:
    """Return the warning that stands in the verdict, None where there is none."""
    warnings = [row for row in model.metrics["warnings"] if row.get("group_id", OVERALL) == OVERALL]
    ranks = {code: rank for rank, code in enumerate(_GRAVEST)}
    return min(warnings, key=lambda row: ranks.get(row["code"], len(ranks)), default=None)


def warnings(run: RunFolder) -> tuple[str, ...]:
    """Return every warning once, with the models that it is about where it is not about all."""
    about: dict[str, list[str]] = {}
    for model in run.models:
        for row in model.metrics["warnings"]:
            about.setdefault(_sentence(row["message"]), []).append(model.name)
    every = len(run.models)
    return tuple(text if len(names) == every else f"{', '.join(names)}: {text}" for text, names in about.items())


def _sentence(text: str) -> str:
    stop = "" if text.endswith((".", "!", "?")) else "."
    return f"{text[0].upper()}{text[1:]}{stop}" if text else text
