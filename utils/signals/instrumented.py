"""A model's copy that also gives what every layer sends forward, for one model or many."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from utils.keras_internals import loss_of, through_graph
from utils.signals import architecture
from utils.signals.arguments import only

BOUNDED = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
}
RECTIFIERS = ("relu", "relu6")
Values = Sequence[Sequence[Any]]
"""The values of (trainable, non-trainable) variables."""


class InstrumentedModel:
    """A model's float64 copy, every layer of which can be read.

    Models inside the model are taken apart, so that their layers are read like any other. With
    `by_batch`, batch normalization uses the statistics of these examples, as a training step does
    (unless it is frozen), while everything else is as `training` says: what is random in training
    can stay off.
    """

    def __init__(
        self, model: keras.Model, x: Any, y: Any, training: bool, by_batch: bool = False
    ) -> None:
        x, y = only(x), only(y)
        architecture.readable(model, x)
        self.loss, self.training = loss_of(model), training
        names = architecture.layer_names(model)
        self.copy, copies = _taken_apart(model)
        if by_batch:
            _normalize_by_batch(self.copy)
        layers = [layer for layer in self.copy.layers if getattr(layer, "kernel", None) is not None]
        originals = {id(copy): original for original, copy in copies}
        ends = [architecture.end_of(self.copy, layer) for layer in layers]
        self.names = tuple(names[id(originals[id(layer)])] for layer in layers)
        self.trainable = tuple(layer.kernel.trainable for layer in layers)
        self.activations = [architecture.activation_of(end) for end in ends]
        self.read = keras.Model(self.copy.inputs, [[e.output for e in ends], self.copy.outputs[0]])
        same = {
            id(mine): theirs
            for original, copy in copies
            for mine, theirs in zip(original.variables, copy.variables, strict=True)
        }
        self.variables = [
            [same[id(variable)] for variable in part]
            for part in (model.trainable_variables, model.non_trainable_variables)
        ]
        self.kernels = [layer.kernel for layer in layers]
        self.x, self.y = tf.convert_to_tensor(x), tf.convert_to_tensor(y)
        self._read_all = tf.function(lambda values: tf.vectorized_map(self._read, values))

    def measure(self, values: Values) -> dict[str, np.ndarray]:
        """Arrays (layer,) for one model's (trainable, non-trainable) values."""
        return self.measure_with_loss(values)[0]

    def measure_with_loss(self, values: Values) -> tuple[dict[str, np.ndarray], float]:
        """The same, and the loss without penalties."""
        parts, loss = self._read(values)
        alone = [[tensor[None] for tensor in part] for part in parts]
        return {key: value[0] for key, value in self._numbers(alone).items()}, float(loss)

    def measure_all(self, values: Values) -> dict[str, np.ndarray]:
        """Arrays (member, layer) for values that are stacked along a leading axis."""
        return self._numbers(self._read_all(values)[0])

    def _read(self, values: Values) -> tuple[list[list[tf.Tensor]], tf.Tensor]:
        """Outputs and kernels of all layers, the gradients with respect to both; and the loss."""
        mapping = [
            (variable, tf.cast(value, variable.dtype))
            for variables, arrays in zip(self.variables, values, strict=True)
            for variable, value in zip(variables, arrays, strict=True)
        ]
        kernels = [next(t for v, t in mapping if v is kernel) for kernel in self.kernels]
        with tf.GradientTape() as tape:
            tape.watch(kernels)
            with keras.StatelessScope(state_mapping=mapping, collect_losses=True):
                outputs, prediction = self.read(self.x, training=self.training)
                score = tf.cast(self.loss(self.y, prediction), tf.float64)
                penalties = [tf.cast(part, tf.float64) for part in self.copy.losses]
                loss = tf.add_n([score, *penalties])
        back = tape.gradient(loss, [outputs, kernels], unconnected_gradients="zero")
        return [outputs, kernels, *back], score

    def _numbers(self, parts: list[list[tf.Tensor]]) -> dict[str, np.ndarray]:
        outputs, kernels, output_gradients, kernel_gradients = (
            [tensor.numpy() for tensor in part] for part in parts
        )
        rows = {
            "activation_mean": [_flat(a).mean(axis=1) for a in outputs],
            "activation_std": [_flat(a).std(axis=1) for a in outputs],
            "saturated": list(map(_saturated, outputs, self.activations)),
            "dead": list(map(_dead, outputs, self.activations)),
            "gradient_norm": [_norm(g) for g in kernel_gradients],
            "activation_gradient_norm": [_norm(g) * len(self.x) ** 0.5 for g in output_gradients],
            "weight_norm": [_norm(k) for k in kernels],
        }
        return {key: np.stack(row, axis=-1) for key, row in rows.items()}


