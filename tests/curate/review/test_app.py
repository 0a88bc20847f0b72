"""`curate review` as a user types it: a real mongod, the real App, a real browser."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.app, pytest.mark.slow]

BIN = Path(sys.executable).parent
SAMPLES = 14


@dataclass(frozen=True)
class Reviewed:
    url: str
    lines: list[str]
    home: Path
    process: subprocess.Popen[str]


def curate(*words: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(BIN / "curate"), *words], env=env, capture_output=True, text=True, check=True)


def read_until_url(out: IO[str]) -> list[str]:
    lines: list[str] = []
    for line in out:
        lines.append(line.strip())
        if line.startswith("App: "):
            break
    return lines


@contextlib.contextmanager
def reviewing(folder: Path) -> Iterator[Reviewed]:
    home = folder / "home"
    home.mkdir()
    env = {name: value for name, value in os.environ.items() if not name.startswith(("FIFTYONE", "DERMACURATE"))}
    env["HOME"] = str(home)
    dataset = str(folder / "dataset")
    curate("ingest", "sample", "--into", dataset, "--limit", str(SAMPLES), env=env)
    words = [str(BIN / "curate"), "review", dataset, "--remote"]
    with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        lines = read_until_url(process.stdout)
        assert lines, "curate review ended without an address"
        assert lines[-1].startswith("App: "), lines
        yield Reviewed(lines[-1].removeprefix("App: "), lines, home, process)
        process.send_signal(signal.SIGINT)
        process.wait(30)


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviewed]:
    with reviewing(tmp_path_factory.mktemp("review")) as app:
        yield app


def test_the_grid_shows_every_sample_and_the_sidebar_our_fields(reviewed: Reviewed, browser: Browser) -> None:
    page = browser.new_context(viewport={"width": 1500, "height": 950}).new_page()
    said: list[str] = []
    # Fonts are the only thing that the App asks the network for; it has others of its own.
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.add_init_script("localStorage.setItem('fiftyone-enterprise-tooltip-seen', 'true')")
    page.goto(reviewed.url)
    page.wait_for_selector("[data-cy='fo-grid'] [data-cy='looker']", timeout=60_000)
    page.wait_for_function(
        f"document.querySelector('[data-cy=entry-counts]')?.innerText.includes('{SAMPLES}')", timeout=30_000
    )
    for field in ("diagnosis", "patient_id"):
        assert page.locator(f"[data-cy='sidebar-field-{field}']").count() == 1
    assert [line for line in said if "font" not in line.lower() and "ERR_" not in line] == []
    page.context.close()


def test_fiftyone_leaves_no_file_outside_our_cache(reviewed: Reviewed) -> None:
    files = {file.relative_to(reviewed.home).parts[:3] for file in reviewed.home.rglob("*") if file.is_file()}
    assert files
    assert all(parts[:2] == (".cache", "dermacurate") for parts in files), files


def test_the_end_of_the_command_is_the_end_of_its_database(tmp_path: Path) -> None:
    # A review of its own: the others share one, and the order of tests is random.
    with reviewing(tmp_path) as app:
        log = next(app.home.rglob("mongod.log"))
        assert len([line for line in processes() if str(log.parent) in line]) == 1
        app.process.send_signal(signal.SIGINT)
        assert app.process.wait(30) == 0
        assert [line for line in processes() if str(log.parent) in line] == []


def processes() -> list[str]:
    lines = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            lines.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            # It ended while we looked.
            continue
    return [line for line in lines if "mongod" in line.split(" ")[0]]
