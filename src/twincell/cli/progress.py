"""Progress on standard error, where that is a terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from twincell.cli.output import say

__all__ = ["bar", "counted", "shift_progress"]


@contextmanager
def shift_progress() -> Iterator[Callable[[float, int, int], None]]:
    """A function that shows simulation time [s], blades done and blades in all on one line."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _silent
        return
    with console.status("starting") as status:
        yield lambda time, done, blades: status.update(
            f"{time:6.1f} s of the shift, {done} of {blades} blades done"
        )


def _silent(_time: float, _done: int, _blades: int) -> None:
    """No terminal, no progress."""


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar with the time that is left; the function takes how many are done, and of how many."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def counted(what: str) -> Iterator[Callable[[object, str], None]]:
    """A bar that goes on with lines of a log that begin as `3 of 8` or `case 3 of 8`.

    The function takes who wrote a line, and the line, which is shown.
    """
    with bar(what) as show:

        def hear(_writer: object, line: str) -> None:
            found = re.match(r"(?:case )?(\d+) of (\d+)\b", line)
            if found is not None:
                show(int(found[1]), int(found[2]))
            say(line)

        yield hear
