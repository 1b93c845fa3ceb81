"""`twincell inspect`: the sub-app; each command stands in its own file."""

from __future__ import annotations

import typer

from twincell.cli import inspect_images

__all__ = ["app"]

app = typer.Typer(help="Inspect photographs and recordings.", no_args_is_help=True)


@app.callback()
def main() -> None:
    """Inspect photographs and recordings."""


inspect_images.register(app)
