from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.view import apply_decisions, effective, recorded
from schemas import vocabulary
from schemas.errors import DataFault
from schemas.tables import VIEW_COLUMNS, from_rows

NEVUS = "Benign:Benign melanocytic proliferations:Nevus"
MELANOMA = "Malignant:Malignant melanocytic proliferations (Melanoma)"
ACTIONS = ("accept", "relabel", "exclude", "keep", "dismiss", "unsure", "merge_patient", "merge_lesion")


def decision(number: int, action: str, *sample_ids: str, **fields: object) -> dict[str, object]:
    return {
        "decision_id": f"d{number:03}",
        "sample_ids": list(sample_ids),
        "action": action,
        "reason": "",
        "reviewer": "anna",
        "decided_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=number),
        "client": "api",
        "tool_version": "0",
    } | fields


def decisions(*rows: dict[str, object]) -> pa.Table:
    return from_rows("decisions", list(rows))


@pytest.fixture
def samples(row: Callable[..., dict[str, object]]) -> pa.Table:
    return from_rows(
        "samples",
        [
            row("1", diagnosis_path=NEVUS, patient_id="clinic:p1", age_years=40, age_low=38, age_high=42),
            row("2", diagnosis_kind="group", diagnosis_candidates=[NEVUS, MELANOMA], malignancy="mixed"),
            row("3", diagnosis_path=NEVUS, patient_id="clinic:p3"),
        ],
    )


def by_id(view: pa.Table) -> dict[str, dict[str, object]]:
    return {each["sample_id"]: each for each in view.to_pylist()}


def test_without_decisions_the_label_is_what_the_source_says(samples: pa.Table) -> None:
    view = recorded(samples)
    assert view.column_names == [*samples.column_names, *(column.name for column in VIEW_COLUMNS)]
    assert view.select(samples.column_names).equals(samples)
    assert view.column("label_path").to_pylist() == [NEVUS, None, NEVUS]
    assert view.column("label_malignancy").to_pylist() == ["benign", "mixed", "benign"]
    assert set(view.column("label_origin").to_pylist()) == {"source"}
    assert view.column("excluded").to_pylist() == [False] * 3
    assert view.column("applied_decisions").to_pylist() == [[], [], []]


def test_a_new_label_brings_its_malignancy_and_leaves_the_recorded_diagnosis(samples: pa.Table) -> None:
    row = by_id(apply_decisions(samples, decisions(decision(1, "relabel", "clinic:1", new_value=MELANOMA))))["clinic:1"]
    assert (row["label_path"], row["label_malignancy"], row["label_origin"]) == (MELANOMA, "malignant", "decision")
    assert (row["diagnosis_path"], row["malignancy"]) == (NEVUS, "benign")
    assert row["applied_decisions"] == ["d001"]


def test_a_new_label_takes_the_place_of_a_group_of_candidates(samples: pa.Table) -> None:
    row = by_id(apply_decisions(samples, decisions(decision(1, "relabel", "clinic:2", new_value=NEVUS))))["clinic:2"]
    assert (row["label_malignancy"], row["diagnosis_candidates"]) == ("benign", None)


def test_an_exclusion_carries_its_reason(samples: pa.Table) -> None:
    row = by_id(apply_decisions(samples, decisions(decision(1, "exclude", "clinic:1", new_value="quality"))))[
        "clinic:1"
    ]
    assert (row["excluded"], row["excluded_reason"]) == (True, "quality")


def test_the_kept_member_stays_and_the_others_are_duplicates(samples: pa.Table) -> None:
    kept = decision(1, "keep", "clinic:1", "clinic:2", "clinic:3", new_value="clinic:2")
    view = apply_decisions(samples, decisions(kept))
    assert view.column("excluded_reason").to_pylist() == ["duplicate", None, "duplicate"]


