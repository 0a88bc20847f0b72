from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.derived import age_interval, derive, fitzpatrick, rights


@pytest.mark.parametrize(
    ("years", "method", "interval"),
    [
        (45, "exact", (45, 45)),
        (45, "rounded_5", (43, 47)),
        (0, "rounded_5", (0, 2)),
        (80, "rounded_5_capped_85", (78, 82)),
        (85, "rounded_5_capped_85", (83, None)),
        (None, "exact", (None, None)),
        (7, "text", (7, 7)),
    ],
)
def test_the_interval_of_an_age_follows_how_it_was_published(
    years: int | None, method: str, interval: tuple[int | None, int | None]
) -> None:
    assert age_interval(years, method) == interval


def test_a_range_and_an_open_age_keep_the_bounds_of_the_source() -> None:
    assert age_interval(None, "range", 40, 49) == (40, 49)
    assert age_interval(None, "over", 80, None) == (80, None)


@given(st.integers(0, 120))
def test_an_age_lies_in_its_own_interval(years: int) -> None:
    for method in ("exact", "rounded_5", "rounded_5_capped_85", "text"):
        low, high = age_interval(years, method)
        assert low is not None
        assert low <= years <= (high if high is not None else 120)


def tone(value: str, role: str, **more: object) -> dict[str, object]:
    return {"scale": "fitzpatrick", "value": value, "rater": role, "rater_role": role, **more}


@pytest.mark.parametrize(
    ("tones", "wanted"),
    [
        ([], None),
        ([tone("III", "self"), tone("V", "clinician")], "V"),
        ([tone("II", "dermatologist"), tone("III", "dermatologist"), tone("III", "dermatologist")], "III"),
        ([tone("II", "dermatologist"), tone("III", "dermatologist")], "II"),
        ([tone("II", "dermatologist"), tone("IV", "dermatologist")], None),
        ([tone("I-II", "publisher")], "I-II"),
        ([tone("VI", "dermatologist", gradable=False), tone("IV", "annotator")], "IV"),
        ([tone("IV", "algorithm")], None),
        ([{"scale": "monk", "value": "5", "rater_role": "clinician"}], None),
    ],
)
def test_one_fitzpatrick_type_is_chosen_by_who_saw_the_person(
    tones: list[dict[str, object]], wanted: str | None
) -> None:
    assert fitzpatrick(tones) == wanted


def test_a_fact_sheet_narrows_a_licence_and_speaks_where_it_is_silent() -> None:
    assert rights("CC-BY-4.0") == ("yes", "yes")
    assert rights("CC-BY-NC-4.0") == ("yes", "no")
    assert rights("CC-BY-4.0", "no") == ("no", "yes")
    assert rights("CC-BY-NC-4.0", None, "yes") == ("yes", "no")
    assert rights("own", "yes") == ("yes", "unknown")


def test_a_group_over_two_first_levels_is_mixed() -> None:
    keratosis = "Indeterminate:Indeterminate epidermal proliferations:Solar or actinic keratosis"
    bowen = "Malignant:Malignant epidermal proliferations:Squamous cell carcinoma in situ"
    row = {"diagnosis_kind": "group", "diagnosis_candidates": [keratosis, bowen]}
    assert derive(row)["malignancy"] == "mixed"
    assert derive({"diagnosis_kind": "outside"})["malignancy"] == "non_neoplastic"
    assert derive({"site_special": "acral NOS"})["site_group"] == "acral"
