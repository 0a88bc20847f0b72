"""Groups of samples that lie on two sides of a split, each with the edge or the path that proves it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from curate.checks.check import Check, CheckContext, Finding
from curate.groups import Edge, LeakGraph, leak_graph

DETECTOR, VERSION = "leakage", "1"
PUBLISHED = "source_split"
# A pair of pictures proves a leak from this probability on; a recorded id always does.
MARKED_FROM = 0.95
# Members of a large group that a finding names; the counts beside them are of all.
EXAMPLES = 10
# In the order in which a model meets them: each part is judged with a model that knows the ones before it.
_ORDER = {"train": 0, "training": 0, "val": 1, "valid": 1, "validation": 1, "test": 2, "testing": 2}
_REST = "the rest"
_WORDS = {
    "patient": "one patient",
    "lesion": "one lesion",
    "case": "one case",
    "exact": "the same picture",
    "same_picture_id": "one published picture",
    "same_photo": "one photo, edited",
    "same_lesion": "two photos of one lesion",
    "decision": "one group by decision",
}


@dataclass(frozen=True, slots=True)
class LeakRate:
    """How much of one part of a split is known from another.

    Parameters
    ----------
    split : str
        Name of the split.
    judged, learned : str
        The part whose pictures are counted, and the part that a model would learn from.
    images : int
        Pictures of the judged part.
    by_ids, with_pixels : int
        How many of them share a group with the learned part: by recorded ids alone, and by everything that is known.
    """

    split: str
    judged: str
    learned: str
    images: int
    by_ids: int
    with_pixels: int


def find(context: CheckContext) -> list[Finding]:
    """Return a finding per group and pair of parts that it joins, in every split, and what the groups say of ids.

    A chain of pictures that joins two recorded patients is one person under two ids (``same_patient``); a doubtful edge
    that alone joins what is recorded apart is not used before somebody decides (``id_conflict``).

    Parameters
    ----------
    context : CheckContext
        Its ``splits`` are checked, and the split that each source published. Rows that the curated view excludes are
        left out.

    Notes
    -----
    The proof is the most probable chain of edges between the two parts: its probability is the product of theirs.
    """
    samples = _looked_at(context)
    if samples.empty:
        return []
    graph, ids_only = _graphs(context, samples)
    marked_from = context.threshold(DETECTOR, "marked", MARKED_FROM)
    found = []
    for name, part_of in _parts(context, samples):
        twice = part_of.index[part_of.groupby(level=0).transform("nunique") > 1]
        found += [_in_two_parts(name, part_of.loc[[sample]], graph) for sample in sorted(set(twice))]
        found += list(_leaks(name, part_of[~part_of.index.isin(twice)], graph, ids_only.group_id, marked_from))
    found += [*_persons(samples, graph, marked_from), *_bridges(graph)]
    return sorted(found, key=lambda finding: (finding.kind, finding.field or "", finding.sample_ids))


def rates(context: CheckContext) -> tuple[LeakRate, ...]:
    """Return, for each split, how much of each part is known from the parts that a model learns from.

    Parameters
    ----------
    context : CheckContext
        As `find` takes it, with the findings of this run.

    Returns
    -------
    tuple of LeakRate
        Of train, val and test each later part against each earlier one; of other parts, folds among them, each against
        all others.
    """
    samples = _looked_at(context)
    if samples.empty:
        return ()
    graph, ids_only = _graphs(context, samples)
    found = []
    for name, part_of in _parts(context, samples):
        frame = pd.DataFrame({"part": part_of, "group": graph.group_id.reindex(part_of.index)})
        frame["by_ids"] = ids_only.group_id.reindex(part_of.index)
        for judged, learned in _comparisons(sorted(set(frame["part"]))):
            mine = frame[frame["part"] == judged]
            others = frame[frame["part"] != judged] if learned == _REST else frame[frame["part"] == learned]
            shared = {column: int(mine[column].isin(set(others[column])).sum()) for column in ("by_ids", "group")}
            found.append(LeakRate(name, judged, learned, len(mine), shared["by_ids"], shared["group"]))
    return tuple(found)


def _looked_at(context: CheckContext) -> pd.DataFrame:
    samples = context.samples
    return samples[~samples["excluded"].astype(bool) & (samples["row_status"] == "active")]


def _graphs(context: CheckContext, samples: pd.DataFrame) -> tuple[LeakGraph, LeakGraph]:
    """Return the leak graph, and the one of recorded ids alone."""
    whole = leak_graph(samples, context.findings, context.decisions)
    return whole, leak_graph(samples, context.findings, context.decisions, with_pairs=False)


def _parts(context: CheckContext, samples: pd.DataFrame) -> Iterator[tuple[str, pd.Series[str]]]:
    """Yield each split by name with the part of each of its samples; one in two parts stands there twice."""
    known = set(samples["sample_id"])
    if len(context.splits):
        for name, rows in context.splits.groupby("split_name", sort=True):
            fold = "fold " + rows["fold"].astype("string")
            part = rows["role"].astype("string").fillna(fold).fillna("")
            series = pd.Series(part.to_numpy(dtype=object), index=rows["sample_id"].astype(str), dtype=str)
            yield str(name), series[series.index.isin(known) & (series != "")]
    if context.published:
        published = samples[samples["source_split"].notna() & (samples["source_split"] != "none")]
        for source, rows in published.groupby("source", sort=True):
            index = rows["sample_id"].astype(str)
            part_of = pd.Series(rows["source_split"].to_numpy(dtype=object), index=index, dtype=str)
            yield f"{PUBLISHED}:{source}", part_of


def _comparisons(parts: Sequence[str]) -> list[tuple[str, str]]:
    """Return the pairs of judged and learned part."""
    if all(part in _ORDER for part in parts):
        ordered = sorted(parts, key=lambda part: _ORDER[part])
        return [(judged, learned) for learned, judged in itertools.combinations(ordered, 2)]
    return [(part, _REST) for part in parts] if len(parts) > 1 else []


def _in_two_parts(name: str, part_of: pd.Series[str], graph: LeakGraph) -> Finding:
    sample, parts = str(part_of.index[0]), sorted(set(part_of))
    return Finding(
        kind="leak",
        sample_ids=(sample,),
        message=f"{name}: {sample} itself stands in {' and in '.join(parts)}.",
        detector=DETECTOR,
        detector_version=VERSION,
        severity="block",
        score=1.0,
        score_name="probability of one group",
        field=name,
        found=" | ".join(parts),
        expected="one part",
        group_id=str(graph.group_id[sample]),
        evidence={"constraint": "S01", "counts": dict.fromkeys(parts, 1)},
        compared=[name, parts, sample],
    )


def _leaks(
    name: str, part_of: pd.Series[str], graph: LeakGraph, ids_only: pd.Series[str], marked_from: float
) -> Iterator[Finding]:
    frame = pd.DataFrame({"part": part_of, "group": graph.group_id.reindex(part_of.index)})
    crossing = frame.groupby("group")["part"].transform("nunique") > 1
    for group, rows in frame[crossing].groupby("group", sort=True):
        by_part = {str(part): tuple(sorted(set(mine.index))) for part, mine in rows.groupby("part", sort=True)}
        for one, other in itertools.combinations(by_part, 2):
            path = graph.path(frozenset(by_part[one]), frozenset(by_part[other]))
            if path:
                sides = {one: by_part[one], other: by_part[other]}
                by_ids = _joined(sides.values(), ids_only)
                yield _finding(name, str(group), path, sides, by_ids=by_ids, marked_from=marked_from)


def _persons(samples: pd.DataFrame, graph: LeakGraph, marked_from: float) -> Iterator[Finding]:
    """Yield a finding per further patient id of each group, with the chain that joins it to the first one."""
    recorded = samples[samples["patient_id"].notna() & (samples["patient_id"] != "")]
    frame = pd.DataFrame({"patient": recorded["patient_id"].to_numpy(), "sample": recorded["sample_id"].to_numpy()})
    frame["group"] = graph.group_id.reindex(frame["sample"]).to_numpy()
    several = frame.groupby("group")["patient"].transform("nunique") > 1
    for group, rows in frame[several].groupby("group", sort=True):
        pictures = {str(patient): frozenset(mine["sample"]) for patient, mine in rows.groupby("patient", sort=True)}
        first, *others = pictures
        for other in others:
            path = graph.path(pictures[first], pictures[other])
            yield _one_person(str(group), path, {first: pictures[first], other: pictures[other]}, marked_from)


def _one_person(group: str, path: tuple[Edge, ...], pictures: dict[str, frozenset[str]], marked_from: float) -> Finding:
    (first, left), (other, right) = pictures.items()
    probability = math.prod(edge.p for edge in path)
    start, end = _end(path, tuple(left)), _end(path, tuple(right))
    return Finding(
        kind="same_patient",
        sample_ids=(start, end),
        message=f"{first} and {other} look like one person: {start} and {end} are {_link(path)}.",
        detector=DETECTOR,
        detector_version=VERSION,
        score=round(probability, 6),
        score_name="probability of one group",
        marked=probability >= marked_from,
        field="patient_id",
        found=other,
        expected=first,
        group_id=group,
        evidence={"path": _proof(path), "counts": {first: len(left), other: len(right)}},
        compared=[first, other, [[edge.a, edge.b, edge.kind] for edge in path]],
    )


def _bridges(graph: LeakGraph) -> Iterator[Finding]:
    """Yield a finding per edge that was set aside: one decision there changes most."""
    reasons = {
        "patients": "it alone joins two recorded patients",
        "size": "it chains a group beyond what one person has",
        "cannot_link": "it joins what a reviewer took apart",
    }
    for bridge in graph.bridges:
        edge = bridge.edge
        yield Finding(
            kind="id_conflict",
            sample_ids=(edge.a, edge.b),
            message=(
                f"{edge.a} and {edge.b} ({_WORDS.get(edge.kind, edge.kind)}, P {edge.p:.2f}) are kept apart until "
                f"decided: {reasons[bridge.reason]}, {bridge.images} images in {bridge.units} recorded groups."
            ),
            detector=DETECTOR,
            detector_version=VERSION,
            score=round(edge.p, 6),
            score_name="probability of the edge",
            field="bridge",
            evidence={"edge": _proof((edge,)), "reason": bridge.reason, "images": bridge.images, "units": bridge.units},
            compared=[edge.a, edge.b, edge.kind, bridge.reason],
        )


def _link(path: tuple[Edge, ...]) -> str:
    """Return in words what joins the two ends of a path."""
    return _WORDS.get(path[0].kind, path[0].kind) if len(path) == 1 else f"joined by a chain of {len(path)} links"


def _proof(path: tuple[Edge, ...]) -> list[dict[str, object]]:
    return [{"a": edge.a, "b": edge.b, "kind": edge.kind, "p": round(edge.p, 6), "by": edge.by} for edge in path]


def _joined(sides: Collection[tuple[str, ...]], ids_only: pd.Series[str]) -> bool:
    """Return whether recorded ids alone join two sides."""
    left, right = (set(ids_only.loc[list(side)]) for side in sides)
    return not left.isdisjoint(right)


def _finding(
    name: str,
    group: str,
    path: tuple[Edge, ...],
    sides: dict[str, tuple[str, ...]],
    *,
    by_ids: bool,
    marked_from: float,
) -> Finding:
    (one, left), (other, right) = sides.items()
    probability = math.prod(edge.p for edge in path)
    start, end = _end(path, left), _end(path, right)
    via = _link(path)
    return Finding(
        kind="leak",
        sample_ids=(start, end),
        message=(
            f"{name}: {start} ({one}) and {end} ({other}) are {via}; the group has {len(left)} in {one} and "
            f"{len(right)} in {other}."
        ),
        detector=DETECTOR,
        detector_version=VERSION,
        severity="block",
        score=round(probability, 6),
        score_name="probability of one group",
        marked=probability >= marked_from,
        field=name,
        found=f"{one} | {other}",
        expected="one part",
        group_id=group,
        evidence={
            "path": _proof(path),
            "counts": {one: len(left), other: len(right)},
            "examples": {one: list(left[:EXAMPLES]), other: list(right[:EXAMPLES])},
            "by_ids_alone": by_ids,
            "constraint": "S06" if name.startswith(PUBLISHED) else ("S02" if by_ids else "S04"),
        },
        compared=[name, one, other, [[edge.a, edge.b, edge.kind] for edge in path]],
    )


def _end(path: tuple[Edge, ...], side: tuple[str, ...]) -> str:
    """Return the sample of a path that lies in a part; the smallest where both ends of a link do."""
    return min({sample for edge in path for sample in (edge.a, edge.b)} & set(side))


CHECK = Check(name=DETECTOR, version=VERSION, needs=("splits", "findings"), find=find)
