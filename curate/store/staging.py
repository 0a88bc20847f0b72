"""What a writer is going to write, kept in memory until the commit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import dropwhile
from pathlib import Path

import pyarrow as pa
from deltalake.exceptions import DeltaError

from curate.store import tables, versions
from curate.store.versions import Version
from schemas.errors import DatasetConflict

# Columns that say when a row was written or seen again, not what it says.
_BOOK_KEEPING = frozenset({"run_id", "ingest_id", "last_version"})


@dataclass(frozen=True, slots=True)
class _Step:
    rows: pa.Table
    where: str | None = None
    append: bool = False


class Staging:
    """Steps per table, in the order in which they were asked for."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._steps: dict[str, list[_Step]] = {}

    def replace(self, key: str, rows: pa.Table, *, where: str | None = None) -> None:
        """Stage a replacement of the rows that fit a predicate, or of all."""
        steps = self._steps.setdefault(key, [])
        if where is None:
            steps.clear()
        steps.append(_Step(tables.arranged(rows, key), where=where))

    def append(self, key: str, rows: pa.Table) -> None:
        """Stage more rows; rows appended one after the other become one commit."""
        if rows.num_rows == 0:
            return
        steps = self._steps.setdefault(key, [])
        if steps and steps[-1].append:
            rows = pa.concat_tables([steps.pop().rows, tables.arranged(rows, key)], promote_options="default")
        steps.append(_Step(tables.arranged(rows, key), append=True))

    def clear(self) -> None:
        """Forget all steps."""
        self._steps.clear()

    def changes(self, parent: Version) -> bool:
        """Return whether any row would be other than it is, and drop the first steps of a table that change nothing."""
        for key, steps in self._steps.items():
            steps[:] = dropwhile(partial(self._is_there, parent, key), steps)
        self._steps = {key: steps for key, steps in self._steps.items() if steps}
        return bool(self._steps)

    def _is_there(self, parent: Version, key: str, step: _Step) -> bool:
        if step.append:
            return False
        present = versions.read(self._root, parent, key, where=step.where)
        if present.num_rows != step.rows.num_rows:
            return False
        kept = [name for name in step.rows.column_names if name not in _BOOK_KEEPING]
        if set(kept) - set(present.column_names):
            return False
        return bool(present.select(kept).equals(step.rows.select(kept)))

    def write(self, parent: Version) -> dict[str, int]:
        """Write all steps and return the Delta version of every table of the dataset afterwards.

        Raises
        ------
        DatasetConflict
            A table refuses the rows; what was written before is taken back by the next writer.
        """
        written = dict(parent.tables)
        for key, steps in self._steps.items():
            for step in steps:
                try:
                    written[key] = tables.write(self._root, key, step.rows, where=step.where, append=step.append)
                except DeltaError as error:
                    raise DatasetConflict(
                        f"table {key} cannot be written ({error})",
                        value=str(self._root),
                        remedy="Nothing of this run is kept.",
                    ) from error
        return written
