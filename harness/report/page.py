"""Writes the report: one HTML file that asks nothing from outside, the same as Markdown, and the figures as SVG."""

from __future__ import annotations

import os
import re
from importlib import resources
from pathlib import Path

import jinja2
from markupsafe import Markup

from harness.report.content import Report, compose
from harness.report.numbers import read_run

HTML_FILE = "report.html"
MARKDOWN_FILE = "report.md"
FIGURES_FOLDER = "figures"

_TEMPLATES = resources.files("harness.report") / "templates"


def write_report(path: Path) -> Path:
    """Write ``report.html``, ``report.md`` and ``figures/*.svg`` into a run folder; equal numbers give equal bytes.

    Parameters
    ----------
    path : Path
        Folder named by ``--out`` of `harness run` or `harness evaluate`.

    Returns
    -------
    Path
        The HTML file.

    Raises
    ------
    DataFault
        Where the folder holds no metrics.json, or one that cannot be read.
    Unavailable
        Where metrics.json was written by a newer version.
    """
    report = compose(read_run(path))
    folder = path / FIGURES_FOLDER
    folder.mkdir(exist_ok=True)
    for picture in report.pictures:
        _replace(folder / f"{picture.name}.svg", picture.svg)
    # Parts that are left out leave their blank lines behind.
    _replace(path / MARKDOWN_FILE, re.sub(r"\n{3,}", "\n\n", render(report, "report.md.j2")))
    _replace(path / HTML_FILE, render(report, "report.html.j2"))
    return path / HTML_FILE


def render(report: Report, template: str) -> str:
    """Return a page as text.

    Parameters
    ----------
    report : Report
        What `compose` gave.
    template : str
        Name of a file in ``templates``.
    """
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template),
        # Names of models, groups and files come from outside; only our own style, script and figures are let through.
        autoescape=jinja2.select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["markdown"] = _markdown
    parts = {name: Markup(_template(f"report.{name}")) for name in ("css", "js")}  # noqa: S704 - our own files
    return environment.get_template(template).render(report=report, **parts)


def _template(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _markdown(text: str) -> str:
    """Return text that stays text in a Markdown table."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("\n", " ")


def _replace(file: Path, text: str) -> None:
    draft = file.with_name(f".{file.name}.new")
    draft.write_text(text, encoding="utf-8")
    os.replace(draft, file)  # noqa: PTH105 - a reader sees the old page or the new one, never half of one
