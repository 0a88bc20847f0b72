"""Findings against what a source knows of its own defects: found, missed and wrongly marked, per kind."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

PAIR_KINDS = ("exact", "same_photo", "same_lesion")
# A claim of these kinds is about a person or a set: it is right when all its samples lie in one planted set.
SET_KINDS = ("leak", "same_patient", "shortcut")

Planted = Mapping[str, frozenset[frozenset[str]]]


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
    only where
    the planted pairs of all three kinds do not join its two samples.
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
