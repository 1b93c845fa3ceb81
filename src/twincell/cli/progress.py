"""Progress of a shift on standard error, where that is a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["shift_progress"]


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
