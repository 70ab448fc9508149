"""The plain arguments of `train`: checked once, and kept as one plan.

What a model is needed for is checked in `settings` and `refusals`.
"""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from utils.population.arrays import Arrays, arrays, numbers

ELSEWHERE = {
    "class_weight": "repeat the rarer class by examples=, or weigh inside the compiled loss",
    "sample_weight": "repeat examples by examples=, or weigh inside the compiled loss",
    "validation_split": "split the data yourself and pass ((x, y), (x_val, y_val)) as data",
    "validation_data": "pass ((x, y), (x_val, y_val)) as data",
    "validation_batch_size": "validation runs in batches of batch_size where that matters",
    "callbacks": "use early_stopping=, snapshots=k or log_every=k; for other callbacks, replay a "
    "member with fit and population.batches",
    "verbose": "use progress=True or False",
    "shuffle": "each member shuffles by its own seed; population.batches shows its order",
    "steps_per_epoch": "use steps= for the budget and log_every= for the length of an epoch",
    "initial_epoch": "go on from weights with initial=",
    "x": "pass data as one argument: (x, y)",
    "y": "pass data as one argument: (x, y)",
}


@dataclass(frozen=True, eq=False)
class Plan:
    """What to train on and for how long. A period ends with a log: an epoch, or `log_every` steps.

    Periods are numbered from 1; a period's name is its epoch, or its last step.
    """

    data: Arrays
    seeds: tuple[int, ...]
    batch_size: int
    periods: tuple[int, ...]  # steps in each
    by_steps: bool
    snapshots: int | None  # in periods
    examples: np.ndarray | None  # (member, n): positions in the data, None where all see all
    early_stopping: keras.callbacks.EarlyStopping | None
    jit_compile: bool | None
    progress: bool | None

    @property
    def samples(self) -> int:
        """How many examples a member sees in an epoch."""
        return len(self.data.x) if self.examples is None else self.examples.shape[1]

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch, the short last one included."""
        return -(-self.samples // self.batch_size)

    @property
    def names(self) -> list[int]:
        """What each period is called in `snapshots`: the epoch or the step that ends it."""
        return (
            list(map(int, np.cumsum(self.periods)))
            if self.by_steps
            else list(range(1, len(self.periods) + 1))
        )


def plan(
    data: Any,
    seeds: Any,
    epochs: Any,
    batch_size: Any,
    steps: Any,
    log_every: Any,
    snapshots: Any,
    examples: Any,
    early_stopping: Any,
    jit_compile: Any,
    progress: Any,
) -> Plan:
    """Check the arguments that need no model."""
    seeds = seed_list(seeds)
    counts = {"epochs": epochs, "steps": steps, "log_every": log_every, "snapshots": snapshots}
    at_least_one(batch_size=batch_size, **{k: v for k, v in counts.items() if v is not None})
    switches(jit_compile=jit_compile, progress=progress)
    if epochs is not None and steps is not None:
        raise ValueError(f"epochs={epochs} and steps={steps}: give one of them as the budget.")
    if log_every is not None and steps is None:
        raise ValueError(
            f"log_every={log_every}: logs come every epoch; to have them every {log_every} steps, "
            "give the budget as steps= instead of epochs=."
        )
    given = arrays(data)
    listed = None if examples is None else _examples(examples, len(seeds), len(given.x))
    samples = len(given.x) if listed is None else listed.shape[1]
    batch_fits(batch_size, samples)
    epoch = -(-samples // batch_size)
    if steps is None:
        periods = (epoch,) * (40 if epochs is None else epochs)
    else:
        every = min(log_every or epoch, steps)
        rest = steps % every
        periods = (every,) * (steps // every) + ((rest,) if rest else ())
        if snapshots is not None and snapshots % every:
            raise ValueError(
                f"snapshots={snapshots}: weights are kept where logs are written, every {every} "
                f"steps; choose a multiple of {every}, or another log_every."
            )
        snapshots = snapshots and snapshots // every
    return Plan(
        given,
        seeds,
        batch_size,
        periods,
        steps is not None,
        snapshots,
        listed,
        early_stopping,
        jit_compile,
        progress,
    )


def from_fit(others: Mapping[str, Any]) -> None:
    """Say of arguments that `fit` has and `train` has not where they went."""
    for name in others:
        if name in ELSEWHERE:
            raise TypeError(f"train takes no {name}=: {ELSEWHERE[name]}.")
        raise TypeError(f"train takes no {name}=; help(train) lists what it takes.")


def _examples(examples: Any, members: int, available: int) -> np.ndarray:
    listed = numbers(examples, "iu")
    if listed is None or listed.ndim != 2 or len(listed) != members or not listed.size:
        held = "rows of unequal length" if listed is None else f"shape {listed.shape}"
        raise ValueError(
            f"examples has {held}; expected whole numbers of shape ({members}, n): the positions "
            "of the n examples that each member sees, as many for all."
        )
    wrong = listed[(listed < 0) | (listed >= available)]
    if wrong.size:
        raise ValueError(
            f"examples holds {wrong[0]}; expected positions from 0 to {available - 1}, as there "
            f"are {available} training examples."
        )
    return listed.astype("int32")


def whole(value: Any) -> bool:
    """Whether a value is a whole number, which True is not."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def shown(value: Any) -> str:
    """What was given, on one short line."""
    return " ".join(reprlib.repr(value).split())


