"""Methods and model card: what the run knows about itself, under the headings that journals and readers ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from harness.report.numbers import Facts, Judged, RunFolder
from harness.report.text import is_smoke, is_synthetic, positive_word, tested
from harness.report.wording import attribute_name, count, inside, percent, plural, readable

_USUAL_MIN_POSITIVES = 10
_ELSEWHERE = "Predictions made elsewhere."
AUTHOR = "To be filled in by the author."


@dataclass(frozen=True, slots=True)
class Entry:
    """A heading with its paragraph; ``open`` where only the author can know."""

    heading: str
    paragraph: str
    open: bool = False


def methods(run: RunFolder) -> tuple[Entry, ...]:
    """Return the methods, under the names of TRIPOD+AI.

    References
    ----------
    Collins et al., BMJ 385:e078378, 2024 (TRIPOD+AI).
    """
    lead = run.lead
    data, task = lead.metrics["data"], lead.metrics["task"]
    return (
        Entry(
            "Source of data",
            f"Dataset version {data['dataset_version']}, split {data['split_version']}. {_sources(run)}",
        ),
        Entry("Participants", f"Test set: {tested(run)}. Eligibility, settings and dates: {inside(AUTHOR)}", open=True),
        Entry(
            "Outcome", f"Task {task['name']}: classes {', '.join(task['classes'])}; positive = {positive_word(run)}."
        ),
        Entry("Predictors", _predictors(run), open=not _trained_here(run)),
        Entry("Sample size", f"All images of the split that the task keeps. {_limits(run)}"),
        Entry(
            "Missing data",
            "Images without a usable label are left out by the task and counted. "
            "Where an attribute is not recorded, the image forms a group of its own, which takes no part in gaps.",
        ),
        Entry("Analytical methods", _analysis(run)),
        Entry("Class imbalance", _imbalance(run), open=not _trained_here(run)),
        Entry(
            "Fairness",
            f"Looked at by {_attributes(run)}. One threshold for all groups. A group is called lower only where an "
            "interval that holds for all groups of its attribute at once excludes no difference.",
        ),
        Entry(
            "Model output",
            "A probability per class; thresholds are chosen on the validation set and carried over unchanged.",
        ),
        Entry("Training against evaluation", _separation(run), open=not _trained_here(run)),
        Entry("Ethical approval", AUTHOR, open=True),
    )


def _sources(run: RunFolder) -> str:
    names = sorted({row["level"] for row in run.lead.groups.values() if row["attribute"] == "source"} - {"(missing)"})
    words = f"Sources in the test set: {', '.join(names)}." if names else ""
    return f"{words} The images are drawn by a program and show no person.".strip() if is_synthetic(run) else words


def _trained_here(run: RunFolder) -> bool:
    """Tell whether the harness has run every model itself; `harness evaluate` knows predictions only."""
    return all(roles(model.facts).get("train") for model in run.models)


def _separation(run: RunFolder) -> str:
    shared = _patients_of_both(run)
    said = {
        None: "Whether validation and test share patients is unknown, as no patient ids are known.",
        0: "No patient is in both validation and test.",
    }.get(shared, f"{plural(shared, 'patient')} in both validation and test: the thresholds have seen them.")
    if _trained_here(run):
        return f"{said} The test set was predicted once, after training, by processes that had no test labels."
    return f"{said} {_ELSEWHERE} Whether training has seen images or patients of the test set: {inside(AUTHOR)}"


def _patients_of_both(run: RunFolder) -> int | None:
    rows = run.lead.predictions
    if rows.empty or rows["patient_id"].isna().all():
        return None
    parts = {role: set(part["patient_id"].dropna()) for role, part in rows.groupby("split")}
    return len(parts.get("val", set()) & parts.get("test", set()))


def _predictors(run: RunFolder) -> str:
    if not _trained_here(run):
        return f"{_ELSEWHERE} What the models were given: {inside(AUTHOR)}"
    given = {model.name: ", ".join(map(str, _list(model.facts, "metadata_columns"))) for model in run.models}
    said = [f"{name} was given {columns}" for name, columns in given.items() if columns]
    return f"Pixels; {'; '.join(said)}." if said else "Pixels only; no model saw metadata."


def _limits(run: RunFolder) -> str:
    raised = run.lead.metrics["settings"]["min_positives"]
    more = f", raised to {raised} positives by --min-positives" if raised > _USUAL_MIN_POSITIVES else ""
    return (
        "A metric of a group is given from 20 positives and 20 negatives of 10 patients each, marked \N{DAGGER} down "
        f"to half of that, and withheld below{more}."
    )


def _analysis(run: RunFolder) -> str:
    settings = run.lead.metrics["settings"]
    level = percent(settings["level"], digits=0)
    if not settings["n_resamples"]:
        return f"{level} intervals in closed form, by patient; other metrics have none. Models were not compared."
    return (
        f"{level} intervals from {count(settings['n_resamples'])} resamples of patients "
        f"(seed {settings['bootstrap_seed']}): logit-t for ROC-AUC and average precision, Korn-Graubard for "
        "proportions at a fixed threshold, patient-clustered sandwich for calibration slope and intercept, percentile "
        "otherwise. Models are compared on the same resamples. The randomness of training is not in the intervals. "
        f"Reference prevalence {percent(settings['reference_prevalence'])}."
    )


def _imbalance(run: RunFolder) -> str:
    if not _trained_here(run):
        return f"{_ELSEWHERE} What was done about it: {inside(AUTHOR)}"
    names = {model.name: str(model.facts.get("imbalance", "none")) for model in run.models}
    used = {name: how for name, how in names.items() if how != "none"}
    if not used:
        return "The harness did nothing about it: the loss weighs every image alike."
    return "; ".join(f"{name}: {how}" for name, how in used.items()) + "."


def _attributes(run: RunFolder) -> str:
    names = [inside(attribute_name(name)) for name in (*run.attributes, *run.pairs)]
    return ", ".join(names) if names else "no attribute"


def _list(facts: Facts, key: str) -> list[object]:
    found = facts.get(key)
    return list(found) if isinstance(found, list) else []


CHECKLIST = (
    ("TRIPOD+AI: source of data, participants", "Data; Methods"),
    ("TRIPOD+AI: outcome, predictors", "Methods"),
    ("TRIPOD+AI: sample size, missing data", "Data; Methods"),
    ("TRIPOD+AI: analytical methods, class imbalance", "Methods; Training"),
    ("TRIPOD+AI: fairness, heterogeneity between groups", "Groups"),
    ("TRIPOD+AI: model output", "Confusion matrices"),
    ("TRIPOD+AI: model performance with intervals", "Main results; Curves; Calibration"),
    ("TRIPOD+AI: open science", "Reproduce"),
    ("CLEAR Derm: data (image type, artifacts, skin tone, ground truth)", "Data; Groups; the dataset's own report"),
    ("CLEAR Derm: technique", "Methods; Training"),
    ("CLEAR Derm: technical assessment", "Main results; Groups; Worst errors"),
    ("CLEAR Derm: application", "Model card; by the author"),
)


def model_cards(run: RunFolder) -> tuple[tuple[str, tuple[Entry, ...]], ...]:
    """Return the name and the card of every model."""
    return tuple((model.name, model_card(run, model)) for model in run.models)


def model_card(run: RunFolder, model: Judged) -> tuple[Entry, ...]:
    """Return a model card for one model.

    References
    ----------
    Mitchell et al., Model Cards for Model Reporting, FAT* 2019.
    """
    facts = model.facts
    details = [f"{model.name}, seed {model.metrics['run']['seed']}"]
    details += [
        f"{readable(key)} {facts[key]}"
        for key in ("weights", "budget", "recipe_id", "parameters")
        if facts.get(key) is not None
    ]
    return (
        Entry("Model details", f"{', '.join(details)}."),
        Entry("Intended use", "Research. Not a medical device, and not to be used for decisions about a person."),
        Entry("Factors", f"Judged by {_attributes(run)}."),
        Entry(
            "Metrics",
            "ROC-AUC first; sensitivity at thresholds fixed on validation; calibration; net benefit. "
            "All with intervals by patient.",
        ),
        Entry("Evaluation data", f"{tested(run)}; split {model.metrics['data']['split_version']}."),
        Entry("Training data", _training_data(facts)),
        Entry("Quantitative analyses", "See Main results and Groups."),
        Entry("Ethical considerations", AUTHOR, open=True),
        Entry("Caveats", _caveats(run)),
    )


def _training_data(facts: Facts) -> str:
    part = roles(facts).get("train")
    if not part:
        return "Not recorded: the predictions were made elsewhere."
    images, patients = part.get("images"), part.get("patients")
    return (
        f"{plural(_int(images), 'image')} of {plural(_int(patients), 'patient')}, the training part of the same split."
    )


def _caveats(run: RunFolder) -> str:
    parts = ["One test set; a model chosen by looking at it will look better here than elsewhere."]
    if is_smoke(run):
        parts.insert(0, "A smoke run: the numbers prove the path, not the model.")
    if is_synthetic(run):
        parts.append("Synthetic images: nothing follows for patients.")
    return " ".join(parts)


def roles(facts: Facts) -> dict[str, Mapping[str, object]]:
    """Return the counts per role of the split as run.json has them, empty where it has none."""
    data = facts.get("data")
    found = data.get("roles") if isinstance(data, Mapping) else None
    return cast("dict[str, Mapping[str, object]]", dict(found)) if isinstance(found, Mapping) else {}


def _int(value: object) -> int | None:
    return value if isinstance(value, int) else None
