"""Findings about pairs: exact copies, edited photos, second photos of one lesion; each claim with its proof."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from curate.checks.check import Finding
from curate.checks.duplicates.search import ScoredPair
from curate.matching.linking import Chain, chains_from, components

Kind = Literal["exact", "same_photo", "same_lesion"]
Scored = Mapping[tuple[str, str], ScoredPair]

DETECTOR, VERSION = "duplicates", "1"
# Above this many members only pairs with the first one are written (schema.md section 6), and those that the pixels
# prove: without them nobody could see which pair holds a chain together.
ALL_PAIRS_UP_TO = 20
SAME_PHOTO_FROM = 0.5
_STRENGTH: tuple[Kind, ...] = ("same_lesion", "same_photo", "exact")


@dataclass(frozen=True, slots=True)
class MarkedPair:
    """Two samples that belong together: positions, kind, probability and the chain that says so."""

    left: int
    right: int
    kind: Kind
    probability: float
    chain: tuple[int, ...]
    group: int


@dataclass(frozen=True, slots=True)
class Board:
    """Samples by position, and every scored pair between their pictures.

    Parameters
    ----------
    ids, pixels, files : list of str
        Sample ids in order, and their hashes; empty where there is none.
    scored : mapping
        Two pixel hashes, smaller first -> scored pair.
    threshold : float
        Probability from which a pair is marked.
    """

    ids: list[str]
    pixels: list[str]
    files: list[str]
    scored: Scored
    threshold: float

    def direct(self, left: int, right: int) -> ScoredPair | None:
        """Return the scored pair of two samples."""
        a, b = sorted((self.pixels[left], self.pixels[right]))
        return self.scored.get((a, b))

    def equal(self, left: int, right: int) -> Literal["bytes", "pixels"] | None:
        """Return what two samples have in common to the last bit."""
        if self.files[left] and self.files[left] == self.files[right]:
            return "bytes"
        return "pixels" if self.pixels[left] and self.pixels[left] == self.pixels[right] else None

    def kind(self, left: int, right: int) -> Kind:
        """Return the kind of a pair that is an edge."""
        if self.equal(left, right) is not None:
            return "exact"
        scored = self.direct(left, right)
        return "same_photo" if scored is not None and scored.same_photo >= SAME_PHOTO_FROM else "same_lesion"


def board(samples: pd.DataFrame, scored: Scored, threshold: float) -> Board:
    """Return the samples, sorted by id, as a board."""
    rows = samples.sort_values("sample_id")
    hashes = (
        rows[["pixel_sha256", "file_sha256"]].astype(object).where(rows[["pixel_sha256", "file_sha256"]].notna(), "")
    )
    return Board(
        rows["sample_id"].tolist(), hashes["pixel_sha256"].tolist(), hashes["file_sha256"].tolist(), scored, threshold
    )


def marked_pairs(on: Board) -> list[MarkedPair]:
    """Return every pair of every group by position; of a large one those with its first member and the direct ones."""
    edges = dict(_edges(on))
    near: dict[int, dict[int, float]] = defaultdict(dict)
    for (left, right), probability in edges.items():
        near[left][right] = near[right][left] = probability
    found = []
    for members in components(edges):
        for start in members:
            ends = chains_from(start, near) if start == members[0] or len(members) <= ALL_PAIRS_UP_TO else {}
            direct = {end: Chain(p, (start, end)) for end, p in near[start].items() if end not in ends}
            chains = sorted((direct | ends).items())
            found += [_marked(on, chain, members[0]) for end, chain in chains if end > start]
    return found


def _edges(on: Board) -> Iterator[tuple[tuple[int, int], float]]:
    """Yield pairs of positions that are marked by themselves: equal pixels or bytes, and probable pairs."""
    first: dict[str, int] = {}
    for keys in (on.pixels, on.files):
        owners: dict[str, list[int]] = defaultdict(list)
        for position, key in enumerate(keys):
            if key:
                owners[key].append(position)
        for key, members in owners.items():
            first[key] = members[0]
            yield from (((left, right), 1.0) for left, right in itertools.pairwise(members))
    for (a, b), scored in on.scored.items():
        if scored.same_lesion >= on.threshold:
            left, right = sorted((first[a], first[b]))
            yield (left, right), scored.same_lesion


def _marked(on: Board, chain: Chain, group: int) -> MarkedPair:
    left, right = chain.members[0], chain.members[-1]
    kinds = [on.kind(a, b) for a, b in itertools.pairwise(chain.members)]
    kind = min(kinds, key=_STRENGTH.index)
    scored = on.direct(left, right)
    if on.equal(left, right) is not None:
        return MarkedPair(left, right, "exact", 1.0, (left, right), group)
    if scored is not None and scored.same_lesion >= on.threshold:
        kind = max(kind, on.kind(left, right), key=_STRENGTH.index)
    return MarkedPair(left, right, kind, chain.probability, chain.members, group)


def pair_findings(on: Board, marked: list[MarkedPair]) -> list[Finding]:
    """Return a finding for each marked pair, and one for each verified pair that is not marked."""
    found = [_finding(on, pair) for pair in marked]
    told = {(on.pixels[pair.left], on.pixels[pair.right]) for pair in marked}
    told |= {(b, a) for a, b in told}
    first = {pixel: position for position, pixel in reversed(list(enumerate(on.pixels)))}
    for (a, b), scored in on.scored.items():
        if (a, b) not in told:
            found.append(_unmarked(on, first[a], first[b], scored))
    return found


def _finding(on: Board, pair: MarkedPair) -> Finding:
    a, b = on.ids[pair.left], on.ids[pair.right]
    scored = on.direct(pair.left, pair.right)
    evidence = _evidence(scored, swapped=on.pixels[pair.left] > on.pixels[pair.right])
    equal = on.equal(pair.left, pair.right)
    if equal is not None:
        evidence = {"equal": equal}
    elif len(pair.chain) > 2:
        evidence["chain"] = [on.ids[member] for member in pair.chain]
    return Finding(
        kind=pair.kind,
        sample_ids=(a, b),
        message=_sentence(a, b, pair, scored, equal),
        detector=DETECTOR,
        detector_version=VERSION,
        score=round(pair.probability, 6),
        score_name="equality" if equal else "probability of one lesion",
        group_id=on.ids[pair.group],
        evidence=evidence,
        compared=_compared(on, pair.left, pair.right),
    )


def _unmarked(on: Board, left: int, right: int, scored: ScoredPair) -> Finding:
    a, b = sorted((on.ids[left], on.ids[right]))
    swapped = (on.ids[left] > on.ids[right]) != (on.pixels[left] > on.pixels[right])
    return Finding(
        kind="same_photo" if scored.facts.mirror else "same_lesion",
        sample_ids=(a, b),
        message=f"{a} and {b}: {scored.facts.inliers} matched points, too few to call them one lesion.",
        detector=DETECTOR,
        detector_version=VERSION,
        severity="note",
        score=round(scored.same_lesion, 6),
        score_name="probability of one lesion",
        marked=False,
        evidence=_evidence(scored, swapped=swapped),
        compared=_compared(on, left, right),
    )


def _compared(on: Board, left: int, right: int) -> list[list[str]]:
    return sorted([on.pixels[each], on.files[each] if not on.pixels[each] else ""] for each in (left, right))


def _sentence(a: str, b: str, pair: MarkedPair, scored: ScoredPair | None, equal: str | None) -> str:
    if equal is not None:
        return f"{a} and {b} hold the same {equal}."
    claim = "are one photo, edited" if pair.kind == "same_photo" else "show one lesion in two photos"
    if len(pair.chain) > 2 or scored is None:
        return f"{a} and {b} {claim}: a chain of {len(pair.chain) - 1} pairs joins them."
    mirrored = ", mirrored" if scored.facts.mirror else ""
    return f"{a} and {b} {claim}: {scored.facts.inliers} matched points{mirrored}, P {scored.same_lesion:.3f}."


def _evidence(scored: ScoredPair | None, *, swapped: bool) -> dict[str, object]:
    """Return the proof of a pair; `swapped` where A of the proof is the second of the two samples by id."""
    if scored is None:
        return {}
    facts = scored.facts
    return {
        "first": "b" if swapped else "a",
        "inliers": facts.inliers,
        "matches": facts.matches,
        "cells": facts.cells,
        "residual_px": round(facts.residual_px, 4),
        "local_gray": round(facts.local_gray, 4),
        "scale": round(facts.scale, 4),
        "mirror": facts.mirror,
        "matrix": [round(each, 5) for each in facts.matrix],
        "points": [list(point) for point in facts.points],
        "p_same_lesion": round(scored.same_lesion, 6),
        "p_same_photo": round(scored.same_photo, 6),
    }
