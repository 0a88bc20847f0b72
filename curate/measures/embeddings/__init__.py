"""Pictures to vectors: `resolve` gives the embedder that a name stands for."""

from __future__ import annotations

from curate.measures.embeddings.embedder import Embedder
from curate.measures.embeddings.resolving import DEFAULT, resolve

__all__ = ["DEFAULT", "Embedder", "resolve"]
