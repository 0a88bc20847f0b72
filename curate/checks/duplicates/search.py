"""From pictures to scored pairs: candidates by three ways, facts from the cache, probabilities from the facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from curate.checks.check import CheckContext
from curate.matching.features import INDEXED
from curate.matching.linking import components
from curate.matching.neighbors import nearest_pictures
from curate.matching.scores import same_lesion_probability, same_photo_probability
from curate.matching.verify import PairFacts
from curate.matching.votes import Candidate, vote
from curate.measures.keypoints import feature_folder, has_features, load_features
from curate.measures.measuring import Plan, measure_dataset
from curate.measures.pairs import Pair, measure_pairs

# All pairs inside a recorded patient or lesion of at most so many pictures are verified (curation.md 3.5).
RECORDED_GROUP_AT_MOST = 50
# Pairs inside a group that candidates have linked are verified too, up to this size: the missing direct proofs.
LINKED_GROUP_AT_MOST = 20
LINKED_FROM = 0.5


@dataclass(frozen=True, slots=True)
class ScoredPair:
    """A verified pair of pictures.

    Parameters
    ----------
    facts : PairFacts
        What was measured.
    same_lesion : float
        Probability that both show one lesion.
    same_photo : float
        Probability that both are one exposure, given that they show one lesion.
    """

    facts: PairFacts
    same_lesion: float
    same_photo: float


def scored_pairs(context: CheckContext, pictures: pd.DataFrame) -> dict[tuple[str, str], ScoredPair]:
    """Return every verified pair by its two pixel hashes, smaller first.

    Parameters
    ----------
    context : CheckContext
        For vectors, workers and progress.
    pictures : pandas.DataFrame
        Rows of samples with a stored picture.
    """
    hashes = _with_features(context, pictures)
    place = {pixel: index for index, pixel in enumerate(hashes)}
    asked = set(_voted(hashes)) | set(_near(context, hashes)) | set(_recorded(pictures, place))
    found = _verify(context, pictures, hashes, asked)
    strong = [pair for pair, scored in found.items() if scored.same_lesion >= LINKED_FROM]
    groups = components((place[a], place[b]) for a, b in strong)
    linked = {
        Candidate(left, right, mirror=False)
        for members in groups
        if len(members) <= LINKED_GROUP_AT_MOST
        for i, left in enumerate(members)
        for right in members[i + 1 :]
    }
    return found | _verify(context, pictures, hashes, linked - asked, known=found)


def _with_features(context: CheckContext, pictures: pd.DataFrame) -> list[str]:
    """Return the hashes of all pictures whose features are in the cache, sorted; those missing are computed first."""
    folder = feature_folder()
    hashes = sorted(set(pictures["pixel_sha256"]))
    if not all(has_features(folder, pixel) for pixel in hashes):
        measure_dataset(context.dataset, None, Plan(keypoints=True), workers=context.workers, backend=context.backend)
    return [pixel for pixel in hashes if has_features(folder, pixel)]


def _voted(hashes: list[str]) -> list[Candidate]:
    folder = feature_folder()
    return vote([load_features(folder, pixel).descriptors[:INDEXED].copy() for pixel in hashes])


def _near(context: CheckContext, hashes: list[str]) -> list[Candidate]:
    if context.embeddings is None:
        return []
    rows = context.samples["pixel_sha256"].reset_index(drop=True)
    first = rows.drop_duplicates().reset_index().set_index("pixel_sha256")["index"]
    return nearest_pictures(context.embeddings[first.loc[hashes].to_numpy()])


def _recorded(pictures: pd.DataFrame, place: Mapping[str, int]) -> Iterable[Candidate]:
    for column in ("patient_id", "lesion_id"):
        known = pictures.dropna(subset=[column])
        for _, pixels in known.groupby(column)["pixel_sha256"]:
            members = sorted({place[pixel] for pixel in pixels if pixel in place})
            if len(members) > RECORDED_GROUP_AT_MOST:
                continue
            for i, left in enumerate(members):
                yield from (Candidate(left, right, mirror=False) for right in members[i + 1 :])


def _verify(
    context: CheckContext,
    pictures: pd.DataFrame,
    hashes: list[str],
    candidates: set[Candidate],
    *,
    known: Mapping[tuple[str, str], ScoredPair] | None = None,
) -> dict[tuple[str, str], ScoredPair]:
    allowed = _within(context, pictures)
    pairs = [Pair(hashes[c.left], hashes[c.right], c.mirror) for c in sorted(candidates)]
    pairs = [pair for pair in pairs if allowed is None or allowed[pair.a] & allowed[pair.b]]
    facts = measure_pairs(pairs, workers=context.workers, backend=context.backend, progress=context.progress)
    best = dict(known or {})
    for pair in pairs:
        measured = facts[pair]
        if measured is None:
            continue
        scored = ScoredPair(measured, same_lesion_probability(measured), same_photo_probability(measured))
        before = best.get((pair.a, pair.b))
        if before is None or scored.same_lesion > before.same_lesion:
            best[pair.a, pair.b] = scored
    return best


def _within(context: CheckContext, pictures: pd.DataFrame) -> dict[str, set[str]] | None:
    """Return the sources or patients of each pixel hash where pairs may not cross them."""
    if context.within is None:
        return None
    column = {"source": "source", "patient": "patient_id"}[context.within]
    known = pictures.dropna(subset=[column])
    owners = known.groupby("pixel_sha256")[column].agg(set).to_dict()
    return {pixel: owners.get(pixel, set()) for pixel in set(pictures["pixel_sha256"])}
