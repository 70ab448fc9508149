"""Measure what takes longer than a page may (`make studies`), in blocks of seeds.

Each block is stored as it comes, so that whatever happens later loses no other, and what was
measured with today's code is not measured again. joblib hands the blocks out: to processes of this
machine, or with BACKEND=dask or BACKEND=ray to the workers of the cluster at ADDRESS.
"""

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import joblib
import numpy as np
from rich.console import Console
from rich.progress import TimeRemainingColumn

from tools.bars import bars
from tools.course import HERE, Course, CourseError, write_text
from tools.kernels import environment
from tools.study_blocks import (
    Block,
    Failure,
    Measured,
    blocks,
    end_with,
    measure,
    store,
    stored,
)
from tools.study_code import Declared, declarations, result, stale, with_studies
from utils import claims

THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


def make_studies(course: Course, only: str, study: str, backend: str, address: str) -> int:
    """Measure what is missing of the studies named, or of all; returns the exit status."""
    failures: list[str] = []
    missing: list[Block] = []
    try:
        for declared in chosen(course, only, study):
            try:
                missing += unmeasured(course, declared)
            except CourseError as error:
                failures.append(str(error))
        if missing:
            failures += work(course, missing, setting(backend, address, len(missing)))
    except CourseError as error:
        failures.append(str(error))
    for failure in failures:
        print(f"\n{failure}", file=sys.stderr)
    return 1 if failures else 0


def chosen(course: Course, only: str, study: str) -> list[Declared]:
    """The studies of the chapters named, or of all; of one name, if one is named."""
    there = with_studies(course)
    slugs = [slug.strip() for slug in only.split(",") if slug.strip()] or there
    for slug in slugs:
        if slug not in there:
            has = f"there are those of {', '.join(there)}" if there else "no chapter has any yet"
            raise CourseError(f"There is no sources/{slug}/studies.py; {has}")
    known = [declared for slug in slugs for declared in declarations(course, slug)]
    found = [declared for declared in known if study in ("", declared.name)]
    if study and not found:
        names = ", ".join(declared.full for declared in known)
        raise CourseError(f"There is no study {study!r}; there are: {names}")
    return found


def unmeasured(course: Course, declared: Declared) -> list[Block]:
    """The blocks that a study lacks; a CourseError where it must not be measured yet."""
    if stale(course, declared) is None:
        print(f"{declared.full}: up to date")
        return []
    sources = course.root / "sources"
    own = (c for c in claims.load(sources).of(declared.slug) if c.settle_by == "experiment")
    if problems := [problem for claim in own if (problem := claims.frozen(claim, sources))]:
        raise CourseError("\n".join([f"{declared.full} is not measured yet:", *problems]))
    missing = [block for block in blocks(course, declared) if stored(course, block) is None]
    if not missing:
        finish(course, declared)
    return missing


# --- running -------------------------------------------------------------------------------------


