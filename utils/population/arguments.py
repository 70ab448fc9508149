"""What `population.train` refuses of its arguments: one sentence each, with the way out.

The models themselves are looked at in `utils.population.refusals`.
"""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np


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
    train = pair(parts[0], names[0])
    validation = None if parts[1] is None else pair(parts[1], names[1])
    return Arrays(*train, validation, names[0])


def pair(part, names: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets as arrays of the same, positive number of examples."""
    x, y = (floats(a, name) for a, name in zip(part, names, strict=True))
    if x.ndim < 2 or y.ndim < 1 or len(x) != len(y) or len(x) == 0:
        raise ValueError(
            f"{names[0]} has shape {x.shape} and {names[1]} {y.shape}; expected (n, features) and "
            "(n,) or (n, outputs) with the same n of at least 1."
        )
    return x, y


def floats(array, name: str = "x") -> np.ndarray:
    """The array that Keras would make of it; refuses what is not numbers, and NaN."""
    if isinstance(array, np.ma.MaskedArray):
        raise TypeError(
            f"{name} is a masked array, whose masked values would be trained on like the others; "
            "leave those examples out, or fill them with .filled(value)."
        )
    numbers = _numbers(array, "fiub")
    if numbers is None or numbers.ndim == 0:
        held = getattr(array, "dtype", type(array).__name__)
        raise TypeError(f"{name} holds {held}; expected an array of numbers, one row per example.")
    if numbers.dtype.kind != "f":
        return numbers
    _finite(numbers, name, "NaN or infinite values", "remove or fill")
    dtype = keras.config.floatx()
    with np.errstate(over="ignore"):
        cast = numbers.astype(dtype)
    _finite(cast, name, f"values beyond the range of {dtype}", "scale")
    return cast


def _finite(array: np.ndarray, name: str, found: str, remedy: str) -> None:
    bad = np.flatnonzero(~np.isfinite(array).all(axis=tuple(range(1, array.ndim))))
    if len(bad):
        raise ValueError(
            f"{name} holds {found} in {len(bad)} of {len(array)} examples (the first is example "
            f"{bad[0]}); {remedy} them before training."
        )


def _numbers(values, kinds: str = "fiu") -> np.ndarray | None:
    """The values as one array, or None where they are not numbers of these kinds."""
    try:
        array = np.asarray(values)
    except (TypeError, ValueError):  # rows of unequal length, symbolic tensors
        return None
    return array if array.dtype.kind in kinds else None


def _whole(value) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def shown(value) -> str:
    """What was given, on one short line."""
    return " ".join(reprlib.repr(value).split())


def seed_list(seeds: int | Sequence[int]) -> tuple[int, ...]:
    """Seeds 0 to n - 1 for a count, or the sequence itself."""
    if _whole(seeds):
        if seeds < 1:
            raise ValueError(f"seeds={seeds}: train at least 1 seed, or pass a list of seeds.")
        return tuple(range(int(seeds)))
    listed = isinstance(seeds, Sequence | np.ndarray) and getattr(seeds, "ndim", 1) == 1
    if not listed or not len(seeds) or not all(_whole(s) and 0 <= s < 2**32 for s in seeds):
        raise ValueError(
            f"seeds={shown(seeds)}: pass a count of at least 1, or a list of integers from 0 to "
            "4294967295."
        )
    return tuple(map(int, seeds))


def distinct(seeds: tuple[int, ...], rates: np.ndarray, masks: Sequence[np.ndarray]) -> None:
    """Refuse members that are the same run twice: independent they would only seem."""
    if len(set(seeds)) == len(seeds):
        return
    seen = set()
    for i, seed in enumerate(seeds):
        member = (seed, rates[i].tobytes(), *(mask[i].tobytes() for mask in masks))
        if member in seen:
            raise ValueError(
                f"seeds holds {seed} more than once with the same learning rate and masks, which "
                "is one run counted twice; list every seed once."
            )
        seen.add(member)


def at_least_one(**values: int) -> None:
    """Refuse counts below one and counts that are not whole, by name."""
    for name, value in values.items():
        if not _whole(value) or value < 1:
            raise ValueError(f"{name}={shown(value)}: expected a whole number of at least 1.")


def member(index: int, members: int) -> None:
    """Refuse what is no member's position; negative ones count from the end."""
    if not _whole(index) or not -members <= index < members:
        raise IndexError(
            f"There is no member {shown(index)}; expected a whole number from 0 to {members - 1}."
        )


def switches(**values: bool | None) -> None:
    """Refuse what is neither on, off nor left to us, by name."""
    for name, value in values.items():
        if value is not None and not isinstance(value, bool | np.bool_):
            raise ValueError(
                f"{name}={shown(value)}: expected True, False, or None to let train choose."
            )


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
    asked = float(own) if learning_rate is None else learning_rate
    given = _numbers(asked)
    if given is None or given.shape not in [(), (members,)] or not _usable(given):
        raise ValueError(
            f"learning_rate={shown(asked)}: expected one finite number of at least 0 that float32 "
            f"can hold, or one for each of the {members} members; compile the model with a "
            "schedule to use one."
        )
    return np.broadcast_to(given.astype("float64"), members).copy()


def rate_list(learning_rates: Sequence[float]) -> tuple[float, ...]:
    """The rates of a sweep, each once."""
    given = _numbers(learning_rates)
    if given is None or given.ndim != 1 or not given.size or not _usable(given):
        raise ValueError(
            f"learning_rates={shown(learning_rates)}: pass a list of finite numbers of at least 0 "
            "that float32 can hold, such as [0.01, 0.1]."
        )
    return tuple(dict.fromkeys(map(float, given)))


def _usable(rates: np.ndarray) -> bool:
    return bool(((rates >= 0) & (rates <= np.finfo("float32").max)).all())


def masks(
    given: Mapping[str, np.ndarray] | Sequence[np.ndarray | None] | None,
    variables: Sequence[keras.Variable],
    members: int,
) -> list[np.ndarray]:
    """One stacked mask of zeros and ones per trainable variable; empty without masks."""
    if given is None:
        return []
    if isinstance(given, Mapping):
        given = _aligned(given, [v.path for v in variables])
    if not isinstance(given, list | tuple):
        raise TypeError(
            f"masks is a {type(given).__name__}; pass a list with one mask (or None) for each "
            "trainable variable, or a dict by their paths."
        )
    if len(given) != len(variables):
        raise ValueError(
            f"masks has {len(given)} entries; expected one (or None) for each of the "
            f"{len(variables)} trainable variables."
        )
    return [
        _mask(mask, tuple(v.shape), members, _tail(v.path))
        for mask, v in zip(given, variables, strict=True)
    ]


def _aligned(given: Mapping[str, np.ndarray], paths: list[str]) -> list[np.ndarray | None]:
    """The named masks as a list; a name is a path, or a path without the model's own name."""
    found: list[np.ndarray | None] = [None] * len(paths)
    for key, mask in given.items():
        where = [i for i, path in enumerate(paths) if key in (path, _tail(path))]
        if not where:
            names = list(map(_tail, paths))
            near = difflib.get_close_matches(str(key), [*names, *paths], n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            known = ", ".join(map(repr, names))
            raise ValueError(f"masks names {key!r}; the trainable variables are {known}.{hint}")
        if len(where) > 1:
            both = " and ".join(repr(paths[i]) for i in where)
            raise ValueError(
                f"masks names {key!r}, which fits {both}; use the whole path, or a list with one "
                "mask (or None) for each trainable variable."
            )
        if found[where[0]] is not None:
            raise ValueError(f"masks names {paths[where[0]]!r} twice; leave one of them out.")
        found[where[0]] = mask
    return found


def _tail(path: str) -> str:
    return path.split("/", 1)[-1]


def _mask(mask, shape: tuple, members: int, name: str) -> np.ndarray:
    mask = np.ones(shape) if mask is None else _numbers(mask, "fiub")
    if mask is None or mask.shape not in [shape, (members, *shape)]:
        held = "other things than numbers" if mask is None else f"shape {mask.shape}"
        raise ValueError(
            f"The mask of {name!r} has {held}; expected zeros and ones of shape {shape}, or "
            f"{(members, *shape)} with one per member."
        )
    if not np.isin(mask, (0, 1)).all():
        raise ValueError(
            f"The mask of {name!r} holds values other than 0 and 1; 1 lets a weight train, 0 holds "
            "it at zero."
        )
    return np.broadcast_to(mask.astype("float32"), (members, *shape))
