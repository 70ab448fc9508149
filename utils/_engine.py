"""TensorFlow's share of the population engine: one compiled step for all members.

Everything here works on *stacked* arrays, whose leading axis counts the members. The rest of
`utils.population` is plain Keras and NumPy, so another backend needs this file, and the few lines
of `utils._optimizer`, once more.
"""

from __future__ import annotations

import functools
import logging
import warnings

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.ops.parallel_for import pfor

from utils._optimizer import per_member, stacked_optimizer
from utils._reuse import draws_numbers

Arrays = list[np.ndarray]
Logs = dict[str, np.ndarray]

if "Bitcast" not in pfor._pfor_converter_registry:  # part of Keras's argmax; else a slow loop

    @pfor.RegisterPFor("Bitcast")
    def _convert_bitcast(op):
        return pfor.wrap(tf.bitcast(op.stacked_input(0), op.get_attr("type")), True)


def quietly(method):
    """Keep TensorFlow's remarks on tracing, which no reader can act on, out of the outputs."""

    @functools.wraps(method)
    def quiet(*args):
        logger = tf.get_logger()
        level = logger.level
        logger.setLevel(logging.ERROR)
        try:
            return method(*args)
        finally:
            logger.setLevel(level)

    return quiet


def member_pass(model, trainable, non_trainable, metrics, x, y, valid=None, *, training: bool):
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
    with keras.StatelessScope(state_mapping=mapping, collect_losses=True) as scope:
        prediction = model(x, training=training)
        loss = model._compute_loss(
            x=x, y=y, y_pred=prediction, sample_weight=share, training=training
        )
        model._loss_tracker.update_state(loss, sample_weight=count)
        if model._compile_metrics is not None:
            for metric in model._compile_metrics.metrics:
                metric.update_state(y, prediction, sample_weight=valid)
        non_trainable = [scope.get_current_value(v) for v in model.non_trainable_variables]
        metrics = [scope.get_current_value(v) for v in model.metrics_variables]
    return loss, [tf.convert_to_tensor(v) for v in non_trainable], metrics


def member_logs(model, metrics) -> dict:
    """The epoch's logs, as Keras names them, from one member's metric variables."""
    mapping = list(zip(model.metrics_variables, metrics, strict=True))
    with keras.StatelessScope(state_mapping=mapping):
        return {key: tf.convert_to_tensor(v) for key, v in model.get_metrics_result().items()}


