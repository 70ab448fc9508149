"""Trains many seeds of one Keras model at once, for the price of a few.

`train` does what a loop over seeds would do (`keras.utils.set_random_seed`, build, fit), member by
member and to numerical tolerance, in one compiled program. Introduced in *The nitty-gritty*.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from utils._engine import Engine, Forward
from utils._initial import initial_weights, seeded

Build = Callable[[], keras.Model]


def batches(seed: int, epoch: int, samples: int, batch_size: int) -> list[np.ndarray]:
    """The batches that a member sees in one epoch (from 0): indices of examples, last one short.

    Feed them to a plain `fit(shuffle=False)` or `train_on_batch` to replay a member.
    """
    order = np.random.default_rng([seed, epoch]).permutation(samples)
    return np.split(order, range(batch_size, samples, batch_size))


@dataclass(frozen=True, eq=False)
class Runs:
    """A trained population. Every array's first axis is the member."""

    seeds: tuple[int, ...]
    learning_rate: np.ndarray
    history: Mapping[str, np.ndarray]
    weights: list[np.ndarray]
    non_trainable: list[np.ndarray]
    snapshots: Mapping[int, tuple[list[np.ndarray], list[np.ndarray]]]
    build: Build
    forward: Forward

    def __len__(self) -> int:
        return len(self.seeds)

    @property
    def diverged(self) -> np.ndarray:
        """Which members' loss stopped being a number: (member,)."""
        return np.isnan(self.history["loss"][:, -1])

    @property
    def snapshot_epochs(self) -> list[int]:
        """The epochs after which the weights were kept; 0 is before training."""
        return list(self.snapshots)

    def final(self, key: str, diverged: float = np.nan) -> np.ndarray:
        """The last epoch's value: (member,). Diverged members get `diverged`."""
        last = self.history[key][:, -1]
        return np.where(np.isnan(last), diverged, last)

    def weights_at(self, epoch: int) -> list[np.ndarray]:
        """The stacked trainable variables of a snapshot."""
        return self._state(epoch)[0]

    def predict(self, x: np.ndarray, epoch: int | None = None) -> np.ndarray:
        """All members' outputs in inference mode: (member, n, outputs)."""
        return self.forward.predict(*self._state(epoch), _floats(x))

    def evaluate(self, x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
        """Loss and metrics in inference mode, each (member,)."""
        return self.forward.evaluate(*self._state(None), _floats(x), _floats(y))

    def model(self, member: int, epoch: int | None = None) -> keras.Model:
        """An ordinary compiled Keras model with one member's weights."""
        model = self.build()
        trainable, non_trainable = self._state(epoch)
        for variable, value in zip(model.trainable_variables, trainable, strict=True):
            variable.assign(value[member])
        for variable, value in zip(model.non_trainable_variables, non_trainable, strict=True):
            variable.assign(value[member])
        if np.isfinite(self.learning_rate[member]):
            model.optimizer.learning_rate = float(self.learning_rate[member])
        return model

    def take(self, indices: Sequence[int]) -> Runs:
        """A sub-population."""
        where = np.arange(len(self))[np.asarray(indices)]

        def pick(arrays):
            return [a[where] for a in arrays]

        return dataclasses.replace(
            self,
            seeds=tuple(self.seeds[i] for i in where),
            learning_rate=self.learning_rate[where],
            history={key: value[where] for key, value in self.history.items()},
            weights=pick(self.weights),
            non_trainable=pick(self.non_trainable),
            snapshots={e: (pick(t), pick(n)) for e, (t, n) in self.snapshots.items()},
        )

    def _state(self, epoch: int | None):
        if epoch is None:
            return self.weights, self.non_trainable
        if epoch not in self.snapshots:
            kept = self.snapshot_epochs or "none (pass snapshots=k to train)"
            raise ValueError(f"No snapshot at epoch {epoch}; kept are: {kept}.")
        return self.snapshots[epoch]

    def __repr__(self) -> str:
        count = int(self.diverged.sum())
        epochs = self.history["loss"].shape[1]
        return f"Runs({len(self)} members, {epochs} epochs, {count} diverged)"


class History(dict):
    """Keras's keys to arrays (member, epoch); a wrong key names the right ones."""

    def __missing__(self, key):
        near = difflib.get_close_matches(str(key), self, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"No {key!r} in the history; known: {', '.join(self)}.{hint}")


def train(
    build: Build,
    data,
    seeds: int | Sequence[int] = 16,
    epochs: int = 40,
    batch_size: int = 32,
    *,
    learning_rate: float | Sequence[float] | None = None,
    snapshots: int | None = None,
) -> Runs:
    """Train one Keras model under many seeds at once."""
    seeds = tuple(range(seeds)) if isinstance(seeds, int) else tuple(map(int, seeds))
    (x, y), validation = _unpack(data)
    model = seeded(build, seeds[0])
    initial = initial_weights(build, model, seeds)
    _build_metrics(model, x[:2], y[:2])
    split = len(model.trainable_variables)
    stacked = [np.stack(arrays) for arrays in zip(*initial, strict=True)]
    rates = (
        np.full(
            len(seeds),
            float(model.optimizer.learning_rate) if learning_rate is None else learning_rate,
        )
        if np.ndim(learning_rate) == 0
        else np.asarray(learning_rate)
    )
    engine = Engine(model, len(seeds), masked=False, jit_compile=True)
    engine.load(model, stacked[:split], stacked[split:], rates.astype("float32"), [])
    logs = []
    kept = {0: engine.weights()} if snapshots else {}
    for epoch in range(epochs):
        parts = [batches(s, epoch, len(x), batch_size) for s in seeds]
        full = np.array([p[: len(x) // batch_size] for p in parts], "int32").swapaxes(0, 1)
        rest = np.array([p[-1] for p in parts] if len(x) % batch_size else [], "int32")
        log = engine.train_epoch(x, y, full, rest)
        if validation:
            log |= {f"val_{k}": v for k, v in engine.evaluate(*validation).items()}
        logs.append(log)
        if snapshots and ((epoch + 1) % snapshots == 0 or epoch + 1 == epochs):
            kept[epoch + 1] = engine.weights()
    history = History({key: np.stack([log[key] for log in logs], axis=1) for key in logs[0]})
    bad = ~np.isfinite([log["loss"] for log in logs]).T
    bad = np.logical_or.accumulate(bad, axis=1)
    for value in history.values():
        value[bad] = np.nan
    trainable, non_trainable = engine.weights()
    return Runs(seeds, rates, history, trainable, non_trainable, kept, build, engine.forward)


@dataclass(frozen=True, eq=False)
class Sweep:
    """Every learning rate under every seed, trained as one population."""

    learning_rates: tuple[float, ...]
    runs: Mapping[float, Runs]

    def best(self, key: str) -> float:
        """The rate with the best median over the seeds; diverged members count as worst."""
        worst = np.inf if "loss" in key else -np.inf
        sign = 1 if "loss" in key else -1
        medians = [np.median(self.runs[r].final(key, diverged=worst)) for r in self.learning_rates]
        return self.learning_rates[int(np.argmin(sign * np.array(medians)))]

    def at_edge(self, key: str) -> bool:
        """Is the best rate the smallest or largest of those searched?"""
        return self.best(key) in (min(self.learning_rates), max(self.learning_rates))


def sweep(build: Build, data, learning_rates: Sequence[float], seeds=16, **options) -> Sweep:
    """Train every seed at every learning rate, all in one population."""
    seeds = tuple(range(seeds)) if isinstance(seeds, int) else tuple(seeds)
    rates = tuple(float(r) for r in learning_rates)
    runs = train(
        build, data, seeds * len(rates), learning_rate=np.repeat(rates, len(seeds)), **options
    )
    parts = np.arange(len(runs)).reshape(len(rates), len(seeds))
    return Sweep(rates, {r: runs.take(p) for r, p in zip(rates, parts, strict=True)})


def _floats(array) -> np.ndarray:
    array = np.asarray(array)
    return array.astype(keras.config.floatx()) if array.dtype.kind == "f" else array


def _unpack(data):
    if hasattr(data, "x_train"):
        data = (data.x_train, data.y_train), (data.x_val, data.y_val)
    if not isinstance(data[0], tuple | list):
        data = data, None
    train_part, validation = data
    return tuple(map(_floats, train_part)), validation and tuple(map(_floats, validation))


def _build_metrics(model: keras.Model, x: np.ndarray, y: np.ndarray) -> None:
    prediction = model(x, training=False)
    model._compute_loss(x=x, y=y, y_pred=prediction, training=False)
    model.compute_metrics(x, y, prediction)
    model.reset_metrics()
