"""Members of zip and tar archives, listed without unpacking; a hostile archive is refused as a whole, with its reason.

Nothing is ever written to disk: a member is read into memory from its place in the archive when it is asked for.
"""

from __future__ import annotations

import functools
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from schemas.errors import DataFault, Fault, Place

__all__ = ["ENDINGS", "Member", "is_archive", "members"]

ENDINGS = (".zip", ".tar")
_COMPRESSED_TARS = (".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst")
# Pictures hardly shrink and tables shrink up to about 20 times; zeros shrink 1,000 times.
_LARGEST_RATIO = 100
_HARMLESS_BYTES = 100 << 20
_UTF8_NAMES, _ENCRYPTED = 0x800, 0x1
_UNICODE_PATH = 0x7075
_STORED, _DEFLATED = 0, 8
# Local header of a zip member: 26 bytes, then the lengths of name and extra field (APPNOTE 6.3, section 4.3.7).
_LOCAL_HEADER_BYTES = 30


@dataclass(frozen=True, slots=True)
class Member:
    """One file inside an archive.

    Parameters
    ----------
    path : str
        POSIX path inside the archive; never absolute, never leaving it.
    size : int
        Bytes, unpacked.
    open : callable
        Returns the bytes; picklable.
    """

    path: str
    size: int
    open: Callable[[], bytes]


def is_archive(path: Path) -> bool:
    """Return whether a file is an archive by its name, one that cannot be read included."""
    return path.name.casefold().endswith(ENDINGS + _COMPRESSED_TARS)


def members(archive: Path) -> tuple[Member, ...]:
    """Return the files of an archive, sorted by path.

    Raises
    ------
    schemas.errors.DataFault
        The archive is damaged, holds a path that leaves it, a link or a device, is encrypted, or unpacks to far more
        than pictures do. No member of such an archive is taken.
    """
    name = archive.name.casefold()
    if name.endswith(_COMPRESSED_TARS):
        raise _refused(archive, "is a compressed tar", remedy="Unpack it and name the folder.")
    try:
        found = tuple(_zip_members(archive) if name.endswith(".zip") else _tar_members(archive))
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, ValueError) as error:
        raise _refused(archive, f"is damaged ({error})") from error
    except OSError as error:
        raise _refused(archive, f"cannot be read ({error.strerror or error})") from error
    return tuple(sorted(found, key=lambda member: member.path))


def _refused(archive: Path, what: str, remedy: str = "Nothing of it is taken; get a sound copy.") -> DataFault:
    fault = Fault(rule="I03", what=what, place=Place(archive.name), remedy=remedy)
    return DataFault(what, place=Place(archive.name), remedy=remedy, faults=(fault,))


def _safe_path(archive: Path, name: str) -> str:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        raise _refused(archive, f"holds a path that leaves the folder: {name!r}")
    return path.as_posix()


def _check_total(archive: Path, total: int) -> None:
    if total > _HARMLESS_BYTES and total > _LARGEST_RATIO * archive.stat().st_size:
        packed = archive.stat().st_size / 1e6
        raise _refused(archive, f"unpacks from {packed:,.1f} MB to more than {total / 1e6:,.0f} MB, as a bomb does")


def _zip_members(archive: Path) -> Iterator[Member]:
    total = 0
    with zipfile.ZipFile(archive) as packed:
        listed = packed.infolist()
        codec = _codec_of_names(listed)
        for info in listed:
            path = _safe_path(archive, _zip_name(info, codec))
            total += info.file_size
            _check_total(archive, total)
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
                raise _refused(archive, f"holds a link or a device: {path!r}")
            if info.flag_bits & _ENCRYPTED:
                raise _refused(archive, "is encrypted", remedy="Unpack it with its password and name the folder.")
            if info.compress_type not in {_STORED, _DEFLATED}:
                raise _refused(archive, "is packed by a rare method", remedy="Unpack it and name the folder.")
            if not info.is_dir():
                yield Member(path, info.file_size, functools.partial(_read_zip, str(archive), _Span.of(info)))


def _codec_of_names(listed: list[zipfile.ZipInfo]) -> str:
    """Return how the names without the UTF-8 mark were written: all as UTF-8, or as Russian DOS or Windows did.

    Russian words in the wrong one of the two come out as frames and signs, so the one with more letters is right.
    """
    written = b" ".join(info.filename.encode("cp437") for info in listed if not _is_plain(info))
    try:
        written.decode("utf-8")
    except UnicodeDecodeError:
        return max(("cp866", "cp1251"), key=lambda codec: _letters(written, codec))
    return "utf-8"


def _is_plain(info: zipfile.ZipInfo) -> bool:
    return bool(info.flag_bits & _UTF8_NAMES) or info.filename.isascii()


def _letters(written: bytes, codec: str) -> int:
    return sum("а" <= letter <= "я" or letter == "ё" for letter in written.decode(codec, "replace").casefold())


def _zip_name(info: zipfile.ZipInfo, codec: str) -> str:
    """Return a name as its writer meant it; the extra field of Info-ZIP says it in UTF-8 whatever the name says."""
    if (said := _unicode_path(info.extra)) is not None:
        return said
    return info.filename if _is_plain(info) else info.filename.encode("cp437").decode(codec)


def _unicode_path(extra: bytes) -> str | None:
    """Return the name in extra field 0x7075 (APPNOTE 6.3, section 4.6.9): version, checksum of the old name, UTF-8."""
    while len(extra) >= 4:
        kind, length = struct.unpack("<HH", extra[:4])
        if kind == _UNICODE_PATH and length > 5:
            return extra[9 : 4 + length].decode("utf-8", "replace")
        extra = extra[4 + length :]
    return None


@dataclass(frozen=True, slots=True)
class _Span:
    """Where the bytes of a zip member lie."""

    at: int
    packed: int
    size: int
    deflated: bool
    crc: int

    @classmethod
    def of(cls, info: zipfile.ZipInfo) -> _Span:
        deflated = info.compress_type == _DEFLATED
        return cls(info.header_offset, info.compress_size, info.file_size, deflated, info.CRC)


def _read_zip(archive: str, span: _Span) -> bytes:
    """Return one member without reading the list of all, which would cost its whole length again for each."""
    with Path(archive).open("rb") as file:
        file.seek(span.at)
        header = file.read(_LOCAL_HEADER_BYTES)
        name_length, extra_length = struct.unpack("<HH", header[26:30])
        file.seek(span.at + _LOCAL_HEADER_BYTES + name_length + extra_length)
        packed = file.read(span.packed)
    try:
        content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, span.size + 1) if span.deflated else packed
    except zlib.error as error:
        raise OSError(f"the member of the archive is damaged ({error})") from error
    if len(content) != span.size or zlib.crc32(content) != span.crc:
        raise OSError("the member of the archive is damaged")
    return content


def _tar_members(archive: Path) -> Iterator[Member]:
    total = 0
    with tarfile.open(archive, "r:") as packed:
        for info in packed:
            path = _safe_path(archive, info.name)
            if not (info.isreg() or info.isdir()) or info.issparse():
                raise _refused(archive, f"holds a link or a device: {path!r}")
            total += info.size
            _check_total(archive, total)
            if info.isreg():
                yield Member(path, info.size, functools.partial(_read_span, str(archive), info.offset_data, info.size))


def _read_span(archive: str, at: int, size: int) -> bytes:
    with Path(archive).open("rb") as file:
        file.seek(at)
        content = file.read(size)
    if len(content) != size:
        raise OSError("the archive ends inside the member")
    return content
