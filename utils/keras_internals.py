"""Every use of a private part of Keras or TensorFlow, each with the reason.

`tests/unit/test_keras_internals.py` names what broke when a new version moves one of them.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import keras
import tensorflow as tf
from keras.src.backend.common.name_scope import current_path
from keras.src.backend.tensorflow import random as keras_random
from keras.src.random.seed_generator import draw_seed
from tensorflow.python.eager import context
from tensorflow.python.ops import variables
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
    """For each trainable variable, whether the optimizer decays it.

    Keras looks it up by the variable's tensor, which would have to be drawn: we ask it only where
    some are excluded.
    """
    if not hasattr(model.optimizer, "_exclude_from_weight_decay"):
        return [True] * len(model.trainable_variables)
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


class Deferred(keras.Variable):
    """A variable whose value is drawn only when somebody asks for it, as to draw takes long.

    It becomes an ordinary one then.
    """

    drawing: tuple[keras.initializers.Initializer, bool]  # with what, and whether trainable

    def draw(self) -> tf.Tensor:
        """The value, each time anew."""
        initializer, _ = self.drawing
        return initializer(self._shape, dtype=self._dtype)

    @property
    def _value(self) -> Any:
        drawn = copy.copy(self)
        drawn.__class__ = keras.Variable
        _, drawn._trainable = self.drawing  # a gradient tape follows what was trainable when made
        with tf.init_scope(), tf.variable_creator_scope(_plainly):
            drawn._initialize(self.draw())
        value = self.__dict__.setdefault("_value", drawn._value)  # the first of several threads'
        self.__class__ = keras.Variable
        return value


def _plainly(_: Any, **settings: Any) -> tf.Variable:
    """Make a variable, whatever function is being traced meanwhile: it is none of its own."""
    return variables.default_variable_creator_v2(None, **settings)


CAN_WAIT = (  # orthogonal matrices refuse some shapes, which a build may want to know
    keras.initializers.Zeros,
    keras.initializers.Ones,
    keras.initializers.RandomNormal,
    keras.initializers.RandomUniform,
    keras.initializers.TruncatedNormal,
    keras.initializers.VarianceScaling,
)


def _can_wait(variable: keras.Variable, initializer: keras.initializers.Initializer) -> bool:
    """Whether it makes no difference when a variable is drawn by an initializer of Keras's own."""
    return (
        type(variable) is keras.Variable
        and variable._dtype in ("float16", "bfloat16", "float32", "float64")
        and "_value" not in vars(variable)  # else Keras put off the draw itself, and wants it now
        and isinstance(initializer, CAN_WAIT)
        and all(map(_never_changes, vars(initializer).values()))
        and not tf.distribute.has_strategy()
    )


def _never_changes(setting: Any) -> bool:
    return setting is None or isinstance(setting, str | int | float | tuple)


def _is_keras_own(initializer: Any) -> bool:
    """Whether an initializer, or a function in place of one, is Keras's."""
    return str(getattr(initializer, "__module__", "")).startswith("keras.")


class Watched:
    """What happened to variables while a model was built."""

    def __init__(self) -> None:
        self.created: set[int] = set()
        self.kept: list[keras.Variable] = []  # alive, so that no id is used twice
        self.drawn_by: dict[int, keras.initializers.Initializer] = {}
        self.did_more = False


@contextmanager
def watched_variables() -> Iterator[Watched]:
    """Follow which variables are made, and what draws them; those that can wait are not drawn yet.

    `did_more` tells of anything else: a variable was read or assigned, or is drawn by what is not
    Keras's own; a seed was used outside of an initializer; Python's generator was seeded again.
    """
    seen = Watched()
    value, assign, make = keras.Variable.value.fget, keras.Variable.assign, keras.Variable.__init__
    initialize, reseed, use = keras.Variable._initialize_with_initializer, random.seed, draw_seed
    later: list[keras.Variable] = []
    expected = False

    def read(variable: Any) -> Any:
        seen.did_more = True
        return value(variable)

    def write(variable: Any, new: Any) -> Any:
        seen.did_more = True
        return assign(variable, new)

    def create(variable: Any, *args: Any, **options: Any) -> None:
        seen.kept.append(variable)
        make(variable, *args, **options)
        seen.created.add(id(variable))

    def draw(variable: Any, initializer: Any) -> None:
        nonlocal expected
        seen.did_more |= not _is_keras_own(initializer)
        if not isinstance(initializer, keras.initializers.Initializer):
            initialize(variable, initializer)
            return
        now = copy.copy(initializer)  # somebody may change it afterwards
        seen.drawn_by[id(variable)] = now
        if _is_keras_own(initializer) and _can_wait(variable, now):
            variable.drawing = now, variable._trainable
            variable.__class__ = Deferred
            later.append(variable)
            return
        expected = True
        try:
            initialize(variable, initializer)
        finally:
            expected = False

    def use_seed(seed: Any) -> Any:
        seen.did_more |= not expected
        return use(seed)

    def seed_again(*args: Any, **options: Any) -> None:
        seen.did_more = True
        reseed(*args, **options)

    with (
        mock.patch.object(random, "seed", seed_again),
        mock.patch.object(keras_random, "draw_seed", use_seed),
        mock.patch.multiple(
            keras.Variable,
            value=property(read),
            assign=write,
            __init__=create,
            _initialize_with_initializer=draw,
        ),
    ):
        yield seen
    seen.did_more |= any(type(variable) is not Deferred for variable in later)


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
