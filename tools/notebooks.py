"""Write the chapters' notebooks from their sources (`make notebooks`).

A chapter is executed only where its outputs are stale; edited prose is carried over without a run.
A notebook is written in one step and only after its last cell, so that whatever happens before
leaves the stored one as it was.
"""

import asyncio
import difflib
import os
import sys
from dataclasses import dataclass

from nbformat import NotebookNode
from rich.console import Console
from rich.progress import Progress

from tools import cards, curves, labs, picture
from tools.bars import bars
from tools.course import HERE, Course, CourseError, read_notebook, read_source, write_notebook
from tools.execute import execute, rounded, versions
from tools.freeze import refuse_unfrozen
from tools.normalize import normalize
from tools.opening import stamp_source
from tools.sources import adopt_outputs, check_source, code_cells
from tools.staleness import is_stale, source_hash

AT_A_TIME = 2


@dataclass(frozen=True)
class Job:
    """A chapter to be written: its cells without outputs, and the notebook that it replaces."""

    slug: str
    notebook: NotebookNode
    hash: str
    stored: NotebookNode | None

    @property
    def stale(self) -> bool:
        """Whether it has to be executed."""
        return is_stale(self.notebook, self.stored, self.hash)


def prepare(course: Course, slug: str) -> Job:
    """Read and check a source; its opening cell is filled in on the way."""
    path = course.source(slug)
    stamp_source(path, course.address)
    notebook = read_source(path)
    check_source(notebook, path.name)
    try:
        stored = read_notebook(course.chapter(slug)) if course.chapter(slug).exists() else None
    except CourseError:
        stored = None  # a merge conflict: written anew
    return Job(slug, notebook, source_hash(course, notebook), stored)


def carry_over(course: Course, job: Job) -> bool:
    """Bring a chapter whose outputs are good up to its source; False where nothing changed."""
    assert job.stored is not None
    adopt_outputs(job.notebook, job.stored)
    cards.redraw(course, job.notebook)
    normalize(job.notebook)
    return write_notebook(job.notebook, course.chapter(job.slug))


async def run(course: Course, job: Job, progress: Progress, limit: asyncio.Semaphore) -> str | None:
    """Execute and write one chapter; returns what went wrong, shown to its author."""
    async with limit:
        total = len(code_cells(job.notebook))
        task = progress.add_task(job.slug, total=total)
        try:
            seconds = await execute(
                course, job.notebook, on_cell=lambda index: progress.advance(task)
            )
        except CourseError as error:
            return f"{job.slug} failed; its stored notebook is as it was.\n{error}"
    before = job.stored.metadata.get("course", {}).get("seconds") if job.stored else None
    job.notebook.metadata["course"] = {
        "source_hash": job.hash,
        "seconds": rounded(seconds, before),
        "versions": versions(),
    }
    kept = curves.take(job.notebook)
    cards.redraw(course, job.notebook)
    said = "".join(normalize(job.notebook)).strip()
    write_notebook(job.notebook, course.chapter(job.slug))
    curves.store(course, job.slug, kept)
    progress.console.print(f"{job.slug}: executed in {seconds:.0f} s", highlight=False)
    if said:
        progress.console.print(f"{job.slug} wrote to stderr, which is not stored:", style="yellow")
        progress.console.print(said, highlight=False, markup=False, soft_wrap=True)
    return None


def make_notebooks(course: Course, only: str = "", everything: bool = False) -> int:
    """Write every chapter that needs it, or the one named; returns the exit status."""
    console = Console()
    chosen = [slug.strip() for slug in only.split(",") if slug.strip()] or course.slugs
    failures, stale = [], []
    for slug in chosen:
        try:
            if slug not in course.slugs:
                raise CourseError(unknown_slug(course, slug))
            job = prepare(course, slug)
            if job.stale or everything:
                refuse_unfrozen(course, job.notebook)
                stale.append(job)
            elif carry_over(course, job):
                console.print(f"{slug}: text updated, outputs kept", highlight=False)
            else:
                console.print(f"{slug}: up to date", highlight=False)
        except CourseError as error:
            failures.append(str(error))
    failures += asyncio.run(run_all(course, stale, console))
    for slug in course.slugs:
        labs.refresh(course, slug)
    picture.refresh(course)
    for failure in failures:
        # The traceback brings its own colors.
        print(f"\n{failure}", file=sys.stderr)
    return 1 if failures else 0


async def run_all(course: Course, jobs: list[Job], console: Console) -> list[str]:
    """Execute the jobs, a few at a time, under one progress display."""
    limit = asyncio.Semaphore(AT_A_TIME)
    with bars(console, "cells", needed=bool(jobs)) as bar:
        results = await asyncio.gather(*(run(course, job, bar, limit) for job in jobs))
    return [failure for failure in results if failure]


def unknown_slug(course: Course, slug: str) -> str:
    """The message for a chapter that does not exist, with its nearest names."""
    near = difflib.get_close_matches(slug, course.slugs, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(course.slugs)}"
    return f"There is no sources/{slug}/chapter.md; {hint}"


if __name__ == "__main__":
    try:
        status = make_notebooks(HERE, os.environ.get("CH", ""), bool(os.environ.get("ALL")))
    except KeyboardInterrupt:
        print("\nInterrupted: unfinished chapters are as they were.", file=sys.stderr)
        status = 130
    sys.exit(status)
