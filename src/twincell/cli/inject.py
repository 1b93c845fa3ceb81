"""`twincell inject`: something goes wrong in the running stack, now."""

from __future__ import annotations

from typing import Annotated

import typer

from twincell.cli.output import Json, emit

__all__ = ["register"]


def register(app: typer.Typer, panel: str) -> None:
    """Add the command to `app`."""
    app.command(rich_help_panel=panel)(inject)


def inject(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="E.g. arm_slow, rush_order.")],
    subject: Annotated[
        str, typer.Argument(metavar="SUBJECT", help="Order, blade, arm, sensor, or a word.")
    ],
    given: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="E.g. lasts='25 s'; may be given again."),
    ] = None,
    namespace: Annotated[str, typer.Option(help="ROS namespace of the stack.")] = "",
    wait: Annotated[
        float, typer.Option(min=0.1, help="How long to look for a stack, and for its answer [s].")
    ] = 10.0,
    json: Json = False,
) -> None:
    """Disrupt the shift of the running stack; the answer says what happened, or why not.

    docs/production.md lists the kinds with their subjects and parameters.
    """
    from twincell.errors import ProductionError, did_you_mean
    from twincell.stack.inject import inject as ask
    from twincell.world.disruptions import KINDS, named_values, read_parameters

    if kind not in KINDS:
        raise ProductionError(f"unknown disruption '{kind}'; {did_you_mean(kind, KINDS)}")
    try:
        parameters = named_values(given or [])
    except ValueError as fault:
        raise ProductionError(f"--set {fault}") from None
    try:
        # before anything is started: the orchestrator looks again, and knows subjects and time
        read_parameters(kind, parameters)
    except ValueError as fault:
        raise ProductionError(
            f"{kind} of '{subject}': {str(fault).replace('expected', 'valid:', 1)}"
        ) from None
    answer = ask(kind, subject, parameters, namespace, wait)
    if json:
        emit({"kind": kind, "subject": subject, "id": answer.id, "text": answer.text})
    else:
        typer.echo(answer.text)
