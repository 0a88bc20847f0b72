"""`curate review`: the FiftyOne App on a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def review(
    dataset: Annotated[Path, typer.Argument(help="Folder of the dataset.")],
    kind: Annotated[str | None, typer.Option(help="Open with the samples that carry a finding of this kind.")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the App; a free one where it is not free.")] = None,
    remote: Annotated[bool, typer.Option("--remote", help="Open no browser; print the ssh line instead.")] = False,
    at: Annotated[int | None, typer.Option(help="Show an older version.")] = None,
) -> None:
    """Look at samples and findings in the FiftyOne App.

    The App listens on 127.0.0.1 only: it has no login and gives out any file that you may read. What is edited or
    deleted there is a projection; the dataset stays as it is and the next review shows it again.

    Example: curate review demo/dataset --kind same_lesion
    """
    import socket
    import webbrowser

    from curate.dataset import load_dataset
    from curate.review.app import opened, wait

    typer.echo("Starting the database and the App; the first start takes half a minute ...", err=True)
    with opened(load_dataset(dataset, at), kind=kind, port=port) as app:
        wrote = app.changes
        typer.echo(
            f"{app.samples} samples: {wrote.added} new, {wrote.changed} changed, {wrote.removed} taken out of the App"
        )
        typer.echo(f"Saved views: {', '.join(app.kinds) or 'none; run `curate check` first'}")
        typer.echo(f"App: {app.url}")
        if remote:
            where = app.url.split("/")[2]
            typer.echo(f"From your machine: ssh -N -L {where.rsplit(':', 1)[-1]}:{where} {socket.getfqdn()}")
        else:
            webbrowser.open(app.url)
        typer.echo("Ctrl-C ends the review.", err=True)
        wait()
