"""What stands in the report, in the order of the page: every section as tables, figures and sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from harness import artifacts
from harness.metrics.subgroups import MISSING, OVERALL
from harness.report import cases, figures, forest, group_tables, methods, provenance, tables, text
from harness.report.methods import Entry
from harness.report.numbers import RunFolder, Unjudged
from harness.report.svg import Picture
from harness.report.tables import Cell, Table
from harness.report.wording import NOTHING, attribute_name, count, level_name, percent, readable, threshold_name

_FIRST_THRESHOLDS = ("argmax", "val_spec95", "val_spec90")
_ROLES = {"train": "Training", "val": "Validation", "test": "Test"}


@dataclass(frozen=True, slots=True)
class Mark:
    """The color, dash and marker of one model, for the legend of the page."""

    name: str
    place: int


@dataclass(frozen=True, slots=True)
class Matrices:
    """Confusion matrices of all models at one threshold."""

    threshold: str
    tables: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class Groups:
    """One attribute: its forest plot and the tables under it."""

    name: str
    picture: Picture | None
    tables: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said about one model on top of the page, with its difference to the baseline drawn."""

    text: text.VerdictText
    picture: Picture | None


@dataclass(frozen=True, slots=True)
class Errors:
    """The worst errors of one model."""

    model: str
    alarms: tuple[cases.Case, ...]
    missed: tuple[cases.Case, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All parts of the page; an empty part is left out by the template, or said to be absent."""

    title: str
    names: tuple[str, ...]
    legend: tuple[Mark, ...]
    tested: str
    facts: tuple[tuple[str, str], ...]
    smoke: bool
    synthetic: bool
    verdicts: tuple[Verdict, ...]
    unjudged: tuple[Unjudged, ...]
    warnings: tuple[str, ...]
    headline: Table
    classes: tuple[Table, ...]
    read_out: str
    data: tuple[Table, ...]
    curves: tuple[Picture, ...]
    curve_tables: tuple[Table, ...]
    thresholds: Table
    matrices: tuple[Matrices, ...]
    more_matrices: tuple[Matrices, ...]
    groups: tuple[Groups, ...]
    gaps: Table | None
    differences: Table | None
    pairs: tuple[Table, ...]
    reliability: tuple[Picture, ...]
    calibration: Table
    decision: Picture | None
    decision_tables: tuple[Table, ...]
    errors: tuple[Errors, ...]
    training: tuple[Picture, ...]
    training_tables: tuple[Table, ...]
    methods: tuple[Entry, ...]
    checklist: tuple[tuple[str, str], ...]
    cards: tuple[tuple[str, tuple[Entry, ...]], ...]
    commands: tuple[tuple[str, str], ...]
    configs: tuple[tuple[str, str], ...]
    versions: Table

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Every figure once, in the order of the page."""
        verdicts, groups = (verdict.picture for verdict in self.verdicts), (group.picture for group in self.groups)
        found = (*verdicts, *self.curves, *groups, *self.reliability, self.decision, *self.training)
        return _present(*found)


def compose(run: RunFolder) -> Report:
    """Return the content of the report of a run.

    Parameters
    ----------
    run : RunFolder
        What `read_run` gave.
    """
    task = run.lead.metrics["task"]["name"]
    placed = figures.placed(run)
    first, more = _matrices(run)
    return Report(
        title=f"Model report: {task}",
        names=tuple(model.name for model in run.models),
        legend=tuple(Mark(model.name, place) for place, model in placed),
        tested=text.tested(run),
        facts=_facts(run),
        smoke=text.is_smoke(run),
        synthetic=text.is_synthetic(run),
        verdicts=_verdicts(run),
        unjudged=run.unjudged,
        warnings=text.warnings(run),
        headline=tables.headline(run),
        classes=_classes(run),
        read_out=text.read_out(run),
        data=_data(run),
        curves=_present(figures.roc(run), figures.precision_recall(run)),
        curve_tables=_curve_tables(run),
        thresholds=tables.thresholds(run),
        matrices=first,
        more_matrices=more,
        groups=tuple(_groups(run, attribute) for attribute in run.attributes),
        gaps=group_tables.gaps(run),
        differences=group_tables.differences(run),
        pairs=_pairs(run),
        reliability=_present(*(figures.reliability(model, place) for place, model in placed)),
        calibration=tables.calibration(run),
        decision=figures.decision(run),
        decision_tables=_decision_tables(run),
        errors=_errors(run),
        training=figures.training(run),
        training_tables=provenance.training(run),
        methods=methods.methods(run),
        checklist=methods.CHECKLIST,
        cards=methods.model_cards(run),
        commands=provenance.commands(run),
        configs=provenance.configs(run),
        versions=provenance.versions(run),
    )


def _classes(run: RunFolder) -> tuple[Table, ...]:
    return tuple(table for model in run.models if (table := tables.classes(model)) is not None)


def _present(*pictures: Picture | None) -> tuple[Picture, ...]:
    return tuple(picture for picture in pictures if picture is not None)


def _verdicts(run: RunFolder) -> tuple[Verdict, ...]:
    drawn = {model.name: (model, place) for place, model in figures.placed(run)}
    return tuple(Verdict(verdict, figures.difference(run, *drawn[verdict.model])) for verdict in text.verdicts(run))


def _facts(run: RunFolder) -> tuple[tuple[str, str], ...]:
    metrics = run.lead.metrics
    return (
        ("Task", metrics["task"]["name"]),
        ("Test set", text.tested(run)),
        ("Dataset version", str(metrics["data"]["dataset_version"])),
        ("Split", metrics["data"]["split_version"]),
        ("Evaluated", metrics["run"]["created_utc"].replace("T", " ").replace("Z", " UTC")),
        ("Software", f"dermacurate {metrics['run']['package_version']}"),
    )


def _data(run: RunFolder) -> tuple[Table, ...]:
    found = [_parts(run), _attribute_counts(run), _left_out(run)]
    return tuple(table for table in found if table is not None)


def _parts(run: RunFolder) -> Table:
    recorded = next((methods.roles(model.facts) for model in run.models if methods.roles(model.facts)), {})
    counted = _counted(run.lead.predictions, binary=run.is_binary)
    rows = []
    for role, name in _ROLES.items():
        part = counted.get(role) or recorded.get(role)
        if part is None:
            rows.append((Cell(name), *(Cell(NOTHING, kind="muted") for _ in range(4))))
            continue
        images, positive = _number(part.get("images")), _number(part.get("positive"))
        share = positive / images if images and positive is not None else None
        numbers = (count(images), count(_number(part.get("patients"))), count(positive), percent(share))
        rows.append((Cell(name), *(Cell(value, kind="number") for value in numbers)))
    return Table("Parts of the split", ("Part", "Images", "Patients", "Positive", "Prevalence"), tuple(rows))


def _counted(rows: pd.DataFrame, *, binary: bool) -> dict[str, Mapping[str, object]]:
    if rows.empty:
        return {}
    return {
        str(role): {
            "images": len(part),
            "patients": int(part["patient_id"].nunique()) or None,
            "positive": int((part["y_true"] == 1).sum()) if binary else None,
        }
        for role, part in rows.groupby("split")
    }


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _attribute_counts(run: RunFolder) -> Table | None:
    rows = []
    for attribute in run.attributes:
        levels = run.levels(attribute)
        known = [row for row in levels if row["level"] != MISSING]
        missing = sum(row["n"] for row in levels) - sum(row["n"] for row in known)
        smallest = min(known, key=lambda row: row["n"], default=None)
        total = run.lead.metrics["data"]["n"]
        rows.append(
            (
                Cell(attribute_name(attribute)),
                Cell(count(len(known)), sort=len(known), kind="number"),
                Cell(f"{level_name(smallest['level'])}, {count(smallest['n'])}" if smallest else "none"),
                Cell(count(missing), percent(missing / total) if missing else "", sort=missing, kind="number"),
            )
        )
    if not rows:
        return None
    return Table(
        "Attributes in the test set",
        ("Attribute", "Groups", "Smallest group, images", "Not recorded"),
        tuple(rows),
        sortable=True,
    )


def _left_out(run: RunFolder) -> Table | None:
    facts = run.lead.facts
    data = facts.get("data")
    # `harness run` counts every part of the split, `harness evaluate` the rows that it was asked about.
    reasons = data.get("left_out") if isinstance(data, Mapping) else facts.get("left_out")
    if not isinstance(reasons, Mapping) or not reasons:
        return None
    rows = tuple(
        (Cell(readable(str(name))), Cell(count(_number(number)), kind="number"))
        for name, number in sorted(reasons.items())
    )
    return Table("Images of the split that the task leaves out", ("Reason", "Images"), rows)


def _curve_tables(run: RunFolder) -> tuple[Table, ...]:
    if run.lead.curve("roc") is None:
        return ()
    return (tables.roc_points(run), tables.precision_points(run))


def _matrices(run: RunFolder) -> tuple[tuple[Matrices, ...], tuple[Matrices, ...]]:
    prefix = f"confusion:{OVERALL}"
    names = sorted(
        {
            key.removeprefix(prefix).lstrip(":")
            for model in run.models
            for key in model.metrics["curves"]
            if key.startswith(prefix)
        }
    )
    found = []
    for name in sorted(
        names,
        key=lambda name: (_FIRST_THRESHOLDS.index(name) if name in _FIRST_THRESHOLDS else len(_FIRST_THRESHOLDS), name),
    ):
        shown = tuple(table for model in run.models if (table := tables.confusion(model, name)) is not None)
        found.append(Matrices(threshold_name(name) if name else "largest probability", shown))
    return tuple(found[:2]), tuple(found[2:])


def _groups(run: RunFolder, attribute: str) -> Groups:
    found = [group_tables.groups(run, attribute), group_tables.sensitivities(run, attribute, "val_spec95")]
    return Groups(
        attribute_name(attribute), forest.forest(run, attribute), tuple(table for table in found if table is not None)
    )


def _pairs(run: RunFolder) -> tuple[Table, ...]:
    """Return a heat table per pair and model; where no cell can be estimated, one table with its counts is enough."""
    shown = run.contenders or run.models
    found = []
    for attribute in run.pairs:
        made = [group_tables.pair(model, run.levels(attribute), run.headline) for model in shown]
        valued = [table for table in made if any(cell.weight is not None for row in table.rows for cell in row)]
        found += valued or [replace(made[0], caption=f"{attribute_name(attribute)}: no cell holds enough cases")]
    return tuple(found)


def _decision_tables(run: RunFolder) -> tuple[Table, ...]:
    if run.lead.curve("decision") is None:
        return ()
    return (tables.net_benefit(run), tables.biopsies(run))


def _errors(run: RunFolder) -> tuple[Errors, ...]:
    pictures = artifacts.read_thumbnails(run.path)
    # Without pictures a list of forty-eight ids tells nothing that ten do not.
    shown = cases.SHOWN if pictures else 10
    found = {model.name: cases.worst(model, pictures, shown=shown) for model in run.models}
    return tuple(
        Errors(
            name,
            alarms=tuple(case for case in worst if case.error == "false alarm"),
            missed=tuple(case for case in worst if case.error == "missed"),
        )
        for name, worst in found.items()
        if worst
    )