def setting(backend: str, address: str, count: int) -> dict[str, Any]:
    """What joblib is told: where so many blocks are measured.

    A process for each core with one thread of TensorFlow's is faster than its threads are: the
    small nets of a population leave them idle. Fewer blocks than cores get the threads.
    """
    if not backend:
        cores = joblib.cpu_count()
        together = min(cores, count)
        os.environ.update(dict.fromkeys(THREADS, str(cores // together)))
        with_us = {"initializer": end_with, "initargs": (os.getpid(),)}
        return {"backend": "loky", "n_jobs": together, **with_us}
    if backend not in ("dask", "ray"):
        raise CourseError(f"BACKEND is {backend!r}; expected dask or ray, or none for processes")
    if not address:
        raise CourseError(f"BACKEND={backend} lacks its cluster's ADDRESS=host:port")
    if backend == "dask":
        return {"backend": "dask", "n_jobs": -1, "scheduler_host": address}
    try:
        import ray
        from ray.util.joblib import register_ray
    except ImportError:
        raise CourseError(
            "Ray is not installed here: .venv/bin/python -m pip install ray"
        ) from None
    ray.init(address)
    register_ray()
    return {"backend": "ray", "n_jobs": -1}


def work(course: Course, missing: list[Block], where: dict[str, Any]) -> list[str]:
    """Measure blocks, store each as it comes, finish studies; returns what went wrong."""
    failures = []
    console = Console()
    with bars(console, "blocks", TimeRemainingColumn(), needed=True) as progress:
        task = progress.add_task(missing[0].declared.full, total=len(missing))
        progress.advance(task, 0)  # where its estimate of the time begins
        begin = time.monotonic()
        try:
            for block, found, cores in measured(missing, where):
                now = time.monotonic()
                progress.update(task, advance=1, description=str(block))
                if isinstance(found, Failure):
                    failures.append(
                        f"{block} could not be measured:\n{found.said}\nThe other blocks are "
                        f"stored. {block.declared.command} goes on; with other code it begins anew."
                    )
                else:
                    today = date.today().isoformat()
                    found |= {"seconds": now - begin, "cores": cores, "date": today}
                    store(course, block, found)
                    if not console.is_terminal:
                        print(f"{block}: measured", flush=True)
                    try:
                        finish(course, block.declared)
                    except CourseError as error:
                        failures.append(str(error))
                begin = now
        except Exception as error:  # each backend has its own for a worker that dies
            failures.append(
                f"The run broke off ({type(error).__name__}: {error}). What was measured is "
                "stored: make studies goes on."
            )
    return failures


def measured(
    missing: list[Block], where: dict[str, Any]
) -> Iterator[tuple[Block, Measured | Failure, int]]:
    """Blocks as they are done, in any order, with the number of cores that shared the work."""
    with joblib.parallel_config(**where):
        cores = joblib.effective_n_jobs(-1)
        jobs = [joblib.delayed(measure)(block) for block in missing]
        if where["backend"] == "ray":  # which hands nothing back before all is done: in rounds
            done = (
                pair
                for first in range(0, len(jobs), cores)
                for pair in joblib.Parallel(batch_size=1)(jobs[first : first + cores])
            )
        else:
            done = joblib.Parallel(batch_size=1, return_as="generator_unordered")(jobs)
        for block, found in done:
            yield block, found, cores


# --- the result ----------------------------------------------------------------------------------


def finish(course: Course, declared: Declared) -> None:
    """Write the result of a study if all of its blocks are there."""
    whole = blocks(course, declared)
    parts = [part for block in whole if (part := stored(course, block)) is not None]
    if len(parts) == len(whole):
        path = result(course, declared)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(assembled(declared, parts, whole[0].versions), path)
        print(f"{declared.full}: measured, in studies/{declared.full}.json")


def assembled(declared: Declared, parts: list[Measured], made_with: Mapping[str, str]) -> str:
    """The text of a result."""
    shapes = {
        tuple((name, np.shape(found)[1:]) for name, found in part["values"].items())
        for part in parts
    }
    if len(shapes) > 1:
        raise CourseError(
            f"{declared.full} returned other names or shapes for some seeds than for others: "
            f"{' and '.join(map(str, shapes))}"
        )
    values = {
        name: [number for part in parts for number in part["values"][name]]
        for name in parts[0]["values"]
    }
    head = {
        "code": declared.code,
        "seeds": list(declared.study.seeds),
        "seconds": round(sum(part["seconds"] for part in parts)),
        "cores": sorted({part["cores"] for part in parts}),
        "processors": sorted({part["processor"] for part in parts}),
        "date": max(part["date"] for part in parts),
        "versions": dict(made_with),
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    rows = [
        f"{json.dumps(name)}: {json.dumps(found, allow_nan=False)}"
        for name, found in values.items()
    ]
    lines.append('"values": {\n' + ",\n".join(rows) + "\n}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    os.environ.update(environment(HERE))
    given = [os.environ.get(name, "") for name in ("CH", "STUDY", "BACKEND", "ADDRESS")]
    try:
        status = make_studies(HERE, *given)
    except KeyboardInterrupt:
        print("\nInterrupted: what was measured is stored; make studies goes on.", file=sys.stderr)
        status = 130
    sys.exit(status)
