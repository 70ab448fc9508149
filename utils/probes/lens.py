"""TensorFlow's share of the probes: outputs and gradients of every layer, for one model or many."""

from __future__ import annotations

import functools
import re
import warnings

import keras
import numpy as np
import tensorflow as tf

NORMALIZATIONS = (
    keras.layers.BatchNormalization,
    keras.layers.LayerNormalization,
    keras.layers.GroupNormalization,
)
ACTIVATIONS = (
    keras.layers.Activation,
    keras.layers.ReLU,
    keras.layers.LeakyReLU,
    keras.layers.PReLU,
    keras.layers.ELU,
    keras.layers.Softmax,
)
BOUNDED = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
}
RECTIFIERS = ("relu", "relu6")


class Lens:
    """A model's float64 twin that also returns what every layer sends forward.

    With `by_batch`, batch normalization uses the statistics of these examples, as a training step
    does, while everything else is as `training` says: what is random in training can stay off.
    """

    def __init__(self, model: keras.Model, x, y, training: bool, by_batch: bool = False):
        x, y = _only(x), _only(y)
        _check(model, x, y)
        self.loss, self.training = model._compile_loss, training
        self.twin = keras.models.clone_model(model, clone_function=_in_float64)
        _carry_over(model, self.twin)
        if by_batch:
            _normalize_by_batch(self.twin)
        layers = kernel_layers(self.twin)
        ends = [_end(self.twin, layer) for layer in layers]
        self.names = tuple(_name(layer, place) for place, layer in enumerate(layers, 1))
        self.activations = [_activation(end) for end in ends]
        self.inside = keras.Model(
            self.twin.inputs, [[e.output for e in ends], self.twin.outputs[0]]
        )
        self.variables = self.twin.trainable_variables, self.twin.non_trainable_variables
        self.kernels = [layer.kernel for layer in layers]
        self.x, self.y = tf.convert_to_tensor(x), tf.convert_to_tensor(y)
        self._look_at_all = tf.function(lambda values: tf.vectorized_map(self._look, values))

    def measure(self, values) -> dict[str, np.ndarray]:
        """Arrays (layer,) for one model's (trainable, non-trainable) values."""
        return self.measure_and_score(values)[0]

    def measure_and_score(self, values) -> tuple[dict[str, np.ndarray], float]:
        """The same, and the loss without penalties."""
        parts, loss = self._look(values)
        alone = [[tensor[None] for tensor in part] for part in parts]
        return {key: value[0] for key, value in self._numbers(alone).items()}, float(loss)

    def measure_all(self, values) -> dict[str, np.ndarray]:
        """Arrays (member, layer) for values that are stacked along a leading axis."""
        return self._numbers(self._look_at_all(values)[0])

    def _look(self, values) -> tuple[list[list[tf.Tensor]], tf.Tensor]:
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
                outputs, prediction = self.inside(self.x, training=self.training)
                score = tf.cast(self.loss(self.y, prediction), tf.float64)
                penalties = [tf.cast(part, tf.float64) for part in self.twin.losses]
                loss = tf.add_n([score, *penalties])
        back = tape.gradient(loss, [outputs, kernels], unconnected_gradients="zero")
        return [outputs, kernels, *back], score

    def _numbers(self, parts) -> dict[str, np.ndarray]:
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


def _only(x):
    """The one array that a dict or list holds; anything else as it is."""
    parts = keras.tree.flatten(x) if isinstance(x, dict | list | tuple) else []
    return parts[0] if len(parts) == 1 else x


def _in_float64(layer: keras.Layer | keras.Operation) -> keras.Layer | keras.Operation:
    """The same layer without its weights, with the functions that no config can describe."""
    if not isinstance(layer, keras.Layer):  # a function of keras.ops, which has no type of its own
        return type(layer).from_config(layer.get_config())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of functions that cannot be saved
        config = layer.get_config()
    for key in config:
        if key.endswith("_initializer"):
            config[key] = "zeros"
        elif callable(getattr(layer, key, None)):
            config[key] = getattr(layer, key)
        elif key == "seed":
            config[key] = 0  # without one, Keras draws it from Python's global generator
    if "int" not in str(config["dtype"]):
        config["dtype"] = "float64"
    return type(layer).from_config(config)


def _carry_over(model: keras.Model, twin: keras.Model) -> None:
    """Give the twin what layers hold besides their weights: the scale that data were adapted to."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization):
            other = twin.get_layer(layer.name)
            other.mean, other.variance = (
                tf.cast(part, tf.float64) for part in (layer.mean, layer.variance)
            )


def _normalize_by_batch(twin: keras.Model) -> None:
    """Make batch normalization use the batch at hand, in whatever mode the model is called."""

    def by_batch(call, *args, **options):
        return call(*args, **options | {"training": True})

    for layer in twin.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.call = functools.partial(by_batch, layer.call)


def kernel_layers(model: keras.Model) -> list[keras.Layer]:
    """The layers that a report has rows for."""
    return [layer for layer in model.layers if getattr(layer, "kernel", None) is not None]


def _name(layer: keras.Layer, place: int) -> str:
    """The layer's name; one that Keras made up, such as dense_17, becomes its kind and place."""
    kind = type(layer).__name__.lower()
    return f"{kind} {place}" if re.fullmatch(rf"{kind}(_\d+)?", layer.name) else layer.name


def _end(model: keras.Model, layer: keras.Layer) -> keras.Layer:
    """The last of the normalizations and the activation that directly follow a layer."""
    while _activation(layer) == "linear":
        readers = [other for other in model.layers if layer.output is other.input]
        if len(readers) != 1 or not isinstance(readers[0], NORMALIZATIONS + ACTIVATIONS):
            break
        layer = readers[0]
    return layer


def _activation(layer: keras.Layer) -> str:
    """The name of what a layer applies last: "linear", "relu", "tanh"..."""
    if isinstance(layer, keras.layers.ReLU):
        plain = not layer.negative_slope and not layer.threshold
        return "relu" if plain else "leaky_relu"
    function = getattr(layer, "activation", None)
    if function is None:
        return type(layer).__name__ if isinstance(layer, ACTIVATIONS) else "linear"
    return getattr(function, "__name__", type(function).__name__)


def _check(model: keras.Model, x, y) -> None:
    if len(x) != len(y):
        raise ValueError(f"x has {len(x)} examples and y has {len(y)}; expected as many of both")
    if isinstance(model, keras.Sequential) and not model.built:
        model.build((None, *np.shape(x)[1:]))
    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
        raise ValueError(
            f"got a {type(model).__name__}; expected a Sequential or functional Keras model, whose "
            "layers can be looked at one by one"
        )
    if len(model.outputs) != 1:
        raise ValueError(f"the model has {len(model.outputs)} outputs; expected a model with one")
    if not model.compiled:
        raise ValueError("the model has no loss to take gradients of; call compile(loss=...) first")
    nested = [layer.name for layer in model.layers if isinstance(layer, keras.Model)]
    if nested:
        raise ValueError(
            f"{', '.join(nested)}: a model used as a layer; put its layers into one model instead"
        )
    if not kernel_layers(model):
        names = ", ".join(type(layer).__name__ for layer in model.layers)
        raise ValueError(f"no layer with a kernel among {names}; expected a Dense or Conv layer")
