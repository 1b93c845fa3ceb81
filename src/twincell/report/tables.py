"""The same tables on the console."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from twincell.cell.result import RunResult
from twincell.report import facts

__all__ = ["print_tables", "print_words", "wide_console"]


def print_tables(result: RunResult, console: Console | None = None) -> None:
    """Print what a shift gave: headline, blades, anomalies, stops, plans, orders.

    Args:
        result: the run.
        console: where to; standard output by default.
    """
    out = console or wide_console()
    for table in (
        facts.blades(result),
        facts.anomalies(result),
        facts.stops(result),
        facts.plans(result),
        facts.orders(result),
    ):
        if table.rows:
            print_words(table, out)
    summary = RichTable.grid(padding=(0, 2))
    for what, value, remark in facts.headline(result):
        summary.add_row(Text(what, "dim"), Text(value, "bold"), Text(remark, "dim"))
    out.print(summary)
    out.print(Text(f"world {result.world}, seed {result.seed}, hash {result.hash[:16]}", "dim"))


def print_words(table: facts.Table, console: Console) -> None:
    """Print one table; rows of what went wrong are red."""
    drawn = RichTable(
        title=table.title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        header_style="dim",
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for i, head in enumerate(table.heads):
        drawn.add_column(
            Text(head), justify="right" if i in table.right else "left", overflow="fold"
        )
    for row, bad in zip(table.rows, table.bad, strict=True):
        drawn.add_row(*map(Text, row), style="red" if bad else None)
    console.print(drawn)


def wide_console() -> Console:
    """Standard output; 110 columns where it is no terminal, so that files keep whole words."""
    console = Console()
    return console if console.is_terminal else Console(width=110)
