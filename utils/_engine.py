"""TensorFlow's share of the population engine: one compiled step for all members.

Everything here works on *stacked* arrays, whose leading axis counts the members. The rest of
`utils.population` is plain Keras and NumPy, so another backend needs another file like this one.
"""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

Arrays = list[np.ndarray]


class StackedOptimizer:
    """Lets an element-wise Keras optimizer update stacked variables as if one by one.

    Mixed into the optimizer's own class. Whatever looks across elements is done per member here:
    the learning rate, weight decay, and clipping by norm.
    """

    def attach(self, model: keras.Model, variables: list[keras.Variable], members: int) -> None:
        """Take over from the optimizer of one `model`: update the stacked `variables`."""
        scheduled = not isinstance(self._learning_rate, keras.Variable)
        self.decays = [self._use_weight_decay(v) for v in model.trainable_variables]
        self.rates = None if scheduled else keras.Variable(tf.zeros(members), trainable=False)
        self.build(variables)

    def _rate_for(self, variable, learning_rate):
        if self.rates is None:
            return learning_rate
        return tf.reshape(self.rates.value, [-1] + [1] * (len(variable.shape) - 1))

    def update_step(self, gradient, variable, learning_rate):
        super().update_step(gradient, variable, self._rate_for(variable, learning_rate))

    def _apply_weight_decay(self, variables):
        if self.weight_decay is None:
            return
        for variable in variables:
            if self.decays[self._get_variable_index(variable)]:
                rate = self._rate_for(variable, self.learning_rate)
                variable.assign(variable - variable * self.weight_decay * rate)

    def _clip_gradients(self, grads):
        if self.clipnorm:
            return [tf.clip_by_norm(g, self.clipnorm, axes=_all_but_first(g)) for g in grads]
        if self.global_clipnorm:
            squares = [tf.reduce_sum(tf.square(g), axis=_all_but_first(g)) for g in grads]
            norm = tf.sqrt(tf.add_n(squares))
            scale = self.global_clipnorm * tf.minimum(1 / norm, 1 / self.global_clipnorm)
            scale = scale + (norm - norm)  # as Keras: an infinite norm gives NaN, not zero
            return [g * tf.reshape(scale, [-1] + [1] * (len(g.shape) - 1)) for g in grads]
        return super()._clip_gradients(grads)


def _all_but_first(tensor) -> list[int]:
    return list(range(1, len(tensor.shape)))


def stacked_optimizer(model: keras.Model, variables: list[keras.Variable], members: int):
    """Turn the (unbuilt) optimizer of `model` into one for all members' stacked `variables`."""
    optimizer = model.optimizer
    kind = type(optimizer)
    optimizer.__class__ = type(f"Stacked{kind.__name__}", (StackedOptimizer, kind), {})
    optimizer.attach(model, variables, members)
    return optimizer


class Forward:
    """What one model computes, for all members at once and without training.

    Weights are arguments, so that a snapshot or a sub-population needs no new compilation.
    """

    def __init__(self, model: keras.Model):
        self.model = model
        self._predict = tf.function(self._predict_all, reduce_retracing=True)
        self._evaluate = tf.function(self._evaluate_all, reduce_retracing=True)

    def predict(self, trainable, non_trainable, x) -> np.ndarray:
        """Outputs in inference mode: (member, n, outputs)."""
        return self._predict(trainable, non_trainable, x).numpy()

    def evaluate(self, trainable, non_trainable, x, y) -> dict[str, np.ndarray]:
        """Loss and metrics in inference mode, each (member,)."""
        logs = self._evaluate(trainable, non_trainable, x, y)
        return {key: value.numpy() for key, value in logs.items()}

    def _predict_all(self, trainable, non_trainable, x):
        def one(weights):
            return self.model.stateless_call(*weights, x, training=False)[0]

        return tf.vectorized_map(one, (trainable, non_trainable))

    def _evaluate_all(self, trainable, non_trainable, x, y):
        fresh = [tf.zeros(v.shape, v.dtype) for v in self.model.metrics_variables]

        def one(weights):
            metrics = member_pass(self.model, *weights, fresh, x, y, training=False)[2]
            return member_logs(self.model, metrics)

        return tf.vectorized_map(one, (trainable, non_trainable))


def member_pass(model, trainable, non_trainable, metrics, x, y, *, training: bool):
    """One member's loss on a batch; returns it with the updated non-trainables and metrics."""
    mapping = [
        *zip(model.trainable_variables, trainable, strict=True),
        *zip(model.non_trainable_variables, non_trainable, strict=True),
        *zip(model.metrics_variables, metrics, strict=True),
    ]
    with keras.StatelessScope(state_mapping=mapping, collect_losses=True) as scope:
        prediction = model(x, training=training)
        loss = model._compute_loss(x=x, y=y, y_pred=prediction, training=training)
        model._loss_tracker.update_state(loss, sample_weight=tf.shape(x)[0])
        model.compute_metrics(x, y, prediction)
        non_trainable = [scope.get_current_value(v) for v in model.non_trainable_variables]
        metrics = [scope.get_current_value(v) for v in model.metrics_variables]
    return loss, [tf.convert_to_tensor(v) for v in non_trainable], metrics


def member_logs(model, metrics) -> dict:
    """The epoch's logs, as Keras names them, from one member's metric variables."""
    mapping = list(zip(model.metrics_variables, metrics, strict=True))
    with keras.StatelessScope(state_mapping=mapping):
        return {key: tf.convert_to_tensor(v) for key, v in model.get_metrics_result().items()}


