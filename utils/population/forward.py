"""What the models of a population compute: forward passes, losses and metrics, for all at once.

With `program`, TensorFlow's share of the engine. Everything here works on *stacked* arrays, whose
leading axis counts the members.
"""

from __future__ import annotations

import functools
import logging
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from utils.keras_internals import CarriedScope, compiled_metrics
from utils.population import refusals

Arrays = list[np.ndarray]
Logs = dict[str, np.ndarray]


def quietly(method: Any) -> Any:
    """Keep TensorFlow's remarks on tracing out of the outputs: errors are still raised."""

    @functools.wraps(method)
    def quiet(*args: Any) -> Any:
        logger = tf.get_logger()
        level = logger.level
        logger.setLevel(logging.CRITICAL)
        try:
            return method(*args)
        finally:
            logger.setLevel(level)

    return quiet


def member_pass(
    model: Any,
    trainable: Any,
    non_trainable: Any,
    metrics: Any,
    x: Any,
    y: Any,
    valid: Any = None,
    *,
    training: bool,
) -> Any:
    """One member's loss on a batch, with the updated non-trainables and metrics.

    `valid` (batch,) is 1 for examples and 0 for padding, None where there is no padding.
    """
    mapping = [
        *zip(model.trainable_variables, trainable, strict=True),
        *zip(model.non_trainable_variables, non_trainable, strict=True),
        *zip(model.metrics_variables, metrics, strict=True),
    ]
    count = tf.shape(x)[0] if valid is None else tf.reduce_sum(valid)
    # The mean over the whole batch of losses weighted so is the mean over its examples.
    share = None if valid is None else valid * (valid.shape[0] / count)
    carried = [*model.non_trainable_variables, *model.metrics_variables]
    with CarriedScope(mapping, carried) as scope:
        prediction = model(x, training=training)
        loss = model.compute_loss(x, y, prediction, share, training=training)
        model.metrics[0].update_state(loss, sample_weight=count)
        compiled = compiled_metrics(model)
        for metric in compiled.metrics if compiled else ():
            metric.update_state(y, prediction, sample_weight=valid)
        non_trainable = [scope.get_current_value(v) for v in model.non_trainable_variables]
        metrics = [scope.get_current_value(v) for v in model.metrics_variables]
    refusals.lost(scope.lost)
    return loss, [tf.convert_to_tensor(v) for v in non_trainable], metrics


def member_logs(model: Any, metrics: Any) -> dict[str, Any]:
    """The epoch's logs, as Keras names them, from one member's metric variables."""
    mapping = list(zip(model.metrics_variables, metrics, strict=True))
    with keras.StatelessScope(state_mapping=mapping):
        return {key: tf.convert_to_tensor(v) for key, v in model.get_metrics_result().items()}


class Forward:
    """What one model computes, for all members at once and without training.

    Weights are arguments, so that a snapshot or a sub-population needs no new program.
    """

    most = 2**15  # examples times members in flight: bounds the memory

    def __init__(self, model: keras.Model) -> None:
        self.model = model
        self._reset = [v.numpy() for v in model.metrics_variables]  # as reset_metrics leaves them
        self._predict = tf.function(self._predict_all, autograph=False, reduce_retracing=True)
        self._update = tf.function(self.scored, autograph=False, reduce_retracing=True)
        self._logs = tf.function(self.logged, autograph=False, reduce_retracing=True)

    @quietly
    def predict(self, trainable: Any, non_trainable: Any, x: Any) -> np.ndarray:
        """Outputs in inference mode: (member, n, outputs)."""
        members = len((trainable + non_trainable)[0])
        parts = [
            self._predict(trainable, non_trainable, part).numpy()
            for part in np.array_split(x, self._pieces(len(x), members))
        ]
        return np.concatenate(parts, axis=1)

    @quietly
    def evaluate(
        self, trainable: Any, non_trainable: Any, x: Any, y: Any, batch_size: int | None
    ) -> Any:
        """Loss and metrics in inference mode, each (member,), and the non-trainables after it.

        `batch_size` matters to losses that are not means over the batch; None lets us choose.
        """
        members = len((trainable + non_trainable)[0])
        metrics = self.fresh_metrics(members)
        pieces = self._pieces(len(x), members)
        cuts = range(batch_size, len(x), batch_size) if batch_size else pieces
        split = np.split if batch_size else np.array_split
        for part in zip(split(x, cuts), split(y, cuts), strict=True):
            non_trainable, metrics = self._update(trainable, non_trainable, metrics, *part)
        return self.logs(metrics), non_trainable

    @quietly
    def logs(self, metrics: Any) -> Logs:
        """Keras's logs from stacked metric variables, each (member,)."""
        return {key: value.numpy() for key, value in self._logs(metrics).items()}

    def fresh_metrics(self, members: int) -> list[tf.Tensor]:
        """Stacked metric variables at the start of an epoch."""
        return [tf.constant(np.broadcast_to(v, (members, *v.shape))) for v in self._reset]

    def _pieces(self, count: int, members: int) -> int:
        least = -(-count * members // self.most)
        even = (p for p in range(least, 4 * least) if count % p == 0)
        return next(even, least)  # pieces of one size share one trace

    def _predict_all(self, trainable: Any, non_trainable: Any, x: Any) -> Any:
        def one(weights: Any) -> Any:
            return self.model.stateless_call(*weights, x, training=False)[0]

        return tf.vectorized_map(one, (trainable, non_trainable))

    def scored(self, trainable: Any, non_trainable: Any, metrics: Any, x: Any, y: Any) -> Any:
        """One batch for all members: non-trainables and metrics after it."""

        def one(state: Any) -> Any:
            return member_pass(self.model, state[0], state[1], state[2], x, y, training=False)[1:]

        return tf.vectorized_map(one, (trainable, non_trainable, metrics))

    def logged(self, metrics: Any) -> Any:
        """Keras's logs of all members, while a program is traced."""
        return tf.vectorized_map(lambda m: member_logs(self.model, m), metrics)
