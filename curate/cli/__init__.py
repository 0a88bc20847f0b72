"""Commands of ``curate``: one module each, which parses, calls and prints. Heavy imports stand inside the functions."""

from __future__ import annotations

from collections.abc import Callable

from curate.cli.split import split

COMMANDS: dict[str, Callable[..., None]] = {
    "split": split,
}
