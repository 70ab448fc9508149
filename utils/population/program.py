"""TensorFlow's share of the population engine: one compiled step for all members.

Everything here works on *stacked* arrays, whose leading axis counts the members. Another
backend needs this file, `forward` and `optimizer` once more.
"""

from __future__ import annotations

import warnings

import keras
import numpy as np
import tensorflow as tf

from utils.population.capabilities import draws_numbers
from utils.population.forward import Arrays, Forward, Logs, member_pass, quietly
from utils.population.optimizer import per_member, stacked_optimizer
from utils.population.refusals import BY_LOOP, dense_gradients


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
            pairs = zip(gradients, self.model.trainable_variables, strict=True)
            dense_gradients(self.model, [v for g, v in pairs if isinstance(g, tf.IndexedSlices)])
            connected[:] = [g is not None for g in gradients]
            return [tf.convert_to_tensor(g) for g in gradients if g is not None], *state

        trainable, old = self._values()
        gradients, new, metrics = _mapped(one, (trainable, old, metrics, x, y))
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


def _mapped(one, arguments):
    """`one` for all members at once; refuses the loops that TensorFlow cannot map."""
    try:
        return tf.vectorized_map(one, arguments)
    except TypeError as error:
        if "variant" not in str(error):
            raise
        raise NotImplementedError(
            "A recurrent layer that follows other trainable layers loops in a way that cannot be "
            f"trained as a population; create it with unroll=True, or {BY_LOOP}."
        ) from error


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
