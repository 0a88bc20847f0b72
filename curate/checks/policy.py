"""Thresholds of the checks: the file that ships, and a user's over it."""

from __future__ import annotations

import difflib
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
    for check, named in _mapping(file).items():
        place = Place(file.name)
        if check not in policy:
            raise DataFault("is no check with thresholds", place=place, value=check, remedy=_nearest(check, policy))
        if not isinstance(named, dict):
            raise DataFault("holds no thresholds", place=place, value=check, remedy="Write NAME: NUMBER below it.")
        for name, value in named.items():
            at = Place(file.name, column=f"{check}.{name}")
            if name not in policy[check]:
                raise DataFault("is no threshold", place=at, value=str(name), remedy=_nearest(str(name), policy[check]))
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise DataFault("is no number", place=at, value=str(value), remedy="Give a number.")
            policy[check][name] = float(value)
    return policy


def _mapping(file: Path) -> dict[str, object]:
    try:
        loaded = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        place = Place(file.name, row=None if line is None else line + 1)
        raise DataFault(
            "is not YAML", place=place, value=file.name, remedy="Compare it with the shipped one."
        ) from error
    if not isinstance(loaded, dict):
        raise DataFault(
            "holds no checks", place=Place(file.name), value=file.name, remedy="Write CHECK: and its thresholds."
        )
    return {str(check): named for check, named in loaded.items()}


def _nearest(name: str, known: object) -> str:
    names = [str(each) for each in known] if isinstance(known, dict) else []
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.0)
    return f"Did you mean {near[0]}?" if near else ""