def seed_list(seeds: Any) -> tuple[int, ...]:
    """Seeds 0 to n - 1 for a count, or the sequence itself."""
    if whole(seeds):
        if seeds < 1:
            raise ValueError(f"seeds={seeds}: train at least 1 seed, or pass a list of seeds.")
        return tuple(range(int(seeds)))
    listed = isinstance(seeds, Sequence | np.ndarray) and getattr(seeds, "ndim", 1) == 1
    if not listed or not len(seeds) or not all(whole(s) and 0 <= s < 2**32 for s in seeds):
        raise ValueError(
            f"seeds={shown(seeds)}: pass a count of at least 1, or a list of integers from 0 to "
            "4294967295."
        )
    return tuple(map(int, seeds))


def at_least_one(**values: int) -> None:
    """Refuse counts below one and counts that are not whole, by name."""
    for name, value in values.items():
        if not whole(value) or value < 1:
            raise ValueError(f"{name}={shown(value)}: expected a whole number of at least 1.")


def member(index: int, members: int) -> None:
    """Refuse what is no member's position; negative ones count from the end."""
    if not whole(index) or not -members <= index < members:
        raise IndexError(
            f"There is no member {shown(index)}; expected a whole number from 0 to {members - 1}."
        )


def switches(**values: bool | None) -> None:
    """Refuse what is neither on, off nor left to us, by name."""
    for name, value in values.items():
        if value is not None and not isinstance(value, bool | np.bool_):
            raise ValueError(
                f"{name}={shown(value)}: expected True, False, or None to let train choose."
            )


def batch_fits(batch_size: int, samples: int) -> None:
    """Refuse a batch larger than the data."""
    if batch_size > samples:
        raise ValueError(
            f"batch_size={batch_size} is more than the {samples} training examples; choose one "
            f"from 1 to {samples}."
        )


def rate_list(learning_rates: Sequence[float]) -> tuple[float, ...]:
    """The rates of a sweep, each once."""
    given = numbers(learning_rates)
    if given is None or given.ndim != 1 or not given.size or not usable(given):
        raise ValueError(
            f"learning_rates={shown(learning_rates)}: pass a list of finite numbers of at least 0 "
            "that float32 can hold, such as [0.01, 0.1]."
        )
    return tuple(dict.fromkeys(map(float, given)))


def usable(rates: np.ndarray) -> bool:
    """Whether all rates are finite, not negative, and fit float32."""
    return bool(((rates >= 0) & (rates <= np.finfo("float32").max)).all())
