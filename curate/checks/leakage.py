"""Groups of samples that lie on two sides of a split, each with the edge or the path that proves it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pandas as pd

from curate.checks.check import Check, CheckContext, Finding
from curate.groups import Edge, LeakGraph, leak_graph

DETECTOR, VERSION = "leakage", "1"
PUBLISHED = "source_split"
# A pair of pictures proves a leak from this probability on; a recorded id always does.
MARKED_FROM = 0.95
# Members of a large group that a finding names; the counts beside them are of all.
EXAMPLES = 10
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


def find(context: CheckContext) -> list[Finding]:
    """Return a finding for each group and each pair of parts that it joins, in every split.

    Parameters
    ----------
    context : CheckContext
        Its ``splits`` are checked, and the split that each source published. Rows that the curated view excludes are
        left out.

    Notes
    -----
    The proof is the most probable chain of edges between the two parts: its probability is the product of theirs.
    """
    samples = context.samples[~context.samples["excluded"].astype(bool) & (context.samples["row_status"] == "active")]
    graph = leak_graph(samples, context.findings, context.decisions) if len(samples) else None
    if graph is None:
        return []
    ids_only = leak_graph(samples, context.findings, context.decisions, with_pairs=False).group_id
    marked_from = context.threshold(DETECTOR, "marked", MARKED_FROM)
    found = []
    for name, part_of in parts(context.splits, samples):
        found += list(_leaks(name, part_of, graph, ids_only, marked_from))
    return sorted(found, key=lambda finding: (finding.field or "", finding.sample_ids))


def parts(splits: pd.DataFrame, samples: pd.DataFrame) -> Iterator[tuple[str, pd.Series[str]]]:
    """Yield each split by name with the part of each of its samples.

    Parameters
    ----------
    splits : pandas.DataFrame
        Rows of table ``splits``: columns ``split_name``, ``sample_id``, ``role``, ``fold``.
    samples : pandas.DataFrame
        Rows of the view; column ``source_split`` is the split that the publisher made, named ``source_split:SOURCE``
        here.

    Yields
    ------
    tuple of str and pandas.Series
        Name, and part indexed by sample id, of the samples that are in the view.
    """
    known = set(samples["sample_id"])
    if len(splits):
        for name, rows in splits.groupby("split_name", sort=True):
            fold = "fold " + rows["fold"].astype("string")
            part = rows["role"].astype("string").fillna(fold).fillna("")
            series = pd.Series(part.to_numpy(dtype=object), index=rows["sample_id"].astype(str), dtype=str)
            yield str(name), series[series.index.isin(known) & (series != "")]
    published = samples[samples["source_split"].notna() & (samples["source_split"] != "none")]
    for source, rows in published.groupby("source", sort=True):
        index = rows["sample_id"].astype(str)
        yield f"{PUBLISHED}:{source}", pd.Series(rows["source_split"].to_numpy(dtype=object), index=index, dtype=str)


def _leaks(
    name: str, part_of: pd.Series[str], graph: LeakGraph, ids_only: pd.Series[str], marked_from: float
) -> Iterator[Finding]:
    frame = pd.DataFrame({"part": part_of, "group": graph.group_id.reindex(part_of.index)})
    crossing = frame.groupby("group")["part"].transform("nunique") > 1
    for group, members in frame[crossing].groupby("group", sort=True):
        by_part = {str(part): tuple(sorted(rows.index)) for part, rows in members.groupby("part", sort=True)}
        for one, other in itertools.combinations(by_part, 2):
            path = graph.path(frozenset(by_part[one]), frozenset(by_part[other]))
            if path:
                sides = {one: by_part[one], other: by_part[other]}
                by_ids = bool(set(ids_only.loc[list(sides[one])]) & set(ids_only.loc[list(sides[other])]))
                yield _finding(name, str(group), path, sides, by_ids=by_ids, marked_from=marked_from)


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
    probability = 1.0
    for edge in path:
        probability *= edge.p
    start, end = _end(path, left), _end(path, right)
    via = _WORDS.get(path[0].kind, path[0].kind) if len(path) == 1 else f"a chain of {len(path)} links"
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
            "path": [
                {"a": edge.a, "b": edge.b, "kind": edge.kind, "p": round(edge.p, 6), "by": edge.by} for edge in path
            ],
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
