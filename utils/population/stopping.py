"""Keras's early stopping, for every member at once."""

from __future__ import annotations

import copy
import operator

import keras
import numpy as np

from utils.keras_internals import upward

State = tuple[list[np.ndarray], list[np.ndarray]]


class Stopper:
    """Follows `keras.callbacks.EarlyStopping` member by member.

    `active` (member,) says who still trains; `trained` and `kept` count epochs: how many each
    member trained for, and after which one its weights were taken.
    """

    def __init__(
        self, rule: keras.callbacks.EarlyStopping, model: keras.Model, members: int
    ) -> None:
        self.rule = copy.copy(rule)
        self.better = operator.gt if upward(self.rule, model) else operator.lt
        self.best = np.full(members, np.nan)
        self.seen = np.zeros(members, bool)
        self.waited = np.zeros(members, int)
        self.active = np.ones(members, bool)
        self.trained = np.zeros(members, int)
        self.kept = np.zeros(members, int)
        self.weights: State | None = None

    def update(self, epoch: int, logs: dict[str, np.ndarray], state: State | None) -> None:
        """Take in the logs (and, to restore them later, the weights) after `epoch` (from 0)."""
        self.trained[self.active] = epoch + 1
        if epoch < self.rule.start_from_epoch:
            return
        if self.rule.monitor not in logs:
            raise ValueError(
                f"early_stopping watches {self.rule.monitor!r}; known are: {', '.join(logs)}."
            )
        value = logs[self.rule.monitor]
        fresh = self.active & ~self.seen
        improved = fresh | (self.active & self.better(value - self.rule.min_delta, self.best))
        self.seen |= fresh
        self.waited[self.active] += 1
        self.best[improved] = value[improved]
        if state is not None:
            self._remember(improved, state)
            self.kept[improved] = epoch + 1
        rule = self.rule
        enough = (
            improved
            if rule.baseline is None
            else (improved & self.better(value - rule.min_delta, rule.baseline))
        )
        self.waited[enough] = 0
        out = self.active & ~improved & (self.waited >= rule.patience) & (epoch > 0)
        self.active &= ~out

    def _remember(self, members: np.ndarray, state: State) -> None:
        if self.weights is None:
            self.weights = [a.copy() for a in state[0]], [a.copy() for a in state[1]]
            return
        for ours, theirs in zip(self.weights, state, strict=True):
            for best, now in zip(ours, theirs, strict=True):
                best[members] = now[members]
