"""Figures as SVG text: equal bytes for equal numbers, colors that follow the page, words for a screen reader."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

INK, MUTED, LINE, PAPER = "#22272e", "#68727f", "#d5d9df", "#fefefd"
# Okabe and Ito's palette, gray for the baseline: told apart with every common color vision, and each has its marker.
PALETTE = ("#66717e", "#0072b2", "#d55e00", "#009e73", "#aa4499")
MARKERS = ("s", "o", "^", "D", "v")
DASHES = ("--", "-", "-.", ":", (0, (5, 1)))
_VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    LINE: "line",
    PAPER: "paper",
    **{color: f"c{place}" for place, color in enumerate(PALETTE)},
}

WIDTH_INCHES = 4.0

_STYLE: dict[RcKeyType, object] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "dermacurate",
    # Ships with matplotlib, so that text takes the same room on every machine; the page sets its own face.
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "lines.linewidth": 1.4,
    "lines.markersize": 4.5,
    "legend.frameon": False,
    "legend.handlelength": 2.4,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure of the report.

    Parameters
    ----------
    name : str
        File name without ending.
    title, summary : str
        What it shows, and what is to be seen in it, in words.
    svg : str
        A whole SVG file.
    """

    name: str
    title: str
    summary: str
    svg: str

    @property
    def inline(self) -> str:
        """The same SVG as a part of an HTML page: names made unique, colors taken from the page."""
        text = self.svg[self.svg.index("<svg") :]
        text = re.sub(r"<style.*?</style>", "", text, flags=re.DOTALL)
        used = set(re.findall(r'(?:url\(|href=")#([\w-]+)', text)) | {f"{self.name}-title", f"{self.name}-desc"}
        text = re.sub(r' id="([\w.-]+)"', lambda found: found[0] if found[1] in used else "", text)
        for name in sorted(used - {f"{self.name}-title", f"{self.name}-desc"}):
            text = re.sub(rf'(id="|url\(#|href="#){re.escape(name)}\b', rf"\g<1>{self.name}-{name}", text)
        for color, variable in _VARIABLES.items():
            text = text.replace(color, f"var(--{variable}, {color})")
        return text


@contextmanager
def canvas(*, height_inches: float, width_inches: float = WIDTH_INCHES) -> Iterator[Figure]:
    """Give an empty figure in the style of the report, whatever the user's matplotlibrc says."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield Figure(figsize=(width_inches, height_inches))


def picture(figure: Figure, name: str, title: str, summary: str) -> Picture:
    """Write a figure as SVG, without date and with a title and a description.

    Must be called inside `canvas`: the style decides how text is written.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    head = (
        f'role="img" aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(summary)}</desc>'
    )
    text = re.sub(r"<metadata>.*?</metadata>", "", buffer.getvalue(), flags=re.DOTALL)
    text = re.sub(
        r'(<svg[^>]*?) width="[^"]*"', r"\1", re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1), count=1
    )
    text = re.sub(r"(<svg[^>]*?)>", lambda found: f"{found[1]} {head}", text, count=1)
    return Picture(name, title, summary, re.sub(r"[ \t]+\n", "\n", text))
