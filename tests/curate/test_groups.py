"""The leak graph: who stays together, and the proof."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.groups import MAX_UNITS, group_of, leak_graph

NO_PAIRS = pd.DataFrame()
NO_DECISIONS = pd.DataFrame()


def samples(**columns: list[str | None]) -> pd.DataFrame:
    count = len(next(iter(columns.values())))
    frame = pd.DataFrame({name: pd.array(values, dtype="str") for name, values in columns.items()})
    return frame.assign(sample_id=[f"s:{i:03d}" for i in range(count)]) if "sample_id" not in frame else frame


def pair(a: int, b: int, *, kind: str = "same_lesion", score: float = 0.99, marked: bool = True, status: str = "open"):
    ids = [f"s:{a:03d}", f"s:{b:03d}"]
    return {
        "finding_id": f"{kind}-{a}-{b}",
        "kind": kind,
        "sample_ids": ids,
        "score": score,
        "marked": marked,
        "status": status,
    }


def decision(number: int, action: str, *, finding: str | None = None, ids: list[str] | None = None):
    return {
        "decision_id": f"d{number}",
        "finding_id": finding,
        "sample_ids": ids or [],
        "action": action,
    }


def test_a_chain_of_patient_lesion_and_case_is_one_group() -> None:
    frame = samples(
        patient_id=["x:1", "x:1", None, None, None],
        lesion_id=[None, "x:L", "x:L", None, None],
        case_id=[None, None, "x:C", "x:C", None],
    )

    groups = group_of(frame, NO_PAIRS, NO_DECISIONS)

    assert groups.tolist() == ["s:000"] * 4 + ["s:004"]


def test_the_same_string_in_two_id_columns_joins_nothing() -> None:
    frame = samples(patient_id=["x:1", None], lesion_id=[None, "x:1"])

    assert group_of(frame, NO_PAIRS, NO_DECISIONS).nunique() == 2


def test_missing_and_empty_ids_join_nothing() -> None:
    frame = samples(patient_id=[None, None, "", ""])

    assert group_of(frame, NO_PAIRS, NO_DECISIONS).nunique() == 4


@pytest.mark.parametrize(
    ("marked", "status", "joined"), [(True, "open", True), (False, "open", False), (True, "gone", False)]
)
def test_only_marked_pairs_that_are_still_found_join(marked: bool, status: str, joined: bool) -> None:
    frame = samples(patient_id=[None, None])
    pairs = pd.DataFrame([pair(0, 1, marked=marked, status=status)])

    assert (len(set(group_of(frame, pairs, NO_DECISIONS))) == 1) is joined


def test_a_dismissed_pair_does_not_join_and_an_accepted_one_does_although_unmarked() -> None:
    frame = samples(patient_id=[None] * 4)
    pairs = pd.DataFrame([pair(0, 1), pair(2, 3, marked=False)])
    said = pd.DataFrame(
        [decision(1, "dismiss", finding="same_lesion-0-1"), decision(2, "accept", finding="same_lesion-2-3")]
    )

    groups = group_of(frame, pairs, said)

    assert groups.tolist() == ["s:000", "s:001", "s:002", "s:002"]


def test_a_merge_of_patients_joins() -> None:
    frame = samples(patient_id=["x:1", "x:2", "x:3"])
    said = pd.DataFrame([decision(1, "merge_patient", ids=["s:000", "s:001"])])

    assert group_of(frame, NO_PAIRS, said).tolist() == ["s:000", "s:000", "s:002"]


def test_equal_pixels_join_without_any_finding() -> None:
    frame = samples(pixel_sha256=["aa", "aa", "bb"])

    graph = leak_graph(frame, NO_PAIRS, NO_DECISIONS)

    assert graph.group_id.tolist() == ["s:000", "s:000", "s:002"]
    assert graph.basis.tolist() == ["duplicate", "duplicate", "image"]


def test_basis_names_the_strongest_thing_known_about_the_group() -> None:
    frame = samples(patient_id=["x:1", None, None, None], lesion_id=[None, "x:L", "x:L", None])
    pairs = pd.DataFrame([pair(0, 3)])

    graph = leak_graph(frame, pairs, NO_DECISIONS)

    assert graph.basis.tolist() == ["patient", "lesion", "lesion", "patient"]


def test_a_doubtful_bridge_between_two_patients_is_set_aside_and_a_sure_one_is_used() -> None:
    frame = samples(patient_id=["x:1", "x:1", "x:2", "x:2"])

    doubtful = leak_graph(frame, pd.DataFrame([pair(1, 2, score=0.8)]), NO_DECISIONS)
    sure = leak_graph(frame, pd.DataFrame([pair(1, 2, score=0.95)]), NO_DECISIONS)

    assert doubtful.group_id.nunique() == 2
    assert [(bridge.edge.a, bridge.edge.b, bridge.reason) for bridge in doubtful.bridges] == [
        ("s:001", "s:002", "patients")
    ]
    assert len(set(sure.group_id)) == 1
    assert not sure.bridges


def test_two_doubtful_edges_between_two_patients_are_no_bridge() -> None:
    frame = samples(patient_id=["x:1", "x:1", "x:2", "x:2"])

    graph = leak_graph(frame, pd.DataFrame([pair(0, 2, score=0.8), pair(1, 3, score=0.8)]), NO_DECISIONS)

    assert len(set(graph.group_id)) == 1


def test_a_long_chain_of_lesions_falls_apart_at_its_bridges_but_not_at_exact_copies() -> None:
    count = 2 * (MAX_UNITS + 1)
    frame = samples(lesion_id=[f"x:{i // 2}" for i in range(count)])
    links = [pair(i, i + 1, score=0.99) for i in range(1, count - 1, 2)]
    links[0] = pair(1, 2, kind="exact", score=1.0)

    graph = leak_graph(frame, pd.DataFrame(links), NO_DECISIONS)

    assert graph.group_id.nunique() == MAX_UNITS
    assert graph.group_id["s:002"] == "s:000"
    assert {bridge.reason for bridge in graph.bridges} == {"size"}


def test_a_patient_with_many_images_keeps_a_copy_from_elsewhere() -> None:
    frame = samples(patient_id=["x:1"] * 60 + [None])

    graph = leak_graph(frame, pd.DataFrame([pair(3, 60, score=0.97)]), NO_DECISIONS)

    assert len(set(graph.group_id)) == 1


def test_pictures_that_a_reviewer_took_apart_are_not_joined_through_a_third() -> None:
    frame = samples(patient_id=[None] * 3)
    pairs = pd.DataFrame([pair(0, 1), pair(0, 2), pair(1, 2)])
    said = pd.DataFrame([decision(1, "dismiss", finding="same_lesion-0-2")])

    graph = leak_graph(frame, pairs, said)

    assert graph.group_id["s:000"] != graph.group_id["s:002"]
    assert {bridge.reason for bridge in graph.bridges} == {"cannot_link"}


def test_the_path_is_the_most_probable_one_and_goes_through_recorded_ids() -> None:
    frame = samples(patient_id=["x:1", "x:1", None, None])
    pairs = pd.DataFrame([pair(1, 2, score=0.9), pair(0, 3, score=0.6), pair(2, 3, score=0.9)])

    path = leak_graph(frame, pairs, NO_DECISIONS).path(frozenset({"s:000"}), frozenset({"s:003"}))

    assert [(edge.a, edge.b, edge.kind) for edge in path] == [
        ("s:000", "s:001", "patient"),
        ("s:001", "s:002", "same_lesion"),
        ("s:002", "s:003", "same_lesion"),
    ]
    assert [edge.p for edge in path] == pytest.approx([1, 0.9, 0.9])


def test_there_is_no_path_between_two_groups() -> None:
    graph = leak_graph(samples(patient_id=["x:1", "x:2"]), NO_PAIRS, NO_DECISIONS)

    assert graph.path(frozenset({"s:000"}), frozenset({"s:001"})) == ()


def flood(frame: pd.DataFrame, pairs: list[dict[str, object]]) -> list[str]:
    """Groups by repeated sweeps over all pairs of rows: slow, and nothing like union-find."""
    label = frame["sample_id"].tolist()
    links = [tuple(sorted(row["sample_ids"])) for row in pairs]  # type: ignore[arg-type, type-var]
    links += [
        (frame["sample_id"][i], frame["sample_id"][j])
        for column in ("patient_id", "lesion_id")
        for i in range(len(frame))
        for j in range(i)
        if pd.notna(frame[column][i]) and frame[column][i] == frame[column][j]
    ]
    at = {sample: i for i, sample in enumerate(frame["sample_id"])}
    changed = True
    while changed:
        changed = False
        for a, b in links:
            low = min(label[at[a]], label[at[b]])
            changed |= label[at[a]] != low or label[at[b]] != low
            label[at[a]] = label[at[b]] = low
    return label


ids = st.one_of(st.none(), st.integers(0, 6).map(lambda n: f"x:{n}"))


@settings(deadline=None, max_examples=40)
@given(rows=st.lists(st.tuples(ids, ids), min_size=2, max_size=25), data=st.data())
def test_groups_are_the_connected_components_in_any_order_of_rows(rows, data) -> None:
    frame = samples(patient_id=[row[0] for row in rows], lesion_id=[row[1] for row in rows])
    number = st.integers(0, len(rows) - 1)
    drawn = data.draw(st.lists(st.tuples(number, number).filter(lambda p: p[0] < p[1]), max_size=8, unique=True))
    pairs = [pair(a, b) for a, b in drawn]
    order = data.draw(st.permutations(range(len(rows))))

    groups = leak_graph(frame, pd.DataFrame(pairs), NO_DECISIONS, guard=False).group_id
    shuffled = leak_graph(frame.iloc[order], pd.DataFrame(pairs[::-1]), NO_DECISIONS, guard=False).group_id

    assert groups.tolist() == flood(frame, pairs)
    pd.testing.assert_series_equal(groups, shuffled)
