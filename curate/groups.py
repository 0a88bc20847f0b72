"""The leak graph: which samples must stay together, and the edge or path that says why.

Vertices are samples and the recorded ids, exact copies and reviewer merges that several samples share (hubs). Samples
are joined through the hubs they touch and through marked pairs of pictures. Groups are the connected components; a
doubtful edge that alone holds two different patients together (a bridge) is set aside until somebody decides
(`design/curation.md` 4.1).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Basis = Literal["patient", "lesion", "case", "duplicate", "image"]

# Columns that name a person, a lesion, a visit or a published picture, and the kind of edge each makes.
ID_COLUMNS: Mapping[str, str] = {"patient_id": "patient", "lesion_id": "lesion", "case_id": "case"}
COPY_COLUMNS: Mapping[str, str] = {"pixel_sha256": "exact", "file_sha256": "exact", "isic_id": "same_picture_id"}
PAIR_KINDS = ("exact", "same_photo", "same_lesion")

# A chain of this many recorded lesions, or of this many images without one dominant recorded group, is no natural
# group.
MAX_UNITS = 12
MAX_IMAGES = 40
# Below this probability a single edge may not hold two recorded patients together.
SURE_P = 0.9

__all__ = ["Bridge", "Edge", "LeakGraph", "group_of", "leak_graph"]


@dataclass(frozen=True, slots=True)
class Edge:
    """Two samples that belong together, and why.

    Parameters
    ----------
    a, b : str
        Sample ids, ``a`` < ``b``.
    kind : str
        ``patient``, ``lesion``, ``case``, ``exact``, ``same_picture_id``, ``same_photo``, ``same_lesion``,
        ``decision``.
    p : float
        Probability that the edge is right; 1 for recorded ids, exact copies and decisions.
    by : str
        The id, hash, finding or decision that says so.
    """

    a: str
    b: str
    kind: str
    p: float
    by: str


@dataclass(frozen=True, slots=True)
class Bridge:
    """An edge that was set aside because it alone joins what is recorded apart.

    Parameters
    ----------
    edge : Edge
        The edge.
    reason : str
        ``patients``, ``size`` or ``cannot_link``.
    images, units : int
        Images, and recorded groups, of the component that the edge would hold together.
    """

    edge: Edge
    reason: str
    images: int
    units: int


@dataclass(frozen=True, slots=True)
class LeakGraph:
    """Groups of samples and the edges that make them.

    Parameters
    ----------
    group_id : pandas.Series of str
        Smallest sample id of the group, indexed by sample id.
    basis : pandas.Series of str
        ``patient``, ``lesion``, ``case``, ``duplicate`` or ``image``: the strongest thing that is known about the
        group.
    hubs : pandas.DataFrame
        Columns ``sample_id``, ``kind``, ``by``: recorded ids, copies and merges that at least two samples share.
    pairs : tuple of Edge
        Pictured pairs that are used.
    bridges : tuple of Bridge
        Pictured pairs that are not used until decided.
    """

    group_id: pd.Series[str]
    basis: pd.Series[str]
    hubs: pd.DataFrame
    pairs: tuple[Edge, ...]
    bridges: tuple[Bridge, ...]
    _near: dict[str, list[tuple[str, float, str, str]]] = field(default_factory=dict, repr=False)

    def path(self, start: frozenset[str], goal: frozenset[str]) -> tuple[Edge, ...]:
        """Return the most probable chain of edges from one set of samples to another; empty where there is none.

        Parameters
        ----------
        start, goal : frozenset of str
            Sample ids.

        Returns
        -------
        tuple of Edge
            In order; the product of their ``p`` is the largest, then the chain the shortest, then the ids the smallest.
        """
        if not self._near:
            self._near.update(_neighbors(self.hubs, self.pairs))
        return _shortest(self._near, start, goal)


def group_of(samples: pd.DataFrame, pairs: pd.DataFrame, decisions: pd.DataFrame) -> pd.Series[str]:
    """Return the group of each sample.

    Parameters
    ----------
    samples, pairs, decisions : pandas.DataFrame
        As `leak_graph` takes them.

    Returns
    -------
    pandas.Series of str
        Smallest sample id of the group, indexed by sample id.
    """
    return leak_graph(samples, pairs, decisions).group_id


def leak_graph(
    samples: pd.DataFrame, pairs: pd.DataFrame, decisions: pd.DataFrame, *, with_pairs: bool = True, guard: bool = True
) -> LeakGraph:
    """Return the leak graph of some samples.

    Parameters
    ----------
    samples : pandas.DataFrame
        Column ``sample_id`` (unique) and any of ``patient_id``, ``lesion_id``, ``case_id``, ``isic_id``,
        ``pixel_sha256``, ``file_sha256``; a missing value joins nothing.
    pairs : pandas.DataFrame
        Rows of table `findings`: marked rows of the kinds ``exact``, ``same_photo``, ``same_lesion`` that are not gone
        are used.
    decisions : pandas.DataFrame
        Decisions in effect (`Dataset.effective_decisions`): ``accept`` and a merge add an edge, ``dismiss`` takes the
        edge of its pair away. Equal pixels stay together whatever anybody says (S03).
    with_pairs : bool
        False for recorded ids alone.
    guard : bool
        False to use every edge, bridges too.

    Returns
    -------
    LeakGraph
        The same for any order of the rows.
    """
    ids = np.sort(samples["sample_id"].astype(str).to_numpy().astype(object))
    position = pd.Series(np.arange(len(ids)), index=pd.Index(ids, dtype=str))
    hubs = _hubs(samples, decisions, with_pairs=with_pairs)
    edges, apart = _pair_edges(pairs, decisions, position) if with_pairs else ([], [])
    units = _components(position, hubs, [])
    used, bridges = _guard(edges, apart, units, position, samples) if guard else (edges, [])
    labels = _components(position, hubs, used)
    smallest = pd.Series(ids).groupby(labels).transform("min").astype(str)
    group_id = pd.Series(smallest.to_numpy(), index=position.index, name="group_id", dtype=str)
    return LeakGraph(group_id, _basis(samples, group_id), hubs, tuple(used), tuple(bridges))


def _hubs(samples: pd.DataFrame, decisions: pd.DataFrame, *, with_pairs: bool) -> pd.DataFrame:
    """Return sample, kind and name of everything recorded that at least two samples share."""
    columns = {**ID_COLUMNS, **COPY_COLUMNS} if with_pairs else ID_COLUMNS
    parts = []
    for column, kind in columns.items():
        if column in samples:
            known = samples.loc[samples[column].notna() & (samples[column] != ""), ["sample_id", column]]
            parts.append(known.rename(columns={column: "by"}).assign(kind=kind))
    merged = decisions[decisions["action"].isin(["merge_patient", "merge_lesion"])] if len(decisions) else decisions
    rows = [(sample, row["decision_id"]) for row in merged.to_dict("records") for sample in row["sample_ids"]]
    parts.append(pd.DataFrame(rows, columns=["sample_id", "by"]).assign(kind="decision"))
    hubs = pd.concat([part.astype(str) for part in parts], ignore_index=True)[["sample_id", "kind", "by"]]
    hubs = hubs[hubs["sample_id"].isin(set(samples["sample_id"]))].drop_duplicates()
    shared = hubs.groupby(["kind", "by"])["sample_id"].transform("size") > 1
    return hubs[shared].sort_values(["kind", "by", "sample_id"], ignore_index=True)


def _pair_edges(
    pairs: pd.DataFrame, decisions: pd.DataFrame, position: pd.Series[int]
) -> tuple[list[Edge], list[tuple[str, str]]]:
    """Return the edges of marked or accepted pairs, and the pairs that a reviewer took apart."""
    if pairs.empty:
        return [], []
    said = decisions.dropna(subset=["finding_id"]).set_index("finding_id")["action"].to_dict() if len(decisions) else {}
    edges: dict[tuple[str, str], Edge] = {}
    apart: set[tuple[str, str]] = set()
    found = pairs[pairs["kind"].isin(PAIR_KINDS) & (pairs["sample_ids"].map(len) == 2)]
    for row in found.sort_values("finding_id").to_dict("records"):
        a, b = sorted(row["sample_ids"])
        action = said.get(row["finding_id"])
        if a not in position.index or b not in position.index:
            continue
        if action == "dismiss":
            apart.add((a, b))
        elif action in {"accept", "keep"} or (row["marked"] and row["status"] != "gone"):
            sure = action is not None
            p = 1.0 if sure or row["kind"] == "exact" or pd.isna(row["score"]) else float(row["score"])
            edge = Edge(a, b, "decision" if sure else row["kind"], p, row["finding_id"])
            if (a, b) not in edges or edges[a, b].p < p:
                edges[a, b] = edge
    return [edge for pair, edge in sorted(edges.items()) if pair not in apart], sorted(apart)


def _components(position: pd.Series[int], hubs: pd.DataFrame, edges: list[Edge]) -> npt.NDArray[np.int64]:
    """Return the component of each sample, in the order of `position`."""
    n = len(position)
    hub = hubs.groupby(["kind", "by"], sort=True).ngroup().to_numpy() + n
    rows = np.concatenate([position.loc[hubs["sample_id"]].to_numpy(), position.loc[[e.a for e in edges]].to_numpy()])
    columns = np.concatenate([hub, position.loc[[e.b for e in edges]].to_numpy()])
    size = n + (int(hub.max()) + 1 - n if len(hub) else 0)
    links = coo_array(
        (np.ones(len(rows), np.int8), (rows.astype(np.int64), columns.astype(np.int64))), shape=(size, size)
    )
    return np.asarray(connected_components(links, directed=False)[1][:n], np.int64)


def _guard(
    edges: list[Edge],
    apart: list[tuple[str, str]],
    units: npt.NDArray[np.int64],
    position: pd.Series[int],
    samples: pd.DataFrame,
) -> tuple[list[Edge], list[Bridge]]:
    """Set aside undecided edges that alone hold a suspicious component together.

    A component is suspicious when it chains more than `MAX_UNITS` recorded groups, or more than `MAX_IMAGES` images of
    which no recorded group makes up half, or holds a pair that a reviewer took apart. In any other component only a
    bridge of p < `SURE_P` between different recorded patients is set aside.
    """
    if not edges:
        return [], []
    ends = np.array([(units[position[e.a]], units[position[e.b]]) for e in edges])
    crossing = np.flatnonzero(ends[:, 0] != ends[:, 1])
    if not len(crossing):
        return edges, []
    n_units = int(units.max()) + 1
    whole = _unit_components(ends[crossing], n_units)
    is_bridge = np.zeros(len(edges), bool)
    is_bridge[crossing[_bridges(ends[crossing], n_units)]] = True
    doubtful = [i for i in crossing if is_bridge[i] and edges[i].kind not in {"exact", "decision"}]
    kept = np.setdiff1d(crossing, doubtful)
    sides = _unit_components(ends[kept], n_units)
    patients = _recorded(samples, sides[units], position)
    suspicious = _suspicious(units, whole, apart, position)
    sizes = np.bincount(whole[units], minlength=n_units)
    chained = np.bincount(whole, minlength=n_units)
    bridges: dict[int, Bridge] = {}
    for i in map(int, doubtful):
        component = int(whole[ends[i, 0]])
        left, right = patients.get(sides[ends[i, 0]], set()), patients.get(sides[ends[i, 1]], set())
        differ = bool(left) and bool(right) and not left & right
        reason = suspicious.get(component, "patients" if differ and edges[i].p < SURE_P else "")
        if reason:
            bridges[i] = Bridge(edges[i], reason, int(sizes[component]), int(chained[component]))
    return [edge for i, edge in enumerate(edges) if i not in bridges], list(bridges.values())


def _unit_components(ends: npt.NDArray[np.int64], n_units: int) -> npt.NDArray[np.int64]:
    links = coo_array((np.ones(len(ends), np.int8), (ends[:, 0], ends[:, 1])), shape=(n_units, n_units))
    return np.asarray(connected_components(links, directed=False)[1], np.int64)


def _recorded(samples: pd.DataFrame, side: npt.NDArray[np.int64], position: pd.Series[int]) -> dict[int, set[str]]:
    """Return the recorded patients of each side of the doubtful edges."""
    if "patient_id" not in samples:
        return {}
    known = samples.loc[samples["patient_id"].notna(), ["sample_id", "patient_id"]]
    side_of = side[position.loc[known["sample_id"].astype(str)].to_numpy()]
    found: dict[int, set[str]] = {}
    for key, patient in zip(side_of.tolist(), known["patient_id"], strict=True):
        found.setdefault(key, set()).add(patient)
    return found


def _suspicious(
    units: npt.NDArray[np.int64],
    whole: npt.NDArray[np.int64],
    apart: list[tuple[str, str]],
    position: pd.Series[int],
) -> dict[int, str]:
    """Return the components whose doubtful bridges are all set aside, and why."""
    images = np.bincount(units, minlength=len(whole))
    frame = pd.DataFrame({"whole": whole, "images": images})
    by_component = frame.groupby("whole")["images"].agg(["size", "sum", "max"])
    chained = (by_component["size"] > MAX_UNITS) | (
        (by_component["sum"] > MAX_IMAGES) & (by_component["max"] * 2 <= by_component["sum"])
    )
    found = {int(key): "size" for key in by_component.index[chained]}
    for a, b in apart:
        left, right = int(units[position[a]]), int(units[position[b]])
        if left != right and whole[left] == whole[right]:
            found[int(whole[left])] = "cannot_link"
    return found


def _bridges(ends: npt.NDArray[np.int64], n_units: int) -> list[int]:
    """Return the edges whose removal splits their component (Tarjan 1974), in linear time and without recursion."""
    near: dict[int, list[tuple[int, int]]] = {}
    for i, (a, b) in enumerate(ends.tolist()):
        near.setdefault(a, []).append((b, i))
        near.setdefault(b, []).append((a, i))
    entered, low = np.full(n_units, -1), np.zeros(n_units, np.int64)
    found, clock = [], 0
    for root in sorted(near):
        if entered[root] >= 0:
            continue
        entered[root] = low[root] = clock
        clock += 1
        stack = [(root, -1, iter(near[root]))]
        while stack:
            node, through, rest = stack[-1]
            step = next(rest, None)
            if step is None:
                stack.pop()
                if stack:
                    above = stack[-1][0]
                    low[above] = min(low[above], low[node])
                    if low[node] > entered[above]:
                        found.append(through)
            elif step[1] != through and entered[step[0]] >= 0:
                low[node] = min(low[node], entered[step[0]])
            elif step[1] != through:
                entered[step[0]] = low[step[0]] = clock
                clock += 1
                stack.append((step[0], step[1], iter(near[step[0]])))
    return sorted(found)


def _basis(samples: pd.DataFrame, group_id: pd.Series[str]) -> pd.Series[str]:
    """Return the strongest thing that is known about each sample's group."""
    by_id = samples.set_index(samples["sample_id"].astype(str)).reindex(group_id.index)
    basis = pd.Series("image", index=group_id.index, name="group_basis", dtype=str)
    basis[group_id.groupby(group_id).transform("size") > 1] = "duplicate"
    for column, kind in reversed(list(ID_COLUMNS.items())):
        if column in by_id:
            basis[by_id[column].notna().groupby(group_id).transform("any")] = kind
    return basis


