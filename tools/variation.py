"""Run chapters in a changed form, a few at a time, and hear of each outcome as it comes."""

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from nbformat import NotebookNode
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tools.course import Course, CourseError
from tools.execute import execute
from tools.proofs import verdicts
from utils.claims import Settled

AT_A_TIME = 2
COMPILED = "TF_XLA_FLAGS"


@dataclass
class Workshop:
    """Where runs take place: two at a time, under one progress display."""

    course: Course
    progress: Progress
    task: int
    places: asyncio.Semaphore

    async def run(
        self, name: str, notebook: NotebookNode, variables: Mapping[str, str] | None = None
    ) -> dict[str, Settled]:
        """The verdicts of a notebook that is executed here; a CourseError says what it was."""
        async with self.places:
            self.progress.update(self.task, description=name)
            try:
                await execute(self.course, notebook, variables=variables or {})
            except CourseError as error:
                raise CourseError(f"{name} could not be run.\n{error}") from error
            finally:
                self.progress.advance(self.task)
        return verdicts(notebook)

    def say(self, line: str) -> None:
        """One line above the bar."""
        self.progress.console.print(line, highlight=False, markup=False, soft_wrap=True)


Job = Callable[[Workshop], Awaitable[list[str]]]
"""Something to be done in a workshop; returns what went wrong."""


def work(course: Course, jobs: Sequence[Job], total: int) -> list[str]:
    """Do all jobs; returns what went wrong in any."""

    async def together() -> list[str]:
        console = Console()
        columns = (
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("runs"),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
        )
        shown = Progress(*columns, console=console, disable=not (total and console.is_terminal))
        with shown as progress:
            workshop = Workshop(
                course, progress, progress.add_task("", total=total), asyncio.Semaphore(AT_A_TIME)
            )
            failures = await asyncio.gather(*(job(workshop) for job in jobs))
        return [line for lines in failures for line in lines]

    with compiled_once():
        return asyncio.run(together())


@contextmanager
def compiled_once() -> Iterator[None]:
    """Let all kernels started meanwhile share what XLA compiles."""
    if COMPILED in os.environ:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="xla-") as folder:
        os.environ[COMPILED] = f"--tf_xla_persistent_cache_directory={folder}"
        try:
            yield
        finally:
            del os.environ[COMPILED]
