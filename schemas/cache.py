"""The user's cache of downloads, weights, exported backbones, keypoints and the App's database. It may be deleted."""

from __future__ import annotations

import os
from pathlib import Path


def folder(name: str) -> Path:
    """Return a folder of the cache, made where it is missing.

    Parameters
    ----------
    name : str
        What lies in it, for example ``weights``.

    Returns
    -------
    Path
        Below ``DERMACURATE_CACHE`` where that is set, else below the platform's cache folder.
    """
    import platformdirs

    root = os.environ.get("DERMACURATE_CACHE") or platformdirs.user_cache_dir("dermacurate", appauthor=False)
    path = Path(root).expanduser() / name
    path.mkdir(parents=True, exist_ok=True)
    return path
