"""The record of a trained population, as `utils.population.train` returns it."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from utils.population import arguments, arrays, capabilities, refusals, settings
from utils.population.arguments import Plan
from utils.population.forward import Forward
from utils.population.initial import Build, Weights, seeded
from utils.population.loop import Trained
from utils.population.member import Prepared


class UnknownKey(KeyError):
    """A KeyError whose message is shown as it is, without quotes around it."""

    def __str__(self) -> str:
        return str(self.args[0])


class History(dict[str, np.ndarray]):
    """Keras's keys to arrays (member, epoch); an unknown key names the known ones."""

    def __missing__(self, key: Any) -> None:
        near = difflib.get_close_matches(str(key), self, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise UnknownKey(f"No {key!r} in the history, which has {', '.join(self)}.{hint}")


@dataclass(frozen=True, eq=False)
class Runs:
    """A trained population; the first axis of every array is the member.

    An epoch is what lies between two logs: with a budget in steps, `log_every` of them.
    `history` holds NaN from the epoch on in which a member's loss stopped being finite. A member
    that stopped early repeats its last values: it trained for `stopped_epoch` epochs, and its
    weights are those after `kept_epoch` (both equal `epochs` without early stopping).
    """

    seeds: tuple[int, ...]
    learning_rate: np.ndarray  # (member,), NaN where a schedule sets it
    settings: Mapping[str, np.ndarray]  # the other numbers that members have of their own
    steps: np.ndarray  # (epoch,): how many had been taken at each log
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
        """The epochs (or, with a budget in steps, the steps) after which weights were kept.

        0 is before training.
        """
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

    def predict(
        self,
        x: np.ndarray,
        epoch: int | None = None,
        *,
        weights: Sequence[np.ndarray] | None = None,
    ) -> np.ndarray:
        """All members' outputs in inference mode, now or at a snapshot: (member, n, outputs).

        `weights` replaces the trainable variables, as for `evaluate`.
        """
        x = arrays.floats(x)
        refusals.takes(self.forward.model, x)
        state = self._state(epoch, weights)
        if not len(self):
            raise ValueError("These runs have no member, so there is nothing to predict with.")
        return self.forward.predict(*state, x)

    def evaluate(
        self,
        x: np.ndarray,
        y: np.ndarray,
        epoch: int | None = None,
        *,
        weights: Sequence[np.ndarray] | None = None,
    ) -> dict[str, np.ndarray]:
        """Loss and metrics in inference mode, each (member,).

        `weights` replaces the trainable variables, aligned with them: (member, *shape) each, or
        (*shape) for all members alike; such as an average or a point between two snapshots.
        """
        x, y = arrays.pair((x, y), ("x", "y"))
        refusals.fits(self.forward.model, x, y, ("x", "y"))
        state = self._state(epoch, weights)
        if not len(self):
            raise ValueError("These runs have no member, so there is nothing to evaluate.")
        whole = None if capabilities.splits_freely(self.forward.model) else self.batch_size
        return self.forward.evaluate(*state, x, y, whole)[0]

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
        for name, value in self.settings.items():
            settings.give(model.optimizer, name, float(value[member]))
        return model

    def take(self, indices: Sequence[int] | np.ndarray) -> Runs:
        """A sub-population: the members at `indices` (or where a mask is true)."""
        chosen = np.asarray(indices)
        where = np.arange(len(self))[chosen if chosen.size else chosen.astype(int)]

        def pick(arrays: Weights) -> Weights:
            return [a[where] for a in arrays]

        return dataclasses.replace(
            self,
            seeds=tuple(self.seeds[i] for i in where),
            learning_rate=self.learning_rate[where],
            settings={name: value[where] for name, value in self.settings.items()},
            history=History({key: value[where] for key, value in self.history.items()}),
            diverged=self.diverged[where],
            stopped_epoch=self.stopped_epoch[where],
            kept_epoch=self.kept_epoch[where],
            weights=pick(self.weights),
            non_trainable=pick(self.non_trainable),
            snapshots={e: (pick(t), pick(n)) for e, (t, n) in self.snapshots.items()},
        )

    def _state(
        self, epoch: Any, weights: Sequence[np.ndarray] | None = None
    ) -> tuple[Weights, Weights]:
        if epoch is None:
            state = self.weights, self.non_trainable
        elif arguments.whole(epoch) and epoch in self.snapshots:
            state = self.snapshots[epoch]
        else:
            kept = ", ".join(map(str, self.snapshots)) or "none (pass snapshots=k to train)"
            raise ValueError(f"No snapshot at epoch {epoch!r}; kept are: {kept}.")
        if weights is None:
            return state
        return settings.aligned_weights(weights, self.forward.model, state[0]), state[1]


def record(prepared: Prepared, plan: Plan, trained: Trained) -> Runs:
    """What `train` returns."""
    logs, stopper = trained.logs, trained.stopper
    history = History({key: np.stack([log[key] for log in logs], axis=1) for key in logs[0]})
    losses = [value for key, value in history.items() if key in ("loss", "val_loss")]
    lost = np.logical_or.accumulate(~np.isfinite(losses).all(axis=0), axis=1)
    for key, value in history.items():
        history[key] = np.where(lost, np.nan, value)
    stopped = kept = np.full(len(plan.seeds), len(logs))
    weights = trained.weights
    if stopper is not None:
        stopped = kept = stopper.trained
        if stopper.weights is not None:
            kept, weights = stopper.kept, stopper.weights
    return Runs(
        seeds=plan.seeds,
        learning_rate=prepared.settings.rates,
        settings=prepared.settings.numbers,
        steps=np.cumsum(plan.periods),
        history=history,
        diverged=lost[:, -1],
        stopped_epoch=stopped,
        kept_epoch=kept,
        weights=weights[0],
        non_trainable=weights[1],
        snapshots=trained.snapshots,
        build=prepared.build,
        fingerprint=prepared.fingerprint,
        forward=trained.program.forward,
        batch_size=plan.batch_size,
    )
