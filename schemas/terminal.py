"""What both command lines share at the terminal: errors into exit codes, and the progress bar on stderr."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator

from schemas.errors import UserError


@contextlib.contextmanager
def bar(title: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show a progress bar while a block runs; the value is called with the count done since the last call.

    Parameters
    ----------
    title : str
        What is being done.
    total : int, optional
        How many there are; None where nobody knows.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=total)
        yield lambda count: progress.advance(task, count)


def run_command(command: Callable[[], object]) -> int:
    """Run a command line and return its exit code; a `UserError` becomes one line on stderr.

    Parameters
    ----------
    command : callable
        A typer application: it parses ``sys.argv`` itself and ends with SystemExit.

    Raises
    ------
    Exception
        A bug keeps its traceback and ends with 1, as Python does it.
    """
    try:
        command()
    except UserError as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("Stopped. The same command goes on where it stood.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of a pipe went away (`curate table ... | head`): no fault, and nothing may be flushed any more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
