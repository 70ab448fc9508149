"""Which populations can share one compiled program, and which batches may be padded.

Compiling takes seconds, so models that differ only in initial weights and learning rate share it.
"""

from __future__ import annotations

import hashlib
import json
import re
import warnings
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from utils import keras_internals as internals
from utils.population import convolution

# Where a configuration refers to layers by name.
NAMED = ("name", "keras_history", "input_layers", "output_layers")

# Layers that treat each example of a batch alone and draw no random numbers.
EXAMPLE_WISE = (
    "Activation Add AveragePooling1D AveragePooling2D Conv1D Conv2D Dense ELU Flatten "
    "GlobalAveragePooling1D GlobalAveragePooling2D GlobalMaxPooling1D GlobalMaxPooling2D "
    "InputLayer LayerNormalization LeakyReLU MaxPooling1D MaxPooling2D Multiply PReLU ReLU "
    "Rescaling Reshape Sequential Functional Subtract ZeroPadding1D ZeroPadding2D"
).split()


def fingerprint(model: keras.Model) -> str | None:
    """Equal for models that compute the same from the same weights; None where we cannot know."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            config = keras.saving.serialize_keras_object(model)
        except Exception:  # whatever a custom object's get_config raises
            return None
    if not _all_keras(config):
        return None
    parts = _parts(model)
    names = {part.name: f"#{i}" for i, part in enumerate(parts)}
    names |= _counted_metrics(model)
    config = _neutral(config, names | {model.optimizer.name: "#optimizer"})
    optimizer = config["compile_config"]["optimizer"]["config"]
    if not isinstance(optimizer["learning_rate"], dict):
        del optimizer["learning_rate"]
    shapes = [(tuple(v.shape), v.dtype) for v in model.variables]
    trainable = [v.trainable for v in model.variables]
    rules = [_rules(v) for v in model.variables]
    decays = internals.decays(model)
    constants = [_constants(part) for part in parts]
    settings = [keras.config.epsilon(), keras.config.floatx(), keras.config.image_data_format()]
    known = [config, shapes, trainable, rules, decays, constants, settings]
    return json.dumps(known, default=str)


def _rules(variable: keras.Variable) -> list[Any] | None:
    """What was set on the variable itself, which no layer's configuration knows."""
    rules = [getattr(variable, "regularizer", None), getattr(variable, "constraint", None)]
    return [keras.saving.serialize_keras_object(r) for r in rules] if any(rules) else None


def _constants(part: Any) -> dict[str, str]:
    """What a layer holds besides variables, such as the mean that it was adapted to."""
    return {
        key: hashlib.sha256(np.asarray(value).tobytes()).hexdigest()
        for key, value in vars(part).items()
        if isinstance(value, np.ndarray | tf.Tensor) and hasattr(value, "__array__")
    }


def _all_keras(config: Any) -> bool:
    """Whether no function or class from outside Keras occurs: these have no reliable name."""
    if isinstance(config, list | tuple):
        return all(map(_all_keras, config))
    if not isinstance(config, dict):
        return True
    foreign = "module" in config and str(config["module"]).split(".")[0] != "keras"
    python = config.get("class_name") in ("function", "__lambda__", "Lambda") or "value" in config
    return not (foreign or python) and all(
        _all_keras(value) for key, value in config.items() if not str(key).endswith("initializer")
    )


def _neutral(config: Any, names: Mapping[str, str]) -> Any:
    """Drop what only decides where weights and random states start; let positions be the names."""
    if isinstance(config, dict):
        return {
            key: _renamed(value, names) if key in NAMED else _neutral(value, names)
            for key, value in config.items()
            if not key.endswith("initializer") and key != "seed"
        }
    if isinstance(config, list | tuple):
        return [_neutral(item, names) for item in config]
    return config


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, list | tuple):
        return [_renamed(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value


def _counted_metrics(model: keras.Model) -> dict[str, str]:
    """The metrics that Keras named, as in auc_1, with a name for their position."""
    return {
        metric.name: f"#metric{i}"
        for i, metric in enumerate(internals.given_metrics(model))
        if isinstance(metric, keras.metrics.Metric)
        and re.sub(r"_\d+$", "", metric.name).replace("_", "") == type(metric).__name__.lower()
    }


def can_pad(model: keras.Model) -> bool:
    """Whether a short batch, padded with examples of weight zero, gives the same step."""
    layers = all(
        type(layer).__name__ in EXAMPLE_WISE and type(layer).__module__.startswith("keras.")
        for layer in internals.all_layers(model)
    )
    return layers and len(model.output_shape) <= 2 and splits_freely(model)


def splits_freely(model: keras.Model) -> bool:
    """Whether examples are scored one by one, so that it is the same how they are batched."""
    losses = internals.compiled_losses(model)
    compiled = internals.compiled_metrics(model)
    metrics = compiled.metrics if compiled else []
    return (
        bool(losses)
        and getattr(model.outputs[0], "_keras_mask", None) is None
        and all(loss.reduction in ("sum_over_batch_size", "mean") for loss in losses)
        and all(_from_keras(loss, "fn") and not _looks_across(loss) for loss in losses)
        and all(_from_keras(metric, "_fn") for metric in metrics)
        and all(isinstance(part, keras.Layer) for part in _parts(model))
        and all(
            _from_keras(layer, "activation")
            and getattr(layer, "axis", None) not in (0, [0], (0,))
            and getattr(layer, "activity_regularizer", None) is None  # a sum in older Keras
            for layer in internals.all_layers(model)
        )
    )


def _parts(model: keras.Model) -> list[Any]:
    """All layers, and the operations between them that are no layers."""
    layers = internals.all_layers(model)
    return [part for layer in layers for part in [layer, *internals.operations(layer)]]


def _from_keras(thing: Any, function: str) -> bool:
    """Whether an object, and the function that it holds if any, are Keras's own."""
    held = getattr(thing, function, None)
    return type(thing).__module__.startswith("keras.") and (
        held is None or getattr(held, "__module__", type(held).__module__).startswith("keras.")
    )


def _looks_across(loss: Any) -> bool:
    """Whether a loss of Keras's mixes the examples of a batch, if only by counting some of them."""
    if getattr(loss, "ignore_class", None) is not None:
        return True
    name = getattr(getattr(loss, "fn", None), "__name__", type(loss).__name__)
    return name.lower() in ("dice", "tversky", "circle")


def draws_to_predict(model: keras.Model) -> bool:
    """Whether a layer also takes from its generator in inference, as Keras's recurrent ones do."""
    recurrent = any(isinstance(layer, keras.layers.RNN) for layer in internals.all_layers(model))
    return recurrent and internals.draws_numbers(model)


def suits_xla(model: keras.Model) -> bool:
    """Whether to compile with XLA where nobody says.

    Not with convolutions that it makes slower on a CPU, nor with random layers, to which it deals
    other numbers than a plain `fit` on a CPU sees.
    """
    return convolution.suit_xla(model) and not internals.draws_numbers(model)
