"""One Keras optimizer for all members of a population, exact for those that `refusals` names."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from utils import keras_internals as internals


class StackedOptimizer(keras.optimizers.Optimizer):
    """Lets an element-wise Keras optimizer update stacked variables as if one by one.

    Mixed into the optimizer's own class. Whatever looks across elements is done per member here:
    the learning rate, weight decay, and clipping by norm.
    """

    def attach(
        self,
        model: keras.Model,
        variables: list[keras.Variable],
        members: int,
        own: tuple[str, ...],
    ) -> None:
        """Take over from the optimizer of one `model`: update the stacked `variables`.

        `own` names the numbers that each member has for itself.
        """
        self.of_one = model.trainable_variables
        self.decays = internals.decays(model)
        self.own = {name: _numbers(members) for name in own}
        if isinstance(internals.compiled_rate(self), keras.Variable):
            self.own["learning_rate"] = _numbers(members)
        for name in ("momentum", "beta_1"):
            if name in self.own:
                setattr(self, name, Own(self.own[name]))
        self.build(variables)

    def _rate_for(self, variable: Any, learning_rate: Any) -> Any:
        if "learning_rate" in self.own:
            return per_member(self.own["learning_rate"], variable)
        if "learning_rate_factor" in self.own:
            return learning_rate * per_member(self.own["learning_rate_factor"], variable)
        return learning_rate

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Keras's step, each member with its own numbers."""
        for name in ("momentum", "beta_1"):
            if name in self.own:
                setattr(self, name, Own(per_member(self.own[name], variable)))
        super().update_step(gradient, variable, self._rate_for(variable, learning_rate))

    def _apply_weight_decay(self, variables: Any) -> None:
        for variable in variables:
            decay = self._decay_for(variable)
            if decay is not None and self.decays[internals.variable_place(self, variable)]:
                rate = self._rate_for(variable, self.learning_rate)
                variable.assign(variable - variable * decay * rate)

    def _decay_for(self, variable: Any) -> Any:
        if "weight_decay" in self.own:
            return per_member(self.own["weight_decay"], variable)
        return self.weight_decay

    def _clip_gradients(self, grads: Any) -> Any:
        if self.clipnorm:
            return [tf.clip_by_norm(g, self.clipnorm, axes=_all_but_first(g)) for g in grads]
        if self.global_clipnorm:
            squares = [tf.reduce_sum(tf.square(g), axis=_all_but_first(g)) for g in grads]
            norm = tf.sqrt(tf.add_n(squares))
            scale = self.global_clipnorm * tf.minimum(1 / norm, 1 / self.global_clipnorm)
            scale = scale + (norm - norm)  # as Keras: an infinite norm gives NaN, not zero
            return [g * per_member(scale, g) for g in grads]
        return super()._clip_gradients(grads)


class StackedMuon(StackedOptimizer):
    """Lets Muon see in a stack the matrices of the members: by itself it looks for two axes."""

    def _should_use_adamw(self, variable: Any) -> bool:
        of_one = self.of_one[internals.variable_place(self, variable)]
        return super()._should_use_adamw(of_one)

    def lr_adjust(self, x: Any) -> Any:
        """Keras's factor, from the two sides of one member's matrix."""
        if self.rms_rate is None:
            return x
        return x * max(x.shape[1:]) ** 0.5 * self.rms_rate

    def _decay_for(self, variable: Any) -> Any:
        if self._should_use_adamw(variable):
            return self.adam_weight_decay
        return super()._decay_for(variable)


class Own:
    """A number of the optimizer's that every member has for itself, where Keras expects a float.

    Keras asks it only whether it is zero, which it need not be for all members.
    """

    def __init__(self, values: Any) -> None:
        self.values = values

    def __ne__(self, other: Any) -> Any:
        return True

    __hash__ = None  # type: ignore[assignment]

    def __rsub__(self, other: Any) -> Any:
        return other - self.values


tf.register_tensor_conversion_function(
    Own, lambda own, dtype=None, name=None, as_ref=False: tf.convert_to_tensor(own.values, dtype)
)


def _numbers(members: int) -> tf.Variable:
    return tf.Variable(tf.zeros(members), trainable=False)


def _all_but_first(tensor: Any) -> list[int]:
    return list(range(1, len(tensor.shape)))


def per_member(vector: Any, like: Any) -> Any:
    """Reshape (member,) so that it multiplies a stacked tensor."""
    return tf.reshape(vector, [-1] + [1] * (len(like.shape) - 1))


def stacked_optimizer(
    model: keras.Model, variables: list[keras.Variable], members: int, own: tuple[str, ...] = ()
) -> Any:
    """Turn the (unbuilt) optimizer of `model` into one for all members' stacked `variables`."""
    optimizer = model.optimizer
    kind = type(optimizer)
    stacked = StackedMuon if isinstance(optimizer, keras.optimizers.Muon) else StackedOptimizer
    optimizer.__class__ = type(f"Stacked{kind.__name__}", (stacked, kind), {})
    optimizer.attach(model, variables, members, own)
    return optimizer
