"""Removal of metadata without touching a pixel: parts of the file are left out, nothing is compressed again.

What may hold a person, a place, a day or a serial number goes; what the picture needs (tables, color profile, gamma)
stays, and of EXIF one tag: the orientation, where it says that the picture must be turned.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Callable

from PIL import ExifTags, Image

# Tags of EXIF 2.32 that give kinds of their own in column ``metadata_removed``; 0xC71B and 0xC62F are of DNG 1.4.
_ORIENTATION, _EXIF_IFD = 0x0112, 0x8769
_TAG_KINDS = {
    0x8825: "exif.gps",
    **dict.fromkeys((0x0132, 0x9003, 0x9004, 0x9010, 0x9011, 0x9012, 0x9290, 0x9291, 0x9292, 0xC71B), "exif.datetime"),
    **dict.fromkeys((0xA420, 0xA430, 0xA431, 0xA435, 0xC62F), "exif.serial"),
    # Blocks that a TIFF holds as tags.
    700: "xmp",
    33723: "iptc",
    34377: "iptc",
}
# TIFF tags that describe the raster itself (TIFF 6.0, sections 8, 13-20; 34675 is the color profile).
_RASTER_TAGS = {*range(254, 267), 273, 274, *range(277, 280), 282, 283, 284, 296, 301, 317, 318, 319, 320}
_RASTER_TAGS |= {322, 323, 324, 325, 338, 339, 347, 529, 530, 531, 532, 34675}
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = {b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"cICP", b"tRNS", b"sBIT", b"pHYs", b"bKGD"}
# In the coded data of a JPEG 0xFF is followed by zero, a restart marker or a fill byte; anything else ends the scan.
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")

Parts = tuple[bytes, set[str]]


def strip(data: bytes, image_format: str, orientation: int | None) -> tuple[bytes, tuple[str, ...]]:
    """Return a file without metadata, and the kinds of what was cut off.

    Parameters
    ----------
    data : bytes
        A file that was decoded without fault.
    image_format : str
        Code of list ``image_format``.
    orientation : int, optional
        EXIF orientation that the file carries; kept where it is not 1.

    Returns
    -------
    bytes
        Equal to `data` where nothing had to go.
    tuple of str
        Sorted: ``exif.gps``, ``exif.datetime``, ``exif.serial``, ``exif.other``, ``xmp``, ``iptc``, ``comment``,
        ``png_text``.

    Raises
    ------
    ValueError, IndexError
        Where the structure of the file is damaged.
    """
    turn = orientation if orientation is not None and orientation != 1 else None
    stored, removed = _STRIPPERS[image_format](data, turn)
    return stored, tuple(sorted(removed))


def _kinds_of_exif(exif: Image.Exif, *, ignored: set[int]) -> set[str]:
    inner = set(exif.get_ifd(_EXIF_IFD)) if _EXIF_IFD in exif else set()
    tags = (set(exif) | inner) - ignored - {_ORIENTATION, _EXIF_IFD}
    return {_TAG_KINDS.get(tag, "exif.other") for tag in tags}


def _kinds_of_block(block: bytes) -> set[str]:
    exif = Image.Exif()
    try:
        exif.load(block if block.startswith(b"Exif\x00\x00") else b"Exif\x00\x00" + block)
        thumbnail = {"exif.other"} if exif.get_ifd(ExifTags.IFD.IFD1) else set()
        return _kinds_of_exif(exif, ignored=set()) | thumbnail
    except Exception:  # noqa: BLE001 - a block that cannot be read is cut off whole, whatever it is
        return {"exif.other"}


def _orientation_block(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    return exif.tobytes()


# --- JPEG ------------------------------------------------------------------------------------------------------------


def _strip_jpeg(data: bytes, turn: int | None) -> Parts:
    kept: list[bytes] = []
    removed: set[str] = set()
    at = 2
    while True:
        at = _skip_fill(data, at)
        marker = data[at + 1]
        if marker == 0xD9:
            if data[at + 2 :].strip(b"\x00\r\n"):
                removed.add("comment")
            break
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if end > len(data):
            raise ValueError("a segment is longer than the file")
        part, kind = _jpeg_segment(marker, data[at:end])
        kept += part
        removed |= kind
        at = end
        if marker == 0xDA:
            found = _END_OF_SCAN.search(data, at)
            at = found.start() if found else len(data)
            kept.append(data[end:at])
            if found is None:
                # Some writers forget the end marker; the decoder has seen every row nevertheless.
                break
    if turn is not None:
        block = _orientation_block(turn)
        segment = b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block
        kept.insert(1 if kept and kept[0].startswith(b"\xff\xe0") else 0, segment)
    return b"\xff\xd8" + b"".join(kept) + b"\xff\xd9", removed


def _skip_fill(data: bytes, at: int) -> int:
    if data[at] != 0xFF:
        raise ValueError("no marker stands where one should")
    while data[at + 1] == 0xFF:
        at += 1
    return at


def _jpeg_segment(marker: int, segment: bytes) -> tuple[list[bytes], set[str]]:
    """Return what stays of one segment and the kinds of what goes."""
    body = segment[4:]
    if not 0xE0 <= marker <= 0xEF:
        return ([], {"comment"}) if marker == 0xFE else ([segment], set())
    if marker == 0xE0 and body.startswith(b"JFIF\x00"):
        # The last two of these 14 bytes are the size of a thumbnail, which may show what was cut off the picture later.
        plain = b"\xff\xe0\x00\x10" + body[:12] + b"\x00\x00"
        return [plain], set() if len(body) <= 14 else {"exif.other"}
    if (marker == 0xE2 and body.startswith(b"ICC_PROFILE\x00")) or (marker == 0xEE and body.startswith(b"Adobe")):
        return [segment], set()
    if marker == 0xE1 and body.startswith(b"Exif\x00"):
        return [], _kinds_of_block(body)
    if marker == 0xE1 and body.startswith(b"http://ns.adobe.com/"):
        return [], {"xmp"}
    return [], {"iptc" if marker == 0xED else "exif.other"}


# --- PNG, WebP, GIF --------------------------------------------------------------------------------------------------


def _strip_png(data: bytes, turn: int | None) -> Parts:
    kept = [_PNG_SIGNATURE]
    removed: set[str] = set()
    at = len(_PNG_SIGNATURE)
    kind = b""
    while kind != b"IEND":
        length = int.from_bytes(data[at : at + 4], "big")
        kind, end = data[at + 4 : at + 8], at + 12 + length
        if len(kind) < 4 or end > len(data):
            raise ValueError("the file ends inside a chunk")
        critical = kind[0] & 0x20 == 0
        if critical or kind in _PNG_KEPT:
            kept.append(data[at:end])
        else:
            removed |= _png_kinds(kind, data[at + 8 : end - 4])
        at = end
    if turn is not None:
        # The Exif block of PNG starts with the TIFF header (PNG 3, 11.3.4.4), and stands before the pixels.
        kept.insert(2, _png_chunk(b"eXIf", _orientation_block(turn)[6:]))
    if data[at:].strip(b"\x00\r\n"):
        removed.add("comment")
    return b"".join(kept), removed


def _png_kinds(kind: bytes, body: bytes) -> set[str]:
    if kind == b"eXIf":
        return _kinds_of_block(body)
    if kind == b"iTXt" and body.startswith(b"XML:com.adobe.xmp"):
        return {"xmp"}
    return {"png_text" if kind in {b"tEXt", b"zTXt", b"iTXt", b"tIME"} else "exif.other"}


def _png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _strip_webp(data: bytes, turn: int | None) -> Parts:
    kept: list[tuple[bytes, bytes]] = []
    removed: set[str] = set()
    at, end = 12, min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    while at + 8 <= end:
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + length]
        if len(body) < length:
            raise ValueError("the file ends inside a chunk")
        if kind == b"EXIF":
            removed |= _kinds_of_block(body)
        elif kind == b"XMP ":
            removed.add("xmp")
        elif kind in {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ICCP"}:
            kept.append((kind, body))
        else:
            removed.add("exif.other")
        at += 8 + length + length % 2
    if turn is not None:
        kept.append((b"EXIF", _orientation_block(turn)))
    if data[end:].strip(b"\x00\r\n"):
        removed.add("comment")
    return _webp(kept, has_exif=turn is not None), removed


def _webp(chunks: list[tuple[bytes, bytes]], *, has_exif: bool) -> bytes:
    parts: list[bytes] = []
    for kind, body in chunks:
        if kind == b"VP8X":
            # Bits 3 and 2 of the flags announce EXIF and XMP (RFC 9649, section 2.7).
            flags = body[0] & ~0x0C | (0x08 if has_exif else 0)
            body = bytes([flags]) + body[1:]  # noqa: PLW2901 - the same chunk with other flags
        parts.append(kind + struct.pack("<I", len(body)) + body + b"\x00" * (len(body) % 2))
    content = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(content)) + content


def _strip_gif(data: bytes, turn: int | None) -> Parts:
    del turn  # GIF has no orientation
    at = 13 + (3 << ((data[10] & 7) + 1) if data[10] & 0x80 else 0)
    kept = [data[:at]]
    removed: set[str] = set()
    while data[at] != 0x3B:
        start = at
        if data[at] == 0x21:
            label, at = data[at + 1], _after_blocks(data, at + 2)
            if label == 0xF9:
                kept.append(data[start:at])
            else:
                removed.add("xmp" if data[start + 3 : start + 11] == b"XMP Data" else "comment")
            continue
        if data[at] != 0x2C:
            raise ValueError("an unknown block")
        flags = data[at + 9]
        at = _after_blocks(data, at + 11 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0))
        kept.append(data[start:at])
    return b"".join(kept) + b"\x3b", removed


def _after_blocks(data: bytes, at: int) -> int:
    while data[at]:
        at += 1 + data[at]
    return at + 1


# --- TIFF, BMP -------------------------------------------------------------------------------------------------------


def _strip_tiff(data: bytes, turn: int | None) -> Parts:
    """Write the same pixels again, without loss: the parts of a TIFF point at each other and cannot be left out."""
    del turn  # Pillow gives the pixels of a TIFF upright
    image = Image.open(io.BytesIO(data), formats=["TIFF"])
    removed = _kinds_of_exif(image.getexif(), ignored=_RASTER_TAGS)
    if not removed:
        return data, removed
    profile = image.info.get("icc_profile")
    image.load()
    clean = image.copy()
    clean.info = {}
    out = io.BytesIO()
    options = {"icc_profile": profile} if profile else {}
    clean.save(out, "TIFF", compression="tiff_lzw", **options)
    return out.getvalue(), removed


def _keep_all(data: bytes, turn: int | None) -> Parts:
    """Return a BMP as it is: the format has no place for metadata."""
    del turn
    return data, set()


_STRIPPERS: dict[str, Callable[[bytes, int | None], Parts]] = {
    "jpeg": _strip_jpeg,
    "png": _strip_png,
    "webp": _strip_webp,
    "gif": _strip_gif,
    "tiff": _strip_tiff,
    "bmp": _keep_all,
}
