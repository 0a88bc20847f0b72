"""Datasets of skin images: ingest, check, review, split, release."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curate.dataset import Dataset, View, Writer, create_dataset, load_dataset

__all__ = ["Dataset", "View", "Writer", "create_dataset", "load_dataset"]


def __getattr__(name: str) -> object:
    """Load a public name when it is asked for, so that ``curate --help`` imports neither pandas nor deltalake."""
    if name in __all__:
        from curate import dataset

        return getattr(dataset, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
