"""One command's right to write a dataset: the lock, what is staged, and the commit that makes a version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

from curate.store import images, leftovers, manifest, tables, versions
from curate.store.leftovers import Leftovers
from curate.store.lock import WriterLock
from curate.store.staging import Staging
from schemas.errors import DatasetConflict


class Writer:
    """One command's right to write a dataset, from entering to leaving. Made by `curate.dataset.Dataset.writer`.

    What is replaced or appended is kept in memory until `commit`, which writes the tables and then, last, the row of
    the log. Leaving without a commit writes nothing but images, which nothing names.
    """

    def __init__(
        self,
        root: Path,
        parent: versions.Version,
        command: str,
        arguments: Mapping[str, object],
        committed: Callable[[versions.Version], None],
    ) -> None:
        self._root = root
        self._parent = parent
        self._command = command
        self._arguments = arguments
        self._committed = committed
        self._lock = WriterLock(root, command)
        self._staging = Staging(root)
        self._held = ExitStack()
        self._folders: set[Path] = set()
        self.run_id = versions.new_run_id()

    def __enter__(self) -> Self:
        """Take the lock.

        Raises
        ------
        DatasetConflict
            Another command is writing, or has written since the dataset was loaded.
        """
        with ExitStack() as stack:
            stack.enter_context(self._lock)
            self._refuse_other_version()
            self._held = stack.pop_all()
        return self

    def _refuse_other_version(self) -> None:
        manifest.read(self._root)
        newest = versions.find(self._root).number
        if newest != self._parent.number:
            raise DatasetConflict(
                f"{self._root} is at version {newest} and was read at version {self._parent.number}",
                remedy="Run the command again; older versions are read-only.",
            )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    @property
    def version(self) -> int:
        """Number of the version that the next `commit` will make."""
        return self._parent.number + 1

    def replace(self, table: str, rows: pa.Table, *, where: str | None = None) -> None:
        """Put rows in the place of those that are there.

        Parameters
        ----------
        table : str
            Name of the table.
        rows : pyarrow.Table
            Filled as `schemas.tables` asks.
        where : str, optional
            SQL predicate of the rows to replace, for example ``source = 'sample'``; all rows where it is not given. The
            new rows must fit it.
        """
        self._staging.replace(table, rows, where=where)

    def append(self, table: str, rows: pa.Table) -> None:
        """Add rows to those that are there."""
        self._staging.append(table, rows)

    def replace_embeddings(self, model: str, rows: pa.Table) -> None:
        """Put vectors in the place of those that one model has."""
        self._staging.replace(tables.embeddings_key(model), rows)

    def put_image(self, data: bytes, format: str) -> str:  # noqa: A002 - the name of the column
        """Store the bytes of an image and return their SHA-256; bytes that are stored already are left alone."""
        stored_sha256 = images.put(self._root, data, format)
        folder = images.path_of(self._root, stored_sha256, format).parent
        self._folders |= {folder, folder.parent, self._root}
        return stored_sha256

    def reclaim(self) -> Leftovers:
        """Remove what killed runs left and no version names, and return what that was.

        Where tables are concerned this makes a version of its own, because taking back moves their heads.
        """
        parent = self._writable()
        kept = versions.versions(versions.log(self._root))
        found = leftovers.find(self._root, kept)
        if found.in_tables:
            versions.restore_heads(self._root, parent)
        heads = leftovers.remove(self._root, kept, found)
        if heads != parent.tables:
            self._write_log(heads, "removed what interrupted runs had left")
        return found

    def commit(self, message: str, *, rows_added: int = 0, rows_changed: int = 0, rows_withdrawn: int = 0) -> int:
        """Write what was staged as the next version and return its number.

        Where every row is there already (but for the run that wrote it) no version is made and the present one is
        returned. More may be staged and committed afterwards by the same writer.

        Parameters
        ----------
        message : str
            The sentence that `curate log` prints.
        rows_added, rows_changed, rows_withdrawn : int
            Rows of the table that the command is about.

        Raises
        ------
        DatasetConflict
            A table cannot be written, or another writer has made the version.
        """
        parent = self._writable()
        images.sync_folders(self._folders)
        if not self._staging.changes(parent):
            self._staging.clear()
            return parent.number
        versions.restore_heads(self._root, parent)
        written = self._staging.write(parent)
        self._staging.clear()
        self._write_log(written, message, (rows_added, rows_changed, rows_withdrawn))
        return self._parent.number

    def _writable(self) -> versions.Version:
        if not self._lock.held:
            raise RuntimeError("a writer writes inside its with block only")
        return self._parent

    def _write_log(self, heads: Mapping[str, int], message: str, rows: tuple[int, int, int] = (0, 0, 0)) -> None:
        change = versions.Change(self.run_id, self._command, self._arguments, message, *rows)
        self._parent = versions.commit(self._root, self._parent, heads, change)
        self._committed(self._parent)
