"""``curate split``: assign rows to train, val and test, or to folds, without cutting a group."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def split(
    dataset: Annotated[Path, typer.Argument(help="Folder of the dataset.")],
    name: Annotated[str, typer.Option(help="Name of the split.")],
    fractions: Annotated[str | None, typer.Option(help="Shares of train,val,test, or of train,test.")] = None,
    folds: Annotated[int | None, typer.Option(help="Equal folds instead.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed gives another split.")] = 0,
    balance: Annotated[
        str, typer.Option(help="What is balanced: diagnosis always, then these.")
    ] = "diagnosis,source,skin_tone,sex,age_band,device",
    view: Annotated[
        Literal["raw", "curated"], typer.Option(help="Rows and labels as recorded, or as decided.")
    ] = "curated",
    force: Annotated[bool, typer.Option("--force", help="Assign everything anew where the split exists.")] = False,
    form: Annotated[Literal["table", "csv", "json"], typer.Option("--format", help="How to print.")] = "table",
) -> None:
    """Split a dataset so that no patient, lesion or copy is on two sides, with classes as even as whole groups allow.

    A split of this name that was made with the same options is filled with new rows; what it holds keeps its part.

    Example: curate split DATASET --name default --fractions 0.6,0.2,0.2 --seed 0
    """
    from curate.dataset import load_dataset
    from curate.splits import plan_folds, plan_fractions, split_dataset
    from schemas.errors import UserError
    from schemas.listing import show

    if (fractions is None) == (folds is None):
        raise typer.BadParameter("Give either --fractions or --folds.")
    balanced = [part.strip() for part in balance.split(",") if part.strip()]
    if folds is not None:
        plan = plan_folds(name, folds, seed=seed, balance=balanced)
    else:
        try:
            shares = [float(share) for share in str(fractions).split(",")]
        except ValueError as error:
            raise UserError("is not a list of shares", value=fractions, remedy="Give numbers: 0.6,0.2,0.2.") from error
        plan = plan_fractions(name, shares, seed=seed, balance=balanced)
    arguments = {"name": name, "fractions": fractions, "folds": folds, "seed": seed, "balance": balance, "view": view}
    outcome = split_dataset(load_dataset(dataset), plan, curated=view == "curated", force=force, arguments=arguments)
    if form == "table":
        show(outcome.sizes, title=f"split {name}")
    show(outcome.summary, form=form, title=f"largest deviation of a diagnosis: {outcome.worst_deviation:.4f}")
    for note in outcome.notes:
        typer.echo(f"Note: {note}", err=True)
    done = "Written as" if outcome.written else "Nothing new; it stands in"
    follow = f"{name}/0" if folds else name
    typer.echo(
        f"{done} version {outcome.version}. "
        f"Next: harness run --data {dataset} --split {follow} --task malignant --out RUN",
        err=form != "table",
    )
