"""Derived columns of ``samples``: computed from recorded columns and code lists alone, so always computable again.

`curate ingest` fills the columns with these functions, and rule K09 (`schemas.validation`) compares what is stored with
what they give.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from schemas import vocabulary

__all__ = ["DERIVED", "age_interval", "derive", "fitzpatrick", "rights"]

DERIVED = ("age_low", "age_high", "site_group", "fitzpatrick", "skin_tone_group", "malignancy")

# ISIC rounds ages to 5 years and takes those above 85 to 85 before it rounds (isic-metadata 4.12, fields.py).
_CAP_YEARS, _HALF_STEP_YEARS = 85, 2
_TYPES = ("I", "II", "III", "IV", "V", "VI")
# Who is believed first: who saw the person, who saw pictures, who was trained for it, the person itself
# (schema.md, section 5).
_RATERS = (("clinician",), ("dermatologist",), ("publisher",), ("annotator",), ("self", "patient"))
_SCALES = frozenset({"fitzpatrick", "fitzpatrick_group"})
_RANK = {"no": 0, "unknown": 1, "yes": 2}


def age_interval(
    years: int | None, method: str | None, low: int | None = None, high: int | None = None
) -> tuple[int | None, int | None]:
    """Return the closed interval of ages that would be published as this one.

    Parameters
    ----------
    years : int, optional
        The published point.
    method : str, optional
        Code of list ``age_method``.
    low, high : int, optional
        Bounds that the source itself gives: a range, «80+».

    Returns
    -------
    tuple of (int or None, int or None)
        Years; an open upper end is None.
    """
    if method in {"range", "over"} or years is None:
        return low, None if method == "over" else high
    if method == "rounded_5_capped_85" and years >= _CAP_YEARS:
        return years - _HALF_STEP_YEARS, None
    if method in {"rounded_5", "rounded_5_capped_85"}:
        return max(0, years - _HALF_STEP_YEARS), years + _HALF_STEP_YEARS
    return years, years


def fitzpatrick(skin_tones: Sequence[Mapping[str, object]] | None) -> str | None:
    """Return the one Fitzpatrick type that reports use, out of all ratings of a person.

    Parameters
    ----------
    skin_tones : sequence of mapping, optional
        Elements of column ``skin_tones``.

    Returns
    -------
    str or None
        I..VI or a pair of neighbours; None where nobody said, or raters of the same kind differ by two types or more.
    """
    for roles in _RATERS:
        said = [str(tone["value"]) for tone in skin_tones or () if _counts(tone, roles)]
        if said:
            return said[0] if len(set(said)) == 1 else _median(said)
    return None


def _counts(tone: Mapping[str, object], roles: tuple[str, ...]) -> bool:
    if tone.get("scale") not in _SCALES or tone.get("rater_role") not in roles or tone.get("gradable") is False:
        return False
    return tone.get("value") in set(vocabulary.codes("fitzpatrick")) - {"unknown", "unmapped"}


def _median(said: Sequence[str]) -> str | None:
    """Return the middle of several ratings, the lower of two middle types; none where they differ by two or more."""
    numbers = [statistics.mean(_TYPES.index(part) for part in value.split("-")) for value in said]
    if max(numbers) - min(numbers) >= 2:
        return None
    return _TYPES[int(statistics.median_low(numbers))]


def rights(
    licence: str, stated_redistribute: str | None = None, stated_commercial: str | None = None
) -> tuple[str, str]:
    """Return whether a row may be passed on, and used commercially.

    Parameters
    ----------
    licence : str
        Code of list ``licence``.
    stated_redistribute, stated_commercial : {"yes", "no", "unknown"}, optional
        What the fact sheet says beside the licence: it narrows what the licence allows, and speaks where the licence
        is silent.

    Returns
    -------
    tuple of str
        Each ``yes``, ``no`` or ``unknown``.
    """
    known = vocabulary.licence(licence)
    return _right(known.redistribute, stated_redistribute), _right(known.commercial, stated_commercial)


def _right(allowed: str, stated: str | None) -> str:
    if stated is None or allowed == "unknown":
        return stated or allowed
    return min(allowed, stated, key=_RANK.__getitem__)


def derive(row: Mapping[str, object]) -> dict[str, object]:
    """Return the derived columns of a row (`DERIVED`).

    Parameters
    ----------
    row : mapping
        Recorded columns as Python values; an absent key is null.
    """
    low, high = age_interval(
        _int(row.get("age_years")), _text(row.get("age_method")), _int(row.get("age_low")), _int(row.get("age_high"))
    )
    tones = row.get("skin_tones")
    tone = fitzpatrick(tones if isinstance(tones, Sequence) else None)
    candidates = row.get("diagnosis_candidates")
    return {
        "age_low": low,
        "age_high": high,
        "site_group": vocabulary.site_group(_text(row.get("site_path")), _text(row.get("site_special"))),
        "fitzpatrick": tone,
        "skin_tone_group": vocabulary.skin_tone_group(tone),
        "malignancy": vocabulary.malignancy_of(
            _text(row.get("diagnosis_path")),
            tuple(str(path) for path in candidates) if isinstance(candidates, Sequence) else (),
            _text(row.get("diagnosis_kind")) or "none",
        ),
    }


def _int(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
