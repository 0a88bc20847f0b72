"""Collections of skin images and how each is read."""

from __future__ import annotations

import difflib
from importlib.metadata import EntryPoint, entry_points

from schemas.errors import Unavailable, UserError
from sources.source import Source

__all__ = ["load", "names", "origin"]

GROUP = "dermacurate.sources"


def names() -> tuple[str, ...]:
    """Return the names of all installed sources, sorted, without importing any."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def _point(name: str) -> EntryPoint:
    points = list(entry_points(group=GROUP, name=name))
    if not points:
        near = difflib.get_close_matches(name, names(), n=3, cutoff=0.4)
        hint = f"Did you mean {', '.join(near)}? " if near else ""
        raise UserError("is not the name of a source", value=name, remedy=f"{hint}`curate sources` lists them.")
    if len(points) > 1:
        owners = ", ".join(sorted(point.dist.name if point.dist else "?" for point in points))
        raise UserError("is the name of two sources", value=name, remedy=f"Uninstall one of {owners}.")
    return points[0]


def origin(name: str) -> str:
    """Return the distribution that a source comes from, with its version."""
    dist = _point(name).dist
    return f"{dist.name} {dist.version}" if dist is not None else "unknown"


def load(name: str) -> Source:
    """Return a source by name.

    Raises
    ------
    schemas.errors.UserError
        Where no installed package, or more than one, offers the name.
    schemas.errors.Unavailable
        Where the package that offers it cannot be imported.
    """
    point = _point(name)
    try:
        loaded = point.load()
    except ImportError as error:
        raise Unavailable(f"source {name} cannot be imported: {error}", remedy="Install what it needs.") from error
    if not isinstance(loaded, Source):
        raise Unavailable(f"{point.value} is no sources.source.Source", remedy=f"Tell the authors of {origin(name)}.")
    return loaded
