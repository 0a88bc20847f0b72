"""Counting what was planted against what was marked."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from curate.checks.truth import TruthCount, counts, score
from sources.sample import truth_rows


def sets(*members: str) -> frozenset[frozenset[str]]:
    return frozenset(frozenset(each) for each in members)


def test_found_missed_and_wrongly_marked_labels() -> None:
    planted = {"label_error": sets("a", "b", "c")}
    marked = [("label_error", frozenset("a")), ("label_error", frozenset("x"))]
    assert score(planted, marked) == (TruthCount("label_error", planted=3, found=1, missed=2, wrong=1),)


def test_a_copy_of_a_copy_is_no_wrong_mark() -> None:
    planted = {"exact": sets("ab"), "same_photo": sets("bc")}
    marked = [(kind, frozenset(ids)) for kind, ids in (("exact", "ab"), ("same_photo", "bc"), ("same_photo", "ac"))]
    assert [(count.found, count.wrong) for count in score(planted, marked)] == [(1, 0), (1, 0)]


def test_a_pair_that_no_planted_pair_joins_is_wrong() -> None:
    planted = {"same_photo": sets("ab", "cd")}
    (count,) = score(planted, [("same_photo", frozenset("ac"))])
    assert (count.found, count.missed, count.wrong) == (0, 2, 1)


def test_a_planted_copy_under_a_neighboring_kind_is_found() -> None:
    (count,) = score({"same_photo": sets("ab")}, [("same_lesion", frozenset("ab"))])
    assert (count.found, count.missed) == (1, 0)


def test_a_leak_is_found_by_any_claim_inside_the_planted_person() -> None:
    marked = [("leak", frozenset("ac")), ("leak", frozenset("ax"))]
    (count,) = score({"leak": sets("abc")}, marked)
    assert (count.found, count.wrong) == (1, 1)


@given(
    st.sets(st.frozensets(st.sampled_from("abcdef"), min_size=2, max_size=2)),
    st.sets(st.frozensets(st.sampled_from("abcdef"), min_size=2, max_size=2)),
    st.sampled_from(["exact", "same_lesion", "leak", "id_conflict"]),
)
def test_every_planted_defect_is_found_or_missed(
    planted: set[frozenset[str]], marked: set[frozenset[str]], kind: str
) -> None:
    (count,) = score({kind: frozenset(planted)}, [(kind, members) for members in marked])
    assert count.found + count.missed == count.planted == len(planted)
    assert 0 <= count.wrong <= len(marked)
    everything = score({kind: frozenset(planted)}, [(kind, members) for members in planted])
    assert (everything[0].missed, everything[0].wrong) == (0, 0)


def frame(ids: list[str], source: str = "sample") -> pd.DataFrame:
    return pd.DataFrame({"source": source, "source_image_id": ids})


IDS = [f"s0-{number:06d}" for number in range(1, 400)]


def marked_row(kind: str, ids: frozenset[str], field: str | None = None) -> dict[str, object]:
    return {"kind": kind, "sample_ids": [f"sample:{each}" for each in sorted(ids)], "marked": True, "field": field}


def test_the_sample_knows_what_was_planted_for_the_checks_that_ran() -> None:
    planted = [row for row in truth_rows(frozenset(IDS)) if row.kind in {"exact", "same_photo"}]
    assert planted
    counted = counts(frame(IDS), [marked_row(row.kind, row.ids) for row in planted], ["duplicates"])["sample"]
    by_kind = {count.kind: count for count in counted}
    assert "leak" not in by_kind
    for kind in ("exact", "same_photo"):
        expected = sum(row.kind == kind for row in planted)
        assert (by_kind[kind].planted, by_kind[kind].found, by_kind[kind].wrong) == (expected, expected, 0)


def test_a_leak_across_a_split_of_the_users_own_is_no_wrong_mark() -> None:
    leak = marked_row("leak", frozenset(IDS[:2]), field="mine.csv")
    by_kind = {count.kind: count for count in counts(frame(IDS), [leak], ["leakage"])["sample"]}
    assert set(by_kind) == {"leak", "same_patient"}
    assert by_kind["leak"].wrong == 0


def test_other_sources_know_nothing_of_their_defects() -> None:
    assert counts(frame(IDS, "clinic"), [], ["duplicates", "leakage"]) == {}
