"""Populations over learning rates, and over several settings of a build."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from utils.keras_internals import upward
from utils.population import arguments
from utils.population.initial import Build
from utils.population.loop import someone_watches
from utils.population.record import Runs, UnknownKey
from utils.population.training import train


class Rates(dict[float, Runs]):
    """Learning rates to their runs; an unknown rate names the known ones."""

    def __missing__(self, rate: Any) -> None:
        known = ", ".join(f"{r:g}" for r in self)
        raise UnknownKey(f"No runs at the rate {rate!r}; those searched are {known}.")


@dataclass(frozen=True, eq=False)
class Sweep:
    """Every learning rate under every seed, trained as one population."""

    learning_rates: tuple[float, ...]
    runs: Mapping[float, Runs]

    def best(self, key: str = "val_accuracy", mode: str = "auto") -> float:
        """The rate whose median over the seeds is best, diverged members counting as worst.

        `mode` is "max", "min", or "auto", as Keras's EarlyStopping finds it from the metric.
        """
        sign = 1 if self._more_is_better(key, mode) else -1
        medians = [
            np.median(sign * self.runs[rate].final(key, diverged=-sign * np.inf))
            for rate in self.learning_rates
        ]
        return self.learning_rates[int(np.argmax(medians))]

    def at_edge(self, key: str = "val_accuracy", mode: str = "auto") -> bool:
        """Whether the best rate is the smallest or the largest of those searched."""
        return self.best(key, mode) in (min(self.learning_rates), max(self.learning_rates))

    def _more_is_better(self, key: str, mode: str) -> bool:
        if mode not in ("auto", "max", "min"):
            raise ValueError(f"mode={mode!r}: expected 'auto', 'max' or 'min'.")
        runs = self.runs[self.learning_rates[0]]
        _ = runs.history[key]  # an unknown key names the known ones
        try:
            return upward(keras.callbacks.EarlyStopping(key, mode=mode), runs.forward.model)
        except ValueError:
            raise ValueError(
                f"Keras does not say whether more or less of {key!r} is better; pass mode='max' "
                "or mode='min'."
            ) from None


def sweep(
    build: Build,
    data: Any,
    learning_rates: Sequence[float],
    seeds: int | Sequence[int] = 16,
    epochs: int | None = None,
    batch_size: int = 32,
    **options: Any,
) -> Sweep:
    """Train every seed at every learning rate, all in one population; `options` as for `train`."""
    seeds = arguments.seed_list(seeds)
    rates = arguments.rate_list(learning_rates)
    if "learning_rate" in options:
        raise TypeError(
            "sweep sets learning_rate itself; list the rates as learning_rates, or call train."
        )
    each = np.repeat(rates, len(seeds))
    runs = train(build, data, seeds * len(rates), epochs, batch_size, learning_rate=each, **options)
    parts = np.arange(len(runs)).reshape(len(rates), len(seeds))
    return Sweep(rates, Rates({r: runs.take(part) for r, part in zip(rates, parts, strict=True)}))


def grid(
    build: Callable[..., keras.Model],
    data: Any,
    settings: Mapping[str, Sequence[Any]],
    *,
    of: Callable[..., Any] = train,
    progress: bool | None = None,
    **options: Any,
) -> dict[Any, Any]:
    """Train one population for each combination of settings of `build`, under one bar.

    `settings` names arguments of `build` and lists their values. Returns the combinations to their
    runs: a key is a value where one setting varies, else a tuple in the order of `settings`. Where
    `data` is a function, it gives the data of each combination. `of=sweep` sweeps each of them.
    """
    combinations = _combinations(settings)
    arguments.switches(progress=progress)
    shown = someone_watches() if progress is None else progress
    found = {}
    with tqdm(combinations, unit="population", leave=False, disable=not shown) as bar:
        for values in bar:
            named = dict(zip(settings, values, strict=True))
            bar.set_description(", ".join(f"{k}={arguments.shown(v)}" for k, v in named.items()))
            given = data(**named) if callable(data) else data
            key = values[0] if len(values) == 1 else values
            part = functools.partial(build, **named)
            found[key] = of(part, given, progress=False, **options)
    return found


def _combinations(settings: Any) -> list[tuple[Any, ...]]:
    listed = isinstance(settings, Mapping) and all(
        isinstance(v, Sequence | np.ndarray) and not isinstance(v, str) and len(v)
        for v in settings.values()
    )
    if not listed or not settings:
        raise ValueError(
            f"settings={arguments.shown(settings)}: pass a dict from arguments of build to lists "
            'of their values, such as {"width": [8, 32]}.'
        )
    combinations = list(itertools.product(*settings.values()))
    try:
        twice = len(set(combinations)) < len(combinations)
    except TypeError:
        raise ValueError(
            f"settings={arguments.shown(settings)}: the values become keys of the result; pass "
            "numbers, names or tuples."
        ) from None
    if twice:
        raise ValueError(f"settings={arguments.shown(settings)} lists a value twice.")
    return combinations
