"""One writer at a time: a lock of the operating system on a file of the dataset, held for a whole command.

The system frees it when the process ends, however it ends, so a lock that a killed run left never blocks the next.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import socket
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from curate.store.images import write_whole
from schemas.errors import DatasetConflict

LOCK_FILE = "writer.lock"
# Who holds the lock, for the message of the one who does not get it; without meaning while nobody holds it.
HOLDER_FILE = "writer.json"


class WriterLock:
    """The right to write a dataset, as a context manager."""

    def __init__(self, root: Path, command: str) -> None:
        self._root = root
        self._command = command
        self._lock = FileLock(root / LOCK_FILE)

    @property
    def held(self) -> bool:
        """Whether the lock is held by this object."""
        return self._lock.is_locked

    def __enter__(self) -> Self:
        """Take the lock at once or not at all.

        Raises
        ------
        DatasetConflict
            Another process holds it, and the message names it; or the folder cannot be written.
        """
        try:
            self._lock.acquire(blocking=False)
        except Timeout as error:
            raise DatasetConflict(
                f"another command is writing: {_holder_of(self._root)}",
                value=str(self._root),
                remedy="Wait until it has ended, then run this command again.",
            ) from error
        except OSError as error:
            raise DatasetConflict(f"cannot be written: {error.strerror}", value=str(self._root)) from error
        try:
            write_whole(self._root / HOLDER_FILE, self._holder().encode())
        except OSError as error:
            self._lock.release()
            raise DatasetConflict(f"cannot be written: {error.strerror}", value=str(self._root)) from error
        return self

    def _holder(self) -> str:
        holder = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "command": self._command,
            "since": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        }
        return json.dumps(holder)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()


def _holder_of(root: Path) -> str:
    try:
        holder = json.loads((root / HOLDER_FILE).read_text(encoding="utf-8"))
        return f"{holder['command']}, process {holder['pid']} on {holder['host']}, since {holder['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        # The holder is between taking the lock and saying who it is.
        return "a process that has just started"
