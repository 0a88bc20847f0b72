"""What marked pairs contradict: ids that keep one lesion apart, members of one group with different labels or facts."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import NamedTuple

import pandas as pd

from curate.checks.check import Finding
from curate.checks.duplicates.pairs import DETECTOR, VERSION, Board, MarkedPair

AGE_YEARS_APART = 2  # of two copies of one photo: publishers round
_NOT_SAID = frozenset({"unknown", "unspecified", "unmapped"})
Row = Mapping[str, object]


class _Contradiction(NamedTuple):
    found: str
    expected: str


def conflict_findings(on: Board, marked: list[MarkedPair], samples: pd.DataFrame) -> list[Finding]:
    """Return the contradictions inside marked pairs and groups.

    Parameters
    ----------
    on : Board
        Samples by position.
    marked : list of MarkedPair
        Every marked pair.
    samples : pandas.DataFrame
        Rows of the view, or of samples.
    """
    columns = [name for name in (*_LABEL_COLUMNS, *_IDS, *_FACTS, *_AGES) if name in samples.columns]
    rows = samples.set_index("sample_id")[columns].astype(object)
    known = rows.where(rows.notna(), None).loc[on.ids]
    facts: list[Row] = [dict(zip(columns, values, strict=True)) for values in known.itertuples(index=False)]
    ids = [finding for pair in marked for finding in _id_conflicts(on, pair, facts)]
    return [*ids, *_group_conflicts(on, marked, facts)]


_LABEL_COLUMNS = ("label_path", "diagnosis_path", "diagnosis_candidates")
_IDS = ("lesion_id", "patient_id")
_FACTS = ("sex", "site_path", "laterality", "fitzpatrick")
_AGES = ("age_low", "age_high")


def _id_conflicts(on: Board, pair: MarkedPair, facts: list[Row]) -> list[Finding]:
    """Return one finding for each id that one issuer gave twice to what the pixels show once."""
    left, right = facts[pair.left], facts[pair.right]
    found = []
    for column in _IDS:
        a, b = _said(left, column), _said(right, column)
        if a is None or b is None or a == b or _issuer(a) != _issuer(b):
            continue
        first, second = on.ids[pair.left], on.ids[pair.right]
        what = "one photo" if pair.kind != "same_lesion" else "one lesion"
        found.append(
            Finding(
                kind="id_conflict",
                sample_ids=(first, second),
                message=f"{first} and {second} show {what}, but their {column} is {a} and {b}.",
                detector=DETECTOR,
                detector_version=VERSION,
                field=column,
                found=b,
                expected=a,
                score=round(pair.probability, 6),
                score_name="probability of one lesion",
                group_id=on.ids[pair.group],
                evidence={"pair_kind": pair.kind},
                compared=[on.pixels[pair.left], on.pixels[pair.right], a, b],
            )
        )
    return found


def _issuer(identity: str) -> str:
    return identity.partition(":")[0]


def _group_conflicts(on: Board, marked: list[MarkedPair], facts: list[Row]) -> list[Finding]:
    """Return at most one finding for each group and column."""
    pairs: dict[int, list[MarkedPair]] = defaultdict(list)
    for pair in marked:
        pairs[pair.group].append(pair)
    found = []
    for group in sorted(pairs):
        for field, differ in _COMPARED.items():
            clashes = [(pair, clash) for pair in pairs[group] if (clash := differ(pair, facts)) is not None]
            if clashes:
                found.append(_group_finding(on, field, pairs[group], clashes))
    return found


def _group_finding(
    on: Board, field: str, pairs: list[MarkedPair], clashes: list[tuple[MarkedPair, _Contradiction]]
) -> Finding:
    members = sorted({on.ids[each] for pair in pairs for each in (pair.left, pair.right)})
    pair, clash = max(clashes, key=lambda item: item[0].probability)
    values = sorted(set(itertools.chain.from_iterable(each for _, each in clashes)))
    kind = "label_conflict" if field == "diagnosis_path" else "meta_conflict"
    a, b = on.ids[pair.left], on.ids[pair.right]
    return Finding(
        kind=kind,
        sample_ids=tuple(members),
        message=f"{a} and {b} are one lesion, but {field} is {clash.expected} and {clash.found}.",
        detector=DETECTOR,
        detector_version=VERSION,
        severity="review" if kind == "label_conflict" else "note",
        field=field,
        found=clash.found,
        expected=clash.expected,
        score=round(pair.probability, 6),
        score_name="probability of one lesion",
        group_id=members[0],
        evidence={"values": values, "pairs": [[on.ids[p.left], on.ids[p.right]] for p, _ in clashes[:20]]},
        compared=[members, values],
    )


def _said(row: Row, column: str) -> str | None:
    value = row.get(column)
    return None if value is None or value in _NOT_SAID else str(value)


def _labels(row: Row) -> frozenset[str]:
    """Return the diagnoses that a row may mean: its path, or the members of a bag."""
    path = _said(row, "label_path") or _said(row, "diagnosis_path")
    candidates = row.get("diagnosis_candidates")
    if path is None and isinstance(candidates, list | tuple):
        return frozenset(str(each) for each in candidates)
    return frozenset() if path is None else frozenset({path})


def _within(a: str, b: str) -> bool:
    """Return whether one path of a tree is the other or lies above it: the one then says less, not something else."""
    return a == b or a.startswith(f"{b}:") or b.startswith(f"{a}:")


def _label_clash(pair: MarkedPair, facts: list[Row]) -> _Contradiction | None:
    left, right = _labels(facts[pair.left]), _labels(facts[pair.right])
    if not left or not right or any(_within(a, b) for a in left for b in right):
        return None
    return _Contradiction(found=" or ".join(sorted(right)), expected=" or ".join(sorted(left)))


def _column_clash(column: str, *, tree: bool) -> Callable[[MarkedPair, list[Row]], _Contradiction | None]:
    def clash(pair: MarkedPair, facts: list[Row]) -> _Contradiction | None:
        a, b = _said(facts[pair.left], column), _said(facts[pair.right], column)
        if a is None or b is None or a == b or (tree and _within(a, b)):
            return None
        return _Contradiction(found=b, expected=a)

    return clash


def _age_clash(pair: MarkedPair, facts: list[Row]) -> _Contradiction | None:
    """Return ages of one photo that lie apart; two photos may have been taken years apart."""
    if pair.kind == "same_lesion":
        return None
    ages = [(facts[each].get("age_low"), facts[each].get("age_high")) for each in (pair.left, pair.right)]
    (low_a, high_a), (low_b, high_b) = ages
    if not isinstance(low_a, int) or not isinstance(low_b, int):
        return None
    top_a = high_a if isinstance(high_a, int) else _OPEN
    top_b = high_b if isinstance(high_b, int) else _OPEN
    if max(low_a, low_b) - min(top_a, top_b) <= AGE_YEARS_APART:
        return None
    return _Contradiction(found=f"{low_b}-{high_b}", expected=f"{low_a}-{high_a}")


_OPEN = 200  # an age with no upper end, such as 85+

_COMPARED: Mapping[str, Callable[[MarkedPair, list[Row]], _Contradiction | None]] = {
    "diagnosis_path": _label_clash,
    "sex": _column_clash("sex", tree=False),
    "site_path": _column_clash("site_path", tree=True),
    "laterality": _column_clash("laterality", tree=False),
    "fitzpatrick": _column_clash("fitzpatrick", tree=False),
    "age_low": _age_clash,
}
