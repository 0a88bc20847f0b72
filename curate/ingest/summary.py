"""What `curate ingest` prints, and the file of faults."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from curate.ingest.writing import Summary
from schemas.errors import Fault, count_faults
from schemas.listing import cell

__all__ = ["FAULTS_FILE", "fault_lines", "last_line", "lines", "write_faults"]

FAULTS_FILE = "faults.csv"
_SHOWN = 10
_COLUMNS = ("rule", "severity", "file", "row", "column", "value", "what", "remedy", "sample_ids")


def lines(summary: Summary) -> Iterator[str]:
    """Yield the lines that say what an ingest did."""
    outcome = summary.outcome
    done = f"{outcome.added} added, {outcome.changed} changed, {outcome.same} unchanged, {summary.withdrawn} withdrawn"
    read, left_out = outcome.read + outcome.nameless, outcome.left_out + outcome.nameless
    yield f"{summary.source}: {read} rows read: {done}, {left_out} left out."
    yield f"Images: {_counts(outcome.images) or 'none'}."
    yield f"Licences: {_counts(outcome.licences) or 'none'}."
    unmapped = outcome.events.unmapped
    for (column, raw), rows in unmapped.most_common(_SHOWN):
        yield f"Unmapped: {column} = {raw!r} in {rows} rows."
    if len(unmapped) > _SHOWN:
        yield f"Unmapped: {len(unmapped) - _SHOWN} more values; the findings K06 name all."
    if summary.refused:
        yield f"Personal data, not taken: {', '.join(summary.refused)}."
    if summary.findings:
        yield f"Conflicts and notes: {_counts(summary.findings)}."


def last_line(summary: Summary, into: Path) -> str:
    """Return what the dataset is now, and the command to type next."""
    if not summary.committed:
        at = f"{into} stays at version {summary.version}" if summary.version else f"{into} was not made"
        return f"Nothing to write: {at}."
    return f"{into} is at version {summary.version}. Next: curate check {into}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{value} {key}" for key, value in sorted(counts.items()))


def fault_lines(faults: Sequence[Fault]) -> Iterator[str]:
    """Yield the first ten faults, then a count per rule."""
    for fault in faults[:_SHOWN]:
        yield str(fault)
    if len(faults) > _SHOWN:
        yield f"... {len(faults) - _SHOWN} more"
    counts = ", ".join(f"{each.rule}: {each.count}" for each in count_faults(list(faults)))
    yield f"{len(faults)} faults ({counts}); all are in {FAULTS_FILE}."


def write_faults(faults: Sequence[Fault], folder: Path) -> Path:
    """Write all faults to `FAULTS_FILE` in a folder, in the order in which they were found."""
    path = folder / FAULTS_FILE
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for fault in faults:
            place = fault.place
            where = (place.file, place.row, place.column or fault.column) if place is not None else (None, None, None)
            values = (fault.rule, fault.severity, *where, fault.value, fault.what, fault.remedy, list(fault.sample_ids))
            writer.writerow([cell(value) for value in values])
    return path