class Forward:
    """What one model computes, for all members at once and without training.

    Weights are arguments, so that a snapshot or a sub-population needs no new program.
    """

    most = 2**15  # examples times members in flight: bounds the memory

    def __init__(self, model: keras.Model):
        self.model = model
        self._predict = tf.function(self._predict_all, autograph=False, reduce_retracing=True)
        self._update = tf.function(self._update_all, autograph=False, reduce_retracing=True)
        self._logs = tf.function(self._all_logs, autograph=False, reduce_retracing=True)

    @quietly
    def predict(self, trainable, non_trainable, x) -> np.ndarray:
        """Outputs in inference mode: (member, n, outputs)."""
        members = len((trainable + non_trainable)[0])
        parts = [
            self._predict(trainable, non_trainable, part).numpy()
            for part in np.array_split(x, self._pieces(len(x), members))
        ]
        return np.concatenate(parts, axis=1)

    @quietly
    def evaluate(self, trainable, non_trainable, x, y, batch_size: int | None) -> Logs:
        """Loss and metrics in inference mode, each (member,).

        `batch_size` matters to losses that are not means over the batch; None lets us choose.
        """
        members = len((trainable + non_trainable)[0])
        metrics = self.fresh_metrics(members)
        pieces = self._pieces(len(x), members)
        cuts = range(batch_size, len(x), batch_size) if batch_size else pieces
        split = np.split if batch_size else np.array_split
        for part in zip(split(x, cuts), split(y, cuts), strict=True):
            metrics = self._update(trainable, non_trainable, metrics, *part)
        return self.logs(metrics)

    @quietly
    def logs(self, metrics) -> Logs:
        """Keras's logs from stacked metric variables, each (member,)."""
        return {key: value.numpy() for key, value in self._logs(metrics).items()}

    def fresh_metrics(self, members: int) -> list[tf.Tensor]:
        """Stacked metric variables at the start of an epoch."""
        return [tf.zeros([members, *v.shape], v.dtype) for v in self.model.metrics_variables]

    def _pieces(self, count: int, members: int) -> int:
        least = -(-count * members // self.most)
        even = (p for p in range(least, 4 * least) if count % p == 0)
        return next(even, least)  # pieces of one size share one trace

    def _predict_all(self, trainable, non_trainable, x):
        def one(weights):
            return self.model.stateless_call(*weights, x, training=False)[0]

        return tf.vectorized_map(one, (trainable, non_trainable))

    def _update_all(self, trainable, non_trainable, metrics, x, y):
        def one(state):
            return member_pass(self.model, *state, x, y, training=False)[2]

        return tf.vectorized_map(one, (trainable, non_trainable, metrics))

    def _all_logs(self, metrics):
        return tf.vectorized_map(lambda m: member_logs(self.model, m), metrics)


class Engine:
    """One population: stacked variables, one optimizer, and the compiled epoch."""

    def __init__(
        self,
        model: keras.Model,
        initial: Arrays,
        *,
        masked: bool,
        stops: bool,
        padded: bool,
        jit_compile: bool,
    ):
        members, split = len(initial[0]), len(model.trainable_variables)
        self.model, self.members, self.padded = model, members, padded
        self.forward = Forward(model)
        variables = model.trainable_variables + model.non_trainable_variables
        stacked = [_stacked(v, value) for v, value in zip(variables, initial, strict=True)]
        self.trainable, self.non_trainable = stacked[:split], stacked[split:]
        self.masks = [keras.Variable(tf.ones(v.shape)) for v in self.trainable] if masked else []
        self.active = tf.Variable(tf.ones(members, tf.bool), trainable=False) if stops else None
        self.optimizer = stacked_optimizer(model, self.trainable, members)
        self._plain = tf.function(self._run_steps, autograph=False)
        self._epoch = (
            tf.function(self._run_steps, autograph=False, jit_compile=True)
            if jit_compile
            else self._plain
        )
        # One step is not worth compiling, unless XLA deals out other random numbers.
        self._short = self._epoch if draws_numbers(model) else self._plain

    def load(self, model: keras.Model, initial: Arrays, rates, masks) -> None:
        """Start afresh: initial weights, the state of a new optimizer, rates and masks."""
        _assign(self.trainable + self.non_trainable, initial)
        if model is not self.model:  # a reused engine's optimizer takes over a fresh one's state
            fresh = stacked_optimizer(model, self.trainable, self.members)
            _assign(self.optimizer.variables, fresh.variables)
        if self.optimizer.rates is not None:
            self.optimizer.rates.assign(rates)
        if self.active is not None:
            self.active.assign(tf.ones(self.members, tf.bool))
        _assign(self.masks, masks)
        self._apply_masks()

    @quietly
    def train_epoch(self, x, y, order: list[np.ndarray]) -> Logs:
        """One epoch over the batches of `order`, (member, batch) each, the last maybe short."""
        size = order[0].shape[1]
        missing = size - order[-1].shape[1]
        metrics = self.forward.fresh_metrics(self.members)
        if missing and self.padded:
            valid = np.ones([len(order), size], "float32")
            valid[-1, -missing:] = 0
            order = [*order[:-1], np.pad(order[-1], [(0, 0), (0, missing)])]
            metrics = self._compiled(x, y, np.stack(order), valid, metrics)
        elif missing:
            metrics = self._compiled(x, y, np.stack(order[:-1]), None, metrics)
            metrics = self._short(x, y, order[-1][None], None, metrics)
        else:
            metrics = self._compiled(x, y, np.stack(order), None, metrics)
        return self.forward.logs(metrics)

    def stop(self, active: np.ndarray) -> None:
        """Freeze the members that are not `active`."""
        self.active.assign(active)

    def finish(self) -> None:
        """What Keras does after the last epoch: averaged weights take over, where asked for."""
        self.optimizer.finalize_variable_values(self.trainable)
        self._apply_masks()

    def evaluate(self, x, y, batch_size: int | None) -> Logs:
        """Loss and metrics of the present weights."""
        return self.forward.evaluate(*self._values(), x, y, batch_size)

    def weights(self) -> tuple[Arrays, Arrays]:
        """Copies of the present weights: trainable, non-trainable."""
        trainable, non_trainable = self._values()
        return [v.numpy() for v in trainable], [v.numpy() for v in non_trainable]

    def _compiled(self, *args):
        if self._epoch is self._plain:
            return self._plain(*args)
        try:
            return self._epoch(*args)
        except (tf.errors.UnimplementedError, tf.errors.InvalidArgumentError) as error:
            reason = str(error).strip().splitlines()[0]
            warnings.warn(
                f"XLA cannot compile this model here, so training runs without it: {reason}",
                stacklevel=2,
            )
            self._epoch = self._short = self._plain
            return self._plain(*args)

    def _values(self):
        read = tf.convert_to_tensor
        return [read(v.value) for v in self.trainable], [read(v.value) for v in self.non_trainable]

    def _run_steps(self, x, y, order, valid, metrics):
        def body(step, metrics):
            batch = tf.gather(x, order[step]), tf.gather(y, order[step])
            return step + 1, self._step(*batch, None if valid is None else valid[step], metrics)

        steps = order.shape[0]
        if steps == 1:
            return body(0, metrics)[1]
        return tf.while_loop(lambda step, _: step < steps, body, (0, metrics))[1]

    def _step(self, x, y, valid, metrics):
        connected: list[bool] = []

        def one(args):
            trainable, non_trainable, metrics, x, y = args
            with tf.GradientTape() as tape:
                tape.watch(trainable)
                loss, *state = member_pass(
                    self.model, trainable, non_trainable, metrics, x, y, valid, training=True
                )
                loss = self.optimizer.scale_loss(loss)
            gradients = tape.gradient(loss, trainable)
            connected[:] = [g is not None for g in gradients]
            return [tf.convert_to_tensor(g) for g in gradients if g is not None], *state

        trainable, old = self._values()
        gradients, new, metrics = tf.vectorized_map(one, (trainable, old, metrics, x, y))
        remaining = iter(gradients)
        self.optimizer.apply([next(remaining) if c else None for c in connected], self.trainable)
        self._apply_masks()
        if self.active is not None:
            self._keep_stopped(self.trainable, trainable)
            new = [
                tf.where(per_member(self.active, n), n, o) for n, o in zip(new, old, strict=True)
            ]
        _assign(self.non_trainable, new)
        return metrics

    def _keep_stopped(self, variables, old):
        for variable, value in zip(variables, old, strict=True):
            variable.assign(tf.where(per_member(self.active, value), variable.value, value))

    def _apply_masks(self):
        for variable, mask in zip(self.trainable, self.masks, strict=bool(self.masks)):
            variable.assign(variable * mask)


def _assign(variables, values) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _stacked(variable: keras.Variable, value: np.ndarray) -> keras.Variable:
    """A variable for all members at once: (member, *shape)."""
    stacked = keras.Variable(
        value, dtype=variable.dtype, trainable=variable.trainable, name=variable.name
    )
    constraint = getattr(variable, "constraint", None)
    if constraint is not None:
        stacked.constraint = lambda v: tf.vectorized_map(constraint, tf.convert_to_tensor(v))
    return stacked
