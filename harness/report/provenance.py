"""Where the numbers come from: training, command lines, options, versions and hashes."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

import yaml

from harness.report.numbers import Facts, RunFolder
from harness.report.tables import Cell, Table
from harness.report.wording import count, number, readable

CONFIG = "config.yaml"

_TRAINING_FACTS = {
    "model": "Model",
    "budget": "Budget",
    "weights": "Starting weights",
    "recipe_id": "Recipe",
    "image_size_px": "Image side, px",
    "epochs": "Epochs",
    "chosen_epoch": "Chosen epoch",
    "ended": "Ended because",
    "seconds": "Seconds",
    "parameters": "Parameters",
    "peak_memory_mb": "Peak memory, MB",
    "device": "Device",
    "threads": "Threads",
    "seed": "Seed",
}


def training(run: RunFolder) -> tuple[Table, ...]:
    """Return how each model was trained, as far as run.json says it; empty for predictions made elsewhere."""
    models = [model for model in run.models if model.facts]
    rows = [
        (Cell(name), *(_fact_cell(model.facts.get(key)) for model in models))
        for key, name in _TRAINING_FACTS.items()
        if any(model.facts.get(key) is not None for model in models)
    ]
    return (Table("Training", ("", *(model.name for model in models)), tuple(rows)),) if rows else ()


def _fact_cell(value: object) -> Cell:
    if isinstance(value, float):
        return Cell(number(value, digits=1), kind="number")
    if isinstance(value, int):
        return Cell(count(value), kind="number")
    return Cell("" if value is None else str(value), kind="number")


def commands(run: RunFolder) -> tuple[tuple[str, str], ...]:
    """Return the command lines, each with the models that it made."""
    found: dict[str, list[str]] = {}
    for model in run.models:
        command = model.facts.get("command")
        if isinstance(command, list):
            found.setdefault(shlex.join(str(word) for word in command), []).append(model.name)
    return tuple((", ".join(names), words) for words, names in found.items())


def configs(run: RunFolder) -> tuple[tuple[str, str], ...]:
    """Return the options of each model, told once where models share them."""
    found: dict[str, list[str]] = {}
    for model in run.models:
        file = model.folder / CONFIG
        config = model.facts.get("config")
        if file.is_file():
            found.setdefault(file.read_text(encoding="utf-8").rstrip(), []).append(model.name)
        elif config:
            found.setdefault(yaml.safe_dump(config, allow_unicode=True).rstrip(), []).append(model.name)
    return tuple((", ".join(names), text) for text, names in found.items())


def versions(run: RunFolder) -> Table:
    """Return run names, hashes and package versions."""
    rows = [
        *((Cell(f"{model.name}: run"), Cell(model.metrics["run"]["run_id"])) for model in run.models),
        *(
            (Cell(f"{model.name}: predictions, SHA-256"), Cell(model.metrics["run"]["predictions_sha256"]))
            for model in run.models
        ),
        *((Cell(name), Cell(value)) for name, value in _packages(run.lead.facts).items()),
    ]
    return Table("Versions and hashes", ("What", "Value"), tuple(rows))


def _packages(facts: Facts) -> dict[str, str]:
    found = facts.get("packages")
    packages = {str(name): str(version) for name, version in found.items()} if isinstance(found, Mapping) else {}
    keys = ("config_hash", "split_sha256")
    return {**{readable(key): str(facts[key]) for key in keys if facts.get(key)}, **packages}
