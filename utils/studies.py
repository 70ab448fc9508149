"""Experiments that take longer than a page may: how one is declared, and how a chapter reads it.

`sources/<slug>/studies.py` holds them, `make studies` measures them and writes `studies/`. What is
there is read with NumPy alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

RESULTS = Path(__file__).resolve().parent.parent / "studies"
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Study:
    """The seeds of a study, and how many of them are measured together, as one block."""

    seeds: range
    block: int

    @property
    def blocks(self) -> list[range]:
        """The seeds of each block, the last one perhaps smaller."""
        return [self.seeds[n : n + self.block] for n in range(0, len(self.seeds), self.block)]

    def __call__(self, function: Function) -> Function:
        """Leave the function as it is: `make studies` reads the declaration from its source."""
        return function


def study(seeds: int | range = 32, block: int = 16) -> Study:
    """Declare a function of a block of seeds as a study: `@studies.study(seeds=64)`.

    seeds: how many from 0, or which, as a range. The function returns a mapping from names to
    arrays whose first axis is the seeds that it was given. A population trains 16 seeds for little
    more than one, and two blocks of 16 keep two cores busy.
    """
    for name, given, kinds in (("seeds", seeds, int | range), ("block", block, int)):
        if not isinstance(given, kinds) or isinstance(given, bool):
            raise TypeError(f"{name} is {given!r}; expected @studies.study(seeds=32, block=16)")
    seeds = range(seeds) if isinstance(seeds, int) else seeds
    if not seeds or block < 1:
        raise ValueError(f"seeds is {seeds}, block is {block}; expected one seed or more in each")
    return Study(seeds, block)


@dataclass(frozen=True)
class Result:
    """What a study measured: by name, arrays whose first axis is the seeds."""

    seeds: tuple[int, ...]
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
        *few, most = self.cores
        cores = " and ".join([*map(str, few), _counted(most, "core")])
        day = f"{self.date.day} {self.date:%B %Y}"
        return f"measured in {_duration(self.seconds)} on {cores}, {day}"


def load(name: str) -> Result:
    """The result of a study by its chapter and name: `load("optimizers/tournament")`.

    Write the name out at the call: by it `make notebooks` knows what a chapter depends on.
    """
    path = RESULTS / f"{name}.json"
    if not path.is_file():
        chapter, _, own = name.partition("/")
        raise FileNotFoundError(
            f"there is no studies/{name}.json: make studies CH={chapter} STUDY={own} measures it"
        )
    stored = json.loads(path.read_text(encoding="utf-8"))
    return Result(
        tuple(stored["seeds"]),
        {key: array(values) for key, values in stored["values"].items()},
        stored["seconds"],
        tuple(stored["cores"]),
        date.fromisoformat(stored["date"]),
    )


def array(listed: list[Any]) -> np.ndarray:
    """Numbers as they are stored: lists in lists, and "NaN" and "Infinity" as words."""
    found = np.asarray(listed)
    return found.astype(float) if found.dtype.kind == "U" else found


def _duration(seconds: int) -> str:
    if seconds < 120:
        return _counted(max(seconds, 1), "second")
    if seconds < 7200:
        return _counted(round(seconds / 60), "minute")
    return f"{seconds / 3600:.1f} hours"


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
