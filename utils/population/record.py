"""The record of a trained population, as `utils.population.train` returns it."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from utils.population import arguments, capabilities, refusals
from utils.population.forward import Forward
from utils.population.initial import Weights, seeded

Build = Callable[[], keras.Model]


class History(dict):
    """Keras's keys to arrays (member, epoch); an unknown key names the known ones."""

    def __missing__(self, key):
        near = difflib.get_close_matches(str(key), self, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"No {key!r} in the history, which has {', '.join(self)}.{hint}")


@dataclass(frozen=True, eq=False)
class Runs:
    """A trained population; the first axis of every array is the member.

    `history` holds NaN from the epoch on in which a member's loss stopped being finite. A member
    that stopped early repeats its last values: it trained for `stopped_epoch` epochs, and its
    weights are those after `kept_epoch` (both equal `epochs` without early stopping).
    """

    seeds: tuple[int, ...]
    learning_rate: np.ndarray  # (member,), NaN where a schedule sets it
    history: Mapping[str, np.ndarray]
    diverged: np.ndarray  # (member,): whose loss stopped being finite
    stopped_epoch: np.ndarray
    kept_epoch: np.ndarray
    weights: Weights = dataclasses.field(repr=False)  # stacked trainable variables
    non_trainable: Weights = dataclasses.field(repr=False)
    snapshots: Mapping[int, tuple[Weights, Weights]] = dataclasses.field(repr=False)
    build: Build
    fingerprint: str | None
    forward: Forward
    batch_size: int

    def __len__(self) -> int:
        return len(self.seeds)

    def __repr__(self) -> str:
        members, epochs = self.history["loss"].shape
        stopped = int((self.stopped_epoch < epochs).sum())
        early = f", {stopped} stopped early" if stopped else ""
        return f"Runs({members} members, {epochs} epochs, {self.diverged.sum()} diverged{early})"

    @property
    def snapshot_epochs(self) -> list[int]:
        """The epochs after which the weights were kept; 0 is before training."""
        return list(self.snapshots)

    def final(self, key: str, diverged: float = np.nan) -> np.ndarray:
        """The value at the end of training, where the weights are from: (member,).

        Members without one, since they diverged, get `diverged`.
        """
        last = self.history[key][np.arange(len(self)), self.kept_epoch - 1]
        return np.where(np.isnan(last), diverged, last)

    def weights_at(self, epoch: int) -> Weights:
        """The stacked trainable variables of a snapshot."""
        return self._state(epoch)[0]

    def predict(self, x: np.ndarray, epoch: int | None = None) -> np.ndarray:
        """All members' outputs in inference mode, now or at a snapshot: (member, n, outputs)."""
        x = arguments.floats(x)
        refusals.takes(self.forward.model, x)
        return self.forward.predict(*self._state(epoch), x)

    def evaluate(
        self, x: np.ndarray, y: np.ndarray, epoch: int | None = None
    ) -> dict[str, np.ndarray]:
        """Loss and metrics in inference mode, each (member,)."""
        x, y = arguments.pair((x, y), ("x", "y"))
        refusals.fits(self.forward.model, x, y, ("x", "y"))
        whole = None if capabilities.splits_freely(self.forward.model) else self.batch_size
        return self.forward.evaluate(*self._state(epoch), x, y, whole)

    def model(self, member: int, epoch: int | None = None) -> keras.Model:
        """An ordinary compiled Keras model with one member's weights, now or at a snapshot."""
        arguments.member(member, len(self))
        model = seeded(self.build, self.seeds[member], self.forward.model.input_shape[1:])
        if capabilities.fingerprint(model) != self.fingerprint:
            raise ValueError(
                "build gives another model now than when these runs were trained. A lambda in a "
                "loop sees the loop's last value: pass functools.partial(build, ...) instead."
            )
        trainable, non_trainable = self._state(epoch)
        variables = model.trainable_variables + model.non_trainable_variables
        for variable, stacked in zip(variables, trainable + non_trainable, strict=True):
            variable.assign(stacked[member])
        if np.isfinite(self.learning_rate[member]):
            model.optimizer.learning_rate = float(self.learning_rate[member])
        return model

    def take(self, indices: Sequence[int] | np.ndarray) -> Runs:
        """A sub-population: the members at `indices` (or where a mask is true)."""
        where = np.arange(len(self))[np.asarray(indices)]

        def pick(arrays: Weights) -> Weights:
            return [a[where] for a in arrays]

        return dataclasses.replace(
            self,
            seeds=tuple(self.seeds[i] for i in where),
            learning_rate=self.learning_rate[where],
            history=History({key: value[where] for key, value in self.history.items()}),
            diverged=self.diverged[where],
            stopped_epoch=self.stopped_epoch[where],
            kept_epoch=self.kept_epoch[where],
            weights=pick(self.weights),
            non_trainable=pick(self.non_trainable),
            snapshots={e: (pick(t), pick(n)) for e, (t, n) in self.snapshots.items()},
        )

    def _state(self, epoch: int | None) -> tuple[Weights, Weights]:
        if epoch is None:
            return self.weights, self.non_trainable
        if epoch not in self.snapshots:
            kept = ", ".join(map(str, self.snapshots)) or "none (pass snapshots=k to train)"
            raise ValueError(f"No snapshot at epoch {epoch}; kept are: {kept}.")
        return self.snapshots[epoch]
