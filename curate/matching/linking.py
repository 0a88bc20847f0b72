"""Groups out of pairs: who belongs together, and how sure that is for two members that were never matched directly."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Chain(NamedTuple):
    """The surest way from one member of a group to another.

    Parameters
    ----------
    probability : float
        Product of the probabilities of its pairs.
    members : tuple of int
        From the first to the last; two members where the pair itself is the surest way.
    """

    probability: float
    members: tuple[int, ...]


def components(pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Return the connected groups of two or more members, members sorted, groups by their first member."""
    parent: dict[int, int] = {}

    def find(member: int) -> int:
        parent.setdefault(member, member)
        while parent[member] != member:
            parent[member] = parent[parent[member]]
            member = parent[member]
        return member

    for left, right in pairs:
        first, second = sorted((find(left), find(right)))
        parent[second] = first
    groups: dict[int, list[int]] = {}
    for member in sorted(parent):
        groups.setdefault(find(member), []).append(member)
    return sorted(groups.values())


def chains_from(start: int, near: Mapping[int, Mapping[int, float]]) -> dict[int, Chain]:
    """Return the surest chain from one member to each other one of its group.

    Parameters
    ----------
    start : int
        Member.
    near : mapping
        Member -> its partners and the probability of each pair.

    Notes
    -----
    To show one lesion is transitive, so a chain proves what a direct match of two very different views cannot.
    Dijkstra's algorithm on the products; of equal chains the shorter, then the one with smaller members.
    """
    best: dict[int, Chain] = {}
    waiting: list[tuple[float, int, tuple[int, ...]]] = [(-1.0, 1, (start,))]
    while waiting:
        negative, length, members = heapq.heappop(waiting)
        last = members[-1]
        if last in best:
            continue
        best[last] = Chain(-negative, members)
        for partner, probability in near.get(last, {}).items():
            if partner not in best:
                heapq.heappush(waiting, (negative * probability, length + 1, (*members, partner)))
    del best[start]
    return best
