"""Open the App on a dataset, and close it again."""

from __future__ import annotations

import contextlib
import json
import pickle
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from curate.dataset import Dataset
from curate.review import server
from curate.review.projection import Changes, Record, kinds, records
from schemas import cache
from schemas.errors import Unavailable, UserError


@dataclass(frozen=True, slots=True)
class Opened:
    """An App that shows a dataset.

    Parameters
    ----------
    url : str
        Address of the page.
    samples : int
        Samples shown.
    changes : Changes
        How many of them had to be written.
    kinds : tuple of str
        Kinds of findings that have a saved view.
    """

    url: str
    samples: int
    changes: Changes
    kinds: tuple[str, ...]


def projection_name(dataset: Dataset) -> str:
    """Return the name that the dataset has in FiftyOne: its own, and the start of its identity."""
    return f"{_slug(dataset.name) or 'dataset'}-{dataset.uuid[:8]}"


def _slug(text: str) -> str:
    """Return a text as FiftyOne writes the name of a saved view into an address."""
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")


@contextlib.contextmanager
def opened(dataset: Dataset, *, kind: str | None = None, port: int | None = None) -> Iterator[Opened]:
    """Show a dataset in the App while a block runs.

    Parameters
    ----------
    dataset : Dataset
        What is shown.
    kind : str, optional
        Open with the samples that carry a finding of this kind.
    port : int, optional
        Wanted port of the App.

    Raises
    ------
    UserError
        Where no sample has a stored picture, or no finding the kind.
    schemas.errors.Unavailable
        Where a server cannot be had.
    """
    rows = records(dataset)
    if not rows:
        raise UserError("no sample has a stored picture: there is nothing to look at", value=str(dataset.root))
    found = kinds(rows)
    if kind is not None and kind not in found:
        raise UserError(
            "is the kind of no marked finding", value=kind, remedy=f"Kinds here: {', '.join(found) or 'none'}."
        )
    folder = cache.folder("review") / dataset.uuid
    with server.running(folder, port=port) as servers:
        name = projection_name(dataset)
        changes = _sync(servers, folder / "sync.log", (name, rows, {"version": dataset.version}))
        server.wait_for_app(servers, folder)
        query = f"?view={_slug(kind)}" if kind is not None else ""
        yield Opened(url=f"{servers.app_url}/datasets/{name}{query}", samples=len(rows), changes=changes, kinds=found)


def _sync(servers: server.Servers, log: Path, what: tuple[str, Sequence[Record], dict[str, int]]) -> Changes:
    with log.open("wb") as errors:
        done = subprocess.run(
            [sys.executable, "-m", "curate.review.fields"],
            input=pickle.dumps(what),
            stdout=subprocess.PIPE,
            stderr=errors,
            env=dict(servers.variables),
            check=False,
        )
    if done.returncode:
        raise Unavailable("FiftyOne could not take the samples in", remedy=f"What it said is in {log}.")
    return Changes(**json.loads(done.stdout.splitlines()[-1]))


def wait() -> None:
    """Return when the user stops the command with Ctrl-C."""
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(3600)