def values_of(model: keras.Model) -> Values:
    """A model's present (trainable, non-trainable) values."""
    variables = model.trainable_variables, model.non_trainable_variables
    return [[v.value for v in part] for part in variables]


def _flat(array: np.ndarray) -> np.ndarray:
    return array.reshape(len(array), -1)


def _norm(array: np.ndarray) -> np.ndarray:
    return np.linalg.norm(_flat(array), axis=1)


def _saturated(output: np.ndarray, activation: str) -> np.ndarray:
    if activation not in BOUNDED:
        return np.full(len(output), np.nan)
    low, high = BOUNDED[activation]
    return (np.abs(2 * _flat(output) - low - high) > 0.97 * (high - low)).mean(axis=1)


def _dead(output: np.ndarray, activation: str) -> np.ndarray:
    if activation not in RECTIFIERS:
        return np.full(len(output), np.nan)
    return (output == 0).all(axis=tuple(range(1, output.ndim - 1))).mean(axis=1)


def _taken_apart(model: keras.Model) -> tuple[keras.Model, list[tuple[keras.Layer, keras.Layer]]]:
    """The model in float64 without models inside it, and the pairs of layers and their copies."""
    copies: dict[int, tuple[keras.Layer, keras.Layer]] = {}

    def call(operation: keras.Operation, *args: Any, **kwargs: Any) -> Any:
        if isinstance(operation, keras.Model):
            return through_graph(operation, args[0], call)
        if id(operation) not in copies:
            name = f"{operation.name}_{len(copies)}"  # two models may each have a layer of one name
            copies[id(operation)] = operation, _in_float64(operation, name)
        elif isinstance(operation, architecture.FOLLOWED):
            raise ValueError(
                f"the layer {operation.name!r} is called more than once; what it sends forward is "
                "not one thing: use a layer of its own at each place"
            )
        return copies[id(operation)][1](*args, **kwargs)

    inputs = [keras.Input(batch_shape=each.shape, dtype=each.dtype) for each in model.inputs]
    copy = keras.Model(inputs, through_graph(model, inputs, call))
    return copy, [pair for pair in copies.values() if isinstance(pair[0], keras.Layer)]


def _in_float64(operation: keras.Operation, name: str) -> keras.Operation:
    """The same layer without its weights, with the functions that no config can describe."""
    if not isinstance(operation, keras.Layer):  # of keras.ops, which has no type of its own
        return type(operation).from_config(operation.get_config() | {"name": name})
    layer = operation
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of functions that cannot be saved
        config = layer.get_config() | {"name": name}
    for key in config:
        if key.endswith("_initializer"):
            config[key] = "zeros"
        elif callable(getattr(layer, key, None)):
            config[key] = getattr(layer, key)
        elif key == "seed":
            config[key] = 0  # without one, Keras draws it from Python's global generator
    if "int" not in str(config["dtype"]):
        config["dtype"] = "float64"
    copy = type(layer).from_config(config)
    if isinstance(layer, keras.layers.Normalization):  # which keeps its scale beside its weights
        copy.build(layer.input.shape)
        copy.mean, copy.variance = (
            tf.cast(part, tf.float64) for part in (layer.mean, layer.variance)
        )
    return copy


def _normalize_by_batch(copy: keras.Model) -> None:
    """Make batch normalization use the batch at hand, in whatever mode the model is called."""

    def by_batch(call: Callable[..., Any], *args: Any, **options: Any) -> Any:
        return call(*args, **options | {"training": True})

    for layer in copy.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.call = functools.partial(by_batch, layer.call)
