"""The progress bar of long commands, on stderr."""

from __future__ import annotations

from schemas.terminal import bar

__all__ = ["bar"]
