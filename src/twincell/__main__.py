"""`python -m twincell` is the command `twincell`."""

from twincell.cli import app
from twincell.cli.streams import settle_streams

__all__ = ["main"]


def main() -> None:
    """The command."""
    settle_streams()
    app()


if __name__ == "__main__":
    main()
