"""Open the App on a dataset, and close it again."""

from __future__ import annotations

import contextlib
import re
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass

from curate.dataset import Dataset
from curate.review import server
from curate.review.projection import kinds, records
from schemas import cache
from schemas.errors import UserError


@dataclass(frozen=True, slots=True)
class Opened:
    """An App that shows a dataset.

    Parameters
    ----------
    url : str
        Address of the page.
    samples, added, changed, removed : int
        Samples shown, and how many of them had to be written.
    kinds : tuple of str
        Kinds of findings that have a saved view.
    """

    url: str
    samples: int
    added: int
    changed: int
    removed: int
    kinds: tuple[str, ...]


def projection_name(dataset: Dataset) -> str:
    """Return the name that the dataset has in FiftyOne: its own, and the start of its identity."""
    readable = re.sub(r"[^a-z0-9]+", "-", dataset.name.casefold()).strip("-") or "dataset"
    return f"{readable}-{dataset.uuid[:8]}"


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
        # FiftyOne reads its settings when it is imported, so not before the servers' addresses are in the environment.
        from curate.review.fields import sync, view_slug

        name = projection_name(dataset)
        changes = sync(name, rows, {"folder": str(dataset.root.resolve()), "version": dataset.version})
        server.wait_for_app(servers, folder)
        query = f"?view={urllib.parse.quote(view_slug(kind))}" if kind is not None else ""
        yield Opened(
            url=f"{servers.app_url}/datasets/{name}{query}",
            samples=len(rows),
            added=changes.added,
            changed=changes.changed,
            removed=changes.removed,
            kinds=found,
        )


def wait() -> None:
    """Return when the user stops the command with Ctrl-C."""
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(3600)
