"""``dataset.json``: what a folder must hold to be a dataset, and which schema it was written with."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from curate.store.images import PARTIAL, write_whole
from curate.store.lock import HOLDER_FILE, LOCK_FILE
from schemas import __version__, vocabulary
from schemas.errors import DatasetConflict
from schemas.tables import SCHEMA_MINOR, SCHEMA_VERSION

FILE = "dataset.json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """The root file of a dataset.

    Parameters
    ----------
    name : str
        What people call the dataset.
    uuid : str
        Identity that outlives moves and copies.
    schema_version, schema_minor : int
        Schema that the newest version was written with.
    vocab_version : str
        Version of the code lists at creation; each row of ``log`` has its own.
    created_by : str
        Program and version that wrote the root file.
    last_versions : mapping of str to int
        Schema version to the last dataset version written with it; a migration fills it in.
    """

    name: str
    uuid: str
    schema_version: int
    schema_minor: int
    vocab_version: str
    created_by: str
    last_versions: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_later_minor(self) -> bool:
        """Whether a program with more columns of the same schema version has written it."""
        return self.schema_version == SCHEMA_VERSION and self.schema_minor > SCHEMA_MINOR


def read(root: Path, at: int | None = None) -> Manifest:
    """Return the root file of a dataset that this program can read.

    Parameters
    ----------
    root : Path
        Folder.
    at : int, optional
        Version that is to be read: an older state of a dataset that a newer program has migrated can be.

    Raises
    ------
    DatasetConflict
        The folder is missing, is something else, or was written by a newer program. No table is opened before.
    """
    try:
        facts = json.loads((root / FILE).read_text(encoding="utf-8"))
        manifest = Manifest(
            name=str(facts["name"]),
            uuid=str(facts["uuid"]),
            schema_version=int(facts["schema_version"]),
            schema_minor=int(facts.get("schema_minor", 0)),
            vocab_version=str(facts["vocab_version"]),
            created_by=str(facts["created_by"]),
            last_versions={str(key): int(value) for key, value in facts.get("last_versions", {}).items()},
        )
    except (FileNotFoundError, NotADirectoryError) as error:
        what = f"is no dataset: it holds no {FILE}" if root.exists() else "does not exist"
        make = f"Make one with `curate ingest sample --into {root}`, or correct" if is_free(root) else "Correct"
        remedy = f"{make} the path."
        raise DatasetConflict(what, value=str(root), remedy=remedy) from error
    except OSError as error:
        raise DatasetConflict(f"cannot be read: {error.strerror}", value=str(root / FILE)) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"is no {FILE} of a dataset ({type(error).__name__}: {error})"
        raise DatasetConflict(what, value=str(root / FILE), remedy="Restore it from a copy.") from error
    _refuse_newer(manifest, at)
    return manifest


def _refuse_newer(manifest: Manifest, at: int | None) -> None:
    last = manifest.last_versions.get(str(SCHEMA_VERSION))
    if manifest.schema_version <= SCHEMA_VERSION or (at is not None and last is not None and at <= last):
        return
    older = f", or read an older state with `--at {last}` (the last version written as schema {SCHEMA_VERSION})"
    raise DatasetConflict(
        f"This dataset has schema version {manifest.schema_version}, written by {manifest.created_by}; "
        f"this program reads up to version {SCHEMA_VERSION}.",
        remedy=f"Upgrade with `pip install -U dermacurate`{older if last is not None else ''}.",
    )


def create(root: Path, name: str) -> None:
    """Write the root file of a new dataset, where another process has not just done so."""
    if (root / FILE).exists():
        return
    manifest = Manifest(
        name=name,
        uuid=str(uuid.uuid4()),
        schema_version=SCHEMA_VERSION,
        schema_minor=SCHEMA_MINOR,
        vocab_version=vocabulary.version(),
        created_by=f"dermacurate {__version__}",
    )
    write_whole(root / FILE, (json.dumps(asdict(manifest), indent=1) + "\n").encode())


def is_free(root: Path) -> bool:
    """Return whether a dataset may be made here: nothing is there, or only what a killed creation left."""
    if not root.exists():
        return True
    if not root.is_dir():
        return False
    return all(path.name in {LOCK_FILE, HOLDER_FILE} or path.name.endswith(PARTIAL) for path in root.iterdir())
