"""Facts of candidate pairs, kept in the user's cache by pixel hashes and parameters; it may be deleted at any time."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import itertools
import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from curate.matching.features import PARAMETERS as FEATURES
from curate.matching.features import Features
from curate.matching.verify import PARAMETERS, PairFacts, verify
from curate.measures.keypoints import feature_folder, load_features
from curate.parallel import map_images
from schemas import cache
from schemas.errors import Fault

_ASKED_AT_ONCE = 500
_WAIT_SECONDS = 60


class Pair(NamedTuple):
    """Two pictures by pixel hash, a < b, and whether a is taken as mirrored."""

    a: str
    b: str
    mirror: bool


def measure_pairs(
    pairs: Sequence[Pair],
    *,
    workers: int = 1,
    backend: str = "loky",
    progress: Callable[[int], None] | None = None,
) -> dict[Pair, PairFacts | None]:
    """Return the facts of each pair, None where no map explains it; what the cache holds is not computed again.

    Parameters
    ----------
    pairs : sequence of Pair
        Pictures whose features are in the cache.
    workers, backend, progress
        As in `curate.parallel.map_images`; progress counts left pictures of pairs that had to be computed.
    """
    wanted = sorted(set(pairs))
    with contextlib.closing(_open(cache.folder("pairs") / f"{FEATURES}-{PARAMETERS}.sqlite")) as store:
        known = _read(store, wanted)
        missing = [pair for pair in wanted if pair not in known]
        tasks = [
            (a, tuple(Pair(*each) for each in group)) for a, group in itertools.groupby(missing, lambda pair: pair.a)
        ]
        work = functools.partial(_verify_all, feature_folder())
        for (_, group), (_, found) in zip(
            tasks, map_images(work, tasks, workers=workers, backend=backend), strict=True
        ):
            facts = [None] * len(group) if isinstance(found, Fault) else found
            known.update(zip(group, facts, strict=True))
            if not isinstance(found, Fault):
                _write(store, zip(group, facts, strict=True))
            store.commit()
            if progress is not None:
                progress(1)
    return known


def _verify_all(folder: Path, pairs: Sequence[Pair]) -> list[PairFacts | None]:
    """Verify the pairs of one picture; runs in a worker process."""
    import cv2

    cv2.setNumThreads(1)
    left = load_features(folder, pairs[0].a)
    return [verify(left, _features(folder, pair.b), mirror=pair.mirror) for pair in pairs]


@functools.lru_cache(maxsize=512)
def _features(folder: Path, pixel_sha256: str) -> Features:
    return load_features(folder, pixel_sha256)


def _open(path: Path) -> sqlite3.Connection:
    store = sqlite3.connect(path, timeout=_WAIT_SECONDS)
    store.execute("CREATE TABLE IF NOT EXISTS facts (pair BLOB PRIMARY KEY, facts TEXT) WITHOUT ROWID")
    return store


def _key(pair: Pair) -> bytes:
    return bytes.fromhex(pair.a)[:16] + bytes.fromhex(pair.b)[:16] + bytes([pair.mirror])


def _read(store: sqlite3.Connection, pairs: Sequence[Pair]) -> dict[Pair, PairFacts | None]:
    found: dict[Pair, PairFacts | None] = {}
    for start in range(0, len(pairs), _ASKED_AT_ONCE):
        by_key = {_key(pair): pair for pair in pairs[start : start + _ASKED_AT_ONCE]}
        marks = ",".join("?" * len(by_key))
        rows = store.execute(f"SELECT pair, facts FROM facts WHERE pair IN ({marks})", list(by_key))  # noqa: S608
        found.update((by_key[key], _unpack(text)) for key, text in rows)
    return found


def _write(store: sqlite3.Connection, facts: Iterable[tuple[Pair, PairFacts | None]]) -> None:
    rows = [(_key(pair), _pack(each)) for pair, each in facts]
    store.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", rows)


def _pack(facts: PairFacts | None) -> str | None:
    return None if facts is None else json.dumps(dataclasses.asdict(facts), separators=(",", ":"))


def _unpack(text: str | None) -> PairFacts | None:
    if text is None:
        return None
    facts = json.loads(text)
    points = tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in facts["points"])
    return PairFacts(**facts | {"matrix": tuple(facts["matrix"]), "points": points})
