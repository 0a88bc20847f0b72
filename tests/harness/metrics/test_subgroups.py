"""Groups: levels, missing values, pairs, age bands."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.metrics.subgroups import age_band, make_groups
from schemas.errors import DataFault


def text(*values: str | None) -> pd.Series:
    return pd.Series(values, dtype="str")


def test_every_row_with_an_attribute_is_in_one_of_its_groups():
    frame = pd.DataFrame({"sex": text("male", None, "female", "male"), "site": text("trunk", "trunk", "acral", None)})
    groups = make_groups(frame, ["sex", "site"], [])
    assert [group.group_id for group in groups] == [
        "overall",
        "sex=female",
        "sex=male",
        "sex=(missing)",
        "site=acral",
        "site=trunk",
        "site=(missing)",
    ]
    for attribute in ("sex", "site"):
        members = sum(group.rows.astype(int) for group in groups if group.attribute == attribute)
        assert (members == 1).all()
    assert [group.is_missing for group in groups].count(True) == 2


def test_levels_stand_in_their_own_order():
    frame = pd.DataFrame(
        {"age_band": text(">=70", "<30", "50-69", "30-49"), "tone": text("dark", "medium", "light", None)}
    )
    levels = [group.level for group in make_groups(frame, ["age_band", "tone"], [])]
    assert levels == ["all", "<30", "30-49", "50-69", ">=70", "light", "medium", "dark", "(missing)"]


def test_a_pair_makes_groups_of_known_values_that_occur():
    frame = pd.DataFrame({"sex": text("male", "female", None), "site": text("trunk", "trunk", "trunk")})
    groups = [group for group in make_groups(frame, ["sex", "site"], ["sex*site"]) if group.is_pair]
    assert [group.group_id for group in groups] == ["sex=female;site=trunk", "sex=male;site=trunk"]
    assert {group.attribute for group in groups} == {"sex*site"}


def test_an_attribute_that_nobody_knows_makes_no_group():
    frame = pd.DataFrame({"sex": text(None, None)})
    assert len(make_groups(frame, ["sex"], [])) == 1


def test_more_than_200_groups_are_refused_with_their_count():
    frame = pd.DataFrame({"device": text(*(f"d{number}" for number in range(201)))})
    with pytest.raises(DataFault, match="202 groups are more than 200"):
        make_groups(frame, ["device"], [])


@pytest.mark.parametrize(
    ("years", "low", "high", "band"),
    [
        (29, np.nan, np.nan, "<30"),
        (30, np.nan, np.nan, "30-49"),
        (49, np.nan, np.nan, "30-49"),
        (50, np.nan, np.nan, "50-69"),
        (70, np.nan, np.nan, ">=70"),
        (np.nan, 30, 39, "30-49"),
        (np.nan, 40, 59, None),
        (np.nan, 85, np.nan, ">=70"),
        (np.nan, 60, np.nan, None),
        (np.nan, np.nan, np.nan, None),
    ],
)
def test_an_age_or_a_range_within_one_band_has_that_band(years: float, low: float, high: float, band: str | None):
    found = age_band(*(pd.Series([each], dtype="Float64") for each in (years, low, high)))[0]
    assert (None if pd.isna(found) else found) == band


def test_ages_as_a_dataset_holds_them_are_read():
    years = pd.Series([25, None, 71], dtype="Int16")
    none = pd.Series([None] * 3, dtype="Int16")
    assert age_band(years, none, none).isna().tolist() == [False, True, False]
