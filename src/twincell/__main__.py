"""`python -m twincell` is the command `twincell`."""

from twincell.cli import app

app()
