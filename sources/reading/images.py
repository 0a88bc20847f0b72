"""Files below a location, in folders and archives alike, and which of them is the picture of a row."""

from __future__ import annotations

import functools
import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from schemas.errors import DataFault, Fault, Place, UserError
from sources.source import ImageRef
from sources.transport import archive

__all__ = ["ENDINGS", "File", "Listing", "Pictures", "absent", "is_picture", "list_files", "read_file"]

ENDINGS = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".bmp", ".webp", ".gif"})
# What operating systems and downloads leave behind, and masks: pictures of where a lesion is, not of the lesion.
_LITTER = frozenset({"thumbs.db", "desktop.ini", "__macosx"})
_MASKS = ("_segmentation", "_mask", "_lesion", "_superpixels", "_attribute")


@dataclass(frozen=True, slots=True)
class File:
    """A file below a location.

    Parameters
    ----------
    path : str
        POSIX path below the location; inside an archive ``archive.zip/path``.
    size : int
        Bytes.
    ref : ImageRef
        How to read it.
    """

    path: str
    size: int
    ref: ImageRef


@dataclass(frozen=True, slots=True)
class Listing:
    """What lies below a location.

    Parameters
    ----------
    files : tuple of File
        Sorted by path.
    faults : tuple of Fault
        Archives that were refused.
    litter : tuple of str
        Files that operating systems leave behind, and that are no part of any collection.
    """

    files: tuple[File, ...]
    faults: tuple[Fault, ...] = ()
    litter: tuple[str, ...] = ()

    def named(self, *names: str) -> tuple[File, ...]:
        """Return the files whose name, without folders and case, is one of these."""
        wanted = {name.casefold() for name in names}
        return tuple(file for file in self.files if PurePosixPath(file.path).name.casefold() in wanted)

    def pictures(self) -> tuple[File, ...]:
        """Return the files that are pictures by their ending, without masks."""
        return tuple(file for file in self.files if is_picture(file.path))


def is_picture(path: str) -> bool:
    """Return whether a file is a picture by its name, and no mask."""
    name = PurePosixPath(path)
    return name.suffix.casefold() in ENDINGS and not name.stem.casefold().endswith(_MASKS)


def list_files(location: str, *, archives: bool = True) -> Listing:
    """Return the files of a folder, a zip, a tar, or the folder of a table, without opening them.

    Parameters
    ----------
    location : str
        As the user gave it.
    archives : bool
        List what archives below a folder hold, too.

    Raises
    ------
    schemas.errors.UserError
        There is nothing at the location.
    schemas.errors.DataFault
        The location is an archive that is refused.
    """
    root = Path(location)
    if not root.exists():
        raise UserError("does not exist", value=location, remedy="Name a folder, a zip, a tar or a table.")
    if root.is_file() and archive.is_archive(root):
        return _sorted(_of_archive(root, prefix=""), ())
    folder = root if root.is_dir() else root.parent
    files: list[File] = []
    faults: list[Fault] = []
    for path in _walk(folder):
        name = path.relative_to(folder).as_posix()
        if not archive.is_archive(path) or _is_litter(path.name):
            files.append(File(name, path.stat().st_size, ImageRef(name, functools.partial(read_file, str(path)))))
        elif archives:
            try:
                files += _of_archive(path, prefix=f"{name}/")
            except DataFault as error:
                faults += error.faults
    return _sorted(files, tuple(faults))


def _sorted(files: Iterable[File], faults: tuple[Fault, ...]) -> Listing:
    every = sorted(files, key=lambda file: file.path)
    litter = tuple(file.path for file in every if _lies_in_litter(file.path))
    return Listing(tuple(file for file in every if not _lies_in_litter(file.path)), faults, litter)


def _walk(folder: Path) -> Iterable[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _is_litter(name))
        for name in sorted(names):
            path = Path(parent, name)
            if path.is_file():
                yield path


def _is_litter(name: str) -> bool:
    return name.startswith(".") or name.casefold() in _LITTER


def _lies_in_litter(path: str) -> bool:
    return any(_is_litter(part) for part in PurePosixPath(path).parts)


def _of_archive(path: Path, *, prefix: str) -> list[File]:
    return [
        File(f"{prefix}{member.path}", member.size, ImageRef(f"{prefix or f'{path.name}/'}{member.path}", member.open))
        for member in archive.members(path)
    ]


def read_file(path: str) -> bytes:
    """Return the bytes of a file; for `functools.partial`, so that it can be sent to another process."""
    return Path(path).read_bytes()


def absent(reason: str) -> bytes:
    """Raise the error of a picture that is not there; for `functools.partial`."""
    raise FileNotFoundError(reason)


class Pictures:
    """Pictures by the name that a table gives them: path, file name or stem, whatever the case and the ending.

    Parameters
    ----------
    files : iterable of File
        All pictures of a source.
    """

    def __init__(self, files: Iterable[File]) -> None:
        self._files = tuple(files)
        self._by_stem: dict[str, list[File]] = defaultdict(list)
        for file in self._files:
            self._by_stem[_stem(PurePosixPath(file.path).name)].append(file)
        self._folders = {PurePosixPath(file.path).parent.name.casefold() for file in self._files} - {""}
        self._named: set[str] = set()

    def find(self, name: str) -> ImageRef | Fault | None:
        """Return the picture that a table calls so; None where there is none.

        Copies of one file in two folders are one picture; two different files that fall on one name are a fault.
        Folders that a table names count where they are there, and not where somebody has put all files into one.
        """
        if not self._files:
            return None
        wanted = PurePosixPath(name)
        found = self._by_stem.get(_stem(wanted.name), [])
        if wanted.parent.name.casefold() in self._folders:
            # The folders of the table are there: the same name in another folder is another picture.
            found = [file for file in found if _ends_with(file.path, wanted)]
        self._named |= {file.path for file in found}
        exact = [file for file in found if PurePosixPath(file.path).name == wanted.name]
        chosen = exact or found
        if len({file.size for file in chosen}) > 1:
            both = f"{chosen[0].path} and {chosen[1].path}"
            return Fault("I03", f"two different files fall on this picture: {both}", value=name, remedy="Keep one.")
        return chosen[0].ref if chosen else None

    def name(self, file: File) -> None:
        """Remember that a row has asked for this file."""
        self._named.add(file.path)

    def unnamed(self, *, table: str) -> list[Fault]:
        """Return a fault I13 for each picture that no row has asked for.

        Parameters
        ----------
        table : str
            The table that does not name them.
        """
        remedy = f"Add its row to {table}, or take the picture away."
        return [
            Fault("I13", f"is a picture that no row of {table} names", place=Place(file.path), remedy=remedy)
            for file in self._files
            if file.path not in self._named
        ]


def _ends_with(path: str, wanted: PurePosixPath) -> bool:
    """Return whether a file lies in the folders that a table names, whatever the case and the ending."""
    asked = (*(part.casefold() for part in wanted.parts[:-1]), _stem(wanted.name))
    found = PurePosixPath(path)
    return (*(part.casefold() for part in found.parts[:-1]), _stem(found.name))[-len(asked) :] == asked


def _stem(name: str) -> str:
    """Return the name of a picture in small letters, without an ending that is one of pictures."""
    path = PurePosixPath(name)
    return (path.stem if path.suffix.casefold() in ENDINGS else path.name).casefold()
