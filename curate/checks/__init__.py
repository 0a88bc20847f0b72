"""Checks over a dataset: measure what is missing, find, mark, and write the findings as one version."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from curate.checks import duplicates, labels, leakage, ledger, policy, scope, skin_tone, truth
from curate.checks.check import Check, CheckContext, Finding, Within
from curate.checks.leakage import LeakRate
from curate.checks.ledger import FindingRow, Writing
from curate.checks.split_file import read_split
from curate.checks.truth import TruthCount
from curate.dataset import Dataset, Writer
from curate.measures import Measured, measure_missing
from curate.measures.embeddings import resolve
from schemas.errors import Fault, UserError
from schemas.tables import from_rows

__all__ = ["CHECKS", "Checked", "Request", "run_checks"]

# In the order in which they run: a check may read what the ones before it found.
CHECKS: tuple[Check, ...] = (duplicates.CHECK, leakage.CHECK, labels.CHECK, skin_tone.CHECK)


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
        Rows of table ``findings`` that stand and that this run answers for.
    ran : tuple of str
        Names of the checks.
    computed, skipped : int
        Pictures measured in this run, and rows that have none.
    faults : tuple of Fault
        Pictures that could not be measured.
    notes : tuple of str
        Sentences on what does not fit between dataset and split file.
    leaks : tuple of LeakRate
        How much of each part of each split is known from another; empty where ``leakage`` did not run.
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
    notes: tuple[str, ...]
    leaks: tuple[LeakRate, ...]
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
    with dataset.writer("check", arguments) as writer:
        before = dataset.version
        # Whatever may be wrong with the request is said before pictures are measured.
        samples = dataset.view().frame.sort_values("sample_id", ignore_index=True)
        splits, notes = _splits(dataset, request.split, samples)
        measured = _measured(dataset, writer, selected, request, progress)
        has_vectors = any("embedding" in check.needs for check in selected)
        context = CheckContext(
            dataset=dataset,
            samples=samples,
            measures=_frame(measured.measures),
            embeddings=_aligned(measured.embeddings, samples) if has_vectors else None,
            findings=dataset.findings(),
            splits=splits,
            decisions=dataset.effective_decisions(),
            policy=thresholds,
            published=request.split is None,
            within=request.within,
            workers=request.workers,
            backend=request.backend,
        )
        rows, context = _found(selected, context, writer)
        version = writer.commit(_message(selected, rows))
    return _checked(context, rows, measured, version=version, written=version != before, ran=selected, notes=notes)


def _checked(
    context: CheckContext,
    rows: Sequence[FindingRow],
    measured: Measured,
    *,
    version: int,
    written: bool,
    ran: Sequence[Check],
    notes: tuple[str, ...],
) -> Checked:
    names = tuple(check.name for check in ran)
    covers = [scope.covers(context, name) for name in names]
    standing = [row for row in rows if row["status"] != "gone" and any(covered(row) for covered in covers)]
    return Checked(
        version=version,
        written=written,
        findings=standing,
        ran=names,
        computed=measured.computed,
        skipped=measured.skipped,
        faults=measured.faults,
        notes=notes,
        leaks=leakage.rates(context) if leakage.DETECTOR in names else (),
        truth=_truth(context, standing, names),
    )


def _message(selected: Sequence[Check], rows: Sequence[FindingRow]) -> str:
    marked = sum(bool(row["marked"]) and row["status"] != "gone" for row in rows)
    return f"{', '.join(check.name for check in selected)}: {marked} marked findings"


def _selected(only: Sequence[str]) -> tuple[Check, ...]:
    names = [check.name for check in CHECKS]
    for name in only:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise UserError("is no check", value=name, remedy=f"{hint}There are: {', '.join(names)}.")
    return tuple(check for check in CHECKS if not only or check.name in only)


def _measured(
    dataset: Dataset,
    writer: Writer,
    selected: Sequence[Check],
    request: Request,
    progress: Callable[[int], None] | None,
) -> Measured:
    """Measure what the checks need; weights are not asked for where there is no picture."""
    needs = {need for check in selected for need in check.needs}
    has_pictures = "stored" in set(dataset.read("samples", ["image_status"]).column(0).to_pylist())
    embedder = resolve(request.embedder) if has_pictures and "embedding" in needs else None
    return measure_missing(
        dataset,
        writer,
        sorted(needs),
        embedder=embedder,
        workers=request.workers,
        backend=request.backend,
        progress=progress,
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


def _splits(dataset: Dataset, split: str | Path | None, samples: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the splits to look at as table ``splits`` has them, and what does not fit between dataset and file."""
    if split is not None and Path(split).suffix.casefold() in {".csv", ".tsv"}:
        file = read_split(Path(split), samples)
        return file.rows, file.notes
    splits = dataset.splits()
    if split is None:
        return splits, ()
    named = splits[splits["split_name"] == str(split)]
    if named.empty:
        names = sorted(set(splits["split_name"]))
        known = f"Its splits: {', '.join(names)}." if names else "It has none yet: `curate split` makes one."
        raise UserError("is no split of this dataset", value=str(split), remedy=f"{known} Or name a CSV file.")
    return named, ()


def _found(selected: Sequence[Check], context: CheckContext, writer: Writer) -> tuple[list[FindingRow], CheckContext]:
    """Run the checks in order, each on what the ones before it left; stage the table where it changed."""
    before: list[FindingRow] = context.dataset.read("findings").to_pylist()
    rows = before
    said = ledger.verdicts(context.decisions, context.dataset.decisions())
    writing = Writing(writer.run_id, writer.version)
    for check in selected:
        found: list[Finding] = check.find(context)
        rows = ledger.merged(rows, found, covers=scope.covers(context, check.name), said=said, writing=writing)
        context = context.with_findings(pd.DataFrame(rows, columns=context.findings.columns))
    if ledger.same(before, rows):
        return before, context
    writer.replace("findings", from_rows("findings", rows))
    return rows, context


def _truth(context: CheckContext, rows: Sequence[FindingRow], ran: Sequence[str]) -> dict[str, tuple[TruthCount, ...]]:
    """Return planted against found, of the checks that looked at everything that was planted for them."""
    if context.within is not None:
        return {}
    answering = [name for name in ran if name != leakage.DETECTOR or context.published]
    active = context.samples[context.samples["row_status"] == "active"]
    return truth.counts(active, rows, answering)
