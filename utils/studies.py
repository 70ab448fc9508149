"""Experiments that take longer than a page may: how one is declared, and how a chapter reads it.

`sources/<slug>/studies.py` holds them, `make studies` measures them and writes `studies/`. What is
there is read with NumPy alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

import numpy as np

RESULTS = Path(__file__).resolve().parent.parent / "studies"
NAME = re.compile(r"[\w-]+/\w+")
"""A study's chapter and its function."""
Function = TypeVar("Function")


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
        return f"measured in {time} on {cores}, {self.date.day} {self.date:%B %Y}"


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
