"""Which populations can share one compiled program, and which batches may be padded.

Compiling takes seconds, so models that differ only in initial weights and learning rate share it.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping

import keras

# Where a configuration refers to layers by name.
NAMED = ("name", "keras_history", "input_layers", "output_layers")

# Layers that treat each example of a batch alone and draw no random numbers.
EXAMPLE_WISE = (
    "Activation Add AveragePooling1D AveragePooling2D Concatenate Conv1D Conv2D Dense ELU Flatten "
    "GlobalAveragePooling1D GlobalAveragePooling2D GlobalMaxPooling1D GlobalMaxPooling2D "
    "InputLayer LayerNormalization LeakyReLU MaxPooling1D MaxPooling2D Multiply PReLU ReLU "
    "Rescaling Reshape Sequential Functional Softmax Subtract UnitNormalization ZeroPadding1D "
    "ZeroPadding2D"
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
    names = {layer.name: f"#{i}" for i, layer in enumerate(model._flatten_layers())}
    config = _neutral(config, names | {model.optimizer.name: "#optimizer"})
    optimizer = config["compile_config"]["optimizer"]["config"]
    if not isinstance(optimizer["learning_rate"], dict):
        del optimizer["learning_rate"]
    shapes = [(tuple(v.shape), v.dtype) for v in model.variables]
    trainable = [v.trainable for v in model.variables]
    decays = [model.optimizer._use_weight_decay(v) for v in model.trainable_variables]
    return json.dumps([config, shapes, trainable, decays], default=str)


def _all_keras(config) -> bool:
    """Whether no function or class from outside Keras occurs: these have no reliable name."""
    if isinstance(config, list | tuple):
        return all(map(_all_keras, config))
    if not isinstance(config, dict):
        return True
    foreign = "module" in config and str(config["module"]).split(".")[0] != "keras"
    python = config.get("class_name") in ("function", "__lambda__", "Lambda") or "value" in config
    return not foreign and not python and all(map(_all_keras, config.values()))


def _neutral(config, names: Mapping[str, str]):
    """Drop initializers, and replace the names that Keras counts up by positions."""
    if isinstance(config, dict):
        return {
            key: _renamed(value, names) if key in NAMED else _neutral(value, names)
            for key, value in config.items()
            if not key.endswith("initializer")
        }
    if isinstance(config, list | tuple):
        return [_neutral(item, names) for item in config]
    return config


def _renamed(value, names: Mapping[str, str]):
    if isinstance(value, list | tuple):
        return [_renamed(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value


def can_pad(model: keras.Model) -> bool:
    """Whether a short batch, padded with examples of weight zero, gives the same step."""
    layers = all(
        type(layer).__name__ in EXAMPLE_WISE
        and type(layer).__module__.startswith("keras.")
        and getattr(layer, "activity_regularizer", None) is None
        for layer in model._flatten_layers()
    )
    return (
        layers
        and averages_loss(model)
        and all(
            type(m).__module__.startswith("keras.")
            and getattr(getattr(m, "_fn", None), "__module__", "keras.").startswith("keras.")
            for m in (model._compile_metrics.metrics if model._compile_metrics else [])
        )
    )


def averages_loss(model: keras.Model) -> bool:
    """Whether the loss is Keras's own and a mean over the examples of a batch."""
    losses = [loss.loss for loss in model._compile_loss._flat_losses]
    return all(
        type(loss).__module__.startswith("keras.")
        and getattr(getattr(loss, "fn", None), "__module__", "keras.").startswith("keras.")
        and loss.reduction in ("sum_over_batch_size", "mean")
        for loss in losses
    )


def draws_numbers(model: keras.Model) -> bool:
    """Whether a layer is random while training, as Dropout is."""
    return any(hasattr(layer, "seed_generator") for layer in model._flatten_layers())


def suits_xla(model: keras.Model) -> bool:
    """Whether to compile with XLA where nobody says.

    Not with convolutions, which it makes slower on a CPU, nor with random layers, to which it
    deals other numbers than a plain `fit` on a CPU sees.
    """
    convolves = any("Conv" in type(layer).__name__ for layer in model._flatten_layers())
    return not convolves and not draws_numbers(model)
