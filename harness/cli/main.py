"""The command ``harness``: one line per command, errors into exit codes."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from harness.cli import COMMANDS
from schemas import __version__
from schemas.terminal import run_command

app = typer.Typer(
    name="harness",
    no_args_is_help=True,
    rich_markup_mode=None,
    # A traceback with local variables could print patient data.
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Train and judge skin-cancer classifiers beside a fixed baseline, for every subgroup.",
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"dermacurate {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    del version


for _name, _command in COMMANDS.items():
    app.command(name=_name)(_command)


def main() -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(run_command(app))
