"""Errors that a user can act on, and the exit code of each kind.

::

    UserError              one message, no traceback
     |- DataFault       3  a row, file or image is wrong; carries all faults
     |- Unavailable     4  network, licence, weights, device, optional package, App, a model that failed
     |- DatasetConflict 5  another writer, tables that cannot be opened, newer, not a dataset
     '- BarNotMet      10  a bar that the user set was not met

A wrong command line ends with 2 (typer's own), a bug with 1 and a traceback, Ctrl-C with 130.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

Severity = Literal["error", "conflict", "note"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is wrong.

    Parameters
    ----------
    file : str
        Name of the file as the user knows it, or of the table.
    row : int, optional
        Line as an editor counts it: the header is line 1.
    column : str, optional
        Column as the file names it.
    """

    file: str
    row: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        """Return "file, row 3, column age"."""
        parts = [self.file]
        if self.row is not None:
            parts.append(f"row {self.row}")
        if self.column is not None:
            parts.append(f"column {self.column}")
        return ", ".join(parts)


def sentence(what: str, place: Place | None, value: str | None, remedy: str | None) -> str:
    """Return what is wrong, where, which value and what to do, in that order, as one line."""
    head = f"{place}: " if place is not None else ""
    shown = f"{value!r} " if value is not None else ""
    tail = f" {remedy}" if remedy else ""
    stop = "" if what.endswith((".", "?", "!")) else "."
    return f"{head}{shown}{what}{stop}{tail}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a row, file or image.

    Parameters
    ----------
    rule : str
        Code of the constraint, for example ``K01``.
    what : str
        What is wrong, without place and value.
    place, value, remedy : optional
        Where, which value, what to do.
    severity : {"error", "conflict", "note"}
        An ``error`` keeps the row out; the other two become findings.
    sample_ids : tuple of str
        Samples concerned, sorted.
    column : str, optional
        Column of the schema concerned.
    found, expected : str, optional
        The two values that disagree.
    """

    rule: str
    what: str
    place: Place | None = None
    value: str | None = None
    remedy: str | None = None
    severity: Severity = "error"
    sample_ids: tuple[str, ...] = ()
    column: str | None = None
    found: str | None = None
    expected: str | None = None

    def __str__(self) -> str:
        """Return the sentence that a user reads, with the code of the rule."""
        return f"{sentence(self.what, self.place, self.value, self.remedy)} [{self.rule}]"


class UserError(Exception):
    """A mistake or a lack on the user's side: one message, no traceback.

    Parameters
    ----------
    what : str
        What is wrong.
    place, value, remedy : optional
        Where, which value, what to do about it.
    """

    exit_code: ClassVar[int] = 3

    def __init__(
        self, what: str, *, place: Place | None = None, value: str | None = None, remedy: str | None = None
    ) -> None:
        super().__init__(what)
        self.what = what
        self.place = place
        self.value = value
        self.remedy = remedy

    def __str__(self) -> str:
        """Return the one line that a user reads."""
        return sentence(self.what, self.place, self.value, self.remedy)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle with keyword arguments and notes, so that an error crosses a process pool whole."""
        return (_rebuild, (type(self), self.what), self.__dict__)


def _rebuild(kind: type[UserError], what: str) -> UserError:
    return kind(what)


class DataFault(UserError):  # noqa: N818 (the name says what happened)
    """A row, file or image is wrong; ``faults`` holds all of them."""

    exit_code = 3

    def __init__(
        self,
        what: str,
        *,
        place: Place | None = None,
        value: str | None = None,
        remedy: str | None = None,
        faults: tuple[Fault, ...] = (),
    ) -> None:
        super().__init__(what, place=place, value=value, remedy=remedy)
        self.faults = faults


class Unavailable(UserError):  # noqa: N818 (the name says what happened)
    """Network, licence, weights, device, optional package, App or a model is not to be had."""

    exit_code = 4


class DatasetConflict(UserError):  # noqa: N818 (the name says what happened)
    """Another writer, tables that cannot be opened, a newer dataset or no dataset at all."""

    exit_code = 5


class BarNotMet(UserError):  # noqa: N818 (the name says what happened)
    """A bar that the user set on the command line was not met."""

    exit_code = 10


@dataclass(frozen=True, slots=True)
class FaultCount:
    """Faults of one rule, counted, with at most five examples."""

    rule: str
    count: int
    examples: tuple[Fault, ...] = field(default_factory=tuple)


def count_faults(faults: list[Fault]) -> list[FaultCount]:
    """Return a count and examples per rule, in the order of the codes."""
    rules = sorted({fault.rule for fault in faults})
    by_rule = {rule: [fault for fault in faults if fault.rule == rule] for rule in rules}
    return [FaultCount(rule, len(found), tuple(found[:5])) for rule, found in by_rule.items()]
