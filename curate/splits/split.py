"""Make, or fill, a split of a dataset and write it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from curate.dataset import Dataset
from curate.groups import LeakGraph, leak_graph
from curate.splits.assign import MIN_CLASS_IMAGES, assign, deviations
from curate.splits.plan import Plan
from curate.splits.strata import Strata, stratify
from schemas.errors import DataFault, DatasetConflict
from schemas.finding import canonical_json
from schemas.tables import from_rows

METHOD = "greedy-fill@1"
# A part that misses its share by more than this is said aloud.
SIZE_TOLERANCE = 0.02

__all__ = ["METHOD", "SplitOutcome", "split_dataset"]


@dataclass(frozen=True, slots=True)
class SplitOutcome:
    """What a split looks like.

    Parameters
    ----------
    version : int
        Dataset version that holds it.
    written : bool
        False where it was there already, row for row.
    summary : pyarrow.Table
        First row ``all``, then one row per diagnosis: ``diagnosis``, ``images``, ``groups``, images per part,
        ``deviation`` (largest difference between the share of a part and its wanted share).
    sizes : pyarrow.Table
        One row per part: ``part``, ``images``, ``share``, ``wanted``, ``groups``.
    worst_deviation : float
        Largest deviation of a diagnosis with at least 20 images; NaN where there is none.
    notes : tuple of str
        What the user should know: thin classes, missing patient ids, moved groups.
    """

    version: int
    written: bool
    summary: pa.Table
    sizes: pa.Table
    worst_deviation: float
    notes: tuple[str, ...]


def split_dataset(
    dataset: Dataset,
    plan: Plan,
    *,
    curated: bool = True,
    force: bool = False,
    arguments: Mapping[str, object] | None = None,
) -> SplitOutcome:
    """Assign every row of the view to a part, whole groups only, and write the split.

    A split of this name that was made with the same plan is filled: what it holds keeps its part, only new rows are
    assigned.

    Parameters
    ----------
    dataset : Dataset
        At its newest version.
    plan : Plan
        Parts, shares, seed.
    curated : bool
        Labels and exclusions as decided; False as recorded. Pairs that a reviewer joined or took apart count either
        way.
    force : bool
        Assign everything anew, also where a split of this name exists.
    arguments : mapping, optional
        What the command was given, for the log.

    Raises
    ------
    DataFault
        There are no rows, or too few groups for the parts.
    DatasetConflict
        A split of this name exists with another plan, or another command is writing.
    """
    with dataset.writer("split", arguments or {}) as writer:
        frame = dataset.view(curated=curated).frame
        old = _existing(dataset, plan, force=force)
        work = _work(plan, _chosen(frame, old), leak_graph(frame, dataset.findings(), dataset.effective_decisions()))
        frozen, moved = _frozen(work, old)
        part = _assigned(work.strata, plan, frozen)
        rows = _rows(work, part, old, moved, writer.version)
        quoted = plan.name.replace("'", "''")
        writer.replace("splits", rows, where=f"split_name = '{quoted}'")
        before = dataset.version
        new = rows.num_rows - len(old)
        version = writer.commit(f"split {plan.name}: {rows.num_rows} rows", rows_added=new, rows_changed=len(moved))
    notes = (*_moved_notes(moved, plan), *_notes(work, part))
    summary, sizes, worst = _summary(work, part)
    return SplitOutcome(version, version != before, summary, sizes, worst, notes)


@dataclass(frozen=True, slots=True)
class _Work:
    """What is split: the rows that are chosen, their groups and strata, and the position of each row's group."""

    plan: Plan
    chosen: pd.DataFrame
    graph: LeakGraph
    strata: Strata
    code: npt.NDArray[np.int64]


def _work(plan: Plan, chosen: pd.DataFrame, graph: LeakGraph) -> _Work:
    strata = stratify(chosen, graph.group_id, balance=plan.balance, seed=plan.seed)
    group = graph.group_id.loc[chosen["sample_id"]].to_numpy(dtype=object)
    return _Work(plan, chosen, graph, strata, np.searchsorted(strata.groups, group).astype(np.int64))


