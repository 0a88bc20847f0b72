"""Thresholds of the checks: the file that ships, and a user's over it."""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Iterator
from importlib import resources
from pathlib import Path

import yaml

from curate.checks.check import Policy
from schemas.errors import DataFault, Place, UserError

SHIPPED = "policy.yaml"


def read(file: Path | None = None) -> Policy:
    """Return the thresholds of all checks.

    Parameters
    ----------
    file : Path, optional
        The user's; what it leaves out stays as shipped.

    Raises
    ------
    UserError
        The file does not exist.
    DataFault
        It is no such file, or names a check or a threshold that there is not.
    """
    shipped = yaml.safe_load(resources.files("curate.checks").joinpath(SHIPPED).read_text(encoding="utf-8"))
    policy = {check: {name: float(value) for name, value in named.items()} for check, named in shipped.items()}
    if file is None:
        return policy
    if not file.is_file():
        raise UserError("is no file", value=str(file), remedy="Check the path of --policy.")
    for check, at, thresholds in _entries(_root(file), file):
        if check not in policy:
            raise DataFault("is no check with thresholds", place=at, value=check, remedy=_nearest(check, policy))
        for name, place, value in _entries(thresholds, file):
            if name not in policy[check]:
                remedy = _nearest(name, policy[check])
                raise DataFault(f"is no threshold of {check}", place=place, value=name, remedy=remedy)
            policy[check][name] = _number(value, place)
    return policy


def _root(file: Path) -> yaml.Node:
    """Return the tree of a file, whose nodes know their lines."""
    try:
        root = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = Place(file.name, row=None if mark is None else mark.line + 1)
        remedy = "Write CHECK: and, indented below it, NAME: NUMBER."
        raise DataFault("is not YAML", place=place, value=file.name, remedy=remedy) from error
    # A file with comments alone changes nothing.
    return root if root is not None else yaml.MappingNode("", [])


def _entries(node: yaml.Node, file: Path) -> Iterator[tuple[str, Place, yaml.Node]]:
    """Yield the keys of a mapping, each with its place and what stands behind it."""
    if not isinstance(node, yaml.MappingNode):
        place = Place(file.name, node.start_mark.line + 1)
        remedy = "Write CHECK: and, indented below it, NAME: NUMBER."
        raise DataFault("holds no thresholds", place=place, value=str(node.value), remedy=remedy)
    seen: set[str] = set()
    for key, value in node.value:
        name, place = str(key.value), Place(file.name, key.start_mark.line + 1)
        if name in seen:
            raise DataFault("stands here a second time", place=place, value=name, remedy="Keep one of the two.")
        seen.add(name)
        yield name, place, value


def _number(node: yaml.Node, place: Place) -> float:
    try:
        number = float(str(node.value))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise DataFault("is no number", place=place, value=str(node.value), remedy="Write a number, as 0.95.")
    return number


def _nearest(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"Did you mean {near[0]}?" if near else f"There are: {', '.join(known)}."
