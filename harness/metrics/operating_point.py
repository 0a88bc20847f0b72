"""Operating points: sensitivity at a specificity, specificity at a sensitivity, thresholds from validation.

Integer counts decide: a specificity of .95 over 20 negatives allows one false positive, whatever .05 * 20 is in binary.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from harness.metrics.blocks import Floats, RankCounts
from harness.metrics.ranking import ratio

_SLACK = 1e-9
ChosenOn = Literal["fixed", "validation", "test", "user"]


def sens_at_spec(counts: RankCounts, specificity: float) -> Floats:
    """Largest sensitivity over all thresholds that keep the specificity, shape (c,); 0 where none does but +inf."""
    allowed = np.floor((1 - specificity) * counts.n_neg + _SLACK)
    kept = (counts.fp <= allowed).sum(axis=0)
    tp = np.take_along_axis(counts.tp, np.maximum(kept - 1, 0)[np.newaxis], axis=0)[0]
    sensitivity = ratio(np.where(kept > 0, tp, 0.0), counts.n_pos)
    return np.where(counts.n_neg > 0, sensitivity, np.nan)


def spec_at_sens(counts: RankCounts, sensitivity: float) -> Floats:
    """Largest specificity over all thresholds that reach the sensitivity, shape (c,)."""
    needed = np.ceil(sensitivity * counts.n_pos - _SLACK)
    first = np.minimum((counts.tp < needed).sum(axis=0), len(counts.tp) - 1)
    fp = np.take_along_axis(counts.fp, first[np.newaxis], axis=0)[0]
    return np.where(counts.n_pos > 0, 1 - ratio(fp, counts.n_neg), np.nan)


@dataclass(frozen=True, slots=True)
class Threshold:
    """A named threshold: a row is called positive when its score is at least `value`.

    Parameters
    ----------
    name : str
        ``half``, ``val_spec95``, ``user:0.3`` and so on.
    value : float
        NaN where it could not be chosen, +inf where nothing is called positive.
    chosen_on : {"fixed", "validation", "test", "user"}
        Which rows decided.
    rule : str
        The rule in words.
    missing : str or None
        Code of the reason where `value` is NaN.
    """

    name: str
    value: float
    chosen_on: ChosenOn
    rule: str
    missing: str | None = None


_FROM_VALIDATION = (
    ("val_spec95", "specificity>=0.95"),
    ("val_spec90", "specificity>=0.90"),
    ("val_sens90", "sensitivity>=0.90"),
    ("val_sens95", "sensitivity>=0.95"),
    ("val_youden", "largest sensitivity+specificity"),
)


def named_thresholds(
    y_valid: npt.NDArray[np.bool_], score_valid: Floats, user: tuple[float, ...] = ()
) -> tuple[Threshold, ...]:
    """Return the thresholds of a run: one half, those that validation decides, those that the user gave.

    Parameters
    ----------
    y_valid : array of bool, shape (n,)
        Truth of the validation rows; may be empty.
    score_valid : array, shape (n,)
        Their scores.
    user : tuple of float
        Values of ``--threshold``.
    """
    found = [Threshold("half", 0.5, "fixed", "0.5")]
    both = bool(y_valid.any()) and not bool(y_valid.all())
    missing = None if both else ("validation_one_class" if len(y_valid) else "no_validation_split")
    for name, rule in _FROM_VALIDATION:
        value = _choose(name, y_valid, score_valid) if both else math.nan
        told = f"{rule}; no score reaches it, nothing is called positive" if math.isinf(value) else rule
        found.append(Threshold(name, value, "validation", told, missing))
    return (*found, *(Threshold(f"user:{value!r}", value, "user", repr(value)) for value in sorted(set(user))))


def _choose(name: str, y_true: npt.NDArray[np.bool_], score: Floats) -> float:
    scores = np.unique(score)
    positive, negative = np.sort(score[y_true]), np.sort(score[~y_true])
    tp = len(positive) - np.searchsorted(positive, scores, side="left")
    fp = len(negative) - np.searchsorted(negative, scores, side="left")
    if name == "val_youden":
        # sensitivity + specificity over a common denominator, so that ties are exact; the larger score wins
        gain = tp * len(negative) - fp * len(positive)
        return float(scores[np.flatnonzero(gain == gain.max())[-1]])
    share = float(name[-2:]) / 100
    if name.startswith("val_spec"):
        kept = scores[fp <= math.floor((1 - share) * len(negative) + _SLACK)]
        return float(kept[0]) if len(kept) else math.inf
    return float(scores[tp >= math.ceil(share * len(positive) - _SLACK)][-1])