def test_the_second_verdict_on_a_pair_displaces_the_first(samples: pa.Table) -> None:
    pair = ("clinic:1", "clinic:3")
    view = apply_decisions(
        samples,
        decisions(
            decision(1, "keep", *pair, new_value="clinic:1", finding_id="same_photo-1"),
            decision(2, "keep", *pair, new_value="clinic:3", finding_id="same_photo-1"),
        ),
    )
    assert view.column("excluded").to_pylist() == [True, False, False]


def test_a_chain_of_kept_pairs_leaves_one_of_three(samples: pa.Table) -> None:
    view = apply_decisions(
        samples,
        decisions(
            decision(1, "keep", "clinic:1", "clinic:2", new_value="clinic:1", finding_id="exact-1"),
            decision(2, "keep", "clinic:2", "clinic:3", new_value="clinic:2", finding_id="exact-2"),
        ),
    )
    assert view.column("excluded").to_pylist() == [False, True, True]


def test_unsure_does_not_take_an_exclusion_back(samples: pa.Table) -> None:
    excluded = decision(1, "exclude", "clinic:1", new_value="quality", finding_id="blur-1")
    unsure = decision(2, "unsure", "clinic:1", finding_id="blur-1", reviewer="boris")
    assert by_id(apply_decisions(samples, decisions(excluded, unsure)))["clinic:1"]["excluded"] is True


def test_a_dismissal_after_an_exclusion_lets_the_row_back_in(samples: pa.Table) -> None:
    excluded = decision(1, "exclude", "clinic:1", new_value="quality", finding_id="blur-1")
    dismissed = decision(2, "dismiss", "clinic:1", finding_id="blur-1", reviewer="boris")
    assert by_id(apply_decisions(samples, decisions(excluded, dismissed)))["clinic:1"]["excluded"] is False


def test_merged_patients_show_one_id_and_split_ones_show_theirs(samples: pa.Table) -> None:
    merged = decision(1, "merge_patient", "clinic:1", "clinic:3", new_value="clinic:p1")
    view = apply_decisions(samples, decisions(merged))
    assert view.column("patient_id").to_pylist() == ["clinic:p1", None, "clinic:p1"]
    ids = {"clinic:1": "clinic:a", "clinic:3": "clinic:b"}
    split = decision(2, "split_patient", "clinic:1", "clinic:3", new_value=json.dumps(ids))
    view = apply_decisions(samples, decisions(merged, split))
    assert view.column("patient_id").to_pylist() == ["clinic:a", None, "clinic:b"]


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("sex", "female", {"sex": "female"}),
        ("sex", "", {"sex": None}),
        ("age_years", "45", {"age_years": 45, "age_low": 45, "age_high": 45}),
        ("biopsied", "true", {"biopsied": True}),
        ("diameter_mm", "2.5", {"diameter_mm": 2.5}),
        ("icd10", '["C43.5"]', {"icd10": ["C43.5"]}),
        ("attributes", '{"itch": "yes"}', {"attributes": [("itch", "yes")]}),
        ("fitzpatrick", "V", {"fitzpatrick": "V", "skin_tone_group": "dark"}),
        ("diagnosis_path", MELANOMA, {"diagnosis_path": MELANOMA, "label_malignancy": "malignant"}),
    ],
)
def test_a_set_field_shows_the_value_and_what_is_derived_from_it(
    samples: pa.Table, name: str, text: str, shown: dict[str, object]
) -> None:
    row = by_id(apply_decisions(samples, decisions(decision(1, "set_field", "clinic:1", field=name, new_value=text))))
    assert {key: row["clinic:1"][key] for key in shown} == shown


@pytest.mark.parametrize(
    ("name", "text"),
    [("age_years", "old"), ("age_years", "1e9"), ("biopsied", "maybe"), ("sample_id", "x"), ("colour", "x")],
)
def test_a_value_that_a_column_cannot_hold_names_its_decision(samples: pa.Table, name: str, text: str) -> None:
    with pytest.raises(DataFault, match="decision d001"):
        apply_decisions(samples, decisions(decision(1, "set_field", "clinic:1", field=name, new_value=text)))


