"""Findings against what a source knows of its own defects: found, missed and wrongly marked, per kind."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

import sources

PAIR_KINDS = ("exact", "same_photo", "same_lesion")
# A claim of these kinds is about a person or a set: it is right when all its samples lie in one planted set.
SET_KINDS = ("leak", "same_patient", "shortcut")

# Which check answers for a planted kind.
CHECK_OF_KIND = {
    "exact": "duplicates",
    "same_photo": "duplicates",
    "same_lesion": "duplicates",
    "id_conflict": "duplicates",
    "leak": "leakage",
    "same_patient": "leakage",
    "label_error": "labels",
    "shortcut": "shortcuts",
}

Planted = Mapping[str, frozenset[frozenset[str]]]
Truth = Callable[[frozenset[str]], Planted]


@dataclass(frozen=True, slots=True)
class TruthCount:
    """How the marked findings of one kind compare with what was planted.

    Parameters
    ----------
    kind : str
        Kind of finding.
    planted, found, missed : int
        Planted defects, and how many of them are marked.
    wrong : int
        Marked findings that nothing was planted for.
    """

    kind: str
    planted: int
    found: int
    missed: int
    wrong: int


def counts(
    samples: pd.DataFrame, rows: Sequence[Mapping[str, object]], ran: Iterable[str]
) -> dict[str, tuple[TruthCount, ...]]:
    """Return, for each source that knows its own defects, planted against found.

    Parameters
    ----------
    samples : pandas.DataFrame
        Rows that were looked at: columns ``source``, ``source_image_id``.
    rows : sequence of mappings
        Rows of table ``findings`` that stand.
    ran : iterable of str
        Names of the checks that ran: only their kinds are counted.
    """
    answered = {kind for kind, check in CHECK_OF_KIND.items() if check in set(ran)}
    counted = {}
    for name, known in _sources_with_truth(samples):
        prefix = f"{name}:"
        ids = frozenset(samples.loc[samples["source"] == name, "source_image_id"])
        planted = {
            kind: frozenset(frozenset(prefix + each for each in members) for members in sets)
            for kind, sets in known(ids).items()
            if kind in answered
        }
        counted[name] = score(planted, [claim for claim in _marked(rows, name) if claim[0] in planted])
    return counted


def _sources_with_truth(samples: pd.DataFrame) -> Iterable[tuple[str, Truth]]:
    installed = set(sources.names())
    for name in sorted(set(samples["source"]) & installed):
        known = sources.load(name).truth
        if known is not None:
            yield name, known


def _marked(rows: Sequence[Mapping[str, object]], source: str) -> Iterable[tuple[str, frozenset[str]]]:
    """Yield kind and samples of the marked claims that are about one source alone."""
    for row in rows:
        ids = row["sample_ids"]
        members = frozenset(map(str, ids)) if isinstance(ids, list) else frozenset()
        # Planted leaks are those of the published split: what a user's own split does is another matter.
        other_split = row["kind"] == "leak" and row["field"] != f"source_split:{source}"
        if row["marked"] and not other_split and all(each.startswith(f"{source}:") for each in members):
            yield str(row["kind"]), members


def score(planted: Planted, marked: Sequence[tuple[str, frozenset[str]]]) -> tuple[TruthCount, ...]:
    """Return the counts per planted kind, in the order of their names.

    Parameters
    ----------
    planted : mapping
        Kind to the sets of sample ids that were planted.
    marked : sequence of (str, frozenset of str)
        Kind and sample ids of each marked finding.

    Notes
    -----
    Copies chain: a copy of a copy is a copy of the original. So for the three kinds of pairs a marked pair is wrong
    only where the planted pairs of all three kinds do not join its two samples.
    """
    joined = _components(pair for kind in PAIR_KINDS for pair in planted.get(kind, frozenset()))
    of_any_pair_kind = {members for kind, members in marked if kind in PAIR_KINDS}
    counts = []
    for kind in sorted(planted):
        mine = {members for found, members in marked if found == kind}
        sets = planted[kind]
        if kind in SET_KINDS:
            found = sum(any(members <= planted_set for members in mine) for planted_set in sets)
            wrong = sum(not any(members <= planted_set for planted_set in sets) for members in mine)
        elif kind in PAIR_KINDS:
            # A planted copy that is marked under a neighboring kind is found: the kinds differ in degree.
            found = len(sets & of_any_pair_kind)
            wrong = sum(len({joined.get(member, member) for member in members}) > 1 for members in mine)
        else:
            found, wrong = len(sets & mine), len(mine - sets)
        counts.append(TruthCount(kind, len(sets), found, len(sets) - found, wrong))
    return tuple(counts)


def _components(pairs: Iterable[frozenset[str]]) -> dict[str, str]:
    """Return the smallest member of its group for each sample that a planted pair holds."""
    parent: dict[str, str] = {}

    def root(sample: str) -> str:
        while parent.setdefault(sample, sample) != sample:
            sample = parent[sample]
        return sample

    for pair in sorted(pairs, key=sorted):
        for left, right in itertools.combinations(sorted(pair), 2):
            first, last = sorted((root(left), root(right)))
            parent[last] = first
    return {sample: root(sample) for sample in parent}
