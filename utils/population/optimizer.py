"""One Keras optimizer for all members of a population, exact for element-wise rules."""

from __future__ import annotations

import keras
import tensorflow as tf


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
        return learning_rate if self.rates is None else per_member(self.rates.value, variable)

    def update_step(self, gradient, variable, learning_rate):
        """Keras's step, each member at its own rate."""
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
            return [g * per_member(scale, g) for g in grads]
        return super()._clip_gradients(grads)


def _all_but_first(tensor) -> list[int]:
    return list(range(1, len(tensor.shape)))


def per_member(vector, like):
    """Reshape (member,) so that it multiplies a stacked tensor."""
    return tf.reshape(vector, [-1] + [1] * (len(like.shape) - 1))


def stacked_optimizer(model: keras.Model, variables: list[keras.Variable], members: int):
    """Turn the (unbuilt) optimizer of `model` into one for all members' stacked `variables`."""
    optimizer = model.optimizer
    kind = type(optimizer)
    optimizer.__class__ = type(f"Stacked{kind.__name__}", (StackedOptimizer, kind), {})
    optimizer.attach(model, variables, members)
    return optimizer
