"""Checks over a dataset: measure what is missing, find, mark, and write the findings as one version."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

import sources
from curate.checks import duplicates, leakage, ledger, policy, truth
from curate.checks.check import Check, CheckContext, Finding, Policy, Within
from curate.checks.ledger import FindingRow, Writing
from curate.checks.split_file import read_split
from curate.checks.truth import TruthCount
from curate.dataset import Dataset, Writer
from curate.measures import Measured, measure_missing
from curate.measures.embeddings import Embedder, resolve
from schemas.errors import Fault, UserError
from schemas.tables import from_rows

__all__ = ["CHECKS", "Checked", "Request", "run_checks"]

# In the order in which they run: a check may read what the ones before it found.
CHECKS: tuple[Check, ...] = (duplicates.CHECK, leakage.CHECK)


@dataclass(frozen=True, slots=True)
class Request:
    """What a run of checks is asked for.

    Parameters
    ----------
    only : sequence of str
        Names of checks; empty for all.
    embedder : str
        As `curate.measures.embeddings.resolve` takes it; loaded only where a check needs vectors.
    split : str or Path, optional
        Check this split alone: a name, or a CSV file.
    policy : Path, optional
        File with thresholds.
    within : {"source", "patient"}, optional
        Compare pictures only inside one source or patient.
    workers : int
        Processes.
    backend : {"loky", "dask", "ray"}
        Executor.
    """

    only: Sequence[str] = ()
    embedder: str = "mobilenet_v2"
    split: str | Path | None = None
    policy: Path | None = None
    within: Within | None = None
    workers: int = 1
    backend: str = "loky"


@dataclass(frozen=True, slots=True)
class Checked:
    """What a run of checks did.

    Parameters
    ----------
    version : int
        Dataset version that holds the findings.
    written : bool
        False where nothing changed and no version was made.
    findings : list of dict
        All rows of table ``findings``.
    ran : tuple of str
        Names of the checks.
    computed, skipped : int
        Pictures measured in this run, and rows that have none.
    faults : tuple of Fault
        Pictures that could not be measured.
    truth : mapping
        Source to its planted defects, counted, where a source knows them.
    """

    version: int
    written: bool
    findings: list[FindingRow]
    ran: tuple[str, ...]
    computed: int
    skipped: int
    faults: tuple[Fault, ...]
    truth: Mapping[str, tuple[TruthCount, ...]]


def run_checks(
    dataset: Dataset,
    request: Request,
    *,
    arguments: Mapping[str, object],
    progress: Callable[[int], None] | None = None,
) -> Checked:
    """Run checks over the curated view and write what they found.

    Parameters
    ----------
    dataset : Dataset
        Stands at the new version afterwards.
    request : Request
        Which checks, and how.
    arguments : mapping
        What the user typed, for the log.
    progress : callable, optional
        Takes the count of pictures that were measured since the last call.

    Raises
    ------
    UserError
        There is no such check or split.
    DataFault
        The policy or the split file is wrong.
    Unavailable
        The weights of the embedder are not to be had.
    """
    selected = _selected(request.only)
    thresholds = policy.read(request.policy)
    needs = {need for check in selected for need in check.needs}
    embedder = resolve(request.embedder) if "embedding" in needs else None
    with dataset.writer("check", arguments) as writer:
        measured = measure_missing(
            dataset,
            writer,
            sorted(needs),
            embedder=embedder,
            workers=request.workers,
            backend=request.backend,
            progress=progress,
        )
        context = _context(dataset, request, thresholds, measured, embedder)
        rows, changed = _found(dataset, selected, context, writer)
        version = dataset.version
        if changed:
            writer.replace("findings", from_rows("findings", rows))
        if changed or measured.computed:
            marked = sum(bool(row["marked"]) and row["status"] != "gone" for row in rows)
            version = writer.commit(f"{', '.join(check.name for check in selected)}: {marked} marked findings")
    counted = _truth(context.samples, rows, {check.name for check in selected})
    return Checked(
        version=version,
        written=changed or bool(measured.computed),
        findings=rows,
        ran=tuple(check.name for check in selected),
        computed=measured.computed,
        skipped=measured.skipped,
        faults=measured.faults,
        truth=counted,
    )


def _selected(only: Sequence[str]) -> tuple[Check, ...]:
    names = [check.name for check in CHECKS]
    for name in only:
        if name not in names:
            raise UserError("is no check", value=name, remedy=f"Checks: {', '.join(names)}.")
    return tuple(check for check in CHECKS if not only or check.name in only)


def _context(
    dataset: Dataset, request: Request, thresholds: Policy, measured: Measured, embedder: Embedder | None
) -> CheckContext:
    samples = dataset.view().frame.sort_values("sample_id", ignore_index=True)
    return CheckContext(
        dataset=dataset,
        samples=samples,
        measures=_frame(measured.measures),
        embeddings=None if embedder is None else _aligned(measured.embeddings, samples),
        findings=dataset.findings(),
        splits=_splits(dataset, request.split, samples),
        decisions=dataset.effective_decisions(),
        policy=thresholds,
        within=request.within,
        workers=request.workers,
        backend=request.backend,
    )


def _frame(table: pa.Table) -> pd.DataFrame:
    return pd.DataFrame({name: table.column(name).to_pylist() for name in table.column_names})


def _aligned(embeddings: pa.Table, samples: pd.DataFrame) -> npt.NDArray[np.float32]:
    """Return one vector per row of `samples`, NaN where it has none; shape (n, d), d = 0 where nothing has one."""
    ids = embeddings.column("sample_id").to_pylist()
    if not ids:
        return np.empty((len(samples), 0), np.float32)
    vectors = np.stack(embeddings.column("vector").to_numpy(zero_copy_only=False)).astype(np.float32)
    position = pd.Series(np.arange(len(ids)), index=ids).reindex(samples["sample_id"]).to_numpy()
    aligned = np.full((len(samples), vectors.shape[1]), np.nan, np.float32)
    known = ~np.isnan(position)
    aligned[known] = vectors[position[known].astype(int)]
    return aligned


def _splits(dataset: Dataset, split: str | Path | None, samples: pd.DataFrame) -> pd.DataFrame:
    splits = dataset.splits()
    if split is None:
        return splits
    if Path(split).suffix.casefold() in {".csv", ".tsv"}:
        return read_split(Path(split), samples)
    named = splits[splits["split_name"] == str(split)]
    if named.empty:
        known = ", ".join(sorted(set(splits["split_name"]))) or "none yet; `curate split` makes one"
        raise UserError("is no split of this dataset", value=str(split), remedy=f"Splits: {known}.")
    return named


def _found(
    dataset: Dataset, selected: Sequence[Check], context: CheckContext, writer: Writer
) -> tuple[list[FindingRow], bool]:
    """Run the checks in order, each on what the ones before it left; return the table and whether it changed."""
    before = dataset.read("findings").to_pylist()
    rows: list[FindingRow] = before
    writing = Writing(writer.run_id, writer.version)
    for check in selected:
        found: list[Finding] = check.find(context)
        rows = ledger.merged(rows, found, detectors={check.name}, decisions=context.decisions, writing=writing)
        context = context.with_findings(pd.DataFrame(rows, columns=context.findings.columns))
    return rows, not ledger.same(before, rows)


def _truth(samples: pd.DataFrame, rows: Sequence[FindingRow], ran: set[str]) -> dict[str, tuple[TruthCount, ...]]:
    """Return, per source that knows its own defects, planted against found for the kinds of the checks that ran."""
    counted = {}
    marked = [
        (str(row["kind"]), frozenset(map(str, row["sample_ids"])))  # type: ignore[call-overload]
        for row in rows
        if row["marked"] and row["status"] != "gone"
    ]
    for name in sorted(set(samples["source"])):
        if name not in sources.names() or (known := sources.load(name).truth) is None:
            continue
        ids = frozenset(samples.loc[samples["source"] == name, "source_image_id"])
        planted = {
            kind: frozenset(frozenset(f"{name}:{each}" for each in members) for members in sets)
            for kind, sets in known(ids).items()
            if KIND_OF_CHECK.get(kind) in ran
        }
        mine = [(kind, members) for kind, members in marked if all(each.startswith(f"{name}:") for each in members)]
        counted[name] = truth.score(planted, mine)
    return counted


# Which check answers for a planted kind.
KIND_OF_CHECK = {
    "exact": "duplicates",
    "same_photo": "duplicates",
    "same_lesion": "duplicates",
    "id_conflict": "duplicates",
    "leak": "leakage",
    "label_error": "labels",
    "shortcut": "shortcuts",
}
