"""The rows of a source, batch by batch: validated, their pictures taken, what did not change left alone."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

import pyarrow as pa

from curate.ingest.changes import Present, equal_rows
from curate.ingest.conditions import Condition, matches
from curate.ingest.events import Events
from curate.ingest.pictures import IMAGE_COLUMNS, Taken, Task, take
from curate.ingest.records import Record, key_faults, record, to_table
from curate.parallel import map_images
from schemas.errors import Fault, Place
from schemas.validation import validate
from sources.source import Row, Source

__all__ = ["Outcome", "Pour", "Request"]

# Rows in memory at a time; 4,096 rows map in 0.36 GB, however many there are (design/feasibility.md, section 1).
_BATCH = 2048
_REMEDY = "Bring a sound file, or pass --on-fault skip to keep the row without its picture."
_OF_PICTURES = frozenset({*IMAGE_COLUMNS, "image_status"})


@dataclass(frozen=True, slots=True)
class Request:
    """What of a source is wanted, and how.

    Parameters
    ----------
    limit : int or None
        Take the first rows only.
    where : tuple of Condition
        Take rows that fulfil all conditions.
    metadata_only : bool
        Open no picture.
    workers : int
        Processes that read pictures.
    progress : callable or None
        Called with the count of rows done since the last call.
    """

    limit: int | None = None
    where: tuple[Condition, ...] = ()
    metadata_only: bool = False
    workers: int = 1
    progress: Callable[[int], None] | None = None

    @property
    def whole(self) -> bool:
        """Whether the whole source is read, so that a row that is not seen is gone."""
        return self.limit is None and not self.where


@dataclass(slots=True)
class Outcome:
    """What came of the rows of a source.

    Parameters
    ----------
    faults : list of Fault
        Errors: rows that were left out, and pictures that could not be taken.
    read, left_out, added, changed, same : int
        Rows that were asked for; of them left out for an error, new, changed, unchanged.
    images : Counter
        Rows per image_status.
    seen : dict of str to Place
        Samples that the source names, those left out included, and where.
    written : list of str
        Picture files that were not there before.
    licences : Counter
        Rows per licence.
    events : Events
        What becomes notes.
    nameless : int
        Rows that the source could not even name: which samples they would have been is not known.
    """

    faults: list[Fault] = field(default_factory=list)
    read: int = 0
    left_out: int = 0
    added: int = 0
    changed: int = 0
    same: int = 0
    images: Counter[str] = field(default_factory=Counter)
    seen: dict[str, Place] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    licences: Counter[str] = field(default_factory=Counter)
    events: Events = field(default_factory=Events)
    nameless: int = 0


class Pour:
    """Takes the rows of one source; `batches` does the work, `outcome` says what came of it.

    Parameters
    ----------
    source : Source
        Whose rows they are.
    present : Present
        What the dataset holds of it.
    request : Request
        What is wanted.
    root : str or None
        The dataset; None where nothing may be written.
    run_id : str
        The run.
    """

    def __init__(self, source: Source, present: Present, request: Request, *, root: str | None, run_id: str) -> None:
        self._source = source
        self._present = present
        self._request = request
        self._root = root
        self._run_id = run_id
        self.outcome = Outcome()

    def batches(self, rows: Iterable[Row | Fault]) -> Iterator[pa.Table]:
        """Yield tables ``samples`` of the rows that can be written; what did not change is as it was."""
        wanted = itertools.islice(self._wanted(rows), self._request.limit)
        while batch := list(itertools.islice(wanted, _BATCH)):
            self.outcome.read += len(batch)
            yield self._batch(batch)

    def _wanted(self, rows: Iterable[Row | Fault]) -> Iterator[Record]:
        nameless: set[tuple[str, int]] = set()
        for row in rows:
            if isinstance(row, Row):
                made = record(row, self._source, self._run_id)
                if matches(made.values, self._request.where):
                    yield made
            elif row.severity == "error":
                self.outcome.faults.append(row)
                if row.place is not None and row.place.row is not None:
                    nameless.add((row.place.file, row.place.row))
                    self.outcome.nameless = len(nameless)
            else:
                self.outcome.events.notes.append(row)

    def _batch(self, batch: list[Record]) -> pa.Table:
        keyed = [each for each in batch if self._has_a_key(each)]
        table, misfits = to_table(keyed)
        self._leave_out(list(misfits.values()))
        fitting = [each for at, each in enumerate(keyed) if at not in misfits]
        sound = self._sound(table, [each.place for each in fitting])
        records = [each for each, good in zip(fitting, sound, strict=True) if good]
        table = self._with_pictures(table.filter(pa.array(sound, pa.bool_())), records)
        for each in records:
            self.outcome.events.unmapped.update(each.unmapped.items())
            self.outcome.events.rows_unmapped += bool(each.unmapped)
        table = self._as_it_was(table)
        self.outcome.images.update(table.column("image_status").to_pylist())
        self.outcome.licences.update(table.column("licence").to_pylist())
        return table

    def _leave_out(self, faults: list[Fault]) -> None:
        self.outcome.faults += faults
        self.outcome.left_out += len({fault.place for fault in faults})

    def _has_a_key(self, each: Record) -> bool:
        faults = list(key_faults(each, self._source))
        first = self.outcome.seen.setdefault(each.sample_id, each.place)
        if first is not each.place:
            what = f"is named again; {first} has it first"
            remedy = "A source may name an image once: keep one row, or give the copies different ids."
            image_id = str(each.values["source_image_id"])
            faults.append(Fault("K01", what, each.place, image_id, remedy, sample_ids=(each.sample_id,)))
        self._leave_out(faults)
        return not faults

    def _sound(self, table: pa.Table, places: list[Place]) -> list[bool]:
        """Return which rows break no rule; rows that were validated before and say the same are not asked again."""
        same = self._same(table, ignoring=_OF_PICTURES)
        asked = [at for at, known in enumerate(same) if not known]
        faults = validate(table.take(pa.array(asked, pa.int64())), "samples", places=[places[at] for at in asked])
        broken = {sample_id for fault in faults for sample_id in fault.sample_ids}
        self.outcome.faults += faults
        self.outcome.left_out += len(broken)
        return [sample_id not in broken for sample_id in table.column("sample_id").to_pylist()]

    def _same(self, table: pa.Table, *, ignoring: Iterable[str] = ()) -> list[bool]:
        """Return which rows say what the dataset holds."""
        ids = table.column("sample_id").to_pylist()
        held = [at for at, sample_id in enumerate(ids) if sample_id in self._present]
        old = self._present.of([ids[at] for at in held])
        equal = equal_rows(table.take(pa.array(held, pa.int64())), old, ignoring=ignoring)
        found = {at for at, known in zip(held, equal, strict=True) if known}
        return [at in found for at in range(len(ids))]

    # --- pictures ----------------------------------------------------------------------------------------------------

    def _with_pictures(self, table: pa.Table, records: list[Record]) -> pa.Table:
        """Return rows with the columns of their pictures filled in."""
        taken = self._take(records)
        found = {each.sample_id: self._facts(each, taken.get(each.sample_id)) for each in records}
        # Where the source cannot give a picture that it gave before, what was stored stays.
        held = [sample_id for sample_id in found if self._present.known(sample_id) is not None]
        stored = self._present.pictures([each for each in held if found[each]["image_status"] != "stored"])
        facts = list({**found, **stored}.values())
        for name in sorted(_OF_PICTURES):
            column = pa.array([each.get(name) for each in facts], table.schema.field(name).type)
            at = table.schema.get_field_index(name)
            table = table.set_column(at, table.schema.field(name), column)
        return table

    def _take(self, records: list[Record]) -> dict[str, Taken | Fault]:
        if self._request.metadata_only:
            if self._request.progress is not None:
                self._request.progress(len(records))
            return {}
        tasks = [
            (each.sample_id, Task(each.image.open, self._root, self._present.known(each.sample_id)))
            for each in records
            if each.image is not None
        ]
        found = map_images(take, tasks, workers=self._request.workers, progress=self._request.progress)
        return dict(found)

    def _facts(self, each: Record, taken: Taken | Fault | None) -> dict[str, object]:
        """Return the columns of a picture that was taken, or the status of one that was not."""
        if isinstance(taken, Taken) and taken.facts is not None:
            self.outcome.written += [taken.written] if taken.written is not None else []
            return {**taken.facts, "image_status": "stored"}
        status, fault = self._lack(each, taken)
        if fault is not None:
            self.outcome.faults.append(fault)
        return {"image_status": status}

    def _lack(self, each: Record, taken: Taken | Fault | None) -> tuple[str, Fault | None]:
        """Return the status of a row without a new picture, and the fault where it is one."""
        name = each.image.name if each.image is not None and each.image.name != each.place.file else None
        if self._request.metadata_only:
            return "not_fetched", None
        if isinstance(taken, Fault):
            fault = replace(taken, place=each.place, value=name, sample_ids=(each.sample_id,))
            return "unreadable", fault if fault.remedy else replace(fault, remedy=_REMEDY)
        if isinstance(taken, Taken) and taken.missing is None:
            return "same", None
        if self._source.sheet.pictures_may_be_absent:
            return "missing", None
        why = taken.missing if isinstance(taken, Taken) else "has no picture below the location"
        return "missing", Fault("I03", str(why), each.place, name, _REMEDY, sample_ids=(each.sample_id,))

    def _as_it_was(self, table: pa.Table) -> pa.Table:
        """Return the rows, those that did not change as the dataset holds them, and count."""
        same = self._same(table)
        ids = table.column("sample_id").to_pylist()
        kept = [sample_id for sample_id, known in zip(ids, same, strict=True) if known]
        other = self._own(table.filter(pa.array([not known for known in same], pa.bool_())))
        held = [sample_id for sample_id in other.column("sample_id").to_pylist() if sample_id in self._present]
        self.outcome.same += len(kept)
        self.outcome.changed += len(held)
        self.outcome.added += other.num_rows - len(held)
        self.outcome.events.changed += self._changed_at_source(other, held)
        return pa.concat_tables([other, self._present.of(kept)])

    def _own(self, rows: pa.Table) -> pa.Table:
        """Return the rows whose id does not belong to another collection under the same name of source."""
        ids = rows.column("sample_id").to_pylist()
        remedy = "Give one of the two another id: a column `image` in metadata.csv."
        self._leave_out(
            [
                Fault(
                    "K01",
                    f"is the id of another picture, which came from {self._present.foreign[sample_id]}",
                    self.outcome.seen[sample_id],
                    sample_id.partition(":")[2],
                    remedy,
                    sample_ids=(sample_id,),
                )
                for sample_id in ids
                if sample_id in self._present.foreign
            ]
        )
        return rows.filter(pa.array([sample_id not in self._present.foreign for sample_id in ids], pa.bool_()))

    def _changed_at_source(self, rows: pa.Table, held: list[str]) -> list[str]:
        now = dict(zip(rows.column("sample_id").to_pylist(), rows.column("raw_hash").to_pylist(), strict=True))
        before = self._present.of(held).column("raw_hash").to_pylist()
        return [sample_id for sample_id, old in zip(held, before, strict=True) if now[sample_id] != old]
