"""The option --where: ``COLUMN OP VALUE [and ...]`` over columns of ``samples``."""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from curate.ingest.pictures import IMAGE_COLUMNS
from schemas.errors import UserError
from schemas.tables import COLUMNS

__all__ = ["Condition", "matches", "parse"]

_TERM = re.compile(r"\s*(?P<column>\w+)\s*(?P<op>!=|<=|>=|=|<|>|\bin\b)\s*(?P<value>.+?)\s*")
_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TYPES = {column.name: column.type for column in COLUMNS["samples"] if column.name not in IMAGE_COLUMNS}


@dataclass(frozen=True, slots=True)
class Condition:
    """One term of an expression.

    Parameters
    ----------
    column : str
        Column of ``samples``.
    op : str
        One of ``= != < <= > >= in``.
    values : tuple of str
        One value, or several for ``in``.
    """

    column: str
    op: str
    values: tuple[str, ...]


def parse(expression: str) -> tuple[Condition, ...]:
    """Return the terms of an expression, all of which must hold.

    Parameters
    ----------
    expression : str
        For example ``age_years >= 50 and sex = female`` or ``diagnosis_kind in exact,group``.

    Raises
    ------
    schemas.errors.UserError
        It cannot be read, or names a column that rows do not have.
    """
    return tuple(_term(part) for part in re.split(r"\s+and(?:\s+|$)", expression.strip()))


def _term(text: str) -> Condition:
    found = _TERM.fullmatch(text)
    if found is None:
        raise UserError(
            "is not COLUMN OP VALUE", value=text, remedy="OP is one of = != < <= > >= in; join terms with 'and'."
        )
    column, op = found["column"], found["op"]
    if column not in _TYPES:
        near = difflib.get_close_matches(column, _TYPES, n=3)
        hint = f"Near: {', '.join(near)}." if near else "Columns are those of table samples."
        raise UserError("is no column that --where can read", value=column, remedy=hint)
    listed = found["value"].strip("()[]").split(",") if op == "in" else [found["value"]]
    values = tuple(each.strip().strip("\"'") for each in listed)
    if op in _ORDERS or _is_number(column):
        for value in values:
            if not re.fullmatch(r"-?\d+(?:\.\d+)?", value):
                raise UserError(f"is no number, and {column} {op} needs one", value=value)
    return Condition(column, op, values)


def _is_number(column: str) -> bool:
    kind = _TYPES[column]
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def matches(values: Mapping[str, object], conditions: tuple[Condition, ...]) -> bool:
    """Return whether a row fulfils all conditions; a null fulfils none."""
    return all(_holds(values.get(each.column), each) for each in conditions)


def _holds(value: object, condition: Condition) -> bool:
    if value is None:
        return False
    if isinstance(value, list):
        return any(_holds(each, condition) for each in value)
    if condition.op in _ORDERS:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and _ORDERS[condition.op](float(str(value)), float(condition.values[0]))
    equal = any(_equal(value, wanted) for wanted in condition.values)
    return not equal if condition.op == "!=" else equal


def _equal(value: object, wanted: str) -> bool:
    if isinstance(value, bool):
        return wanted.casefold() in ({"true", "yes", "1"} if value else {"false", "no", "0"})
    if isinstance(value, int | float):
        return float(value) == float(wanted)
    return str(value) == wanted
