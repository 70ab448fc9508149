"""Experiments that take longer than a page may, and the open table of the book's learning curves.

`sources/<slug>/studies.py` holds the experiments, `make studies` measures them and writes
`studies/`. What is there is read with NumPy alone.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

import numpy as np

RESULTS = Path(__file__).resolve().parent.parent / "studies"
NAME = re.compile(r"[\w-]+/\w+")
"""A study's chapter and its function."""
COLUMNS = ("run", "quantity", "seed", "step", "value")
MIME = "application/vnd.course.curves+npz"
POINTS = 100
Function = TypeVar("Function")
Table = dict[str, np.ndarray]
_kept: ContextVar[list[Table] | None] = ContextVar("_kept", default=None)


@dataclass(frozen=True)
class study:
    """Declare a function of a block of seeds as a study: `@studies.study(seeds=64)`.

    seeds: how many, from 0. block: how many are measured together; a population trains 16 for
    little more than one, and two blocks keep two cores busy. The function returns a mapping from
    names to arrays whose first axis is the seeds that it was given, as a list.
    """

    seeds: int = 32
    block: int = 16

    def __post_init__(self) -> None:
        if any(type(given) is not int or given < 1 for given in (self.seeds, self.block)):
            raise ValueError(f"{self} needs whole numbers from 1: study(seeds=32, block=16)")

    def __call__(self, function: Function) -> Function:
        """Leave the function as it is: `make studies` reads the declaration from its source."""
        return function


@dataclass(frozen=True)
class Result:
    """What a study measured: by name, arrays whose first axis is the seeds."""

    values: Mapping[str, np.ndarray]
    seconds: int
    cores: tuple[int, ...]
    date: date

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.values:
            raise KeyError(f"no {name!r} in this study; it measured {', '.join(self.values)}")
        return self.values[name]

    @property
    def measured(self) -> str:
        """How long it took, on what and when, for a sentence of the page."""
        minutes = round(self.seconds / 60)
        time = f"{minutes} minutes" if minutes > 1 else f"{self.seconds} seconds"
        cores = f"{' and '.join(map(str, self.cores))} core{'' if self.cores == (1,) else 's'}"
        return f"in {time} on {cores}, {self.date.day} {self.date:%B %Y}"


def load(name: str) -> Result:
    """The result of a study by its chapter and function: `load("optimizers/tournament")`.

    Write the name out at the call: by it `make notebooks` knows what a chapter depends on.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no study; expected chapter/function: optimizers/tournament")
    paths = (RESULTS / name).glob("*.json")
    blocks = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    blocks.sort(key=lambda block: block["seeds"])
    seeds = [seed for block in blocks for seed in block["seeds"]]
    whole = list(range(max((block["of"] for block in blocks), default=1)))
    if seeds != whole or len({block["code"] for block in blocks}) > 1:
        raise FileNotFoundError(f"studies/{name} is not all there: make studies CH={name}")
    return Result(
        {
            key: np.concatenate([array(block["values"][key]) for block in blocks])
            for key in blocks[0]["values"]
        },
        round(sum(block["seconds"] for block in blocks)),
        tuple(sorted({block["cores"] for block in blocks})),
        date.fromisoformat(max(block["date"] for block in blocks)),
    )


def array(listed: list[object]) -> np.ndarray:
    """Numbers as they are stored: all of them in words where some are not finite."""
    found = np.asarray(listed)
    return found.astype(float) if found.dtype.kind == "U" else found


# --- the open table of curves --------------------------------------------------------------------


def curves(chapter: str = "*") -> Table:
    """Every learning curve that a chapter and its studies keep, or all: columns, a row per point.

    The columns are chapter, study (empty for what the page itself trains), run, quantity, seed,
    step and value: `pandas.DataFrame(studies.curves("optimizers"))`.
    """
    paths = sorted(RESULTS.glob(f"{chapter}/**/*.npz"))
    if not paths:
        raise FileNotFoundError(f"there are no curves in studies/{chapter}")
    parts = [_read(path) for path in paths]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def keep(
    run: str, seeds: Sequence[int], steps: np.ndarray, history: Mapping[str, np.ndarray]
) -> None:
    """Put a population's curves into the open table; it does nothing where no book is written.

    run: what sets these curves apart. history: by quantity, arrays (seed, step), of which at most
    100 steps are kept: `studies.keep("Adam", runs.seeds, runs.steps, runs.history)`.
    """
    at = np.unique(np.linspace(0, len(steps) - 1, POINTS).round().astype(int))
    size = len(seeds) * len(at)
    tables = [
        {
            "run": np.full(size, run),
            "quantity": np.full(size, quantity),
            "seed": np.repeat(np.asarray(seeds, np.int32), len(at)),
            "step": np.tile(np.asarray(steps, np.int32)[at], len(seeds)),
            "value": _short(np.asarray(values)[:, at]).ravel(),
        }
        for quantity, values in history.items()
    ]
    kept = _kept.get()
    if kept is not None:
        kept += tables
    elif os.environ.get("COURSE_WRITES_THE_BOOK"):
        from IPython.display import display

        display({MIME: base64.b64encode(packed(tables)).decode()}, raw=True)


@contextmanager
def keeping() -> Iterator[list[Table]]:
    """Gather what is kept meanwhile."""
    kept: list[Table] = []
    token = _kept.set(kept)
    try:
        yield kept
    finally:
        _kept.reset(token)


def packed(tables: Sequence[Table]) -> bytes:
    """Tables one below the other, as the compressed columns of one file."""
    file = io.BytesIO()
    columns = {name: np.concatenate([table[name] for table in tables]) for name in COLUMNS}
    np.savez_compressed(file, **columns)  # type: ignore[arg-type]
    return file.getvalue()


def unpacked(content: bytes) -> Table:
    """The columns of a file."""
    with np.load(io.BytesIO(content), allow_pickle=False) as columns:
        return {name: columns[name] for name in COLUMNS}


def _read(path: Path) -> Table:
    table = unpacked(path.read_bytes())
    chapter, *study = path.relative_to(RESULTS).parts[:-1]
    size = len(table["value"])
    return {
        "chapter": np.full(size, chapter),
        "study": np.full(size, "".join(study)),
        **table,
    }


def _short(values: np.ndarray) -> np.ndarray:
    """The same to 13 bits, which is nearly four digits, and half as large once compressed."""
    values = values.astype(np.float32)
    largest = np.float32(2**128 - 2**115)  # what rounds to more would become infinite
    values = np.where(np.isinf(values), values, np.clip(values, -largest, largest))
    mantissa, exponent = np.frexp(values)
    return np.ldexp(np.round(mantissa * 8192) / 8192, exponent)
