"""Pictures decoded once: uint8 at the size of training, in packs that any run can map into memory.

A pack is a file of bytes and an index beside it; the index is written last and renamed, so a pack without one does not
exist. The key of a picture is the hash of its stored file, so that datasets and runs share what they have in common.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from harness.protocol import Pixels
from schemas import cache

# Raised with every change of how a picture is decoded or resized.
CODE_VERSION = 1
IMAGES_PER_PACK = 1024


@dataclass(frozen=True, slots=True)
class Place:
    """Where a decoded picture lies.

    Parameters
    ----------
    pack : Path
        File of bytes.
    offset : int
        First byte.
    height, width : int
        Of the picture, in pixels.
    """

    pack: Path
    offset: int
    height: int
    width: int


def resized(image: Pixels, shorter_px: int) -> Pixels:
    """Return a picture with its shorter side at a length, bilinear with antialias; smaller ones are enlarged.

    Parameters
    ----------
    image : uint8 array, shape (height, width, 3)
        sRGB.
    shorter_px : int
        Length of the shorter side.
    """
    height, width = image.shape[:2]
    scale = shorter_px / min(height, width)
    size = (max(shorter_px, round(width * scale)), max(shorter_px, round(height * scale)))
    if size == (width, height):
        return image
    return np.array(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))


def decoded(
    wanted: Mapping[str, str],
    read: Callable[[str], Pixels],
    *,
    shorter_px: int,
    folder: Path | None = None,
    threads: int = 2,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Place]:
    """Return where each picture lies, decoding those that no earlier run has decoded.

    Parameters
    ----------
    wanted : mapping of str to str
        Hash of the stored file -> an id that `read` takes.
    read : callable
        Gives the picture of an id: uint8, sRGB, upright.
    shorter_px : int
        Shorter side to keep.
    folder : Path, optional
        Cache; the user's own by default.
    threads : int
        Decoding threads; their number changes nothing.
    progress : callable, optional
        Called with the number of pictures done.
    """
    folder = (folder or cache.folder("pixels")) / f"{shorter_px}px-v{CODE_VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    found = _known(folder)
    missing = sorted(key for key in wanted if key not in found)
    if progress is not None:
        progress(len(wanted) - len(missing))

    def prepared(key: str) -> tuple[str, Pixels]:
        return key, resized(read(wanted[key]), shorter_px)

    with ThreadPoolExecutor(threads) as pool:
        for keys in _chunks(missing, IMAGES_PER_PACK):
            found |= _write(folder, pool.map(prepared, keys), keys, progress)
    return {key: found[key] for key in wanted}


def _chunks(keys: Iterable[str], size: int) -> Iterator[list[str]]:
    remaining = iter(keys)
    while chunk := list(islice(remaining, size)):
        yield chunk


def _known(folder: Path) -> dict[str, Place]:
    """Return every picture of the cache whose pack is whole."""
    found: dict[str, Place] = {}
    for index in sorted(folder.glob("*.json")):
        pack, entries = index.with_suffix(".u8"), json.loads(index.read_text(encoding="utf-8"))
        if pack.exists() and pack.stat().st_size == sum(height * width * 3 for _, height, width in entries.values()):
            found |= {key: Place(pack, *numbers) for key, numbers in entries.items()}
    return found


def _write(
    folder: Path, pictures: Iterable[tuple[str, Pixels]], keys: list[str], progress: Callable[[int], None] | None
) -> dict[str, Place]:
    """Write one pack; two runs that decode the same pictures write the same files."""
    name = hashlib.sha256("\n".join(keys).encode()).hexdigest()[:24]
    pack, fresh = folder / f"{name}.u8", folder / f"{name}.{os.getpid()}.tmp"
    entries: dict[str, tuple[int, int, int]] = {}
    offset = 0
    with fresh.open("wb") as file:
        for key, image in pictures:
            entries[key] = (offset, image.shape[0], image.shape[1])
            offset += file.write(np.ascontiguousarray(image).tobytes())
            if progress is not None:
                progress(1)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(pack)
    index = folder / f"{name}.{os.getpid()}.index"
    index.write_text(json.dumps(entries), encoding="utf-8")
    index.replace(pack.with_suffix(".json"))
    return {key: Place(pack, *numbers) for key, numbers in entries.items()}
