"""Training data as arrays: what is refused, with the way out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np


@dataclass(frozen=True)
class Arrays:
    """Training data, and validation data or None, as arrays with the names to report."""

    x: np.ndarray
    y: np.ndarray
    validation: tuple[np.ndarray, np.ndarray] | None
    names: tuple[str, str]


def arrays(data: Any) -> Arrays:
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


def pair(part: Any, names: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets as arrays of the same, positive number of examples."""
    x, y = (floats(a, name) for a, name in zip(part, names, strict=True))
    if x.ndim < 2 or y.ndim < 1 or len(x) != len(y) or len(x) == 0:
        raise ValueError(
            f"{names[0]} has shape {x.shape} and {names[1]} {y.shape}; expected (n, features) and "
            "(n,) or (n, outputs) with the same n of at least 1."
        )
    return x, y


def floats(array: Any, name: str = "x") -> np.ndarray:
    """The array that Keras would make of it; refuses what is not numbers, and NaN."""
    if isinstance(array, np.ma.MaskedArray):
        raise TypeError(
            f"{name} is a masked array, whose masked values would be trained on like the others; "
            "leave those examples out, or fill them with .filled(value)."
        )
    found = numbers(array, "fiub")
    if found is None or found.ndim == 0:
        held = getattr(array, "dtype", type(array).__name__)
        raise TypeError(f"{name} holds {held}; expected an array of numbers, one row per example.")
    if found.dtype.kind != "f":
        return found
    _finite(found, name, "NaN or infinite values", "remove or fill")
    dtype = keras.config.floatx()
    with np.errstate(over="ignore"):
        cast = found.astype(dtype)
    _finite(cast, name, f"values beyond the range of {dtype}", "scale")
    return cast


def _finite(array: np.ndarray, name: str, found: str, remedy: str) -> None:
    bad = np.flatnonzero(~np.isfinite(array).all(axis=tuple(range(1, array.ndim))))
    if len(bad):
        raise ValueError(
            f"{name} holds {found} in {len(bad)} of {len(array)} examples (the first is example "
            f"{bad[0]}); {remedy} them before training."
        )


def numbers(values: Any, kinds: str = "fiu") -> np.ndarray | None:
    """The values as one array, or None where they are not numbers of these kinds."""
    try:
        array = np.asarray(values)
    except (TypeError, ValueError):  # rows of unequal length, symbolic tensors
        return None
    return array if array.dtype.kind in kinds else None
