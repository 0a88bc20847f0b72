"""`ingest`: pour a source into a dataset as one new version, or leave the dataset as it was."""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import Dataset, create_dataset, load_dataset
from curate.ingest.changes import Present
from curate.ingest.pour import Outcome, Pour, Request
from curate.ingest.writing import Summary, Writing
from curate.store import manifest
from curate.store.writer import Writer
from schemas.errors import BarNotMet, DataFault, Fault, count_faults
from schemas.tables import empty, schema
from sources.source import Options, Row, Source

__all__ = ["Plan", "ingest"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be ingested, and what shall happen where something is wrong.

    Parameters
    ----------
    source : Source
        What is read.
    options : Options
        How the source is read.
    request : Request
        What of it is wanted.
    on_fault : {"stop", "skip"}
        With ``stop`` one error means that nothing is written; with ``skip`` rows with an error are left out, and rows
        whose only fault is their picture stay without it.
    strict : bool
        Write nothing where a value is unmapped.
    """

    source: Source
    options: Options
    request: Request
    on_fault: Literal["stop", "skip"] = "stop"
    strict: bool = False

    def judge(self, outcome: Outcome) -> None:
        """Raise where what was read may not be written."""
        if self.on_fault == "stop" and outcome.faults:
            counts = ", ".join(f"{each.count} x {each.rule}" for each in count_faults(outcome.faults))
            what = f"{self.source.name} has faults ({counts}); nothing was written"
            remedy = "Correct them, or pass --on-fault skip to leave out what is wrong."
            raise DataFault(what, remedy=remedy, faults=tuple(outcome.faults))
        if self.strict and outcome.events.unmapped:
            (column, raw), rows = outcome.events.unmapped.most_common(1)[0]
            what = f"{len(outcome.events.unmapped)} values are unmapped, first {column} = {raw!r} in {rows} rows"
            raise BarNotMet(f"{what}; nothing was written", remedy="Map them, or leave out --strict.")


def ingest(plan: Plan, into: Path, *, arguments: Mapping[str, object], dry_run: bool = False) -> Summary:
    """Pour a source into a dataset.

    Parameters
    ----------
    plan : Plan
        What is ingested.
    into : Path
        Folder of the dataset; a new one is made where it is missing or empty.
    arguments : mapping
        What the command was given, for the log; ``location`` and ``seed`` tell collections of one name apart later.
    dry_run : bool
        Read and check everything, write nothing.

    Raises
    ------
    schemas.errors.DataFault
        Errors were found and the plan says ``stop``; carries all of them.
    schemas.errors.BarNotMet
        A value is unmapped and the plan is strict.
    schemas.errors.UserError
        The source cannot be read, or the folder is no dataset.
    """
    # The first row is read before a folder is made: a location that cannot be read leaves nothing behind.
    rows = _started(plan.source.rows(plan.options))
    if dry_run:
        return _only_read(rows, plan, into)
    fresh = manifest.is_free(into)
    dataset = create_dataset(into)
    with dataset.writer("ingest", arguments) as writer:
        try:
            return _write(rows, plan, dataset, writer)
        finally:
            # Under the lock: another command may be filling the same new folder.
            if fresh and not _has_moved_on(dataset, 0):
                _empty_folder(into)


def _started(rows: Iterator[Row | Fault]) -> Iterator[Row | Fault]:
    first = list(itertools.islice(rows, 1))
    return itertools.chain(first, rows)


def _of_source(dataset: Dataset, plan: Plan) -> Present:
    samples = dataset.read("samples")
    own = samples.filter(pc.equal(samples.column("source"), plan.source.name))
    sheet = plan.source.sheet
    return Present(own, _foreign(dataset, own, plan.options) if sheet.one_of_many or sheet.synthetic else None)


def _foreign(dataset: Dataset, rows: pa.Table, options: Options) -> dict[str, str]:
    """Return samples that were read from another location, or drawn with another seed, and where they came from."""
    log = dataset.read("log", ["run_id", "arguments"]).to_pylist()
    said = {str(row["run_id"]): json.loads(str(row["arguments"])) for row in log}
    here = (options.location, options.seed)
    origins = {run_id: (each.get("location"), each.get("seed")) for run_id, each in said.items()}
    keys = zip(rows.column("sample_id").to_pylist(), rows.column("ingest_id").to_pylist(), strict=True)
    return {
        sample_id: str(origins[run_id][0] or f"seed {origins[run_id][1]}")
        for sample_id, run_id in keys
        if run_id in origins and origins[run_id] != here
    }


def _only_read(rows: Iterator[Row | Fault], plan: Plan, into: Path) -> Summary:
    dataset = None if manifest.is_free(into) else load_dataset(into)
    present = _of_source(dataset, plan) if dataset is not None else Present(empty("samples"))
    pouring = Pour(plan.source, present, plan.request, root=None, run_id="dry-run")
    for _ in pouring.batches(rows):
        pass
    plan.judge(pouring.outcome)
    version = dataset.version if dataset is not None else 0
    return Summary(plan.source.name, version, committed=False, outcome=pouring.outcome)


def _write(rows: Iterator[Row | Fault], plan: Plan, dataset: Dataset, writer: Writer) -> Summary:
    present = _of_source(dataset, plan)
    pouring = Pour(plan.source, present, plan.request, root=str(dataset.root), run_id=writer.run_id)
    before = dataset.version
    try:
        with _staged(pouring.batches(rows)) as poured:
            plan.judge(pouring.outcome)
            whole = plan.request.whole and not pouring.outcome.nameless
            poured_into = Writing(plan.source, plan.options.location, whole, pouring.outcome, dataset, writer)
            return poured_into.commit(poured, present)
    finally:
        if not _has_moved_on(dataset, before):
            for path in pouring.outcome.written:
                Path(path).unlink(missing_ok=True)


def _has_moved_on(dataset: Dataset, version: int) -> bool:
    """Return whether there is a later version; asked of the disk, since Ctrl-C may come right after a commit."""
    return load_dataset(dataset.root).version != version


@contextlib.contextmanager
def _staged(batches: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Collect batches in a file, so that reading a large source does not need the memory of all its rows.

    The tables are written from here in one go: a generator inside the writer of Delta is deaf to Ctrl-C and loses the
    class of an error (design/feasibility.md, section 1).
    """
    with tempfile.TemporaryDirectory(prefix="dermacurate-") as scratch:
        path = Path(scratch, "samples.arrow")
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, schema("samples")) as staging:
            for batch in batches:
                staging.write_table(batch.cast(schema("samples")))
        with pa.memory_map(str(path)) as file:
            yield pa.ipc.open_file(file).read_all()


def _empty_folder(folder: Path) -> None:
    """Remove what a failed ingest has made in a folder that was missing or empty before."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    with contextlib.suppress(OSError):
        folder.rmdir()