def test_an_undone_undo_brings_the_decision_back(samples: pa.Table) -> None:
    first = decision(1, "exclude", "clinic:1", new_value="quality")
    undo = decision(2, "undo", "clinic:1", supersedes="d001")
    again = decision(3, "undo", "clinic:1", supersedes="d002")
    assert not any(apply_decisions(samples, decisions(first, undo)).column("excluded").to_pylist())
    assert by_id(apply_decisions(samples, decisions(first, undo, again)))["clinic:1"]["excluded"] is True


def test_samples_that_are_not_there_are_passed_over(samples: pa.Table) -> None:
    view = apply_decisions(samples, decisions(decision(1, "exclude", "clinic:9", new_value="other")))
    assert view.equals(recorded(samples))


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, object]]:
    made = []
    for number in range(draw(st.integers(0, 6))):
        action = draw(st.sampled_from(ACTIONS))
        ids = draw(st.lists(st.sampled_from(["clinic:1", "clinic:2", "clinic:3"]), min_size=1, unique=True))
        values = {
            "relabel": MELANOMA,
            "exclude": "quality",
            "keep": ids[0],
            "merge_patient": "a:1",
            "merge_lesion": "a:1",
        }
        finding = draw(st.sampled_from([None, "blur-1", "exact-2"]))
        made.append(decision(number, action, *ids, new_value=values.get(action), finding_id=finding))
    return made


@settings(max_examples=40, deadline=None)
@given(made=histories(), data=st.data())
def test_undoing_everything_shows_what_was_recorded(made: list[dict[str, object]], data: st.DataObject) -> None:
    table = from_rows("samples", [_plain_row("1"), _plain_row("2"), _plain_row("3")])
    undone = [decision(100 + number, "undo", supersedes=each["decision_id"]) for number, each in enumerate(made)]
    order = data.draw(st.permutations(made + undone))
    assert apply_decisions(table, decisions(*order)).equals(recorded(table))


@settings(max_examples=40, deadline=None)
@given(made=histories(), data=st.data())
def test_the_order_of_rows_in_the_table_does_not_matter(made: list[dict[str, object]], data: st.DataObject) -> None:
    table = from_rows("samples", [_plain_row("1"), _plain_row("2"), _plain_row("3")])
    shuffled = data.draw(st.permutations(made))
    assert apply_decisions(table, decisions(*shuffled)).equals(apply_decisions(table, decisions(*made)))


@settings(max_examples=40, deadline=None)
@given(made=histories())
def test_a_row_is_excluded_exactly_when_it_has_a_reason(made: list[dict[str, object]]) -> None:
    table = from_rows("samples", [_plain_row("1"), _plain_row("2"), _plain_row("3")])
    view = apply_decisions(table, decisions(*made))
    assert [reason is not None for reason in view.column("excluded_reason").to_pylist()] == view.column(
        "excluded"
    ).to_pylist()


def test_effective_decisions_come_oldest_first_without_undo() -> None:
    rows = decisions(decision(3, "accept", "a:1"), decision(1, "accept", "a:2"), decision(4, "undo", supersedes="d003"))
    assert effective(rows).column("decision_id").to_pylist() == ["d001"]


def _plain_row(name: str) -> dict[str, object]:
    return {
        "sample_id": f"clinic:{name}",
        "source": "clinic",
        "source_image_id": name,
        "image_status": "not_fetched",
        "diagnosis_kind": "exact",
        "diagnosis_path": NEVUS,
        "malignancy": vocabulary.malignancy_of(NEVUS),
        "licence": "CC-0",
        "redistribute": "yes",
        "commercial": "yes",
        "raw": "{}",
        "raw_hash": "0" * 16,
        "row_status": "active",
        "ingest_id": "run-0",
        "adapter": "test@1",
        "vocab": "v",
    }
