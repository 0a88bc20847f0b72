"""Groups on two sides of a split: which are found, with which proof, and how much of a part they touch."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.checks.check import CheckContext, Finding
from curate.checks.leakage import LeakRate, find, rates

COLUMNS = ("patient_id", "lesion_id", "pixel_sha256", "source_split", "source")
NO_DECISIONS = pd.DataFrame(
    {"decision_id": [], "finding_id": [], "sample_ids": [], "action": [], "new_value": []}, dtype=object
)


def view(rows: Mapping[str, Mapping[str, object]]) -> pd.DataFrame:
    fixed = {"row_status": "active", "excluded": False, "source": "clinic"}
    records = [{"sample_id": name, **dict.fromkeys(COLUMNS), **fixed, **fields} for name, fields in rows.items()]
    return pd.DataFrame(records).astype(dict.fromkeys(COLUMNS, "str"))


def split(parts: Iterable[tuple[str, str]], name: str = "s") -> pd.DataFrame:
    return pd.DataFrame(
        [(name, sample, part, pd.NA) for sample, part in parts], columns=["split_name", "sample_id", "role", "fold"]
    )


def photos(a: str, b: str, p: float, kind: str = "same_lesion") -> dict[str, object]:
    found = Finding(kind, (a, b), "", "duplicates", "1", score=p)
    return found.row(run_id="r", first_version=1, last_version=1)


def context(
    rows: Mapping[str, Mapping[str, object]],
    parts: Iterable[tuple[str, str]] = (),
    pairs: Iterable[Mapping[str, object]] = (),
    **options: object,
) -> CheckContext:
    known: dict[str, object] = {
        "dataset": None,
        "samples": view(rows),
        "splits": split(parts),
        "findings": pd.DataFrame(list(pairs)),
        "decisions": NO_DECISIONS,
    }
    return CheckContext(**(known | options))  # type: ignore[arg-type]


PATIENT = {"a": {"patient_id": "p:1"}, "b": {"patient_id": "p:1"}, "c": {"patient_id": "p:2"}}


def test_a_patient_in_two_parts_is_a_leak_proved_by_its_id() -> None:
    (leak,) = find(context(PATIENT, [("a", "train"), ("b", "test"), ("c", "test")]))
    assert (leak.kind, leak.sample_ids, leak.field, leak.severity) == ("leak", ("b", "a"), "s", "block")
    assert leak.message == ("s: b (test) and a (train) are one patient; the group has 1 in test and 1 in train.")
    assert (leak.marked, leak.score, leak.evidence["by_ids_alone"]) == (True, 1.0, True)
    assert leak.evidence["path"] == [{"a": "a", "b": "b", "kind": "patient", "p": 1.0, "by": "p:1"}]


def test_groups_on_one_side_are_no_leak() -> None:
    assert find(context(PATIENT, [("a", "train"), ("b", "train"), ("c", "test")])) == []


def test_a_group_in_three_parts_has_a_leak_for_each_pair_of_them() -> None:
    rows = {name: {"lesion_id": "l:1"} for name in "abc"}
    leaks = find(context(rows, [("a", "train"), ("b", "val"), ("c", "test")]))
    assert {leak.found for leak in leaks} == {"train | val", "test | train", "test | val"}


def test_a_chain_of_photos_is_shown_link_by_link_with_the_product_of_their_probabilities() -> None:
    rows: dict[str, dict[str, object]] = {"a": {}, "b": {}, "c": {}}
    pairs = [photos("a", "b", 0.9), photos("b", "c", 0.8)]
    (leak,) = find(context(rows, [("a", "train"), ("c", "test")], pairs))
    assert (leak.score, leak.marked, leak.evidence["by_ids_alone"]) == (pytest.approx(0.72), False, False)
    assert "joined by a chain of 2 links" in leak.message
    assert isinstance(leak.evidence["path"], list)
    assert {(edge["a"], edge["b"]) for edge in leak.evidence["path"]} == {("a", "b"), ("b", "c")}


@pytest.mark.parametrize(("p", "marked"), [(0.94, False), (0.95, True), (1.0, True)])
def test_a_pair_of_photos_is_marked_from_the_policys_probability_on(p: float, marked: bool) -> None:
    (leak,) = find(context({"a": {}, "b": {}}, [("a", "train"), ("b", "test")], [photos("a", "b", p)]))
    assert leak.marked is marked
    policy = {"leakage": {"marked": 0.9}}
    (leak,) = find(context({"a": {}, "b": {}}, [("a", "train"), ("b", "test")], [photos("a", "b", p)], policy=policy))
    assert leak.marked


def test_a_pair_that_a_reviewer_dismissed_is_no_leak() -> None:
    pair = photos("a", "b", 0.99)
    said = pd.DataFrame(
        [{"decision_id": "d", "finding_id": pair["finding_id"], "sample_ids": ["a", "b"], "action": "dismiss"}]
    )
    parts = [("a", "train"), ("b", "test")]
    assert len(find(context({"a": {}, "b": {}}, parts, [pair]))) == 1
    assert find(context({"a": {}, "b": {}}, parts, [pair], decisions=said)) == []


@pytest.mark.parametrize("fields", [{"row_status": "withdrawn"}, {"excluded": True}])
def test_withdrawn_and_excluded_samples_leak_nothing(fields: dict[str, object]) -> None:
    rows = {"a": {"patient_id": "p:1"}, "b": {"patient_id": "p:1", **fields}}
    assert find(context(rows, [("a", "train"), ("b", "test")])) == []


def test_a_sample_in_two_parts_leaks_by_itself() -> None:
    leaks = find(context(PATIENT, [("a", "train"), ("a", "test"), ("b", "test"), ("c", "val")]))
    assert [(leak.sample_ids, leak.found) for leak in leaks] == [(("a",), "test | train")]
    assert leaks[0].message == "s: a itself stands in test and in train."
    assert leaks[0].marked


def test_the_published_split_is_looked_at_per_source_unless_one_split_is_asked_for() -> None:
    rows = {
        "x:a": {"source": "x", "patient_id": "p:1", "source_split": "train"},
        "x:b": {"source": "x", "patient_id": "p:1", "source_split": "test"},
        "y:a": {"source": "y", "patient_id": "p:1", "source_split": "test"},
        "x:c": {"source": "x", "patient_id": "p:1", "source_split": "none"},
    }
    (leak,) = find(context(rows))
    assert (leak.field, set(leak.sample_ids)) == ("source_split:x", {"x:a", "x:b"})
    assert leak.evidence["constraint"] == "S06"
    assert find(context(rows, published=False)) == []


def test_the_rate_by_ids_alone_stands_next_to_the_rate_with_pixels() -> None:
    rows = {"a": {"lesion_id": "l:1"}, "b": {"lesion_id": "l:1"}, "c": {}, "d": {}, "e": {}}
    parts = [("a", "train"), ("c", "train"), ("b", "test"), ("d", "test"), ("e", "test")]
    found = rates(context(rows, parts, [photos("c", "d", 0.99)]))
    assert found == (LeakRate("s", "test", "train", images=3, by_ids=1, with_pixels=2),)


def test_each_later_part_is_judged_against_each_earlier_one() -> None:
    rows: dict[str, dict[str, object]] = {name: {} for name in "abc"}
    found = rates(context(rows, [("a", "test"), ("b", "val"), ("c", "train")]))
    assert [(rate.judged, rate.learned) for rate in found] == [("val", "train"), ("test", "train"), ("test", "val")]


def test_each_fold_is_judged_against_the_rest() -> None:
    rows = {"a": {"patient_id": "p:1"}, "b": {"patient_id": "p:1"}, "c": {}}
    folds = pd.DataFrame({"split_name": "k", "sample_id": ["a", "b", "c"], "role": None, "fold": [0, 1, 2]})
    found = rates(context(rows, splits=folds.astype({"role": "str", "fold": "Int64"})))
    assert [(rate.judged, rate.learned, rate.by_ids) for rate in found] == [
        ("fold 0", "the rest", 1),
        ("fold 1", "the rest", 1),
        ("fold 2", "the rest", 0),
    ]


def test_an_empty_dataset_leaks_nothing() -> None:
    empty = context(PATIENT, samples=view(PATIENT).iloc[:0])
    assert (find(empty), rates(empty)) == ([], ())


NAMES = [f"s{number}" for number in range(8)]
rows_of = st.fixed_dictionaries(
    {name: st.fixed_dictionaries({"patient_id": st.sampled_from([None, "p:1", "p:2", "p:3"])}) for name in NAMES}
)
parts_of = st.fixed_dictionaries({name: st.sampled_from(["train", "val", "test"]) for name in NAMES})
pairs_of = st.sets(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).filter(lambda pair: pair[0] < pair[1]), max_size=5
)


@settings(max_examples=12, deadline=None)  # one leak graph of pandas frames takes 20 ms
@given(rows_of, parts_of, pairs_of, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(
    rows: dict[str, dict[str, object]],
    parts: dict[str, str],
    pairs: set[tuple[str, str]],
    chance: random.Random,
) -> None:
    edges = [photos(a, b, 0.97) for a, b in sorted(pairs)]
    ordered = context(rows, parts.items(), edges)
    mixed = {name: rows[name] for name in chance.sample(NAMES, len(NAMES))}
    shuffled = context(mixed, chance.sample(list(parts.items()), len(parts)), chance.sample(edges, len(edges)))
    assert find(shuffled) == find(ordered)
    assert rates(shuffled) == rates(ordered)


@settings(max_examples=12, deadline=None)  # one leak graph of pandas frames takes 20 ms
@given(rows_of, parts_of, pairs_of)
def test_leaks_are_found_exactly_where_two_parts_share_a_patient_or_a_photo(
    rows: dict[str, dict[str, object]], parts: dict[str, str], pairs: set[tuple[str, str]]
) -> None:
    joined = {name: {name} for name in NAMES}
    same = [(a, b) for a in NAMES for b in NAMES if rows[a]["patient_id"] and rows[a] == rows[b]]
    for a, b in [*same, *pairs] * len(NAMES):
        joined[a] = joined[b] = joined[a] | joined[b]
    expected = {
        (min(joined[a]), *sorted((parts[a], parts[b]))) for a in NAMES for b in joined[a] if parts[a] != parts[b]
    }
    # Sure pairs: the guard against doubtful bridges between two patients is tested with the groups.
    found = [f for f in find(context(rows, parts.items(), [photos(a, b, 1.0) for a, b in pairs])) if f.kind == "leak"]
    assert {(leak.group_id, *str(leak.found).split(" | ")) for leak in found} == expected
    for rate in rates(context(rows, parts.items(), [photos(a, b, 1.0) for a, b in pairs])):
        touched = [name for name in NAMES if parts[name] == rate.judged]
        assert rate.images == len(touched)
        assert rate.with_pixels == sum(any(parts[other] == rate.learned for other in joined[name]) for name in touched)
        assert rate.by_ids <= rate.with_pixels


TWO_IDS = {
    "a": {"patient_id": "p:1"},
    "b": {"patient_id": "p:1"},
    "c": {"patient_id": "p:2"},
    "d": {"patient_id": "p:2"},
}


def test_a_pair_of_pictures_that_joins_two_patients_is_one_person_with_the_chain_that_says_so() -> None:
    (person,) = find(context(TWO_IDS, pairs=[photos("b", "c", 0.97)]))

    assert (person.kind, person.sample_ids, person.marked) == ("same_patient", ("b", "c"), True)
    assert (person.expected, person.found, person.score) == ("p:1", "p:2", 0.97)
    assert [step["kind"] for step in person.evidence["path"]] == ["same_lesion"]


def test_two_patients_without_a_pair_are_two_persons() -> None:
    assert find(context(TWO_IDS)) == []


def test_a_doubtful_edge_that_alone_joins_two_patients_is_reported_and_not_used() -> None:
    (bridge,) = find(
        context(TWO_IDS, [(name, "train" if name in "ab" else "test") for name in TWO_IDS], [photos("b", "c", 0.8)])
    )

    assert (bridge.kind, bridge.field, bridge.sample_ids) == ("id_conflict", "bridge", ("b", "c"))
    assert bridge.evidence["reason"] == "patients"
    assert "kept apart until decided" in bridge.message
