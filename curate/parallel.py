"""One function over many images, in worker processes: faults come back as values, a dead worker is not the end."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, TypeVar

from schemas.errors import DataFault, Fault, Unavailable, UserError

Backend = Literal["loky", "dask", "ray"]
BACKENDS: tuple[str, ...] = ("loky", "dask", "ray")
# Small enough that progress moves and little is computed again after a death, large enough that sending it costs
# nothing (design/feasibility.md, section 4: 1,000 small tasks one by one take 0.3 s on loky, in chunks 0.01 s).
CHUNK = 32
# Below this starting processes (1 s) costs more than it gives.
_ALONE_BELOW = 64

Item = TypeVar("Item")
Value = TypeVar("Value")


def map_images(
    function: Callable[[Item], Value],
    items: Iterable[tuple[str, Item]],
    *,
    workers: int = 1,
    backend: str = "loky",
    progress: Callable[[int], None] | None = None,
) -> Iterator[tuple[str, Value | Fault]]:
    """Yield the id of each item with the value of the function, or with what was wrong, in the order of the items.

    Parameters
    ----------
    function : callable
        Called with one item, in another process where `workers` is above 1: a module function or a partial of one,
        that may be called twice for the same item. What it raises becomes a `Fault` of that item.
    items : iterable of (str, item)
        Sample id and what the function needs; picklable.
    workers : int
        Processes; 1 means this one.
    backend : {"loky", "dask", "ray"}
        Who runs the processes.
    progress : callable, optional
        Called with the count of items done since the last call.

    Yields
    ------
    tuple of (str, value or Fault)
        One for each item.

    Raises
    ------
    schemas.errors.UserError
        Where the name of the backend is none of ours.
    schemas.errors.Unavailable
        Where the backend cannot be used here.
    """
    check_backend(backend)
    waiting = list(items)
    results = (
        _here(function, waiting) if workers <= 1 or len(waiting) < _ALONE_BELOW else _loky(function, waiting, workers)
    )
    for result in results:
        yield result
        if progress is not None:
            progress(1)


def check_backend(backend: str) -> None:
    """Refuse a backend that cannot run anything, before any work is done.

    Raises
    ------
    schemas.errors.UserError
        Where the name is none of ours.
    schemas.errors.Unavailable
        Where the backend cannot be used here.
    """
    if backend not in BACKENDS:
        raise UserError("is no backend", value=backend, remedy=f"Choose one of {', '.join(BACKENDS)}.")
    if backend != "loky":
        raise Unavailable(f"the backend {backend} is not connected in this release", remedy="Use --backend loky.")


def _here(function: Callable[[Item], Value], items: Sequence[tuple[str, Item]]) -> Iterator[tuple[str, Value | Fault]]:
    for sample_id, item in items:
        yield sample_id, _one(function, sample_id, item)


def _one(function: Callable[[Item], Value], sample_id: str, item: Item) -> Value | Fault:
    try:
        return function(item)
    except DataFault as error:
        rule = error.faults[0].rule if error.faults else "I03"
        return Fault(rule=rule, what=error.what, place=error.place, value=error.value, sample_ids=(sample_id,))
    except Exception as error:  # noqa: BLE001 - one image: what went wrong with it becomes its row
        return Fault(rule="I03", what=f"{type(error).__name__}: {error}", sample_ids=(sample_id,))


def _chunk(function: Callable[[Item], Value], items: Sequence[tuple[str, Item]]) -> list[tuple[str, Value | Fault]]:
    return list(_here(function, items))


def _loky(
    function: Callable[[Item], Value], items: Sequence[tuple[str, Item]], workers: int
) -> Iterator[tuple[str, Value | Fault]]:
    """Send chunks to loky; where a worker dies, send again what has not come back, at last one by one.

    A killed worker ends the whole call with TerminatedWorkerError, and what was done is lost unless it had been read
    (design/feasibility.md, section 4). After a second death without a result in between, one item is sent at a time, so
    that the one that kills can be named.
    """
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    done, deaths, alone = 0, 0, 0
    while done < len(items):
        before = done
        waiting = items[done : done + 1] if alone else items[done:]
        try:
            for result in _run(function, waiting, workers):
                done += 1
                yield result
        except TerminatedWorkerError:
            if alone:
                yield items[done][0], _killed(items[done][0])
                done, deaths, alone = done + 1, 0, 1
            else:
                deaths = deaths + 1 if done == before else 1
                # The one that kills is in a chunk that was on its way; joblib has two for each process.
                alone = 2 * workers * CHUNK + 1 if deaths > 1 else 0
        alone = max(alone - 1, 0)


def _run(
    function: Callable[[Item], Value], items: Sequence[tuple[str, Item]], workers: int
) -> Iterator[tuple[str, Value | Fault]]:
    from joblib import Parallel, delayed

    chunks = (items[at : at + CHUNK] for at in range(0, len(items), CHUNK))
    # max_nbytes=None: arrays go through the pipe; a folder of memory maps would outlive a killed command.
    pool = Parallel(n_jobs=workers, backend="loky", return_as="generator", max_nbytes=None)
    yield from itertools.chain.from_iterable(pool(delayed(_chunk)(function, chunk) for chunk in chunks))


def _killed(sample_id: str) -> Fault:
    return Fault(
        rule="I03",
        what="the process that read it was killed",
        remedy="Look whether this machine runs out of memory, or take the picture out.",
        sample_ids=(sample_id,),
    )
