"""The layers of a model: which have kernels, what they are called, and where each one ends."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from utils.keras_internals import layers_in

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
# Where one layer is called twice, it cannot be said what follows it.
FOLLOWED = (
    keras.layers.Dense,
    keras.layers.EinsumDense,
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    *NORMALIZATIONS,
    *ACTIVATIONS,
)


def readable(model: keras.Model, x: Any) -> None:
    """Refuse what has no layers that could be read one by one; build what is not built yet."""
    if not isinstance(model, keras.Model):
        raise TypeError(
            f"got a {type(model).__name__}; expected a compiled Keras model (for a population: "
            "utils.probes.probe_runs)"
        )
    if isinstance(model, keras.Sequential) and not model.built:
        model.build((None, *np.shape(x)[1:]))
    models = [model, *(part for part in all_layers(model) if isinstance(part, keras.Model))]
    closed = [part for part in models if not getattr(part, "inputs", None)]
    if closed:
        raise ValueError(
            f"got a {type(closed[0]).__name__}; expected a Sequential or functional Keras model, "
            "whose layers can be looked at one by one"
        )
    for ends, count in (("inputs", len(model.inputs)), ("outputs", len(model.outputs))):
        if count != 1:
            raise ValueError(f"the model has {count} {ends}; expected a model with one")
    if not model.compiled:
        raise ValueError("the model has no loss to take gradients of; call compile(loss=...) first")
    if not kernel_layers(model):
        names = ", ".join(type(layer).__name__ for layer in model.layers)
        raise ValueError(f"no layer with a kernel among {names}; expected a Dense or Conv layer")


def all_layers(model: keras.Layer) -> list[keras.Layer]:
    """All layers at any depth, each once, in order."""
    return list({id(layer): layer for _, layer in _walk(model)}.values())


def kernel_layers(model: keras.Layer) -> list[keras.Layer]:
    """All layers with a kernel, those of models inside the model too, in order."""
    return [
        layer
        for layer in all_layers(model)
        if isinstance(getattr(layer, "kernel", None), keras.Variable)
    ]


def layer_names(model: keras.Layer) -> dict[int, str]:
    """What each kernel layer goes by, by its id: the same in every session.

    The name that someone gave it, or its kind and place ("dense 2") where Keras made one up, such
    as dense_17; behind the name of the model that it belongs to ("base/dense 2") where that was
    given one. A name that several share gets its place as well.
    """
    paths = {id(layer): path for path, layer in _walk(model)}
    layers = kernel_layers(model)
    names = [
        paths[id(layer)] + (f"{_kind(layer)} {place}" if _made_up(layer) else layer.name)
        for place, layer in enumerate(layers, 1)
    ]
    shared = Counter(names)
    return {
        id(layer): f"{name} {place}" if shared[name] > 1 else name
        for place, (layer, name) in enumerate(zip(layers, names, strict=True), 1)
    }


def _walk(layer: keras.Layer, path: str = "") -> Iterator[tuple[str, keras.Layer]]:
    """Every layer inside, behind the given names of the models that it is in: "base/" or ""."""
    for inner in layers_in(layer):
        yield path, inner
        named = isinstance(inner, keras.Model) and not _made_up(inner)
        yield from _walk(inner, f"{path}{inner.name}/" if named else path)


def _kind(layer: keras.Layer) -> str:
    return type(layer).__name__.lower()


def _made_up(layer: keras.Layer) -> bool:
    """Whether Keras made up the layer's name, such as dense_17."""
    return re.sub(r"_\d+$", "", layer.name).replace("_", "") == _kind(layer)


def end_of(model: keras.Model, layer: keras.Layer) -> keras.Layer:
    """The last of the normalizations and the activation that directly follow a layer."""
    while activation_of(layer) == "linear":
        readers = [other for other in model.layers if layer.output is getattr(other, "input", None)]
        if len(readers) != 1 or not isinstance(readers[0], NORMALIZATIONS + ACTIVATIONS):
            break
        layer = readers[0]
    return layer


def activation_of(layer: keras.Layer) -> str:
    """The name of what a layer applies last: "linear", "relu", "tanh"..."""
    if isinstance(layer, keras.layers.ReLU):
        plain = not layer.negative_slope and not layer.threshold
        return "relu" if plain else "leaky_relu"
    function = getattr(layer, "activation", None)
    if function is None:
        return type(layer).__name__ if isinstance(layer, ACTIVATIONS) else "linear"
    return getattr(function, "__name__", type(function).__name__)
