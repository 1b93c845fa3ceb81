"""The command `twincell`: a table of contents of what can be done with a world file.

Nothing heavy is imported before a command runs, so that `--help` answers at once.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from twincell import __version__
from twincell.cli import (
    ariac,
    bag,
    bench,
    calibrate,
    demo,
    faults,
    inject,
    inspect,
    journal,
    kills,
    line,
    pod,
    schedule,
    shift,
    soak,
    stack,
    train,
    transfer,
    world,
)
from twincell.cli.output import fail
from twincell.errors import TwincellError

__all__ = ["app"]


_ORDER = (
    "world", "run", "report", "demo", "up", "inject", "faults", "kills", "soak", "bag", "inspect",
    "journal",
    "schedule", "reschedule", "line", "ariac", "pod", "calibrate", "bench", "train", "evaluate",
    "export", "transfer",
)  # fmt: skip


class _Commands(TyperGroup):
    """Commands in the order of the work; what a user caused ends in one message and code 2."""

    def list_commands(self, ctx: Any) -> list[str]:
        known = super().list_commands(ctx)
        return sorted(known, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except TwincellError as error:
            fail(str(error))
            raise typer.Exit(2) from None
        except OSError as error:
            if error.filename is None:  # no file of the user's: a broken pipe, a fault of ours
                raise
            fail(f"{error.filename}: {error.strerror}; valid: a place that can be read or written")
            raise typer.Exit(2) from None


app = typer.Typer(
    cls=_Commands,
    name="twincell",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"twincell {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Version, then end.")
    ] = False,
) -> None:
    """A robotic inspection cell and its digital twin.

    Results go to standard output, logs to standard error.

    Exit code 0: done as asked. 1: what was looked at is wrong. 2: it could not be done.
    """


app.add_typer(world.app, name="world", rich_help_panel="1. The cell")
shift.register(app, panel="2. The simulated shift, without ROS")
demo.register(app, panel="3. The ROS stack")
stack.register(app, panel="3. The ROS stack")
inject.register(app, panel="3. The ROS stack")
faults.register(app, panel="3. The ROS stack")
kills.register(app, panel="3. The ROS stack")
soak.register(app, panel="3. The ROS stack")
app.add_typer(bag.app, name="bag", rich_help_panel="4. What was recorded")
app.add_typer(inspect.app, name="inspect", rich_help_panel="4. What was recorded")
app.add_typer(journal.app, name="journal", rich_help_panel="4. What was recorded")
schedule.register(app, panel="5. Plans")
line.register(app, panel="5. Plans")
ariac.register(app, panel="5. Plans")
pod.register(app, panel="6. Studies")
calibrate.register(app, panel="6. Studies")
app.add_typer(bench.app, name="bench", rich_help_panel="6. Studies")
train.register(app, panel="7. Policies")
transfer.register(app, panel="7. Policies")
