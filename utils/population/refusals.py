"""Which models `population.train` refuses, and which data for them: one sentence each."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import losses

from utils import keras_internals as internals
from utils.population.arrays import Arrays

# Muon treats every matrix on its own, the others every weight.
OPTIMIZERS = "SGD RMSprop Adam AdamW Nadam Adamax Adagrad Adadelta Ftrl Lion Muon".split()
BY_LOOP = "train each seed with its own fit in a loop"

# Losses of Keras's that want labels of a kind; others want targets of the shape of the output.
CLASS_NUMBERS = (losses.sparse_categorical_crossentropy,)
PROBABILITIES = (
    losses.binary_crossentropy,
    losses.binary_focal_crossentropy,
    losses.categorical_crossentropy,
    losses.categorical_focal_crossentropy,
)
OTHER_SHAPES = (losses.ctc, losses.circle)


def function(build: Any) -> None:
    """Refuse a model where the function that builds it is expected."""
    if not callable(build) or isinstance(build, keras.Model):
        raise TypeError(
            f"build is a {type(build).__name__}; pass a function that returns a new compiled "
            "keras.Model at each call."
        )


def model(built: Any) -> None:
    """Refuse what cannot be trained as a population."""
    if not isinstance(built, keras.Model):
        raise TypeError(
            f"build() returned a {type(built).__name__}; return a compiled keras.Model."
        )
    if not built.compiled or built.loss is None:
        raise ValueError(
            f"build() returned the model {built.name!r} without optimizer and loss; call "
            "model.compile(optimizer=..., loss=...) before returning it."
        )
    if not isinstance(built, keras.Sequential) and not getattr(built, "outputs", None):
        raise NotImplementedError(
            f"{type(built).__name__} is a subclassed model, whose shapes are only known when it "
            f"runs; write it as Sequential or keras.Model(inputs, outputs), or {BY_LOOP}."
        )
    if not built.trainable_variables:
        raise ValueError(
            f"build() returned the model {built.name!r} without trainable weights; leave some "
            "layer trainable, or call evaluate on the model where nothing is to be trained."
        )
    _optimizer(built)
    for method in ("train_step", "test_step", "compute_metrics"):
        if getattr(type(built), method) is not getattr(keras.Model, method):
            raise NotImplementedError(
                f"{type(built).__name__} has a {method} of its own, which a population would "
                f"not call; {BY_LOOP}."
            )
    for layer in internals.all_layers(built):
        _layer(layer)


def outside(built: keras.Model, created: frozenset[int]) -> None:
    """Refuse trainable weights and optimizers that were there before `build` was called."""
    for layer in internals.all_layers(built):
        for variable in internals.own_variables(layer):
            if variable.trainable and id(variable) not in created:
                raise ValueError(
                    f"The weight {variable.path!r} was there before build() was called, so that "
                    "all members would start from it and share it; create the layer inside build, "
                    "freeze it (trainable=False), or pass its weights as initial=."
                )
    if not all(id(variable) in created for variable in built.optimizer.variables):
        raise ValueError(
            f"The optimizer {type(built.optimizer).__name__} was there before build() was called; "
            "create it inside build(), so that every model has a new one."
        )


def lost(updates: list[tuple[str, str]]) -> None:
    """Refuse layers that write what a population does not carry from step to step."""
    for layer, variable in updates:
        if "seed_generator" in variable:
            raise NotImplementedError(
                f"The layer {layer!r} draws random numbers without a seed, from a generator that "
                "all members would share; give it its own: self.seeds = "
                "keras.random.SeedGenerator() where it is created, and seed=self.seeds where it "
                f"draws. Or {BY_LOOP}."
            )
        raise NotImplementedError(
            f"The layer {layer!r} assigns to {variable!r} while it runs, which the training step "
            f"would overwrite or lose; make it add_weight(..., trainable=False), or {BY_LOOP}."
        )


def drawing(operation: str) -> None:
    """Refuse TensorFlow's own random operations."""
    raise NotImplementedError(
        f"The operation {operation!r} draws TensorFlow's own random numbers, which no seed of a "
        "member reaches; use keras.random with seed=keras.random.SeedGenerator() of the layer, or "
        f"{BY_LOOP}."
    )


def _optimizer(built: keras.Model) -> None:
    kind = type(built.optimizer)
    if isinstance(built.optimizer, keras.optimizers.LossScaleOptimizer) and any(
        layer.compute_dtype == "float16" for layer in internals.all_layers(built)
    ):
        raise NotImplementedError(
            "The model computes in float16, for which Keras scales the loss in a way that looks "
            "at all weights together; build it in float32 "
            f'(keras.config.set_dtype_policy("float32")), or {BY_LOOP}.'
        )
    if kind.__name__ not in OPTIMIZERS or not kind.__module__.startswith("keras."):
        raise NotImplementedError(
            f"The optimizer {kind.__name__} is not known to keep members of a population apart; "
            f"use one of {', '.join(OPTIMIZERS)}, or {BY_LOOP}."
        )
    if built.optimizer.built:
        raise ValueError(
            f"The optimizer {kind.__name__} has been used before; create it inside build(), so "
            "that every model has a new one."
        )


