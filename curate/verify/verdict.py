"""All rules together, and what follows for the exit code."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import Dataset, load_dataset
from curate.store import leftovers, tables
from curate.store import versions as version_list
from curate.store.decision_rows import value_faults
from curate.store.leftovers import Leftovers
from curate.verify import references
from curate.verify.pictures import picture_faults
from schemas.errors import DataFault, DatasetConflict, Fault, Place, count_faults
from schemas.validation import validate

# This rule is about the dataset as a whole, not about what it holds: exit code 5.
_UNOPENABLE = "L01"
_VALIDATED = ("samples", "sources", "measures", "findings", "decisions", "splits")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found.

    Parameters
    ----------
    faults : tuple of Fault
        Errors first, then conflicts and notes.
    rows, files, versions : int
        How many were looked at: rows of ``samples``, files in ``images/``, versions of the log.
    """

    faults: tuple[Fault, ...]
    rows: int
    files: int
    versions: int

    @property
    def errors(self) -> tuple[Fault, ...]:
        """Faults that make the dataset unsound."""
        return tuple(fault for fault in self.faults if fault.severity == "error")

    @property
    def exit_code(self) -> int:
        """0 when sound, 5 where a version cannot be opened, 3 for other errors."""
        if any(fault.rule == _UNOPENABLE for fault in self.errors):
            return DatasetConflict.exit_code
        return DataFault.exit_code if self.errors else 0


def verify(
    dataset: Dataset,
    *,
    clean: bool = False,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Verdict:
    """Return everything that is wrong with a dataset on disk.

    Parameters
    ----------
    dataset : Dataset
        At its newest version.
    clean : bool
        Also remove what killed runs left and no version names; nothing that a version names is touched.
    workers : int, optional
        Threads that read pictures; the number of processors where it is not given.
    progress : callable, optional
        Called with the number of image files done since the last call.

    Raises
    ------
    DatasetConflict
        The log cannot be read or, with `clean`, another command is writing.
    """
    kept = version_list.versions(version_list.log(dataset.root))
    unopenable = tuple(_unopenable(dataset, kept))
    if unopenable:
        return Verdict(unopenable, rows=0, files=0, versions=len(kept))
    samples = dataset.read("samples")
    faults = [
        *_table_faults(dataset, samples),
        *picture_faults(dataset.root, samples, workers=workers or os.cpu_count() or 1, progress=progress),
        *_leftover_notes(_reclaim(dataset) if clean else leftovers.find(dataset.root, kept), removed=clean),
    ]
    faults.sort(key=lambda fault: ("error", "conflict", "note").index(fault.severity))
    files = pc.count_distinct(samples.column("stored_sha256"), mode="only_valid").as_py()
    return Verdict(tuple(faults), rows=samples.num_rows, files=files, versions=len(kept))


def report_lines(verdict: Verdict) -> list[str]:
    """Return what `curate verify` prints: at most five examples of each rule, counts, and the result."""
    lines: list[str] = []
    others = [fault for fault in verdict.faults if fault.severity != "error"]
    for found in [*count_faults(list(verdict.errors)), *count_faults(others)]:
        lines += [f"{fault.severity}: {fault}" for fault in found.examples]
        if found.count > len(found.examples):
            lines.append(f"  ... and {found.count - len(found.examples)} more of {found.rule}")
    looked_at = f"{verdict.rows:,} rows, {verdict.files:,} image files, {verdict.versions:,} versions"
    state = f"{len(verdict.errors):,} errors" if verdict.errors else "Sound"
    return [*lines, f"{state}: {looked_at}."]


def file_count(dataset: Dataset) -> int:
    """Return how many image files `verify` will read, for a progress bar."""
    return int(pc.count_distinct(dataset.read("samples", ["stored_sha256"]).column(0), mode="only_valid").as_py())


def _unopenable(dataset: Dataset, kept: Iterable[version_list.Version]) -> Iterator[Fault]:
    named = {(key, delta): version for version in kept for key, delta in version.tables.items()}
    for (key, delta), version in sorted(named.items(), key=lambda item: item[0]):
        why = tables.why_unreadable(dataset.root, key, delta)
        if why is not None:
            what = f"version {version.number} names {key}@{delta}, which cannot be read ({why})"
            yield Fault(_UNOPENABLE, what, Place("log"), remedy="Restore the folder from a copy.")


def _table_faults(dataset: Dataset, samples: pa.Table) -> Iterator[Fault]:
    known = set(samples.column("sample_id").to_pylist())
    for name in _VALIDATED:
        yield from validate(dataset.read(name), name)
    findings, decisions = dataset.read("findings"), dataset.read("decisions")
    yield from references.source_faults(samples, dataset.read("sources"))
    yield from references.finding_faults(findings, known)
    yield from references.decision_faults(decisions, findings, known)
    yield from references.measure_faults(dataset.read("measures"), samples)
    yield from value_faults(decisions)
    try:
        dataset.curated()
    except DataFault as error:
        yield Fault("D06", error.what, error.place, error.value, error.remedy)
    yield from _split_faults(dataset, known)


def _split_faults(dataset: Dataset, known: set[str]) -> Iterator[Fault]:
    splits = dataset.read("splits")
    for name in sorted(set(splits.column("split_name").to_pylist())):
        members = splits.filter(pc.equal(splits.column("split_name"), name))
        # Rows that were added to a frozen split are younger than the others.
        made = min(int(pc.max(members.column("created_version")).as_py()), dataset.version)
        raw = json.loads(members.column("params")[0].as_py()).get("view") == "raw"
        then = load_dataset(dataset.root, at=made) if made > 0 else dataset
        yield from references.split_faults(members, then.read("samples") if raw else then.curated(), known)


def _reclaim(dataset: Dataset) -> Leftovers:
    with dataset.writer("verify", {"clean": True}) as writer:
        return writer.reclaim()


def _leftover_notes(found: Leftovers, *, removed: bool) -> Iterator[Fault]:
    remedy = "Removed." if removed else "`curate verify DATASET --clean` removes them; no version needs them."
    if found.in_tables:
        commits = sum(found.commits.values()) + len(found.tables)
        files = sum(len(names) for names in found.dead_files.values())
        what = f"{commits} commits and {files} data files were left by an interrupted run"
        yield Fault("L02", what, Place("tables"), remedy=remedy, severity="note")
    if found.images:
        what = f"{len(found.images)} files ({found.image_bytes:,} bytes) are not named by any row of a kept version"
        yield Fault("I11", what, Place("images"), remedy=remedy, severity="note")
