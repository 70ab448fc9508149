"""What `population.train` refuses before it trains: one sentence each, with the way out."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np

ELEMENT_WISE = (
    "SGD RMSprop Adam AdamW Nadam Adamax Adagrad Adadelta Ftrl Lion ScheduleFreeAdamW"
).split()
BY_LOOP = "train each seed with its own fit in a loop"


@dataclass(frozen=True)
class Arrays:
    """Training data, and validation data or None, as arrays with the names to report."""

    x: np.ndarray
    y: np.ndarray
    validation: tuple[np.ndarray, np.ndarray] | None
    names: tuple[str, str]


def arrays(data) -> Arrays:
    """Unpack a Dataset, (x, y) or ((x, y), (x_val, y_val)); refuse NaN and unequal lengths."""
    names = ("x", "y"), ("x_val", "y_val")
    if hasattr(data, "x_train"):
        names = ("x_train", "y_train"), ("x_val", "y_val")
        data = (data.x_train, data.y_train), (data.x_val, data.y_val)
    if not isinstance(data, tuple | list) or len(data) != 2:
        size = f" of length {len(data)}" if isinstance(data, tuple | list) else ""
        raise TypeError(
            f"data is a {type(data).__name__}{size}; pass a Dataset, (x, y) or "
            "((x, y), (x_val, y_val)), without sample weights."
        )
    nested = [isinstance(part, tuple | list) and len(part) == 2 for part in data]
    paired = nested[0] and (nested[1] or data[1] is None) and np.ndim(data[0][0]) > 0
    parts = data if paired else (data, None)
    train = _pair(parts[0], names[0])
    validation = None if parts[1] is None else _pair(parts[1], names[1])
    return Arrays(*train, validation, names[0])


def floats(array, name: str = "x") -> np.ndarray:
    """The array that Keras would make of it; refuses what is not numbers, and NaN."""
    array = np.asarray(array)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} holds {array.dtype}; expected an array of numbers.")
    if array.dtype.kind == "f":
        finite = np.isfinite(array).all(axis=tuple(range(1, array.ndim)))
        bad = np.flatnonzero(~finite)
        if len(bad):
            raise ValueError(
                f"{name} holds NaN or infinite values in {len(bad)} of {len(array)} examples "
                f"(the first is example {bad[0]}); remove or fill them before training."
            )
        array = array.astype(keras.config.floatx())
    return array


def _pair(part, names: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:
    x, y = (floats(a, name) for a, name in zip(part, names, strict=True))
    if x.ndim < 2 or y.ndim < 1 or len(x) != len(y) or len(x) == 0:
        raise ValueError(
            f"{names[0]} has shape {x.shape} and {names[1]} {y.shape}; expected (n, features) and "
            "(n,) or (n, outputs) with the same n of at least 1."
        )
    return x, y


def seed_list(seeds: int | Sequence[int]) -> tuple[int, ...]:
    """Seeds 0 to n - 1 for a count, or the sequence itself."""
    if isinstance(seeds, int | np.integer) and not isinstance(seeds, bool):
        if seeds < 1:
            raise ValueError(f"seeds={seeds}: train at least 1 seed, or pass a list of seeds.")
        return tuple(range(int(seeds)))
    whole = not isinstance(seeds, bool | str | float) and [
        isinstance(s, int | np.integer) and 0 <= s < 2**32 for s in seeds
    ]
    if not whole or not all(whole):
        raise ValueError(
            f"seeds={seeds!r}: pass a count of at least 1, or a list of integers from 0 to "
            "4294967295."
        )
    return tuple(map(int, seeds))


def at_least_one(**values: int) -> None:
    """Refuse counts below one and counts that are not whole, by name."""
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise ValueError(f"{name}={value!r}: expected a whole number of at least 1.")


def batch_fits(batch_size: int, samples: int) -> None:
    """Refuse a batch larger than the data."""
    if batch_size > samples:
        raise ValueError(
            f"batch_size={batch_size} is more than the {samples} training examples; choose one "
            f"from 1 to {samples}."
        )


def rates(model: keras.Model, learning_rate, members: int) -> np.ndarray:
    """Each member's learning rate: (member,); NaN where a schedule sets it."""
    own = model.optimizer._learning_rate
    if not isinstance(own, keras.Variable):
        if learning_rate is not None:
            raise ValueError(
                f"The model is compiled with a {type(own).__name__}, which sets the learning "
                "rate; compile with a number to use learning_rate here."
            )
        return np.full(members, np.nan)
    given = np.asarray(float(own) if learning_rate is None else learning_rate, "float64")
    if given.shape not in [(), (members,)] or not (np.isfinite(given) & (given >= 0)).all():
        raise ValueError(
            f"learning_rate={learning_rate!r}: expected one finite number of at least 0, or one "
            f"for each of the {members} members."
        )
    return np.broadcast_to(given, members).copy()


