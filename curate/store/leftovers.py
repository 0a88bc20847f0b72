"""What killed runs left on disk and no kept version names: table commits, data files, image files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from curate.store import images, tables
from curate.store.versions import Version


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What can be removed without any version losing anything.

    Parameters
    ----------
    commits : mapping of str to int
        Key of a table to the number of its commits after the one that the newest version names.
    tables : tuple of str
        Keys of tables that no version names.
    dead_files : mapping of str to tuple of str
        Key of a table to its data files that no version uses.
    images : tuple of Path
        Files below ``images/`` that no row of any version names, and half-written ones.
    image_bytes : int
        Their size.
    """

    commits: Mapping[str, int]
    tables: tuple[str, ...]
    dead_files: Mapping[str, tuple[str, ...]]
    images: tuple[Path, ...]
    image_bytes: int

    @property
    def in_tables(self) -> bool:
        """Whether any table would be changed by removing them."""
        return bool(self.commits or self.tables or self.dead_files)


def find(root: Path, versions: Sequence[Version]) -> Leftovers:
    """Return what no version names.

    Parameters
    ----------
    root : Path
        The dataset.
    versions : sequence of Version
        All kept versions, oldest first; each can be opened.
    """
    newest = versions[-1] if versions else Version(0, {})
    on_disk = [key for key in tables.keys_on_disk(root) if key != "log"]
    heads = {key: tables.head(root, key) for key in on_disk if key in newest.tables}
    dead = {key: tables.dead_files(root, key, delta_versions(versions, key)) for key in heads}
    orphans = tuple(_orphans(root, versions))
    return Leftovers(
        commits={
            key: head - newest.tables[key]
            for key, head in heads.items()
            if head is not None and head != newest.tables[key]
        },
        tables=tuple(key for key in on_disk if key not in newest.tables),
        dead_files={key: files for key, files in dead.items() if files},
        images=orphans,
        image_bytes=sum(path.stat().st_size for path in orphans),
    )


def delta_versions(versions: Iterable[Version], key: str) -> tuple[int, ...]:
    """Return the Delta versions of one table that versions of the dataset name, sorted."""
    return tuple(sorted({version.tables[key] for version in versions if key in version.tables}))


def _orphans(root: Path, versions: Sequence[Version]) -> list[Path]:
    stored = tables.every_value(
        root, "samples", delta_versions(versions, "samples"), columns=("stored_sha256", "format")
    )
    named = {images.path_of(root, str(sha256), str(image_format)) for sha256, image_format in stored}
    unfinished = sorted(root.glob(f".*{images.PARTIAL}"))
    return [*unfinished, *(path for path in images.files(root) if path not in named)]


def remove(root: Path, versions: Sequence[Version], found: Leftovers) -> dict[str, int]:
    """Delete leftovers and return the Delta version of every table afterwards; heads must have been restored before."""
    for path in found.images:
        path.unlink(missing_ok=True)
    heads = dict(versions[-1].tables) if versions else {}
    for key in heads:
        kept = delta_versions(versions, key)
        if key in found.commits or key in found.dead_files:
            heads[key] = tables.reclaim(root, key, kept)
    return heads