class Engine:
    """One population: stacked variables, one optimizer, and the compiled epoch."""

    def __init__(self, model: keras.Model, members: int, *, masked: bool, jit_compile: bool):
        self.model, self.members, self.masked = model, members, masked
        self.forward = Forward(model)
        self.trainable = [_stacked(v, members) for v in model.trainable_variables]
        self.non_trainable = [_stacked(v, members) for v in model.non_trainable_variables]
        self.masks = [_stacked(v, members) for v in model.trainable_variables] if masked else []
        self.active = tf.Variable(tf.ones(members, tf.bool), trainable=False)
        self.optimizer = stacked_optimizer(model, self.trainable, members)
        self._epoch = tf.function(self._run_steps, jit_compile=jit_compile)
        self._last = tf.function(self._run_steps)  # one short batch: not worth a second XLA run
        self._logs = tf.function(self._all_logs)

    def load(self, model: keras.Model, trainable: Arrays, non_trainable: Arrays, rates, masks):
        """Start afresh: initial weights, the state of a new optimizer, rates and masks."""
        for variable, value in zip(self.trainable, trainable, strict=True):
            variable.assign(value)
        for variable, value in zip(self.non_trainable, non_trainable, strict=True):
            variable.assign(value)
        if model is not self.model:  # the compiled optimizer takes a fresh one's state
            fresh = stacked_optimizer(model, self.trainable, self.members)
            for variable, new in zip(self.optimizer.variables, fresh.variables, strict=True):
                variable.assign(new)
        if rates is not None:
            self.optimizer.rates.assign(rates)
        self.active.assign(tf.ones(self.members, tf.bool))
        for variable, mask in zip(self.masks, masks, strict=True):
            variable.assign(mask)
        self._apply_masks()

    def train_epoch(self, x, y, order: np.ndarray, rest: np.ndarray) -> dict[str, np.ndarray]:
        """One epoch: full batches (steps, member, batch), then a short one (member, rest)."""
        metrics = [
            tf.zeros([self.members, *v.shape], v.dtype) for v in self.model.metrics_variables
        ]
        metrics = self._epoch(x, y, order, metrics)
        if rest.size:
            metrics = self._last(x, y, rest[None], metrics)
        return {key: value.numpy() for key, value in self._logs(metrics).items()}

    def evaluate(self, x, y) -> dict[str, np.ndarray]:
        """Loss and metrics of the present weights."""
        return self.forward.evaluate(*self._values(), x, y)

    def weights(self) -> tuple[Arrays, Arrays]:
        """Copies of the present weights: trainable, non-trainable."""
        trainable, non_trainable = self._values()
        return [v.numpy() for v in trainable], [v.numpy() for v in non_trainable]

    def _values(self):
        read = tf.convert_to_tensor
        return [read(v.value) for v in self.trainable], [read(v.value) for v in self.non_trainable]

    def _run_steps(self, x, y, order, metrics):
        def body(step, metrics):
            batch = tf.gather(x, order[step]), tf.gather(y, order[step])
            return step + 1, self._step(*batch, metrics)

        steps = order.shape[0]
        if steps == 1:
            return body(0, metrics)[1]
        return tf.while_loop(lambda step, _: step < steps, body, (0, metrics))[1]

    def _step(self, x, y, metrics):
        connected: list[bool] = []

        def one(args):
            trainable, non_trainable, metrics, x, y = args
            with tf.GradientTape() as tape:
                tape.watch(trainable)
                loss, *state = member_pass(
                    self.model, trainable, non_trainable, metrics, x, y, training=True
                )
                loss = self.optimizer.scale_loss(loss)
            gradients = tape.gradient(loss, trainable)
            connected[:] = [g is not None for g in gradients]
            return [tf.convert_to_tensor(g) for g in gradients if g is not None], *state

        trainable, non_trainable = self._values()
        gradients, non_trainable, metrics = tf.vectorized_map(
            one, (trainable, non_trainable, metrics, x, y)
        )
        remaining = iter(gradients)
        self.optimizer.apply([next(remaining) if c else None for c in connected], self.trainable)
        self._apply_masks()
        for variable, old in zip(self.trainable, trainable, strict=True):
            variable.assign(self._if_active(variable.value, old))
        for variable, new in zip(self.non_trainable, non_trainable, strict=True):
            variable.assign(self._if_active(new, variable.value))
        return metrics

    def _if_active(self, new, old):
        return tf.where(tf.reshape(self.active, [-1] + [1] * (len(old.shape) - 1)), new, old)

    def _apply_masks(self):
        for variable, mask in zip(self.trainable, self.masks, strict=bool(self.masks)):
            variable.assign(variable * mask)

    def _all_logs(self, metrics):
        return tf.vectorized_map(lambda m: member_logs(self.model, m), metrics)


def _stacked(variable: keras.Variable, members: int) -> keras.Variable:
    """A variable for all members at once: (member, *shape)."""
    stacked = keras.Variable(
        tf.zeros([members, *variable.shape], variable.dtype),
        dtype=variable.dtype,
        trainable=variable.trainable,
        name=variable.name,
    )
    constraint = getattr(variable, "constraint", None)
    if constraint is not None:
        stacked.constraint = lambda value: tf.vectorized_map(
            constraint, tf.convert_to_tensor(value)
        )
    return stacked
