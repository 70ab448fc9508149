"""One block of a study: measured by a worker, which may be on another machine, and stored."""

import hashlib
import importlib.util
import json
import math
import os
import platform
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from tools.course import HERE, Course, CourseError, write_text
from tools.execute import versions
from tools.study_code import Declared, declarations, source

Measured = dict[str, Any]
"""What is stored of a block: its seeds, its values as lists, how and when."""


@dataclass(frozen=True)
class Block:
    """Some seeds of a study, and what has to be the same wherever they are measured."""

    declared: Declared
    seeds: range
    versions: Mapping[str, str]
    helpers: str

    def __str__(self) -> str:
        return f"{self.declared.full}, seeds {self.seeds[0]} to {self.seeds[-1]}"


@dataclass(frozen=True)
class Failure:
    """Why a block could not be measured."""

    said: str


def blocks(course: Course, declared: Declared) -> list[Block]:
    """All blocks of a study as it is now."""
    made_with, helpers = versions(), helpers_of(course)
    return [Block(declared, seeds, made_with, helpers) for seeds in declared.study.blocks]


def helpers_of(course: Course) -> str:
    """Digest of all that a worker may have imported of the course."""
    texts = [path.read_bytes() for path in sorted((course.root / "utils").rglob("*.py"))]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]


# --- measuring -----------------------------------------------------------------------------------


@cache
def at_first() -> str:
    """The helpers as they were when this process measured its first block, and imported them."""
    return helpers_of(HERE)


def measure(block: Block) -> tuple[Block, Measured | Failure]:
    """Measure a block in the checkout that this process runs in."""
    try:
        refuse_others(block)
        function = getattr(module(block.declared.slug), block.declared.name)
        values = listed(function(block.seeds), len(block.seeds))
        refuse_others(block)  # it may have imported what was edited in the meantime
    except CourseError as error:
        return block, Failure(str(error))
    except Exception:
        return block, Failure(traceback.format_exc())
    return block, {"seeds": list(block.seeds), "processor": processor(), "values": values}


def end_with(caller: int) -> None:
    """Let this process end when its caller has: what it went on to measure would reach nobody."""

    def watch() -> None:
        while os.getppid() == caller:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def refuse_others(block: Block) -> None:
    """Raise a CourseError where the code or the versions are not those of the caller."""
    declared = block.declared
    now = {other.name: other.code for other in declarations(HERE, declared.slug)}
    if now.get(declared.name) != declared.code or at_first() != block.helpers:
        raise CourseError(
            "The worker's code is not that with which the run began: it was edited since, or is "
            "another checkout. Start the workers of a cluster anew, and the command again."
        )
    if versions() != block.versions:
        raise CourseError(
            f"The worker has {versions()}, and the run began with {block.versions}: install the "
            "same requirements in both places."
        )


def module(slug: str) -> ModuleType:
    """A chapter's studies, as they stand in the file now."""
    spec = importlib.util.spec_from_file_location(
        f"studies_of_{slug.replace('-', '_')}", source(HERE, slug)
    )
    assert spec is not None
    assert spec.loader is not None
    made = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def listed(found: object, seeds: int) -> dict[str, list[Any]]:
    """What a study returned, as lists of what every reader of JSON accepts.

    A float32 is stored by the shortest decimal that tells it from its neighbors.
    """
    if not isinstance(found, Mapping) or not found:
        raise TypeError(f"a study returned {found!r}; expected a mapping from names to arrays")
    values = {}
    for name, given in found.items():
        numbers = np.asarray(given)
        if not isinstance(name, str) or numbers.dtype.kind not in "biuf":
            raise TypeError(f"a study returned {name!r}: {given!r}; expected a name and numbers")
        if numbers.shape[:1] != (seeds,):
            raise ValueError(
                f"{name!r} has shape {numbers.shape}; expected {seeds} seeds along its first axis"
            )
        if numbers.dtype == np.float32:
            numbers = numbers.astype(str).astype(float)
        values[name] = strict(numbers.tolist())
    return values


def strict(value: Any) -> Any:
    """NaN and the infinities as words: JSON has no numbers for them."""
    if isinstance(value, list):
        return [strict(part) for part in value]
    return value if math.isfinite(value) else json.dumps(value)


def processor() -> str:
    """The processor's name as far as the system tells."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


# --- storing -------------------------------------------------------------------------------------


def place(course: Course, block: Block) -> Path:
    """Where a block is stored: apart for each code and each set of versions."""
    made_with = json.dumps([block.declared.code, sorted(block.versions.items())])
    key = hashlib.sha256(made_with.encode()).hexdigest()[:16]
    seeds = f"{block.seeds[0]}-{block.seeds[-1]}"
    return course.root / "_build" / "studies" / block.declared.full / key / f"{seeds}.json"


def store(course: Course, block: Block, measured: Measured) -> None:
    """Keep a measured block, in one step."""
    path = place(course, block)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(json.dumps(measured, allow_nan=False) + "\n", path)


def stored(course: Course, block: Block) -> Measured | None:
    """A block that was measured before with this code and these versions."""
    try:
        found: Measured = json.loads(place(course, block).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if found["seeds"] == list(block.seeds) else None
