"""`twincell inspect`: what was measured elsewhere; each command stands in its own file."""

from __future__ import annotations

import typer

from twincell.cli import inspect_bag, inspect_images, inspect_scan, inspect_spectra, inspect_stops

__all__ = ["app"]

app = typer.Typer(
    help="What was measured elsewhere: photographs, scans, bags, spectra, stops.",
    no_args_is_help=True,
)
inspect_images.register(app)
inspect_scan.register(app)
inspect_bag.register(app)
inspect_spectra.register(app)
inspect_stops.register(app)
