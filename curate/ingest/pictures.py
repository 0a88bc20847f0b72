"""One picture: from the bytes of its source to a stored file and the image columns of its row; runs in workers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from curate import imaging
from curate.store import images

__all__ = ["IMAGE_COLUMNS", "Known", "Taken", "Task", "take"]

IMAGE_COLUMNS = (
    "file_sha256",
    "stored_sha256",
    "pixel_sha256",
    "format",
    "width",
    "height",
    "color_mode",
    "file_bytes",
    "exif_orientation",
    "metadata_removed",
)


@dataclass(frozen=True, slots=True)
class Known:
    """What the dataset has of a picture already."""

    file_sha256: str
    stored_sha256: str
    format: str


@dataclass(frozen=True, slots=True)
class Task:
    """A picture to take.

    Parameters
    ----------
    open : callable
        Returns the bytes.
    root : str or None
        The dataset; None where nothing may be written.
    known : Known or None
        What the last ingest stored under the same sample id.
    """

    open: Callable[[], bytes]
    root: str | None
    known: Known | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a picture.

    Parameters
    ----------
    facts : dict or None
        Values of `IMAGE_COLUMNS`; None where the file is the one that the dataset has, which was not decoded again, or
        where it is missing.
    written : str or None
        File that was not there before, so that it can be taken back.
    missing : str or None
        Why the source could not give the bytes.
    """

    facts: dict[str, object] | None = None
    written: str | None = None
    missing: str | None = None


def take(task: Task) -> Taken:
    """Read, check and store one picture.

    Raises
    ------
    schemas.errors.DataFault
        It is no picture, damaged, too small or too large.
    """
    try:
        data = task.open()
    except OSError as error:
        # Errors of the system carry a number and a file name, ours only a sentence.
        return Taken(missing=f"cannot be read ({error.strerror})" if error.strerror else str(error))
    if task.known is not None and _is_there(task.root, task.known, hashlib.sha256(data).hexdigest()):
        return Taken()
    received = imaging.receive(data)
    facts = {name: getattr(received, name) for name in IMAGE_COLUMNS}
    facts["metadata_removed"] = list(received.metadata_removed)
    if task.root is None:
        return Taken(facts)
    path = images.path_of(Path(task.root), received.stored_sha256, received.format)
    new = not path.exists()
    images.put(Path(task.root), received.stored, received.format)
    return Taken(facts, str(path) if new else None)


def _is_there(root: str | None, known: Known, file_sha256: str) -> bool:
    """Return whether the same file was stored before and lies there undamaged; a damaged one is stored again."""
    if known.file_sha256 != file_sha256:
        return False
    if root is None:
        return True
    path = images.path_of(Path(root), known.stored_sha256, known.format)
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == known.stored_sha256
