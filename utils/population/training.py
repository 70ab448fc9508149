"""Trains many seeds of one Keras model at once, for the price of a few.

`train` does what a loop over seeds would do (`keras.utils.set_random_seed`, build, fit), member by
member and to numerical tolerance, in one compiled program. Introduced in *The nitty-gritty*.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from tqdm import tqdm

from utils.population import arguments, capabilities, refusals
from utils.population.initial import Weights, initial_weights, seeded
from utils.population.program import Engine
from utils.population.record import Build, History, Runs
from utils.population.stopping import Stopper

engines: dict[tuple, Engine] = {}  # compiled programs, the least recently used first
MOST_ENGINES = 16


def batches(seed: int, epoch: int, samples: int, batch_size: int) -> list[np.ndarray]:
    """The batches that a member sees in one epoch (from 0): indices of examples, the last short.

    Feed them to a plain `fit(shuffle=False)` to replay a member.
    """
    return _cut(_shuffled(seed, epoch, samples), batch_size)


def _shuffled(seed: int, epoch: int, samples: int) -> np.ndarray:
    return np.random.default_rng([seed, epoch]).permutation(samples)


def _cut(order: np.ndarray, batch_size: int) -> list[np.ndarray]:
    """Batches along the last axis; slices, since np.split costs more than training on them."""
    return [order[..., i : i + batch_size] for i in range(0, order.shape[-1], batch_size)]


def train(
    build: Build,
    data,
    seeds: int | Sequence[int] = 16,
    epochs: int = 40,
    batch_size: int = 32,
    *,
    learning_rate: float | Sequence[float] | None = None,
    masks: Mapping[str, np.ndarray] | Sequence[np.ndarray | None] | None = None,
    early_stopping: keras.callbacks.EarlyStopping | None = None,
    snapshots: int | None = None,
    jit_compile: bool | None = None,
    progress: bool | None = None,
) -> Runs:
    """Train one Keras model under many seeds at once, each as its own `fit` would.

    `build` makes and compiles the model. `data` is a Dataset, (x, y) or ((x, y), (x_val, y_val)).
    `seeds` counts them, from 0, or lists them. `learning_rate` replaces the compiled one, for all
    members or one each. `masks` hold weights at zero: a list aligned with the trainable variables,
    or a dict by their paths, each (*shape) or (member, *shape). `snapshots=k` keeps the weights
    before training, every k epochs, and at the end. A seed may be listed again only with another
    rate or mask. `jit_compile` and `progress` choose themselves.
    """
    seeds = arguments.seed_list(seeds)
    arguments.at_least_one(epochs=epochs, batch_size=batch_size)
    if snapshots is not None:
        arguments.at_least_one(snapshots=snapshots)
    arguments.switches(jit_compile=jit_compile, progress=progress)
    given = arguments.arrays(data)
    refusals.function(build)
    arguments.batch_fits(batch_size, len(given.x))
    model = seeded(build, seeds[0], given.x.shape[1:])
    refusals.model(model)
    refusals.data(model, given)
    refusals.stopping(model, early_stopping, given)
    rates = arguments.rates(model, learning_rate, len(seeds))
    stacked_masks = arguments.masks(masks, model.trainable_variables, len(seeds))
    arguments.distinct(seeds, rates, stacked_masks)

    drawn = initial_weights(build, model, seeds, given.x.shape[1:])
    initial = [np.stack(arrays) for arrays in zip(*drawn, strict=True)]
    _build_metrics(model, given.x[:2], given.y[:2])
    fingerprint = capabilities.fingerprint(model)
    engine = _engine(
        model,
        initial,
        fingerprint,
        masked=bool(stacked_masks),
        stops=early_stopping is not None,
        padded=len(given.x) % batch_size > 0 and capabilities.can_pad(model),
        jit_compile=capabilities.suits_xla(model) if jit_compile is None else jit_compile,
    )
    engine.load(model, initial, rates, stacked_masks)
    stopper = Stopper(early_stopping, model, len(seeds)) if early_stopping else None
    with tqdm(
        total=epochs,
        desc=f"{len(seeds)} members",
        unit="epoch",
        leave=False,
        disable=not (_someone_watches() if progress is None else progress),
    ) as bar:
        history, kept = _fit(engine, given, seeds, epochs, batch_size, stopper, snapshots, bar)
    return _record(engine, build, fingerprint, seeds, rates, history, kept, stopper, batch_size)


@dataclass(frozen=True, eq=False)
class Sweep:
    """Every learning rate under every seed, trained as one population."""

    learning_rates: tuple[float, ...]
    runs: Mapping[float, Runs]

    def best(self, key: str = "val_accuracy") -> float:
        """The rate whose median over the seeds is best, diverged members counting as worst.

        Higher is better, unless "loss" is in the key.
        """
        sign = -1 if "loss" in key else 1
        medians = [
            np.median(sign * self.runs[rate].final(key, diverged=-sign * np.inf))
            for rate in self.learning_rates
        ]
        return self.learning_rates[int(np.argmax(medians))]

    def at_edge(self, key: str = "val_accuracy") -> bool:
        """Whether the best rate is the smallest or the largest of those searched."""
        return self.best(key) in (min(self.learning_rates), max(self.learning_rates))


def sweep(
    build: Build,
    data,
    learning_rates: Sequence[float],
    seeds: int | Sequence[int] = 16,
    epochs: int = 40,
    batch_size: int = 32,
    **options,
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
    return Sweep(rates, {r: runs.take(part) for r, part in zip(rates, parts, strict=True)})


def _engine(model: keras.Model, initial: Weights, fingerprint: str | None, **kind: bool) -> Engine:
    """The compiled program for such a population, from an earlier call where there is one."""
    if fingerprint is None:
        return Engine(model, initial, **kind)
    key = (fingerprint, len(initial[0]), *sorted(kind.items()))
    engines[key] = engines.pop(key, None) or Engine(model, initial, **kind)
    if len(engines) > MOST_ENGINES:
        del engines[next(iter(engines))]
    return engines[key]


def _build_metrics(model: keras.Model, x: np.ndarray, y: np.ndarray) -> None:
    """Let Keras settle loss and metrics on a first batch, as `fit` does."""
    prediction = model(x, training=False)
    model._compute_loss(x=x, y=y, y_pred=prediction, training=False)
    model.compute_metrics(x, y, prediction)
    model.reset_metrics()


def _fit(engine, given, seeds, epochs, batch_size, stopper, snapshots, bar):
    """Train; returns the logs of every epoch, and the weights by epoch."""
    logs: list[dict[str, np.ndarray]] = []
    kept = {0: engine.weights()} if snapshots else {}
    whole = None if capabilities.splits_freely(engine.model) else batch_size
    running = np.ones(len(seeds), bool)
    for epoch in range(epochs):
        if running.any():
            orders = {seed: _shuffled(seed, epoch, len(given.x)) for seed in set(seeds)}
            order = np.stack([orders[seed] for seed in seeds]).astype("int32")
            log = engine.train_epoch(given.x, given.y, _cut(order, batch_size))
            if given.validation:
                scores = engine.evaluate(*given.validation, whole)
                log |= {f"val_{key}": value for key, value in scores.items()}
        if stopper and running.any():
            if logs:  # who has stopped repeats the last values
                log = {key: np.where(running, log[key], logs[-1][key]) for key in log}
            restores = stopper.rule.restore_best_weights
            stopper.update(epoch, log, engine.weights() if restores else None)
            running = stopper.active.copy()
            engine.stop(running)
        logs.append(log)
        if snapshots and (epoch + 1) % snapshots == 0:
            kept[epoch + 1] = engine.weights()
        bar.update()
    engine.finish()
    if snapshots:
        kept[epochs] = engine.weights()  # after `finish`, which may average them
    return logs, kept


def _record(engine, build, fingerprint, seeds, rates, logs, kept, stopper, batch_size) -> Runs:
    history = History({key: np.stack([log[key] for log in logs], axis=1) for key in logs[0]})
    losses = [value for key, value in history.items() if key in ("loss", "val_loss")]
    lost = np.logical_or.accumulate(~np.isfinite(losses).all(axis=0), axis=1)
    for key, value in history.items():
        history[key] = np.where(lost, np.nan, value)
    trained = np.full(len(seeds), len(logs))
    weights = engine.weights()
    restored = stopper is not None and stopper.weights is not None
    return Runs(
        seeds=seeds,
        learning_rate=rates,
        history=history,
        diverged=lost[:, -1],
        stopped_epoch=stopper.trained if stopper else trained,
        kept_epoch=stopper.kept if restored else stopper.trained if stopper else trained,
        weights=stopper.weights[0] if restored else weights[0],
        non_trainable=stopper.weights[1] if restored else weights[1],
        snapshots=kept,
        build=build,
        fingerprint=fingerprint,
        forward=engine.forward,
        batch_size=batch_size,
    )


def _someone_watches() -> bool:
    """Whether a bar would be seen: a terminal, or a notebook whose reader could be asked things.

    Tools that execute notebooks to store them allow no input, so nothing is left in the outputs.
    """
    if sys.stderr.isatty():
        return True
    try:
        return get_ipython().get_parent()["content"]["allow_stdin"]
    except (NameError, AttributeError, KeyError, TypeError):
        return False
