"""Which earlier claims a run can find to be gone."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from curate.checks.check import CheckContext
from curate.checks.scope import covers

SAMPLES = pd.DataFrame(
    {"sample_id": ["x:1", "x:2", "y:1"], "source": ["x", "x", "y"], "patient_id": ["p:1", "p:1", None]}
)


def context(**options: object) -> CheckContext:
    splits = pd.DataFrame({"split_name": ["mine", "mine"], "sample_id": ["x:1", "y:1"]})
    known: dict[str, object] = {"dataset": None, "samples": SAMPLES, "splits": splits}
    return CheckContext(**(known | options))  # type: ignore[arg-type]


def claim(kind: str = "same_photo", *ids: str, **fields: object) -> dict[str, object]:
    row = {"kind": kind, "detector": "test", "sample_ids": list(ids), "field": None, "key": None}
    return row | fields


def test_claims_of_other_detectors_are_never_covered() -> None:
    assert covers(context(), "test")(claim())
    assert not covers(context(), "test")(claim(detector="ingest"))


def leak(split: str) -> dict[str, object]:
    return claim("leak", "x:1", "y:1", field=split)


def thin_cell(split: str) -> dict[str, object]:
    return claim("tone_gap", key=f"split={split}|part=test|diagnosis=malignant|tone=dark")


@pytest.mark.parametrize("of", [leak, thin_cell])
def test_a_claim_about_a_split_is_covered_where_that_split_was_looked_at(
    of: Callable[[str], dict[str, object]],
) -> None:
    names = ("mine", "mi", "other.csv", "source_split:x")
    everything, one = covers(context(), "test"), covers(context(published=False), "test")
    assert [name for name in names if everything(of(name))] == ["mine", "source_split:x"]
    assert [name for name in names if one(of(name))] == ["mine"]


def test_a_claim_about_the_whole_set_is_covered_by_every_run() -> None:
    whole = claim("tone_gap", key="split=all|part=all|diagnosis=malignant|tone=dark")
    assert covers(context(published=False), "test")(whole)


@pytest.mark.parametrize(
    ("within", "expected"),
    [(None, [True, True, True]), ("source", [True, False, True]), ("patient", [True, False, True])],
)
def test_pairs_across_sources_or_patients_are_covered_unless_these_are_kept_apart(
    within: str | None, expected: list[bool]
) -> None:
    covered = covers(context(within=within), "test")
    pairs = [("x:1", "x:2"), ("x:1", "y:1"), ("y:1",)]
    assert [covered(claim("same_photo", *pair)) for pair in pairs] == expected
