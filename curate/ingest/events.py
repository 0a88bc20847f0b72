"""Notes about one ingest of one source: unmapped (K06), fewer than declared (K11), gone (K12), changed (K13)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from curate.ingest.rules import Claim, Severity, examples
from schemas.errors import Fault
from sources.source import Source

__all__ = ["Events", "Facts", "claims"]


@dataclass(slots=True)
class Events:
    """What was seen while the rows of a source were read.

    Parameters
    ----------
    unmapped : Counter
        (column, raw value) to rows.
    rows_unmapped : int
        Rows with at least one such value.
    changed : list of str
        Samples whose raw row is another one than the last ingest saw.
    notes : list of Fault
        What the source itself noted.
    """

    unmapped: Counter[tuple[str, str]] = field(default_factory=Counter)
    rows_unmapped: int = 0
    changed: list[str] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the tables say at the end.

    Parameters
    ----------
    stored : int
        Pictures that the dataset holds of the source.
    withdrawn : sequence of str
        Samples that the source no longer has.
    decided : int
        Changed samples that a decision names.
    """

    stored: int
    withdrawn: Sequence[str]
    decided: int


def claims(seen: Events, facts: Facts, source: Source, *, version: int) -> Iterator[Claim]:
    """Yield the notes of one ingest.

    Parameters
    ----------
    seen, facts : Events, Facts
        What was seen, and what the tables say.
    source : Source
        Whose rows they are.
    version : int
        Version of the dataset before.
    """
    name = source.name
    for (column, raw), rows in sorted(seen.unmapped.items()):
        message = f'{rows} rows carry {column} = "{raw}" for which no table has a code. They are kept as unmapped.'
        yield Claim("K06", "note", message, column, key=f"{name}: {raw}", found=raw, evidence={"rows": rows})
    declared = source.sheet.declared_images
    if declared is not None and facts.stored < declared:
        message = f"{name} declares {declared} images, {facts.stored} are stored ({declared - facts.stored} missing)."
        evidence: dict[str, object] = {"declared": declared, "stored": facts.stored}
        yield Claim("K11", "note", message, key=name, evidence=evidence)
    if facts.withdrawn:
        yield _about("K12", name, facts.withdrawn, "are no longer in the source. They stay as withdrawn")
    if seen.changed:
        under = f", {facts.decided} of them under a decision"
        yield _about("K13", name, seen.changed, f"changed at the source since version {version}{under}")
    for note in seen.notes:
        key = f"{name}: {note.value or note.what}"
        severity: Severity = "review" if note.severity == "conflict" else "note"
        yield Claim(note.rule, severity, str(note), note.column, key=key, sample_ids=note.sample_ids, found=note.found)


def _about(rule: str, source: str, sample_ids: Sequence[str], what: str) -> Claim:
    ids = sorted(sample_ids)
    message = f"{len(ids)} rows of {source} {what}: {examples(ids)}."
    return Claim(rule, "note", message, key=source, evidence={"rows": len(ids), "examples": ids[:5]})
