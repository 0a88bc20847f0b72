"""Rules about rows that name other rows: K03, K07, D01-D03, S01-S03, L04."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import pyarrow as pa

from schemas.errors import Fault, Place
from schemas.finding import finding_id


def source_faults(samples: pa.Table, sources: pa.Table) -> Iterator[Fault]:
    """Yield K07 for a source without a fact sheet, K03 for an issuer of ids that the fact sheet does not name."""
    declared: dict[str, set[str]] = defaultdict(set)
    for row in sources.select(["source", "id_issuers"]).to_pylist(maps_as_pydicts="strict"):
        declared[row["source"]].update(row["id_issuers"])
    names = samples.column("source").to_pylist()
    for source in sorted(set(names) - declared.keys()):
        remedy = f"Run `curate ingest {source}` again."
        yield Fault("K07", f"rows of source {source} have no fact sheet", Place("sources"), remedy=remedy)
    for column in ("patient_id", "lesion_id", "case_id"):
        ids = samples.column(column).to_pylist()
        issued = {(source, value.partition(":")[0]) for source, value in zip(names, ids, strict=True) if value}
        for source, issuer in sorted(issued):
            if source in declared and issuer not in declared[source]:
                what = f"is no declared issuer of source {source}"
                remedy = f"Add the prefix to id_issuers of source {source}."
                yield Fault("K03", what, Place("samples", column=column), issuer, remedy, column=column)


def finding_faults(findings: pa.Table, known: set[str]) -> Iterator[Fault]:
    """Yield D01, D02: a finding that names a sample that does not exist, or whose id is not that of its claim.

    Parameters
    ----------
    findings : pyarrow.Table
        Table ``findings``.
    known : set of str
        Every sample_id of the dataset, withdrawn ones included.
    """
    place = Place("findings")
    rows = findings.select(["finding_id", "kind", "field", "sample_ids", "key"]).to_pylist()
    for row in rows:
        name = row["finding_id"]
        for sample_id in row["sample_ids"]:
            if sample_id not in known:
                yield Fault("D01", f"finding {name} names {sample_id}, which is not in samples", place, sample_id)
        subjects = [subject for subject in (row["sample_ids"], row["key"]) if subject]
        if name not in {finding_id(row["kind"], row["field"], subject) for subject in subjects}:
            yield Fault("D02", f"finding {name} has a wrong id", place, name, "Run `curate check` again.")


def decision_faults(decisions: pa.Table, findings: pa.Table, known: set[str]) -> Iterator[Fault]:
    """Yield D03: a decision that refers to a finding, sample or decision that does not exist."""
    rows = decisions.select(["decision_id", "finding_id", "sample_ids", "supersedes"]).to_pylist()
    finding_ids, decision_ids = set(findings.column("finding_id").to_pylist()), {row["decision_id"] for row in rows}
    for row in rows:
        named = [
            *((row["finding_id"],) if row["finding_id"] not in finding_ids else ()),
            *((row["supersedes"],) if row["supersedes"] not in decision_ids else ()),
            *(sample_id for sample_id in row["sample_ids"] if sample_id not in known),
        ]
        for reference in named:
            if reference is not None:
                what = f"decision {row['decision_id']} refers to {reference}, which does not exist"
                yield Fault("D03", what, Place("decisions"), reference)


def split_faults(members: pa.Table, samples: pa.Table, known: set[str]) -> Iterator[Fault]:
    """Yield S01-S03 for one split.

    Parameters
    ----------
    members : pyarrow.Table
        Rows of table ``splits`` of one split.
    samples : pyarrow.Table
        Samples as the split saw them: S02 and S03 judge what was written, `curate check` judges what is known today.
    known : set of str
        Every sample_id of the dataset.
    """
    rows = members.select(["split_name", "sample_id", "role", "fold", "group_id"]).to_pylist()
    for row in rows:
        if row["sample_id"] not in known:
            what = f"split {row['split_name']} names {row['sample_id']}, which is not in samples"
            yield Fault("S01", what, Place("splits"), row["sample_id"], "Make the split again.")
    columns = ["sample_id", "patient_id", "lesion_id", "case_id", "pixel_sha256"]
    facts = {row["sample_id"]: row for row in samples.select(columns).to_pylist()}
    for rule, column in (
        ("S02", "group_id"),
        ("S02", "patient_id"),
        ("S03", "lesion_id"),
        ("S03", "case_id"),
        ("S03", "pixel_sha256"),
    ):
        yield from _torn(rule, column, [facts.get(row["sample_id"], {}) | row for row in rows])


def _torn(rule: str, column: str, rows: Sequence[dict[str, object]]) -> Iterator[Fault]:
    sides: dict[object, Counter[str]] = defaultdict(Counter)
    for row in rows:
        sides[row.get(column)][f"fold {row['fold']}" if row["role"] is None else str(row["role"])] += 1
    for value, roles in sides.items():
        if value is not None and len(roles) > 1:
            noun = column.removesuffix("_id").removesuffix("_sha256")
            where = ", ".join(f"{role} ({count} images)" for role, count in sorted(roles.items()))
            what = f"{rows[0]['split_name']}: {noun} {value} is in {where}"
            yield Fault(rule, what, Place("splits", column=column), str(value), "Make the split again.")


def measure_faults(measures: pa.Table, samples: pa.Table) -> Iterator[Fault]:
    """Yield one L04 note where measures belong to other pixels than the samples have now."""
    pixels = dict(_pairs(samples))
    stale: Counter[str] = Counter()
    for sample_id, measured in _pairs(measures):
        if measured is not None and measured != pixels.get(sample_id):
            stale[sample_id] += 1
    if stale:
        what = f"{stale.total()} measures belong to older pixels of {len(stale)} images"
        yield Fault("L04", what, Place("measures"), remedy="Run `curate check`.", severity="note")


def _pairs(rows: pa.Table) -> Iterator[tuple[str, str | None]]:
    return zip(rows.column("sample_id").to_pylist(), rows.column("pixel_sha256").to_pylist(), strict=True)
