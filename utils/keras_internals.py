"""Every use of a private part of Keras or TensorFlow, each with the reason.

`tests/unit/test_keras_internals.py` names what broke when a new version moves one of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import keras
import tensorflow as tf
from keras.src.backend.common.name_scope import current_path
from tensorflow.python.eager import context
from tensorflow.python.ops.parallel_for import pfor

# --- training a population ----------------------------------------------------------------------

# Keras's argmax contains a Bitcast, which TensorFlow could only map by a slow loop.
if "Bitcast" not in pfor._pfor_converter_registry:

    @pfor.RegisterPFor("Bitcast")
    def _convert_bitcast(op: Any) -> Any:
        return pfor.wrap(tf.bitcast(op.stacked_input(0), op.get_attr("type")), True)


def all_layers(model: keras.Model) -> list[keras.Layer]:
    """The model and every layer in it, those of nested models too; `model.layers` stops at them."""
    return list(model._flatten_layers())


def operations(layer: keras.Layer) -> list[Any]:
    """The operations of a functional model, of which some are no layers."""
    return list(getattr(layer, "operations", []))


def compiled_metrics(model: keras.Model) -> Any:
    """The container of the compiled metrics, or None; `model.metrics` mixes it with the others."""
    return model._compile_metrics


def given_metrics(model: keras.Model) -> list[Any]:
    """The metrics as they were given to `compile`, to tell names of ours from names of Keras's."""
    compiled = model._compile_metrics
    if compiled is None:
        return []
    return keras.tree.flatten([compiled._user_metrics, compiled._user_weighted_metrics])


def compiled_losses(model: keras.Model) -> list[Any]:
    """The loss objects that Keras made of what was compiled; there once the loss was called."""
    return [loss.loss for loss in model._compile_loss._flat_losses or []]


def loss_settings(loss: keras.losses.Loss) -> tuple[Callable[..., Any] | None, dict[str, Any]]:
    """The function behind one of Keras's loss objects, and its settings."""
    return getattr(loss, "fn", None), getattr(loss, "_fn_kwargs", {})


def decays(model: keras.Model) -> list[bool]:
    """For each trainable variable, whether the optimizer decays it."""
    return [model.optimizer._use_weight_decay(v) for v in model.trainable_variables]


def compiled_rate(optimizer: keras.Optimizer) -> Any:
    """The learning rate as it was compiled: a variable, or a schedule (public: only its value)."""
    return optimizer._learning_rate


def variable_place(optimizer: keras.Optimizer, variable: Any) -> int:
    """The position of a variable among those that an optimizer was built for."""
    return optimizer._get_variable_index(variable)


def own_variables(layer: keras.Layer) -> list[keras.Variable]:
    """The variables of a layer without those of the layers in it."""
    return [*layer._trainable_variables, *layer._non_trainable_variables]


def draws_numbers(model: keras.Model) -> bool:
    """Whether a layer holds a generator of random numbers, whatever its attribute is called."""
    return any(layer._seed_generators for layer in all_layers(model))


class CarriedScope(keras.StatelessScope):
    """A stateless scope that notes where a variable is written whose value nobody would take over.

    `carried` are those whose new values are read afterwards. Keras takes seeds out of a global
    generator where a layer names none; its state is such a variable.
    """

    def __init__(self, state_mapping: Any, carried: list[keras.Variable]) -> None:
        super().__init__(state_mapping=state_mapping, collect_losses=True)
        self.carried = {id(v) for v in carried}
        self.lost: list[tuple[str, str]] = []

    def add_update(self, update: Any) -> None:
        """Note whose update would be lost: the path of the layer that runs, and the variable."""
        variable, _ = update
        if id(variable) not in self.carried:
            self.lost.append((current_path(), variable.path))
        super().add_update(update)


