"""``harness check-plugin``: whether the harness can rely on a model."""

from __future__ import annotations

from typing import Annotated

import typer


def check_plugin(
    model: Annotated[str, typer.Argument(metavar="M", help="plugin:NAME, package.module:attr or file.py:attr.")],
) -> None:
    """Run a model through the conformance battery on drawn images; no dataset is needed.

    Example: harness check-plugin plugin:linear_probe
    """
    from harness.models.catalogue import resolve
    from harness.testing.command import check_by_name
    from schemas.errors import BarNotMet

    resolve(model)
    checks = check_by_name(model)
    for check in checks:
        typer.echo(f"{check.id} {check.status}: {check.remedy or check.title}")
    failed = [check.id for check in checks if check.status == "fail"]
    if failed:
        raise BarNotMet(f"{len(failed)} of {len(checks)} checks failed: {', '.join(failed)}", value=model)
