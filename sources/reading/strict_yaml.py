"""YAML that people write, read strictly: an unknown key is an error that names file, line and the nearest key."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from pathlib import Path

import yaml

from schemas.errors import DataFault, Place, UserError

__all__ = ["check_key", "compose", "entries", "is_list", "is_mapping", "items", "nodes", "place", "text", "texts"]


def compose(path: Path) -> yaml.Node | None:
    """Return the root of a file; None where it is empty.

    Raises
    ------
    schemas.errors.UserError
        It cannot be read.
    schemas.errors.DataFault
        It is no YAML.
    """
    try:
        return yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", value=str(path)) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataFault(f"is no YAML ({' '.join(str(error).split())})", place=Place(path.name)) from error


def place(node: yaml.Node, file: str) -> Place:
    """Return file and line of a node."""
    return Place(file, node.start_mark.line + 1)


def check_key(name: str, known: Collection[str], where: Place) -> None:
    """Raise DataFault with the nearest key where a name is none of the known ones."""
    if name in known:
        return
    near = difflib.get_close_matches(name, sorted(known), n=1)
    remedy = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(sorted(known))}."
    raise DataFault("is no key here", place=where, value=name, remedy=remedy)


def is_mapping(node: yaml.Node | None) -> bool:
    """Return whether a node is a list of ``key: value``."""
    return isinstance(node, yaml.MappingNode)


def is_list(node: yaml.Node | None) -> bool:
    """Return whether a node is a list."""
    return isinstance(node, yaml.SequenceNode)


def entries(node: yaml.Node | None, file: str, known: Collection[str] | None) -> Iterator[tuple[str, yaml.Node]]:
    """Yield keys and values of a mapping; an absent node has none."""
    if node is None:
        return
    if not isinstance(node, yaml.MappingNode):
        raise DataFault("is not a list of `key: value`", place=place(node, file))
    for key, value in node.value:
        name = text(key, file)
        if known is not None:
            check_key(name, known, place(key, file))
        yield name, value


def text(node: yaml.Node, file: str) -> str:
    """Return the text of one value, letter by letter."""
    if not isinstance(node, yaml.ScalarNode):
        raise DataFault("is not one value", place=place(node, file))
    return str(node.value)


def texts(node: yaml.Node | None, file: str, known: Collection[str] | None) -> dict[str, str]:
    """Return a mapping of texts."""
    return {key: text(value, file) for key, value in entries(node, file, known)}


def nodes(node: yaml.Node | None) -> list[yaml.Node]:
    """Return the members of a list, or the node itself as the only one; an absent node has none."""
    if node is None:
        return []
    return list(node.value) if isinstance(node, yaml.SequenceNode) else [node]


def items(node: yaml.Node | None, file: str) -> list[str]:
    """Return the texts of a list, or the one text that stands in its place."""
    return [text(each, file) for each in nodes(node)]
