"""Run chapters in a changed form, a few at a time, and hear of each outcome as it comes."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode
from rich.console import Console
from rich.progress import Progress, TaskID

from tools.bars import bars
from tools.course import Course, CourseError
from tools.execute import execute
from tools.kernels import CELL_TIMEOUT
from tools.proofs import verdicts
from utils.claims import Settled

AT_A_TIME = 2
TIMEOUT = 3 * CELL_TIMEOUT
"""Older instructions take up to twice the time, and two runs share the processor."""
COMPILED, DIRECTORY = "TF_XLA_FLAGS", "--tf_xla_persistent_cache_directory"
NO_VARIABLES: Mapping[str, str] = {}


@dataclass
class Workshop:
    """Where runs take place, under one progress display.

    Runs with the same variables share what XLA compiles for them.
    """

    course: Course
    progress: Progress
    task: TaskID
    compiled: Path

    async def run(
        self, name: str, notebook: NotebookNode, variables: Mapping[str, str] = NO_VARIABLES
    ) -> dict[str, Settled]:
        """The verdicts of a notebook that is executed here; a CourseError says what it was."""
        folder = self.compiled / "-".join(["programs", *variables.values()]).replace("/", "-")
        environment = {COMPILED: f"{DIRECTORY}={folder}", **variables}
        self.progress.update(self.task, description=name)
        try:
            await execute(self.course, notebook, timeout=TIMEOUT, variables=environment)
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
    """Do all jobs, two at a time; returns what went wrong in any."""
    places = asyncio.Semaphore(AT_A_TIME)

    async def one(job: Job, workshop: Workshop) -> list[str]:
        async with places:
            return await job(workshop)

    async def together(compiled: Path) -> list[str]:
        with bars(Console(), "runs", needed=total > 0) as progress:
            task = progress.add_task("", total=total)
            workshop = Workshop(course, progress, task, compiled)
            failures = await asyncio.gather(*(one(job, workshop) for job in jobs))
        return [line for lines in failures for line in lines]

    with tempfile.TemporaryDirectory(prefix="xla-") as folder:
        return asyncio.run(together(Path(folder)))
