"""How the report writes a number, a metric, a group, a reason: the same words in tables, figures and sentences."""

from __future__ import annotations

from harness.metrics import METRICS
from harness.metrics.subgroups import OVERALL
from harness.report.rows import GroupRow, ValueRow

MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"
NOTHING = "\N{EM DASH}"

# What a table says in a column or a line of its own stands in brackets behind the title of a metric.
_TITLES = {metric.name: metric.title.split(" (threshold")[0] for metric in METRICS}
_MULTICLASS = {
    "macro_auroc_ovr": "Macro ROC-AUC (one against rest)",
    "bma": "Balanced multiclass accuracy",
    "accuracy": "Accuracy",
}

ATTRIBUTES = {
    "sex": "Sex",
    "age_band": "Age",
    "skin_tone": "Skin tone (annotated)",
    "ita_class": "Skin tone (measured, ITA)",
    "site": "Body site",
    "source": "Source",
    "image_type": "Image type",
}

THRESHOLDS = {
    "argmax": "the class of the highest probability",
    "half": "probability 0.5",
    "val_spec95": "specificity 95 % on validation",
    "val_spec90": "specificity 90 % on validation",
    "val_sens90": "sensitivity 90 % on validation",
    "val_sens95": "sensitivity 95 % on validation",
    "val_youden": "best Youden index on validation",
}

LEVELS = {"(missing)": "not recorded"}

# Codes of metrics.md, section 8, in words.
REASONS = {
    "too_few_positives": "too few positives",
    "too_few_negatives": "too few negatives",
    "too_few_patients": "too few patients",
    "too_few_rows": "too few images",
    "too_few": "too few images",
    "tail_too_short": "too few images beyond the threshold",
    "empty_denominator": "no image to count",
    "no_validation_split": "no validation rows",
    "unstable_resampling": "undefined in too many resamples",
    "class_absent": "a class is absent",
    "one_class": "one class only",
}


def number(value: float | None, *, digits: int = 3) -> str:
    """Return a number with a true minus sign, a dash for None."""
    if value is None:
        return NOTHING
    text = f"{value:.{digits}f}"
    return text.replace("-", MINUS) if float(text) else text.lstrip("-")


def signed(value: float | None, *, digits: int = 3) -> str:
    """Return a difference with its sign, a dash for None.

    Examples
    --------
    >>> signed(0.0312)
    '+0.031'
    """
    text = number(value, digits=digits)
    return f"+{text}" if value is not None and float(f"{value:.{digits}f}") > 0 else text


def interval(lo: float | None, hi: float | None, *, digits: int = 3) -> str:
    """Return "0.741 to 0.894" in the short form of tables, empty where there is no interval."""
    if lo is None or hi is None:
        return ""
    between = DASH if lo >= 0 else " to "
    return f"{number(lo, digits=digits)}{between}{number(hi, digits=digits)}"


def signed_interval(lo: float | None, hi: float | None, *, digits: int = 3) -> str:
    """Return the interval of a difference, empty where there is none."""
    if lo is None or hi is None:
        return ""
    return f"{signed(lo, digits=digits)} to {signed(hi, digits=digits)}"


def count(value: int | None) -> str:
    """Return a count with thousands separated."""
    return NOTHING if value is None else f"{value:,}"


def percent(value: float | None, *, digits: int = 1) -> str:
    """Return a share as "20.0 %"."""
    return NOTHING if value is None else f"{100 * value:.{digits}f} %"


def plural(value: int | None, noun: str) -> str:
    """Return "1 image" or "12 images"."""
    return f"{count(value)} {noun}" if value == 1 else f"{count(value)} {noun}s"


def metric_name(metric: str) -> str:
    """Return the name of a metric; an unknown key stands for itself."""
    return _TITLES.get(metric) or _MULTICLASS.get(metric, metric)


def attribute_name(attribute: str) -> str:
    """Return the name of an attribute or of a pair of them."""
    first, *others = (ATTRIBUTES.get(part, readable(part)) for part in attribute.split("*"))
    return " by ".join((first, *(inside(other) for other in others)))


def level_name(level: str) -> str:
    """Return the name of a level of an attribute."""
    return LEVELS.get(level, readable(level).replace(">=", "\N{GREATER-THAN OR EQUAL TO} ").replace("<", "< "))


def group_name(row: GroupRow) -> str:
    """Return "skin tone: dark", "sex: male, age band: 50-69", or "all images" for the whole test set."""
    if row["group_id"] == OVERALL:
        return "all images"
    parts = [part.split("=", 1) for part in row["group_id"].split(";")]
    return ", ".join(f"{readable(attribute)}: {level_name(level)}" for attribute, level in parts)


def threshold_name(threshold: str) -> str:
    """Return what a named threshold was chosen by."""
    if threshold.startswith("user:"):
        return f"{threshold.removeprefix('user:')}, set by the user"
    return THRESHOLDS.get(threshold, readable(threshold))


def readable(code: str) -> str:
    """Return a code with spaces for underscores."""
    return code.replace("_", " ")


def group_counts(row: GroupRow) -> str:
    """Return "7 positive of 72"; a task of several classes has no positives to count."""
    if row["n_pos"] is None:
        return plural(row["n"], "image")
    return f"{count(row['n_pos'])} positive of {count(row['n'])}"


def inside(text: str) -> str:
    """Return words as they stand inside a sentence: the first letter small, abbreviations as they are."""
    return text[0].lower() + text[1:]


def reason(row: ValueRow, group: GroupRow | None) -> str:
    """Return why a value is not given, with the counts that decided it."""
    code = row["reason"] or "not estimable"
    words = REASONS.get(code, readable(code))
    if group is None or group["n_pos"] is None:
        return words
    return f"{words} ({group_counts(group)})"
