"""Measure what takes longer than a page may (`make studies`), in blocks of seeds.

Each block is stored as it comes, so that whatever happens later loses no other, and what was
measured with today's code is not measured again. joblib hands the blocks out: to processes of this
machine, or with BACKEND=dask or BACKEND=ray to the workers of the cluster at ADDRESS.
"""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from importlib.util import find_spec
from typing import Any

import joblib
from rich.console import Console
from rich.progress import TimeRemainingColumn

from tools.bars import bars
from tools.course import HERE, Course, CourseError
from tools.kernels import environment, threads
from tools.study_blocks import Block, Measured, blocks, end_with, measure, store
from tools.study_code import Declared, declarations, progress, with_studies
from utils import claims


def make_studies(
    course: Course, only: str, backend: str, address: str, shift: int = 0
) -> Iterator[str]:
    """Measure what is missing of the studies named, or of all; says what goes wrong, as it does.

    shift: by how much their seeds are moved; then nothing reaches the book.
    """
    missing: list[Block] = []
    try:
        with alone(course):
            found = chosen(course, only)
            for declared in found:
                seeds, useless = progress(course, declared, shift)
                if not seeds and not useless:
                    print(f"{declared.full}: up to date")
                elif problems := unfrozen(course, declared.slug):
                    yield "\n".join([f"{declared.full} is not measured yet:", *problems])
                else:
                    missing += blocks(course, declared, seeds, shift)
            if missing:
                yield from work(course, missing, setting(backend, address, len(missing)))
            for declared in found:
                seeds, useless = progress(course, declared, shift)
                for path in useless if not seeds else ():
                    path.unlink()
                    path.with_suffix(".npz").unlink(missing_ok=True)
    except CourseError as error:
        yield str(error)


@contextmanager
def alone(course: Course) -> Iterator[None]:
    """Refuse a second run beside this one: it would measure the same blocks again."""
    path = course.root / "_build" / "studies.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CourseError("Another make studies is at work here: wait for it") from None
        yield


def chosen(course: Course, only: str) -> list[Declared]:
    """The studies named, as `chapter/study` or all of a chapter; all where none is."""
    names = {name.strip() for name in only.split(",") if name.strip()}
    slugs = {name.partition("/")[0] for name in names} or with_studies(course)
    there = [slug for slug in with_studies(course) if slug in slugs]
    known = [declared for slug in there for declared in declarations(course, slug)]
    if unknown := names - {name for one in known for name in (one.slug, one.full)}:
        others = ", ".join(one.full for one in known) or ", ".join(with_studies(course)) or "none"
        raise CourseError(f"There is no study {', '.join(sorted(unknown))}; there are: {others}")
    return [one for one in known if not names or names & {one.slug, one.full}]


def unfrozen(course: Course, slug: str) -> list[str]:
    """Why a chapter's studies must not be measured yet: plans come first."""
    sources = course.root / "sources"
    own = (claim for claim in claims.load(sources).of(slug) if claim.settle_by == "experiment")
    return [problem for claim in own if (problem := claims.frozen(claim, sources))]


# --- running -------------------------------------------------------------------------------------


def setting(backend: str, address: str, count: int) -> dict[str, Any]:
    """What joblib is told: where so many blocks are measured."""
    if not backend:
        cores = joblib.cpu_count()
        together = min(cores, count)
        os.environ.update(threads(cores // together))
        with_us = {"initializer": end_with, "initargs": (os.getpid(),)}
        return {"backend": "loky", "n_jobs": together, **with_us}
    if backend not in ("dask", "ray") or not address:
        raise CourseError(
            f"BACKEND is {backend!r} and ADDRESS {address!r}; expected dask or ray, and host:port"
        )
    if backend == "dask":
        return {"backend": "dask", "n_jobs": -1, "scheduler_host": address}
    if find_spec("ray") is None:
        raise CourseError("Ray is not installed here: .venv/bin/python -m pip install ray")
    import ray
    from ray.util.joblib import register_ray

    ray.init(address)
    register_ray()
    return {"backend": "ray", "n_jobs": -1}


def work(course: Course, missing: list[Block], where: dict[str, Any]) -> Iterator[str]:
    """Measure blocks and store each as it comes; says what goes wrong."""
    with bars(Console(), "blocks", TimeRemainingColumn(), needed=True) as bar:
        task = bar.add_task("", total=len(missing))
        bar.advance(task, 0)  # where its estimate of the time begins
        try:
            for block, found, cores in measured(missing, where):
                bar.advance(task)
                if isinstance(found, str):
                    yield (
                        f"{block} could not be measured:\n{found}\nThe other blocks are stored. "
                        "make studies goes on; with other code it begins anew."
                    )
                else:
                    # Blocks that ran side by side share the time.
                    seconds = round(found["seconds"] / min(cores, len(missing)), 1)
                    how = {"seconds": seconds, "cores": cores, "date": date.today().isoformat()}
                    store(course, block, {**found, **how})
                    print(f"{block}: measured", flush=True)
        except Exception as error:  # each backend has its own for a worker that dies
            yield (
                f"The run broke off ({type(error).__name__}: {error}). What was measured is "
                "stored: make studies goes on."
            )


def measured(
    missing: list[Block], where: dict[str, Any]
) -> Iterator[tuple[Block, Measured | str, int]]:
    """Blocks as they are done, in any order, with the number of cores that shared the work."""
    with joblib.parallel_config(**where):
        cores = joblib.effective_n_jobs(-1)
        # Ray hands nothing back before all is done: in rounds.
        ray = where["backend"] == "ray"
        form, most = ("list", cores) if ray else ("generator_unordered", len(missing))
        for first in range(0, len(missing), most):
            jobs = map(joblib.delayed(measure), missing[first : first + most])
            for block, found in joblib.Parallel(batch_size=1, return_as=form)(jobs):
                yield block, found, cores


if __name__ == "__main__":
    os.environ.update(environment(HERE))
    only, backend, address = (os.environ.get(name, "") for name in ("CH", "BACKEND", "ADDRESS"))
    moved = int(os.environ.get("SHIFT", "0"))  # for `make fresh`, which knows what is far enough
    status = 0
    try:
        for failure in make_studies(HERE, only, backend, address, moved):
            print(f"\n{failure}", file=sys.stderr)
            status = 1
    except KeyboardInterrupt:
        print("\nInterrupted: what was measured is stored; make studies goes on.", file=sys.stderr)
        status = 130
    sys.exit(status)