def _neighbors(hubs: pd.DataFrame, pairs: tuple[Edge, ...]) -> dict[str, list[tuple[str, float, str, str]]]:
    """Return, per vertex, its neighbors with cost, kind and name; a hub is a vertex between its samples."""
    near: dict[str, list[tuple[str, float, str, str]]] = {}
    for sample, kind, by in zip(hubs["sample_id"], hubs["kind"], hubs["by"], strict=True):
        hub = f"\x00{kind}\x00{by}"
        near.setdefault(sample, []).append((hub, 0.0, kind, by))
        near.setdefault(hub, []).append((sample, 0.0, kind, by))
    for edge in pairs:
        cost = -math.log(max(edge.p, 1e-9))
        near.setdefault(edge.a, []).append((edge.b, cost, edge.kind, edge.by))
        near.setdefault(edge.b, []).append((edge.a, cost, edge.kind, edge.by))
    return near


def _shortest(
    near: dict[str, list[tuple[str, float, str, str]]], start: frozenset[str], goal: frozenset[str]
) -> tuple[Edge, ...]:
    """Return the cheapest chain (Dijkstra 1959): cost -log p, then edges, then ids."""
    heap: list[tuple[float, int, str]] = [(0.0, 0, sample) for sample in sorted(start)]
    came: dict[str, tuple[str, float, str, str] | None] = {}
    pending: dict[str, tuple[str, float, str, str] | None] = dict.fromkeys(start)
    best: dict[str, tuple[float, int]] = dict.fromkeys(start, (0.0, 0))
    while heap:
        cost, steps, node = heapq.heappop(heap)
        if node in came:
            continue
        came[node] = pending[node]
        if node in goal:
            return _chain(came, node)
        for other, weight, kind, by in near.get(node, []):
            # A hub lies half-way between two samples: one step in, none out.
            ahead = (cost + weight, steps + (not node.startswith("\x00")))
            if other not in came and ahead < best.get(other, (math.inf, 0)):
                best[other] = ahead
                pending[other] = (node, weight, kind, by)
                heapq.heappush(heap, (*ahead, other))
    return ()


def _chain(came: dict[str, tuple[str, float, str, str] | None], end: str) -> tuple[Edge, ...]:
    edges: list[Edge] = []
    node, last = end, end
    while (step := came[node]) is not None:
        node, weight, kind, by = step
        if not node.startswith("\x00"):
            a, b = sorted((node, last))
            edges.append(Edge(a, b, kind, math.exp(-weight), by))
            last = node
    return tuple(reversed(edges))
