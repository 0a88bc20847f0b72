"""Names into models: built in, torchvision, timm, entry points of installed packages, modules, files.

Listing and resolving import nothing of a plugin; `load` does, in the worker. A name that does not exist, or exists
twice, ends before anything is trained.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa

from schemas.errors import Unavailable, UserError

GROUP = "harness.models"
FROZEN = "-frozen"

Kind = Literal["built-in", "torchvision", "timm", "plugin", "module", "file"]

BUILT_IN: dict[str, tuple[str, str]] = {
    "resnet18": ("", "the fixed baseline's network, trained by the recipe"),
    "resnet50": ("", "a larger network, trained by the recipe"),
    "resnet18-frozen": ("", "features of the network once, logistic regression on them"),
    "metadata-only": (
        "harness.models.metadata_only:MetadataOnly",
        "logistic regression on age, sex and site: no pixels",
    ),
    "prior": ("harness.models.prior:Prior", "shares of the classes in training: the floor"),
}


@dataclass(frozen=True, slots=True)
class Target:
    """A model by name, not imported yet.

    Parameters
    ----------
    given : str
        As the user typed it.
    name : str
        Name of its run folder: the part after the last ``:`` or ``/``.
    kind : str
        Where it comes from.
    place : str
        ``module:attribute``, ``/path/file.py:attribute``, or the name of an architecture.
    frozen : bool
        Features once and a linear layer, instead of training the network.
    owner, version : str
        Distribution or file that it belongs to.
    fingerprint : str
        Hash of its code: changed code is another model.
    """

    given: str
    name: str
    kind: Kind
    place: str
    frozen: bool = False
    owner: str = "dermacurate"
    version: str = ""
    fingerprint: str = ""

    @property
    def architecture(self) -> str | None:
        """Name for `harness.models.baseline`, None for what is not built there."""
        return self.place if self.kind in {"torchvision", "timm"} else None


def listing() -> pa.Table:
    """Return every model that can be named without a path: name, where it comes from, version, what it is."""
    rows = [(name, "dermacurate", "", text) for name, (_, text) in BUILT_IN.items()]
    rows.append(("NAME, NAME-frozen", "torchvision", _version("torchvision"), "any classifier of torchvision.models"))
    rows.append(("timm/NAME", "timm", _version("timm") or "not installed", "any model of timm"))
    for name, points in sorted(_plugins().items()):
        for point in points:
            owner, version = _owner(point)
            text = point.value
            if len(points) > 1:
                text += ": the name is taken twice and cannot be used"
            elif importlib.util.find_spec(point.value.partition(":")[0].partition(".")[0]) is None:
                text += ": broken, there is no such module"
            rows.append((f"plugin:{name}", owner, version, text))
    columns = zip(*rows, strict=True)
    return pa.table([pa.array(column) for column in columns], names=["model", "from", "version", "what"])


def resolve(given: str) -> Target:
    """Return the model of a name, without importing it.

    Raises
    ------
    UserError
        No such model (the message lists near names), or a name that two packages have taken.
    Unavailable
        timm is asked for and not installed.
    """
    if given in BUILT_IN and BUILT_IN[given][0]:
        return Target(given, given, "built-in", BUILT_IN[given][0])
    if given.startswith("plugin:"):
        return _plugin(given)
    if ":" in given:
        return _from_code(given)
    frozen, plain = given.endswith(FROZEN), given.removesuffix(FROZEN)
    if plain.startswith("timm/"):
        return _timm(given, plain.removeprefix("timm/"), frozen=frozen)
    if plain not in BUILT_IN and plain not in torchvision_names():
        raise _unknown(given, [*BUILT_IN, *(f"plugin:{name}" for name in _plugins()), *torchvision_names()])
    return Target(
        given, given, "torchvision", plain, frozen=frozen, owner="torchvision", version=_version("torchvision")
    )


def distinct(targets: Iterable[Target], taken: Iterable[str] = ()) -> list[tuple[str, Target]]:
    """Return a folder name for each model: its own, with ``-2``, ``-3`` ... where that is taken."""
    used, named = set(taken), []
    for target in targets:
        name, number = target.name, 1
        while name in used:
            number += 1
            name = f"{target.name}-{number}"
        used.add(name)
        named.append((name, target))
    return named


def to_json(target: Target) -> dict[str, object]:
    """Return a target as plain values."""
    return asdict(target)


def from_json(values: Mapping[str, object]) -> Target:
    """Return the target of plain values."""
    return Target(**values)  # type: ignore[arg-type]


def load(target: Target) -> object:
    """Import what a target names and return it; called in the worker only.

    Raises
    ------
    UserError
        The module has no such attribute.
    Exception
        Whatever the import of a broken plugin raises.
    """
    where, _, name = target.place.rpartition(":")
    module = _module_of_file(Path(where)) if target.kind == "file" else _imported(where, target.kind)
    found: object = module
    for part in name.split("."):
        if not hasattr(found, part):
            near = difflib.get_close_matches(part, [each for each in dir(found) if not each.startswith("_")], n=3)
            hint = f"Did you mean {', '.join(near)}?" if near else None
            raise UserError(f"has no {name}", value=where, remedy=hint)
        found = getattr(found, part)
    return found


def torchvision_names() -> list[str]:
    """Return the classifiers of torchvision that have one output and a linear last layer."""
    from torchvision import models

    # Two of them return a second output while training, one family ends in a convolution.
    unfit = ("googlenet", "inception_v3", "squeezenet")
    return [name for name in models.list_models(module=models) if not name.startswith(unfit)]


# --- plugins, modules, files -----------------------------------------------------------------------------------------


def _plugins() -> dict[str, list[importlib.metadata.EntryPoint]]:
    found: dict[str, list[importlib.metadata.EntryPoint]] = {}
    for point in importlib.metadata.entry_points(group=GROUP):
        same = found.setdefault(point.name, [])
        # One package can lie on the path twice (an editable install and a copy): that is no second owner.
        if (point.value, _owner(point)[0]) not in {(each.value, _owner(each)[0]) for each in same}:
            same.append(point)
    return found


def _owner(point: importlib.metadata.EntryPoint) -> tuple[str, str]:
    return (point.dist.name, point.dist.version) if point.dist is not None else ("unknown", "")


def _plugin(given: str) -> Target:
    name, plugins = given.removeprefix("plugin:"), _plugins()
    if name not in plugins:
        raise _unknown(given, [f"plugin:{each}" for each in plugins])
    points = plugins[name]
    if len(points) > 1:
        owners = " and ".join(f"{owner} {version}" for owner, version in sorted(_owner(point) for point in points))
        raise UserError(f"is the name of two plugins, of {owners}", value=given, remedy="Uninstall one of them.")
    owner, version = _owner(points[0])
    module = points[0].value.partition(":")[0]
    return Target(
        given, name, "plugin", points[0].value, owner=owner, version=version, fingerprint=_code_of_module(module)
    )


def _from_code(given: str) -> Target:
    where, _, attribute = given.rpartition(":")
    if not where or not attribute:
        raise UserError(
            "names no attribute", value=given, remedy="Write package.module:attribute or file.py:attribute."
        )
    name = attribute.rpartition(".")[2]
    if where.endswith(".py"):
        file = Path(where)
        if not file.is_file():
            raise UserError("there is no such file", value=where, remedy="Write path/to/file.py:attribute.")
        code = hashlib.sha256(file.read_bytes()).hexdigest()[:16]
        return Target(given, name, "file", f"{file.resolve()}:{attribute}", owner=file.name, fingerprint=code)
    package = where.partition(".")[0]
    with _current_folder_on_path():
        if importlib.util.find_spec(package) is None:
            near = difflib.get_close_matches(where, [f"plugin:{each}" for each in _plugins()] + list(BUILT_IN), n=3)
            raise UserError(
                "there is no such module here",
                value=package,
                remedy=f"Near names: {', '.join(near)}." if near else "Install its package, or run from its folder.",
            )
        return Target(given, name, "module", given, owner=package, fingerprint=_code_of_module(where))


def _timm(given: str, name: str, *, frozen: bool) -> Target:
    if importlib.util.find_spec("timm") is None:
        raise Unavailable("timm is not installed", value=given, remedy="Install it: pip install 'dermacurate[timm]'.")
    import timm

    if not timm.is_model(name):
        raise _unknown(given, [f"timm/{each}" for each in timm.list_models()])
    folder = f"{name}{FROZEN}" if frozen else name
    return Target(given, folder, "timm", name, frozen=frozen, owner="timm", version=_version("timm"))


def _unknown(given: str, known: list[str]) -> UserError:
    # A name without its prefix is the commonest slip.
    near = [name for name in known if name.rpartition(":")[2] == given or name.rpartition("/")[2] == given]
    near += [name for name in difflib.get_close_matches(given, known, n=4, cutoff=0.5) if name not in near]
    remedy = f"Near names: {', '.join(near)}. " if near else ""
    return UserError("is no model", value=given, remedy=f"{remedy}`harness models` lists them.")


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _code_of_module(module: str) -> str:
    """Return a hash of the Python files of a module's top-level package, without importing it."""
    spec = importlib.util.find_spec(module.partition(".")[0])
    if spec is None:
        return ""
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    files = sorted(file for folder in folders for file in folder.rglob("*.py"))
    files = files or ([Path(spec.origin)] if spec.origin and spec.origin.endswith(".py") else [])
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:16]


class _current_folder_on_path:  # noqa: N801 - reads as a statement
    """The folder that the command was called in, on the import path for a moment, as ``python -m`` has it."""

    def __enter__(self) -> None:
        sys.path.insert(0, str(Path.cwd()))

    def __exit__(self, *error: object) -> None:
        sys.path.remove(str(Path.cwd()))


def _imported(module: str, kind: Kind) -> object:
    if kind == "module":
        sys.path.insert(0, str(Path.cwd()))
    return importlib.import_module(module)


def _module_of_file(file: Path) -> object:
    """Import a file under a name of its own, so that it cannot take the place of an installed module."""
    name = f"harness_file_{hashlib.sha256(str(file).encode()).hexdigest()[:12]}"
    sys.path.insert(0, str(file.parent))
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise UserError("is no Python file", value=str(file))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
