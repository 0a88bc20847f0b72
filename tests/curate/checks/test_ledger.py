"""What becomes of earlier claims when checks run again."""

from __future__ import annotations

import dataclasses
import random

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.checks.check import Finding
from curate.checks.ledger import FindingRow, Verdicts, Writing, merged, same, verdicts

NOTHING_SAID = Verdicts({}, frozenset())
IDS = ("clinic:1", "clinic:2", "clinic:3")


def pair(a: str, b: str, *, kind: str = "same_photo", **fields: object) -> Finding:
    known: dict[str, object] = {"message": f"{a} and {b}", "detector": "duplicates", "detector_version": "1"}
    return Finding(kind=kind, sample_ids=(a, b), **(known | fields))  # type: ignore[arg-type]


def by_duplicates(row: FindingRow) -> bool:
    return row["detector"] == "duplicates"


def run(
    earlier: list[FindingRow], found: list[Finding], *, version: int = 1, said: Verdicts = NOTHING_SAID
) -> list[FindingRow]:
    return merged(earlier, found, covers=by_duplicates, said=said, writing=Writing(f"run-{version}", version))


def ingest_claim(kind: str, *ids: str) -> FindingRow:
    return pair("clinic:1", "clinic:2").row(run_id="run-0", first_version=1, last_version=1) | {
        "finding_id": f"{kind}-0",
        "kind": kind,
        "sample_ids": sorted(ids),
        "detector": "ingest",
    }


def status(rows: list[FindingRow], finding: Finding) -> object:
    return next(row["status"] for row in rows if row["finding_id"] == finding.finding_id)


def test_a_claim_that_is_found_again_keeps_its_first_version() -> None:
    claim = pair("clinic:1", "clinic:2", score=0.6)
    (again,) = run(run([], [claim]), [dataclasses.replace(claim, score=0.9)], version=7)
    assert (again["first_version"], again["last_version"], again["score"]) == (1, 7, 0.9)


def test_a_marked_claim_that_is_no_longer_found_is_gone_and_an_unmarked_one_is_dropped() -> None:
    marked, unmarked = pair("clinic:1", "clinic:2"), pair("clinic:1", "clinic:3", marked=False)
    rows = run(run([], [marked, unmarked]), [], version=2)
    assert [(row["finding_id"], row["status"]) for row in rows] == [(marked.finding_id, "gone")]


def test_a_claim_that_comes_back_is_open_again() -> None:
    claim = pair("clinic:1", "clinic:2")
    assert status(run(run(run([], [claim]), []), [claim]), claim) == "open"


def test_claims_that_the_run_does_not_cover_are_left_alone() -> None:
    codes = ingest_claim("K06", "clinic:1")
    assert run([codes], [pair("clinic:1", "clinic:2")])[0] == codes


def test_a_decision_settles_a_finding_until_its_evidence_changes() -> None:
    claim = pair("clinic:1", "clinic:2", compared=["hash-a", "hash-b"])
    (row,) = run([], [claim])
    said = Verdicts({claim.finding_id: str(row["evidence_sha256"])}, frozenset({claim.finding_id}))
    assert status(run([row], [claim], said=said), claim) == "decided"
    changed = dataclasses.replace(claim, compared=["hash-a", "hash-c"])
    assert status(run([row], [changed], said=said), claim) == "stale"


def test_a_decision_counts_for_claims_of_checks_that_did_not_run() -> None:
    codes = ingest_claim("K06", "clinic:1")
    said = Verdicts({"K06-0": str(codes["evidence_sha256"])}, frozenset({"K06-0"}))
    assert [row["status"] for row in run([codes], [], said=said)] == ["decided"]


def test_an_unmarked_claim_that_a_decision_names_is_never_dropped() -> None:
    claim = pair("clinic:1", "clinic:2", marked=False)
    rows = run(run([], [claim]), [], said=Verdicts({}, frozenset({claim.finding_id})))
    assert status(rows, claim) == "gone"


def test_unsure_and_undone_decisions_leave_a_finding_open() -> None:
    every = pd.DataFrame(
        {
            "finding_id": ["a", "b", "c", None],
            "action": ["unsure", "dismiss", "accept", "relabel"],
            "evidence_sha256": [None, "hash", None, None],
        }
    )
    said = verdicts(every.drop(index=2), every)
    assert said == Verdicts({"b": "hash"}, frozenset({"a", "b", "c"}))


def test_what_ingest_said_about_equal_pixels_gives_way_to_the_copies_that_a_check_finds() -> None:
    exact = pair("clinic:1", "clinic:2", kind="exact")
    claims = [ingest_claim("I09", *IDS), ingest_claim("I08", "clinic:1", "clinic:2"), ingest_claim("K06", *IDS)]
    states = {row["kind"]: row["status"] for row in run(claims, [exact])}
    assert states == {"I09": "gone", "I08": "gone", "K06": "open", "exact": "open"}


def test_equal_pixels_of_other_samples_keep_what_ingest_said() -> None:
    claim = ingest_claim("I09", "clinic:3", "clinic:4")
    assert run([claim], [pair("clinic:1", "clinic:2", kind="exact")])[0]["status"] == "open"


def test_copies_that_are_gone_supersede_nothing() -> None:
    exact = pair("clinic:1", "clinic:2", kind="exact")
    claim = ingest_claim("I09", "clinic:1", "clinic:2")
    rows = run([claim, *run([], [exact])], [])
    assert {row["kind"]: row["status"] for row in rows} == {"I09": "open", "exact": "gone"}


findings = st.lists(
    st.builds(
        lambda ids, kind, marked, score: pair(*ids, kind=kind, marked=marked, score=score),
        st.lists(st.sampled_from([f"clinic:{n}" for n in range(6)]), min_size=2, max_size=2, unique=True),
        st.sampled_from(["exact", "same_photo", "same_lesion"]),
        st.booleans(),
        st.floats(0, 1),
    ),
    unique_by=lambda finding: finding.finding_id,
    max_size=12,
)


@settings(deadline=None)  # a busy machine is no fault
@given(findings, findings, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_findings_changes_nothing(
    earlier: list[Finding], found: list[Finding], chance: random.Random
) -> None:
    rows = run([], earlier)
    other_rows, other_found = chance.sample(rows, len(rows)), chance.sample(found, len(found))
    assert run(other_rows, other_found, version=2) == run(rows, found, version=2)


@settings(deadline=None)  # a busy machine is no fault
@given(findings, findings)
def test_merging_the_same_findings_twice_changes_nothing(earlier: list[Finding], found: list[Finding]) -> None:
    once = run(run([], earlier), found, version=2)
    assert same(once, run(once, found, version=3))


@settings(deadline=None)  # a busy machine is no fault
@given(findings, findings)
def test_tables_that_say_different_things_are_not_the_same(earlier: list[Finding], found: list[Finding]) -> None:
    def said(each: list[Finding]) -> set[object]:
        return {(one.finding_id, one.marked, one.score, one.message) for one in each}

    assert same(run([], earlier), run([], found, version=9)) == (said(earlier) == said(found))
