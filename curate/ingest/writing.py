"""One ingest as one version: samples, fact sheet and findings in one commit, and what it comes to."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import Dataset
from curate.ingest import events, findings, rules
from curate.ingest.changes import Present
from curate.ingest.pour import Outcome
from curate.ingest.sheet import sheet_row, table_files
from curate.store import images
from curate.store.writer import Writer
from sources.source import Source

__all__ = ["Summary", "Writing"]


@dataclass(frozen=True, slots=True)
class Summary:
    """What an ingest did.

    Parameters
    ----------
    source : str
        Name of the source.
    version : int
        Version of the dataset afterwards.
    committed : bool
        False where nothing changed, or nothing was to be written.
    outcome : Outcome
        Figures and faults.
    withdrawn : int
        Rows that became withdrawn.
    findings : dict of str to int
        Open notes and conflicts of ingest per code.
    refused : tuple of str
        Names of columns that were not taken.
    """

    source: str
    version: int
    committed: bool
    outcome: Outcome
    withdrawn: int = 0
    findings: Mapping[str, int] = dataclasses.field(default_factory=dict)
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Writing:
    """The end of an ingest, when all rows were read and found good enough.

    Parameters
    ----------
    source : Source
        Whose rows they are.
    location : str or None
        Where they were read from.
    whole : bool
        Whether the whole source was read, so that a row that was not seen is gone.
    outcome : Outcome
        What came of the rows.
    dataset : Dataset
        The dataset before.
    writer : Writer
        The right to write it.
    """

    source: Source
    location: str | None
    whole: bool
    outcome: Outcome
    dataset: Dataset
    writer: Writer

    def commit(self, poured: pa.Table, present: Present) -> Summary:
        """Write the version, or none where nothing changed.

        Parameters
        ----------
        poured : pyarrow.Table
            Rows of ``samples`` that the source gave.
        present : Present
            Rows that the dataset held of it.
        """
        outcome, refused = self.outcome, self._refused()
        rest, gone = self._rest(present, poured)
        if not (outcome.added or outcome.changed or gone):
            return Summary(self.source.name, self.dataset.version, committed=False, outcome=outcome, refused=refused)
        samples = pa.concat_tables([poured, rest])
        found = self._findings(samples)
        images.sync_folders(Path(path).parent for path in outcome.written)
        self.writer.replace("samples", samples, where=f"source = '{self.source.name}'")
        self.writer.append("sources", self._sheet(samples.num_rows, refused))
        self.writer.replace("findings", found, where=f"detector = '{findings.DETECTOR}'")
        version = self.writer.commit(
            f"{self.source.name}: {outcome.added} rows added, {outcome.changed} changed, {gone} withdrawn",
            rows_added=outcome.added,
            rows_changed=outcome.changed,
            rows_withdrawn=gone,
        )
        open_now = found.filter(pc.equal(found.column("status"), "open"))
        codes = dict(sorted(Counter(open_now.column("kind").to_pylist()).items()))
        return Summary(self.source.name, version, True, outcome, gone, codes, refused)

    def _refused(self) -> tuple[str, ...]:
        noted = {note.column for note in self.outcome.events.notes if note.rule == "R05" and note.column}
        return tuple(sorted(noted.union(self.source.sheet.refused_columns)))

    def _rest(self, present: Present, poured: pa.Table) -> tuple[pa.Table, int]:
        """Return the rows of the source that were not given now, and how many of them become withdrawn."""
        rest = present.without(poured.column("sample_id").to_pylist())
        if not self.whole:
            return rest, 0
        named = pa.array(sorted({*self.outcome.seen, *present.foreign}), pa.string())
        unnamed = pc.invert(pc.is_in(rest.column("sample_id"), value_set=named))
        gone = pc.and_(unnamed, pc.equal(rest.column("row_status"), "active"))
        for name, value in (("row_status", "withdrawn"), ("ingest_id", self.writer.run_id)):
            column = pc.if_else(gone, pa.scalar(value), rest.column(name))
            rest = rest.set_column(rest.schema.get_field_index(name), rest.schema.field(name), column)
        return rest, pc.sum(gone).as_py() or 0

    def _findings(self, samples: pa.Table) -> pa.Table:
        others = self.dataset.read("samples", rules.COLUMNS)
        others = others.filter(pc.not_equal(others.column("source"), self.source.name))
        claims = rules.claims(pa.concat_tables([samples.select(list(rules.COLUMNS)), others]))
        decided = set(
            itertools.chain.from_iterable(self.dataset.read("decisions", ["sample_ids"]).column(0).to_pylist())
        )
        seen = self.outcome.events
        facts = events.Facts(
            stored=_count(samples, "image_status", "stored"),
            withdrawn=samples.filter(pc.equal(samples.column("row_status"), "withdrawn"))
            .column("sample_id")
            .to_pylist(),
            decided=sum(sample_id in decided for sample_id in seen.changed),
        )
        claims += events.claims(seen, facts, self.source, version=self.dataset.version)
        before = self.dataset.read("findings")
        before = before.filter(pc.equal(before.column("detector"), findings.DETECTOR))
        scope = findings.Scope(self.source.name, self.whole, self.writer.run_id, self.writer.version)
        return findings.merged(before, claims, scope)

    def _sheet(self, rows_written: int, refused: tuple[str, ...]) -> pa.Table:
        outcome = self.outcome
        figures = {
            "rows_read": outcome.read + outcome.nameless,
            "rows_written": rows_written,
            "rows_unmapped": outcome.events.rows_unmapped,
            "images_missing": outcome.images["missing"] + outcome.images["unreadable"],
        }
        files = table_files(self.location, (place.file for place in outcome.seen.values()))
        return sheet_row(self.source, run_id=self.writer.run_id, figures=figures, files=files, refused=refused)


def _count(rows: pa.Table, column: str, value: str) -> int:
    return int(pc.sum(pc.equal(rows.column(column), value)).as_py() or 0)