def _existing(dataset: Dataset, plan: Plan, *, force: bool) -> pd.DataFrame:
    """Return the rows of a split of this name that keep their part."""
    splits = dataset.splits()
    old = splits[splits["split_name"] == plan.name].reset_index(drop=True)
    if force or old.empty:
        return old.iloc[:0]
    kept = old[["seed", "params"]].drop_duplicates()
    made = {(int(seed), _plain_params(text)) for seed, text in zip(kept["seed"], kept["params"], strict=True)}
    if made != {(plan.seed, canonical_json(plan.params))}:
        since = int(old["created_version"].min())
        raise DatasetConflict(
            f"is frozen since version {since} with other parts, shares, seed or balance [S07]",
            value=plan.name,
            remedy="Choose another --name, the same options to fill it, or --force to assign everything anew.",
        )
    return old


def _plain_params(params: str) -> str:
    return canonical_json({name: value for name, value in json.loads(params).items() if name != "moved_from"})


def _chosen(frame: pd.DataFrame, old: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that are split: active and not excluded, and whatever the split holds already."""
    wanted = (frame["row_status"] == "active") & ~frame["excluded"].astype(bool)
    chosen = frame[wanted | frame["sample_id"].isin(old["sample_id"])]
    if chosen.empty:
        raise DataFault(
            "there is no row to split", remedy="Ingest a source first, or look at what is excluded with `curate table`."
        )
    return chosen.sort_values("sample_id", ignore_index=True)


def _frozen(work: _Work, old: pd.DataFrame) -> tuple[npt.NDArray[np.int64], dict[str, str]]:
    """Return the part that each group keeps (-1: free), and the samples that must move with their former part.

    Where new evidence joins groups of different parts, all go to the earliest of train, val, test: no picture that a
    model may have been trained or tuned on becomes a test picture. Among folds the one that holds most of the group
    wins.
    """
    plan, frozen = work.plan, np.full(len(work.strata.groups), -1, np.int64)
    if old.empty:
        return frozen, {}
    group = pd.Series(work.code, index=work.chosen["sample_id"])
    names = old["fold"].astype("str") if plan.folds else old["role"]
    held = pd.DataFrame({"sample_id": old["sample_id"], "part": names.map(plan.parts.index).astype(int)})
    held["group"] = group.loc[held["sample_id"]].to_numpy()
    if plan.folds:
        counts = held.groupby(["group", "part"]).size().reset_index(name="n")
        best = counts.sort_values(["group", "n", "part"], ascending=[True, False, True]).drop_duplicates("group")
        keeps = best.set_index("group")["part"]
    else:
        keeps = held.groupby("group")["part"].min()
    frozen[keeps.index.to_numpy()] = keeps.to_numpy()
    gone = held[frozen[held["group"].to_numpy()] != held["part"].to_numpy()]
    return frozen, {sample: plan.parts[part] for sample, part in zip(gone["sample_id"], gone["part"], strict=True)}


def _assigned(strata: Strata, plan: Plan, frozen: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    if len(strata.groups) < len(plan.parts):
        raise DataFault(
            f"{len(strata.groups)} groups cannot fill {len(plan.parts)} parts",
            value=plan.name,
            remedy="A group is never cut. Ask for fewer parts, or add patients.",
        )
    part = assign(strata, plan.shares, frozen)
    empty = [name for p, name in enumerate(plan.parts) if not (part == p).any()]
    if empty:
        size = strata.counts[:, [-1]].toarray()[:, 0]
        raise DataFault(
            f"{', '.join(empty)} would hold no row: group {strata.groups[int(size.argmax())]} alone has "
            f"{int(size.max())} of {int(size.sum())} images, and a group is never cut",
            value=plan.name,
            remedy="Give that part a larger share, ask for fewer parts, or add patients.",
        )
    return part


def _rows(
    work: _Work, part: npt.NDArray[np.int64], old: pd.DataFrame, moved: Mapping[str, str], version: int
) -> pa.Table:
    plan, graph = work.plan, work.graph
    since = dict(zip(old["sample_id"], old["created_version"].astype(int), strict=True))
    params = canonical_json(plan.params)
    rows: list[dict[str, object]] = []
    for sample_id, p in zip(work.chosen["sample_id"], part[work.code], strict=True):
        came_from = moved.get(sample_id)
        rows.append(
            {
                "split_name": plan.name,
                "sample_id": sample_id,
                "role": None if plan.folds else plan.parts[p],
                "fold": int(p) if plan.folds else None,
                "group_id": graph.group_id[sample_id],
                "group_basis": graph.basis[sample_id],
                "seed": plan.seed,
                "method": METHOD,
                "params": canonical_json({**plan.params, "moved_from": came_from}) if came_from else params,
                "frozen": True,
                "created_version": since.get(sample_id, version),
            }
        )
    return from_rows("splits", rows)


def _moved_notes(moved: Mapping[str, str], plan: Plan) -> tuple[str, ...]:
    if not moved:
        return ()
    first = min(moved)
    note = (
        f"{len(moved)} rows of {plan.name} changed their part, because new evidence joins their group to another part "
        f"(first: {first}, was {moved[first]}). Results on the former test part are no longer comparable."
    )
    return (note,)


def _notes(work: _Work, part: npt.NDArray[np.int64]) -> list[str]:
    notes = []
    plan, strata = work.plan, work.strata
    no_patient = int(work.chosen["patient_id"].isna().sum())
    if no_patient:
        notes.append(
            f"{no_patient} rows of {plan.name} have no patient id; they are grouped by lesion, else by picture. [S08]"
        )
    groups = np.diff(strata.counts.tocsc().indptr)
    thin = [s for s in np.flatnonzero(strata.is_class) if groups[s] < len(plan.parts)]
    if thin:
        named = ", ".join(f"{_short(strata.names[s])} ({groups[s]})" for s in thin)
        notes.append(f"Too few groups to be in every part: {named}. A group is never cut to balance. [S05]")
    size = np.bincount(part[work.code], minlength=len(plan.parts)) / len(work.code)
    for name, share, wanted in zip(plan.parts, size, plan.fractions, strict=True):
        if abs(share - wanted) > SIZE_TOLERANCE:
            said = f"{name} holds {share:.1%} of the rows instead of {wanted:.1%}"
            notes.append(f"{said}: large groups are not cut. [S05]")
    return notes


def _short(name: str) -> str:
    return name.removeprefix("diagnosis=").rsplit(":", 1)[-1] or "(no diagnosis)"


def _summary(work: _Work, part: npt.NDArray[np.int64]) -> tuple[pa.Table, pa.Table, float]:
    """Return images per diagnosis and part, per part alone, and the largest deviation of a diagnosis."""
    plan, strata = work.plan, work.strata
    counts, away = deviations(strata, part, plan.shares)
    groups = np.diff(strata.counts.tocsc().indptr)
    classes = np.flatnonzero(strata.is_class)
    shown = [len(strata.names) - 1, *classes[np.argsort(-counts[:, classes].sum(axis=0), kind="stable")].tolist()]
    total = counts.sum(axis=0)
    worst = np.abs(away).max(axis=0)
    summary = {
        "diagnosis": [_short(strata.names[s]) for s in shown],
        "images": total[shown].astype(np.int64),
        "groups": groups[shown].astype(np.int64),
        **{_title(plan, p): counts[p, shown].astype(np.int64) for p in range(len(plan.parts))},
        "deviation": worst[shown],
    }
    sizes = {
        "part": [_title(plan, p) for p in range(len(plan.parts))],
        "images": counts[:, -1].astype(np.int64),
        "share": counts[:, -1] / total[-1],
        "wanted": plan.shares,
        "groups": np.bincount(part, minlength=len(plan.parts)),
    }
    judged = classes[total[classes] >= MIN_CLASS_IMAGES]
    largest = float(worst[judged].max()) if len(judged) else float("nan")
    return pa.table(summary), pa.table(sizes), largest


def _title(plan: Plan, part: int) -> str:
    return f"fold_{plan.parts[part]}" if plan.folds else plan.parts[part]