def dense_gradients(built: keras.Model, sparse: list[keras.Variable]) -> None:
    """Refuse optimizers that treat the `sparse` gradients of some variables in a way of their own.

    Keras leaves alone the rows of an embedding that a batch did not look up.
    """
    rule = built.optimizer
    clipped = rule.clipnorm or rule.global_clipnorm or rule.clipvalue or rule.loss_scale_factor
    if sparse and (not isinstance(rule, keras.optimizers.SGD) or clipped):
        kind = type(rule).__name__.removeprefix("Stacked")
        raise NotImplementedError(
            f"The gradient of {sparse[0].path!r} is sparse, which {kind} as compiled "
            "treats otherwise than a dense one; use SGD without clipping or loss "
            f"scaling, or {BY_LOOP}."
        )


def _layer(layer: keras.Layer) -> None:
    if getattr(layer, "stateful", False) is True:
        raise NotImplementedError(
            f"The layer {layer.name!r} is stateful: its memory would pass from one batch to the "
            f"next; use stateful=False, or {BY_LOOP}."
        )
    for name, value in vars(layer).items():
        if type(value).__module__.startswith("tensorflow.") and hasattr(value, "assign"):
            raise NotImplementedError(
                f"The layer {layer.name!r} keeps its state in a tf.Variable ({name}), which all "
                f"members would share; create it with self.add_weight, or {BY_LOOP}."
            )


def stopping(built: keras.Model, rule: keras.callbacks.EarlyStopping | None, given: Arrays) -> None:
    """Refuse what is not a rule, what it cannot watch, and averaged weights beside it."""
    if rule is None:
        return
    if not isinstance(rule, keras.callbacks.EarlyStopping):
        raise TypeError(
            f"early_stopping is a {type(rule).__name__}; pass keras.callbacks.EarlyStopping(...)."
        )
    if rule.monitor.startswith("val_") and given.validation is None:
        raise ValueError(
            f"early_stopping watches {rule.monitor!r}, but there are no validation data; pass "
            "((x, y), (x_val, y_val)) or another monitor."
        )
    if built.optimizer.use_ema:
        raise NotImplementedError(
            "Early stopping would mix with the optimizer's averaged weights (use_ema); leave one "
            "of them out."
        )


def data(built: keras.Model, given: Arrays) -> None:
    """Refuse training and validation arrays that do not fit the model."""
    fits(built, given.x, given.y, given.names)
    if given.validation:
        fits(built, *given.validation, ("x_val", "y_val"))


def fits(built: keras.Model, x: np.ndarray, y: np.ndarray, names: tuple[str, str]) -> None:
    """Refuse arrays that the model's input, output or loss cannot take."""
    if len(built.inputs) != 1 or len(built.outputs) != 1:
        raise NotImplementedError(
            f"The model {built.name!r} has {len(built.inputs)} inputs and {len(built.outputs)} "
            f"outputs; a population has one of each: join them in one array, or {BY_LOOP}."
        )
    takes(built, x, names[0])
    loss, settings = _loss(built)
    output = tuple(built.outputs[0].shape)
    if loss is None or loss in OTHER_SHAPES:
        return
    if loss in CLASS_NUMBERS:
        if settings.get("axis", -1) in (-1, len(output) - 1):
            _shape(y, output[:-1], names[1], "predicts classes for", extra=(1,))
            _labels(y[y != settings.get("ignore_class")], output[-1] - 1, names[1])
        return
    _shape(y, output, names[1], "gives")
    if loss in PROBABILITIES:
        _range(y, names[1], loss.__name__)


def takes(built: keras.Model, x: np.ndarray, name: str = "x") -> None:
    """Refuse examples that the model's input cannot take, and none at all."""
    _shape(x, tuple(built.inputs[0].shape), name, "takes")
    if not len(x):
        raise ValueError(f"{name} has shape {x.shape}; expected at least 1 example.")


def _loss(built: keras.Model) -> Any:
    """Keras's function behind the compiled loss and its settings; None where it is another's."""
    given = [loss for loss in keras.tree.flatten(built.loss) if loss]
    loss = losses.get(given[0]) if len(given) == 1 else None
    if isinstance(loss, losses.Loss) and type(loss).__module__.startswith("keras."):
        return internals.loss_settings(loss)
    own = str(getattr(loss, "__module__", "")).startswith("keras.")
    return (loss if own else None), {}


def _shape(
    array: Any, expected: tuple[Any, ...], name: str, verb: str, extra: tuple[Any, ...] = ()
) -> None:
    def matches(shape: Any) -> Any:
        return len(shape) == len(expected) and all(
            e in (None, s) for s, e in zip(shape[1:], expected[1:], strict=True)
        )

    shapes = [array.shape, (*array.shape, 1) if not extra else array.shape[:-1]]
    if extra and array.shape[-1:] != extra:
        shapes = shapes[:1]
    if not any(map(matches, shapes)):
        shown = str(expected).replace("None", "n", 1)
        raise ValueError(
            f"{name} has shape {array.shape}, but the model {verb} {shown}; change the model's "
            "layers or the array."
        )


def _labels(y: np.ndarray, high: int, name: str) -> None:
    wrong = y[(y != np.floor(y)) | (y < 0) | (y > high)]
    if len(wrong):
        raise ValueError(
            f"{name} holds the label {wrong.flat[0]}, but the model's output has classes 0 to "
            f"{high}; change the labels or the width of the last layer."
        )


def _range(y: np.ndarray, name: str, loss: str) -> None:
    if y.min() < 0 or y.max() > 1:
        worst = y.max() if y.max() > 1 else y.min()
        raise ValueError(
            f"{name} holds the label {worst}, but {loss} takes values from 0 to 1; change the "
            "labels or the loss."
        )
