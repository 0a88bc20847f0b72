"""Help is quick because nothing heavy is imported for it."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from curate.cli import COMMANDS as CURATE
from harness.cli import COMMANDS as HARNESS

HEAVY = (
    "pandas",
    "torch",
    "fiftyone",
    "sklearn",
    "cleanlab",
    "deltalake",
    "pyarrow",
    "matplotlib",
    "rich.traceback",
    "cv2",
)
PROGRAMS = ("curate", "harness")
# The promise of the docs; a test on a machine under load measures processor time, not the clock.
HELP_SECONDS = 0.5


def processor_seconds(program: str) -> float:
    code = (
        "import resource, subprocess, sys;"
        "subprocess.run([sys.argv[1], '--help'], check=True, stdout=subprocess.DEVNULL);"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN); print(used.ru_utime + used.ru_stime)"
    )
    path = str(Path(sys.executable).with_name(program))
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    return float(done.stdout)


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_takes_under_half_a_second(program: str) -> None:
    best = HELP_SECONDS
    for _ in range(5):
        best = min(best, processor_seconds(program))
        if best < HELP_SECONDS:
            break
        time.sleep(0.2)
    assert best < HELP_SECONDS


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_imports_nothing_heavy(program: str) -> None:
    code = f"import sys, {program}.cli.main; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not [name for name in HEAVY if name in loaded]


@pytest.mark.parametrize(("program", "commands"), [("curate", CURATE), ("harness", HARNESS)])
def test_every_command_is_listed_and_has_help_with_an_example(program: str, commands: dict[str, object]) -> None:
    path = str(Path(sys.executable).with_name(program))
    listing = subprocess.run([path, "--help"], capture_output=True, text=True, check=True).stdout
    for name in commands:
        assert re.search(rf"^\s+{name}\s", listing, re.MULTILINE), f"{program} {name} is not listed"
        shown = subprocess.run([path, name, "--help"], capture_output=True, text=True, check=True).stdout
        assert f"{program} {name} " in shown.split("Options:")[0].split("\n", 2)[2], (
            f"{program} {name} shows no example"
        )


def test_an_unknown_command_ends_with_two_and_no_traceback() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("curate")), "chekc"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