class Watched:
    """What happened to variables while a model was built."""

    def __init__(self) -> None:
        self.created: set[int] = set()
        self.kept: list[keras.Variable] = []  # alive, so that no id is used twice
        self.touched = False


@contextmanager
def watched_variables() -> Iterator[Watched]:
    """Follow which variables are made, and whether one is read or assigned afterwards."""
    seen = Watched()
    value, assign, make = keras.Variable.value.fget, keras.Variable.assign, keras.Variable.__init__

    def read(variable: Any) -> Any:
        seen.touched = True
        return value(variable)

    def write(variable: Any, new: Any) -> Any:
        seen.touched = True
        return assign(variable, new)

    def create(variable: Any, *args: Any, **options: Any) -> None:
        make(variable, *args, **options)
        seen.created.add(id(variable))
        seen.kept.append(variable)

    with mock.patch.multiple(keras.Variable, value=property(read), assign=write, __init__=create):
        yield seen


class GivenSeed(keras.random.SeedGenerator):
    """Hands one of Keras's initializers a seed that is a tensor, where it takes only integers."""

    def __init__(self, seed: tf.Tensor):  # without a variable of its own
        self.given = tf.stack([seed, tf.zeros_like(seed)])

    def next(self, ordered: bool = True) -> Any:
        """The seed, as Keras makes it of an integer."""
        return self.given


MOST = int(1e9)  # as in Keras's make_default_seed


def seeds_drawn(seed: int, count: int) -> list[int]:
    """What Keras's layers and initializers draw as their seeds after `set_random_seed(seed)`."""
    generator = random.Random(seed)
    return [generator.randint(1, MOST) for _ in range(count)]


def upward(rule: keras.callbacks.EarlyStopping, model: keras.Model) -> bool:
    """Whether more is better of what `rule` monitors, as Keras finds it on the first epoch's end.

    Raises Keras's ValueError where its mode is "auto" and Keras does not know.
    """
    rule.set_model(model)
    rule._set_monitor_op()
    return rule.monitor_op is keras.ops.greater


# --- looking inside a model: probes and the doctor -----------------------------------------------


def loss_of(model: keras.Model) -> Callable[..., Any]:
    """The loss that a model is compiled with, without penalties, as a function of y and outputs.

    `model.loss` is what was given to `compile`: a name, an object, a list or a dict of these.
    Keras's own reading of it is a private class. It is a copy, as the first call of the original
    fixes which structure of outputs it takes.
    """
    loss = model._compile_loss
    if loss is None:
        raise ValueError("the model was compiled without a loss; call compile(loss=...) first")
    return type(loss)(loss._user_loss, loss._user_loss_weights, output_names=loss.output_names)


def layers_in(layer: keras.Layer) -> list[keras.Layer]:
    """The layers that a layer or model holds itself, in the order they were added.

    `model.layers` does the same for models; the layer inside a wrapper has no public name.
    """
    return list(layer._layers)


def through_graph(model: keras.Model, inputs: Any, call: Callable[..., Any]) -> Any:
    """A model's outputs where every operation of its graph is called by `call(operation, ...)`.

    `keras.models.clone_model` takes such a function too, but neither for Sequential models nor for
    a model inside another one whose inputs are that one's intermediate tensors.
    """
    graph = model._functional if isinstance(model, keras.Sequential) else model
    return graph._run_through_graph(inputs, operation_fn=lambda operation: operation, call_fn=call)


@contextmanager
def tensorflow_generator_kept() -> Iterator[None]:
    """Put the state of the generator that `tf.random` draws its seeds from back afterwards.

    TensorFlow has a function that sets this generator's seed, and none that reads its state.
    Kernels that already run keep numbers of their own, and are dropped where any were drawn.
    """
    eager = context.context()
    before = eager._rng.getstate() if getattr(eager, "_rng", None) else None
    try:
        yield
    finally:
        if before and eager._rng.getstate() != before:
            eager._rng.setstate(before)
            eager.clear_kernel_cache()
