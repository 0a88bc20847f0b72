"""A fixed baseline and anybody's model, judged alike for every subgroup."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.evaluation.api import evaluate

__all__ = ["evaluate"]


def __getattr__(name: str) -> object:
    """Load a public name when it is asked for, so that ``harness --help`` imports neither pandas nor torch."""
    if name == "evaluate":
        from harness.evaluation import api

        return api.evaluate
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
