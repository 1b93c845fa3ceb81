"""`python -m twincell` is the command `twincell`."""

from __future__ import annotations

from twincell.cli import app

if __name__ == "__main__":
    app()
