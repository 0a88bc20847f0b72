from __future__ import annotations

from collections.abc import Callable

from curate.ingest.findings import Scope, merged
from curate.ingest.rules import COLUMNS, Claim, claims
from schemas.finding import finding_id
from schemas.tables import empty, from_rows

Row = Callable[..., dict[str, object]]


def said(*rows: dict[str, object]) -> list[tuple[str, str | None, tuple[str, ...]]]:
    table = from_rows("samples", list(rows)).select(list(COLUMNS))
    return [(claim.rule, claim.key, tuple(sorted(claim.sample_ids))) for claim in claims(table)]


def test_rows_that_agree_give_no_claim(row: Row) -> None:
    big = {"width": 600, "height": 450, "color_mode": "RGB", "pixel_sha256": "a"}
    assert (
        said(row("1", patient_id="clinic:p", sex="male", **big), row("2", patient_id="clinic:p", sex="unknown")) == []
    )


def test_a_lesion_of_two_patients_and_a_patient_of_two_sexes(row: Row) -> None:
    found = said(
        row("1", lesion_id="clinic:l", patient_id="clinic:p", sex="male"),
        row("2", lesion_id="clinic:l", patient_id="clinic:q"),
        row("3", patient_id="clinic:p", sex="female"),
    )
    assert found == [
        ("P01", "clinic:l", ("clinic:1", "clinic:2")),
        ("P02", "clinic:p", ("clinic:1", "clinic:3")),
    ]


def test_copies_are_noted_and_copies_that_differ_are_a_conflict(row: Row) -> None:
    found = said(
        row("1", pixel_sha256="a", malignancy="benign"),
        row("2", pixel_sha256="a", malignancy="malignant"),
        row("3", pixel_sha256="b"),
    )
    assert [rule for rule, _, _ in found] == ["I09", "I08"]
    assert found[0][2] == found[1][2] == ("clinic:1", "clinic:2")


def test_a_picture_is_compared_over_sources(row: Row) -> None:
    assert [rule for rule, _, _ in said(row("1", pixel_sha256="a"), row("1", source="other", pixel_sha256="a"))] == [
        "I09"
    ]


def test_odd_pictures_are_noted(row: Row) -> None:
    found = said(
        row("1", width=127, height=400, color_mode="RGB"),
        row("2", width=2000, height=300, color_mode="RGB"),
        row("3", width=128, height=640, color_mode="L"),
        row("4", width=300, height=300, color_mode="I16"),
    )
    assert [(rule, ids[0]) for rule, _, ids in found] == [
        ("I05", "clinic:1"),
        ("I05", "clinic:2"),
        ("I06", "clinic:3"),
        ("I06", "clinic:4"),
    ]


def test_a_label_against_the_tree_is_one_claim_per_raw_value(row: Row) -> None:
    label = {"malignancy": "benign", "source_malignancy": "malignant", "diagnoses": [{"raw": "nv"}]}
    found = said(row("1", **label), row("2", **label), row("3", malignancy="mixed", source_malignancy="benign"))
    assert [(rule, key) for rule, key, _ in found] == [("V03", "clinic: nv (malignant)")]


def test_placeholders_and_case_variants_of_ids(row: Row) -> None:
    found = said(row("A", lesion_id="clinic:0"), row("a", lesion_id="clinic:unknown"), row("b", lesion_id="clinic:L7"))
    assert [(rule, key) for rule, key, _ in found] == [
        ("K10", "clinic:A / clinic:a"),
        ("P16", "clinic:0"),
        ("P16", "clinic:unknown"),
    ]


def test_a_withdrawn_row_makes_no_claim(row: Row) -> None:
    assert said(row("1", pixel_sha256="a"), row("2", pixel_sha256="a", row_status="withdrawn")) == []


# --- findings over several ingests -----------------------------------------------------------------------------------


def claim(**more: object) -> Claim:
    fields = {"rule": "I09", "severity": "note", "message": "m", "sample_ids": ("b", "a"), "evidence": {"x": 1}, **more}
    return Claim(**fields)  # type: ignore[arg-type]


def scope(version: int, source: str = "clinic", *, whole: bool = True) -> Scope:
    return Scope(source, whole, f"run-{version}", version)


def test_a_claim_that_is_found_again_keeps_its_id_first_version_and_status() -> None:
    first = merged(empty("findings"), [claim()], scope(1))
    (row,) = first.to_pylist()
    assert row["finding_id"] == finding_id("I09", None, ["a", "b"])
    assert row["sample_ids"] == ["a", "b"]
    decided = from_rows("findings", [{**row, "status": "decided"}])
    (same,) = merged(decided, [claim()], scope(2)).to_pylist()
    assert (same["status"], same["first_version"], same["last_version"]) == ("decided", 1, 2)
    (stale,) = merged(decided, [claim(evidence={"x": 2})], scope(2)).to_pylist()
    assert stale["status"] == "stale"


def test_a_claim_that_is_not_found_again_is_gone_and_comes_back_open() -> None:
    first = merged(empty("findings"), [claim()], scope(1))
    gone = merged(first, [], scope(2))
    assert gone.column("status").to_pylist() == ["gone"]
    assert merged(gone, [claim()], scope(3)).column("status").to_pylist() == ["open"]


def test_notes_about_one_ingest_outlive_that_of_another_source_and_of_a_part() -> None:
    first = merged(empty("findings"), [claim(rule="K06", key="clinic: fem", sample_ids=())], scope(1))
    for other in (scope(2, "other"), scope(2, whole=False)):
        assert merged(first, [], other).column("status").to_pylist() == ["open"]
    assert merged(first, [], scope(2)).column("status").to_pylist() == ["gone"]
