"""One block of a study: measured by a worker, which may be on another machine, and stored."""

import hashlib
import json
import os
import platform
import re
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tools.course import HERE, Course, CourseError, write_bytes, write_text
from tools.execute import versions
from tools.shift import CHAPTER, imported, shift_seeds
from tools.study_code import Declared, declarations, folder, source
from utils.studies import keeping, packed

MAX_BYTES = 1_000_000
Measured = dict[str, Any]
"""What is stored of a block: its seeds, its values as lists, its curves, by which code and when."""


def state(course: Course) -> dict[str, str]:
    """What has to be the same wherever a block is measured: packages, and a digest of `utils`."""
    texts = [path.read_bytes() for path in sorted((course.root / "utils").rglob("*.py"))]
    return {**versions(), "utils": hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]}


IMPORTED = state(HERE)
"""The state in which this process imported its helpers."""


@dataclass(frozen=True)
class Block:
    """Some seeds of a study, and what their run began with."""

    declared: Declared
    seeds: list[int]
    versions: Mapping[str, str]
    shift: int = 0
    """By how much its seeds are moved (`make fresh STUDIES=1`)."""

    def __str__(self) -> str:
        return f"{self.declared.full}, seeds {self.seeds[0]} to {self.seeds[-1]}"


def blocks(course: Course, declared: Declared, seeds: list[int], shift: int = 0) -> list[Block]:
    """Some seeds of a study as it is now, in blocks, the last one perhaps smaller."""
    size, now = declared.study.block, state(course)
    return [Block(declared, seeds[n : n + size], now, shift) for n in range(0, len(seeds), size)]


# --- measuring -----------------------------------------------------------------------------------


def measure(block: Block) -> tuple[Block, Measured | str]:
    """Measure a block in the checkout that this process runs in, or say why it cannot be."""
    try:
        refuse_others(block)
        before = time.monotonic()
        with keeping() as kept:
            values = listed(function_of(block)(block.seeds), len(block.seeds))
        seconds = time.monotonic() - before
        refuse_others(block)  # it may have imported what was edited in the meantime
        refuse_large(values, block)
    except CourseError as error:
        return block, str(error)
    except (Exception, SystemExit):
        return block, traceback.format_exc()
    return block, {
        "seconds": seconds,
        "code": block.declared.code,
        "versions": block.versions,
        "processor": processor(),
        "seeds": block.seeds,
        "of": block.declared.study.seeds,
        "values": values,
        "curves": packed(kept) if kept else None,
    }


def function_of(block: Block) -> Callable[[list[int]], object]:
    """A study's function, its file run anew: what that holds must not depend on earlier blocks."""
    declared = block.declared
    path = source(HERE, declared.slug)
    code = path.read_text(encoding="utf-8")
    found: dict[str, Any] = {"__name__": f"studies of {declared.slug}", "__file__": str(path)}
    if block.shift:
        shift_seeds(block.shift, imported([code]))
        found["__name__"] = CHAPTER
    exec(compile(code, path, "exec"), found)
    return found[declared.name]


def end_with(caller: int) -> None:
    """Let this process end when its caller has: what it went on to measure would reach nobody."""

    def watch() -> None:
        while os.getppid() == caller:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def refuse_others(block: Block) -> None:
    """Raise a CourseError where the code or the packages are not those of the caller."""
    codes = {declared.code for declared in declarations(HERE, block.declared.slug)}
    if block.declared.code not in codes or block.versions != IMPORTED:
        raise CourseError(
            f"The run began with {block.versions}, and its worker has {IMPORTED} or other studies: "
            "was the code edited since? A cluster's workers have to be started anew after an edit, "
            "in the same checkout and with the same packages."
        )


def refuse_large(values: Mapping[str, list[Any]], block: Block) -> None:
    """Raise a CourseError where a study of such blocks would be too large for the repository."""
    declared = block.declared
    size = len(json.dumps(values)) * declared.study.seeds // len(block.seeds)
    if size > MAX_BYTES:
        raise CourseError(
            f"With such blocks studies/{declared.full} would have {size:,} bytes, expected at most "
            f"{MAX_BYTES:,}: return what the claims need, of a curve every hundredth step."
        )


def listed(found: object, seeds: int) -> dict[str, list[Any]]:
    """What a study returned, as lists for JSON, which has no numbers for NaN and the infinities."""
    if not isinstance(found, Mapping) or not found:
        raise TypeError(f"a study returned {found!r}; expected a mapping from names to arrays")
    values = {}
    for name, given in found.items():
        numbers = np.asarray(given)
        kind, shape = numbers.dtype.kind, numbers.shape
        if not isinstance(name, str) or kind not in "biuf" or shape[:1] != (seeds,):
            raise TypeError(
                f"a study returned for {name!r} an array of {numbers.dtype} of shape {shape}; "
                f"expected a name and numbers, with the {seeds} seeds along the first axis"
            )
        if kind == "f":
            words = numbers.astype(str)  # each the shortest that tells it from its neighbors
            numbers = words.astype(float) if np.isfinite(numbers).all() else words
        values[name] = numbers.tolist()
    return values


def processor() -> str:
    """The processor's name as far as the system tells."""
    info = Path("/proc/cpuinfo")
    found = re.search(r"(?m)^model name\s*: (.+)", info.read_text() if info.exists() else "")
    return found[1] if found else platform.processor()


def store(course: Course, block: Block, measured: Measured) -> None:
    """Keep a measured block, its curves first: it is there once its JSON is, in one step."""
    path = folder(course, block.declared, block.shift) / f"{block.seeds[0]}-{block.seeds[-1]}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".npz").unlink(missing_ok=True)
    if measured["curves"]:
        write_bytes(measured["curves"], path.with_suffix(".npz"))
    said = {key: value for key, value in measured.items() if key != "curves"}
    lines = (f"{json.dumps(key)}: {json.dumps(value)}" for key, value in said.items())
    write_text("{\n" + ",\n".join(lines) + "\n}\n", path)
