"""Rules I01-I04 and I12: every stored file is there, unchanged, readable, as the table says, and without metadata."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from curate import imaging
from curate.store import images
from schemas.errors import DataFault, Fault, Place

_COLUMNS = ("sample_id", "source", "stored_sha256", "format", "width", "height", "image_status")


@dataclass(frozen=True, slots=True)
class _Stored:
    sample_id: str
    source: str
    stored_sha256: str
    format: str
    width: int | None
    height: int | None

    @property
    def place(self) -> Place:
        return Place(f"images/{self.stored_sha256[:2]}/{self.stored_sha256}.{self.format}")


def picture_faults(
    root: Path, samples: pa.Table, *, workers: int, progress: Callable[[int], None] | None = None
) -> Iterator[Fault]:
    """Yield what is wrong with the file of each stored row; a file that several rows share is read once.

    Parameters
    ----------
    root : Path
        The dataset.
    samples : pyarrow.Table
        Table ``samples``.
    workers : int
        Threads; hashing and decoding do not hold the interpreter.
    progress : callable, optional
        Called with the number of files done since the last call.
    """
    by_file: dict[tuple[str, str], _Stored] = {}
    for row in samples.select(_COLUMNS).to_pylist():
        named = row["stored_sha256"] is not None and row["format"] is not None
        # A stored row without a hash is a fault of the table, which its validation reports.
        if row.pop("image_status") == "stored" and named:
            stored = _Stored(**row)
            by_file.setdefault((stored.stored_sha256, stored.format), stored)
    with ThreadPoolExecutor(workers) as pool:
        for faults in pool.map(lambda stored: _faults(root, stored), by_file.values()):
            yield from faults
            if progress is not None:
                progress(1)


def _faults(root: Path, stored: _Stored) -> list[Fault]:
    path = images.path_of(root, stored.stored_sha256, stored.format)
    remedy = f"Ingest {stored.source} again to restore it."
    try:
        content = path.read_bytes()
    except OSError as error:
        what = f"its file is missing: {path} ({error.strerror})"
        return [Fault("I01", what, Place("samples"), stored.sample_id, remedy, sample_ids=(stored.sample_id,))]
    found = hashlib.sha256(content).hexdigest()
    if found != stored.stored_sha256:
        return [
            Fault(
                "I02",
                f"the file was changed: hash {found}, expected {stored.stored_sha256}",
                stored.place,
                remedy=remedy,
                sample_ids=(stored.sample_id,),
                column="stored_sha256",
                found=found,
                expected=stored.stored_sha256,
            )
        ]
    return list(_content_faults(content, stored))


def _content_faults(content: bytes, stored: _Stored) -> Iterator[Fault]:
    ids = (stored.sample_id,)
    try:
        seen = imaging.receive(content)
    except DataFault as error:
        yield Fault("I03", f"image is unreadable ({error.what})", stored.place, stored.sample_id, sample_ids=ids)
        return
    said = (stored.width, stored.height, stored.format)
    if said != (seen.width, seen.height, seen.format):
        table, file = f"{said[0]}x{said[1]} {said[2]}", f"{seen.width}x{seen.height} {seen.format}"
        what = f"{table} in the table, {file} in the file"
        yield Fault("I04", what, stored.place, stored.sample_id, sample_ids=ids, found=file, expected=table)
    if seen.metadata_removed:
        what = f"{', '.join(seen.metadata_removed)} is still in the stored file"
        yield Fault("I12", what, stored.place, stored.sample_id, sample_ids=ids)
