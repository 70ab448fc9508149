"""What probes and doctor are given, or the sentence that says why they cannot take it."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from utils.population import arrays, refusals
from utils.signals import architecture


def matched(model: keras.Model, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """The one input and the one output's labels as arrays; refuses what the model cannot take."""
    x, y = only(x), only(y)
    architecture.readable(model, x)
    for name, part in (("x", x), ("y", y)):
        if isinstance(part, dict | list | tuple) and _holds_arrays(part):
            raise ValueError(
                f"{name} holds {len(part)} arrays; expected one, as only models with one input and "
                "one output can be looked at layer by layer"
            )
    x, y = arrays.floats(x, "x"), arrays.floats(y, "y")
    if len(x) != len(y):
        raise ValueError(
            f"x has {len(x)} examples and y has {len(y)}; expected as many of both: pass the "
            "labels that belong to x"
        )
    refusals.fits(model, x, y, ("x", "y"))
    return x, y


def only(part: Any) -> Any:
    """The one array that a dict or list holds; anything else as it is."""
    parts = keras.tree.flatten(part) if isinstance(part, dict | list | tuple) else []
    return parts[0] if len(parts) == 1 and np.ndim(parts[0]) > 0 else part


def _holds_arrays(part: Any) -> bool:
    return isinstance(part, dict) or any(hasattr(each, "shape") for each in part)


def whole_epochs(every: Any) -> None:
    """Refuse an interval between two looks that is no number of epochs."""
    if isinstance(every, bool) or not isinstance(every, int | np.integer) or every < 1:
        raise ValueError(
            f"every is {every!r}; expected a number of epochs, 1 or more: every=1 looks after each"
        )


def with_snapshots(runs: Any, least: int, one_model: str) -> None:
    """Refuse what is not a population with enough snapshots; `one_model` does it for a model."""
    if not hasattr(runs, "snapshot_epochs"):
        raise TypeError(
            f"runs is a {type(runs).__name__}; expected what utils.population.train returns. For "
            f"one model, use {one_model}"
        )
    if len(runs.snapshot_epochs) < least:
        raise ValueError(
            f"the runs kept snapshots at epochs {runs.snapshot_epochs}; expected {least} or more: "
            "call train(..., snapshots=k) to keep one every k epochs"
        )
