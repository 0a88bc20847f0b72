"""Image files by content: ``images/<first two hex>/<sha256>.<format>``, written once and never rewritten."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

FOLDER = "images"
# A file that is being written; a killed writer leaves it and `curate verify --clean` removes it.
PARTIAL = ".part"


def path_of(root: Path, stored_sha256: str, image_format: str) -> Path:
    """Return where the file of an image lies."""
    return root / FOLDER / stored_sha256[:2] / f"{stored_sha256}.{image_format}"


def put(root: Path, content: bytes, image_format: str) -> str:
    """Store the bytes of an image, where they are not stored yet, and return their SHA-256.

    A file of that name whose bytes are others (a damaged disk, an edit) is replaced, so that ingesting again heals it.

    Parameters
    ----------
    root : Path
        The dataset.
    content : bytes
        The file as it is to be kept.
    image_format : str
        Code of list ``image_format``; the ending of the file.
    """
    stored_sha256 = hashlib.sha256(content).hexdigest()
    path = path_of(root, stored_sha256, image_format)
    if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
        return stored_sha256
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)
    return stored_sha256


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever sees half of it: temporary name, fsync, rename."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PARTIAL}")
    try:
        with partial.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def sync_folders(folders: Iterable[Path]) -> None:
    """Make renames inside these folders outlive a power cut; called before a version names the files."""
    for folder in sorted(set(folders)):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def files(root: Path) -> Iterator[Path]:
    """Yield every file below ``images/``, half-written ones included, in the order of their names."""
    folder = root / FOLDER
    if folder.is_dir():
        yield from sorted(path for path in folder.rglob("*") if path.is_file())