def function(build) -> None:
    """Refuse a model where the function that builds it is expected."""
    if not callable(build) or isinstance(build, keras.Model):
        raise TypeError(
            f"build is a {type(build).__name__}; pass a function that returns a new compiled "
            "keras.Model at each call."
        )


def model(built) -> None:
    """Refuse what cannot be trained as a population."""
    if not isinstance(built, keras.Model):
        raise TypeError(
            f"build() returned a {type(built).__name__}; return a compiled keras.Model."
        )
    if not built.compiled or built._compile_loss is None:
        raise ValueError(
            f"build() returned the model {built.name!r} without optimizer and loss; call "
            "model.compile(optimizer=..., loss=...) before returning it."
        )
    if not isinstance(built, keras.Sequential) and not getattr(built, "outputs", None):
        raise NotImplementedError(
            f"{type(built).__name__} is a subclassed model, whose shapes are only known when it "
            f"runs; write it as Sequential or keras.Model(inputs, outputs), or {BY_LOOP}."
        )
    _optimizer(built)
    for method in ("train_step", "test_step", "compute_metrics"):
        if getattr(type(built), method) is not getattr(keras.Model, method):
            raise NotImplementedError(
                f"{type(built).__name__} has a {method} of its own, which a population would "
                f"not call; {BY_LOOP}."
            )
    for layer in built._flatten_layers():
        _layer(layer)


def _optimizer(built: keras.Model) -> None:
    kind = type(built.optimizer)
    if kind.__name__ not in ELEMENT_WISE or not kind.__module__.startswith("keras."):
        raise NotImplementedError(
            f"The optimizer {kind.__name__} is not known to treat every weight on its own, which "
            f"training a population needs; use one of {', '.join(ELEMENT_WISE)}, or {BY_LOOP}."
        )
    if built.optimizer.built:
        raise ValueError(
            f"The optimizer {kind.__name__} has been used before; create it inside build(), so "
            "that every model has a new one."
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
    _shape(x, tuple(built.inputs[0].shape), names[0], "takes")
    output = tuple(built.outputs[0].shape)
    loss = built._compile_loss._user_loss
    loss = loss if isinstance(loss, str) else getattr(loss, "name", getattr(loss, "__name__", ""))
    if loss.startswith("sparse_categorical"):
        _shape(y, output[:-1], names[1], "predicts classes for", extra=(1,))
        _labels(y, 0, output[-1] - 1, names[1])
        return
    _shape(y, output, names[1], "gives")
    if loss in ("binary_crossentropy", "categorical_crossentropy"):
        _range(y, names[1], loss)


def _shape(array, expected: tuple, name: str, verb: str, extra: tuple = ()) -> None:
    def matches(shape):
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


def _labels(y, low: int, high: int, name: str) -> None:
    wrong = y[(y != np.floor(y)) | (y < low) | (y > high)]
    if len(wrong):
        raise ValueError(
            f"{name} holds the label {wrong.flat[0]}, but the model's output has classes {low} to "
            f"{high}; change the labels or the width of the last layer."
        )


def _range(y, name: str, loss: str) -> None:
    if y.min() < 0 or y.max() > 1:
        worst = y.max() if y.max() > 1 else y.min()
        raise ValueError(
            f"{name} holds the label {worst}, but {loss} takes values from 0 to 1; change the "
            "labels or the loss."
        )


def masks(
    given: Mapping[str, np.ndarray] | Sequence[np.ndarray | None] | None,
    variables: Sequence[keras.Variable],
    members: int,
) -> list[np.ndarray]:
    """One stacked mask of zeros and ones per trainable variable; empty without masks."""
    if given is None:
        return []
    names = [_names(v.path) for v in variables]
    if isinstance(given, Mapping):
        known = {name: i for i, each in enumerate(names) for name in each}
        aligned: list = [None] * len(variables)
        for key, mask in given.items():
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                paths = ", ".join(repr(each[-1]) for each in names)
                raise ValueError(f"masks names {key!r}; the trainable variables are {paths}.{hint}")
            aligned[known[key]] = mask
        given = aligned
    if len(given) != len(variables):
        raise ValueError(
            f"masks has {len(given)} entries; expected one (or None) for each of the "
            f"{len(variables)} trainable variables."
        )
    return [
        _mask(mask, tuple(v.shape), members, each[-1])
        for mask, v, each in zip(given, variables, names, strict=True)
    ]


def _names(path: str) -> list[str]:
    """The variable's path, and the path without the model's own name."""
    return [path, path.split("/", 1)[-1]]


def _mask(mask, shape: tuple, members: int, name: str) -> np.ndarray:
    mask = np.ones(shape, "float32") if mask is None else np.asarray(mask, "float32")
    if mask.shape not in [shape, (members, *shape)]:
        raise ValueError(
            f"The mask of {name!r} has shape {mask.shape}; expected {shape}, or "
            f"{(members, *shape)} with one per member."
        )
    if not np.isin(mask, (0, 1)).all():
        raise ValueError(f"The mask of {name!r} holds values other than 0 and 1.")
    return np.broadcast_to(mask, (members, *shape))
