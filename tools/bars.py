"""The progress bar of what takes minutes: how many are done, for how long, and which."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

HOURS = 24 * 3600.0


def bars(console: Console, unit: str, *more: ProgressColumn, needed: bool) -> Progress:
    """A display of rows that count something; silent where nobody watches or nothing is to do."""
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeElapsedColumn(), *more)
    return Progress(
        *columns,
        TextColumn("{task.description}"),
        console=console,
        disable=not (needed and console.is_terminal),
        speed_estimate_period=HOURS,
    )
