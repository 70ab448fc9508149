"""What each member may have of its own: numbers of the optimizer, masks, a start."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import optimizers

from utils.keras_internals import compiled_rate
from utils.population.arguments import shown, usable
from utils.population.arrays import numbers

MOST = float(np.finfo("float32").max)

# Which optimizers have the number, and what it may be at most.
NUMBERS: dict[str, tuple[tuple[type, ...], float]] = {
    "momentum": ((optimizers.SGD,), 1.0),
    "beta_1": ((optimizers.Adam,), 1.0),  # AdamW is one
    "weight_decay": ((optimizers.Optimizer,), MOST),
    "learning_rate_factor": ((optimizers.Optimizer,), MOST),
}


@dataclass(frozen=True, eq=False)
class Settings:
    """Per-member settings; the first axis of every array is the member."""

    rates: np.ndarray  # (member,); NaN where a schedule sets them
    numbers: Mapping[str, np.ndarray]  # by name, (member,)
    masks: list[np.ndarray]  # aligned with the trainable variables, or empty


def settings(
    model: keras.Model, members: int, learning_rate: Any, masks: Any, **given: Any
) -> Settings:
    """Check the per-member settings against the model."""
    values = {name: _each(model, name, v, members) for name, v in given.items() if v is not None}
    return Settings(
        rates(model, learning_rate, members),
        values,
        stacked_masks(masks, model.trainable_variables, members),
    )


def _each(model: keras.Model, name: str, given: Any, members: int) -> np.ndarray:
    kinds, most = NUMBERS[name]
    optimizer = model.optimizer
    if not isinstance(optimizer, kinds):
        raise ValueError(
            f"{name}={shown(given)}: the model is compiled with {type(optimizer).__name__}, which "
            f"has no {name}; compile with {kinds[0].__name__}, or leave it out."
        )
    if name == "learning_rate_factor" and isinstance(compiled_rate(optimizer), keras.Variable):
        raise ValueError(
            f"learning_rate_factor={shown(given)}: it scales a compiled schedule, and the model "
            "has a number; pass learning_rate with one number for each member."
        )
    found = numbers(given)
    if found is None or found.shape not in [(), (members,)] or not _within(found, most):
        range_ = "from 0 to below 1" if most == 1 else "of at least 0"
        raise ValueError(
            f"{name}={shown(given)}: expected one finite number {range_}, or one for each of the "
            f"{members} members."
        )
    return np.broadcast_to(found.astype("float32"), members).copy()


def _within(values: np.ndarray, most: float) -> bool:
    below = values < most if most == 1 else values <= most
    return bool(((values >= 0) & below).all())


def rates(model: keras.Model, learning_rate: Any, members: int) -> np.ndarray:
    """Each member's learning rate: (member,); NaN where a schedule sets it."""
    own = compiled_rate(model.optimizer)
    if not isinstance(own, keras.Variable):
        if learning_rate is not None:
            raise ValueError(
                f"The model is compiled with a {type(own).__name__}, which sets the learning "
                "rate; compile with a number to use learning_rate here, or scale the schedule by "
                "learning_rate_factor."
            )
        return np.full(members, np.nan)
    asked = float(own) if learning_rate is None else learning_rate
    given = numbers(asked)
    if given is None or given.shape not in [(), (members,)] or not usable(given):
        raise ValueError(
            f"learning_rate={shown(asked)}: expected one finite number of at least 0 that float32 "
            f"can hold, or one for each of the {members} members; compile the model with a "
            "schedule to use one."
        )
    return np.broadcast_to(given.astype("float64"), members).copy()


def initial(given: Any, model: keras.Model, drawn: list[np.ndarray]) -> list[np.ndarray]:
    """The stacked weights to start from: those that were given, else those that were drawn.

    A list goes with the trainable variables; a dict names any variables by their paths.
    """
    if given is None:
        return drawn
    trainable = model.trainable_variables
    variables = trainable + model.non_trainable_variables
    if isinstance(given, Mapping):
        given = _aligned(given, [v.path for v in variables], "initial", "variables")
    elif isinstance(given, list | tuple) and len(given) == len(trainable):
        given = [*given, *[None] * (len(variables) - len(trainable))]
    else:
        held = f"{len(given)} entries" if isinstance(given, list | tuple) else type(given).__name__
        raise ValueError(
            f"initial has {held}; pass a list with weights (or None, to draw them) for each of "
            f"the {len(trainable)} trainable variables, such as runs.weights or "
            "runs.weights_at(epoch), or a dict by the paths of variables."
        )
    return [
        own if new is None else _start(new, tuple(v.shape), own, tail(v.path))
        for new, v, own in zip(given, variables, drawn, strict=True)
    ]


def aligned_weights(given: Any, model: keras.Model, own: list[np.ndarray]) -> list[np.ndarray]:
    """Weights to compute with instead of a population's `own`, stacked."""
    if not isinstance(given, list | tuple) or len(given) != len(own):
        held = f"{len(given)} entries" if isinstance(given, list | tuple) else type(given).__name__
        raise ValueError(
            f"weights has {held}; pass a list with an array for each of the {len(own)} trainable "
            "variables, such as runs.weights_at(epoch)."
        )
    return [
        np.array(_start(new, tuple(v.shape), mine, tail(v.path), "weights"))
        for new, v, mine in zip(given, model.trainable_variables, own, strict=True)
    ]


def give(optimizer: keras.Optimizer, name: str, value: float) -> None:
    """Let a new optimizer of one model have a member's own number."""
    if name == "learning_rate_factor":
        optimizer.learning_rate = Scaled(compiled_rate(optimizer), value)
    else:
        setattr(optimizer, name, value)


@keras.saving.register_keras_serializable(package="population")
class Scaled(optimizers.schedules.LearningRateSchedule):
    """A schedule times a factor: what a member with a `learning_rate_factor` follows."""

    def __init__(self, schedule: Any, factor: float) -> None:
        self.schedule, self.factor = schedule, factor

    def __call__(self, step: Any) -> Any:
        """The rate of a step."""
        return self.factor * self.schedule(step)

    def get_config(self) -> Any:
        """What `__init__` takes."""
        return {"schedule": self.schedule, "factor": self.factor}


def _start(
    new: Any, shape: tuple[int, ...], own: np.ndarray, name: str, what: str = "initial"
) -> Any:
    found = numbers(new)
    if found is None or found.shape not in [shape, own.shape]:
        held = "other things than numbers" if found is None else f"shape {found.shape}"
        raise ValueError(
            f"{what} has {held} for {name!r}; expected shape {shape}, or {own.shape} with one for "
            "each member."
        )
    return np.broadcast_to(found.astype(own.dtype), own.shape)


def distinct(seeds: tuple[int, ...], parts: Sequence[np.ndarray]) -> None:
    """Refuse members that are the same run twice: independent they would only seem."""
    if len(set(seeds)) == len(seeds):
        return
    seen = set()
    for i, seed in enumerate(seeds):
        member = (seed, *(part[i].tobytes() for part in parts))
        if member in seen:
            raise ValueError(
                f"seeds holds {seed} more than once with the same learning rate and masks, which "
                "is one run counted twice; list every seed once, or let its members differ in a "
                "setting of their own."
            )
        seen.add(member)


def stacked_masks(
    given: Mapping[str, np.ndarray] | Sequence[np.ndarray | None] | None,
    variables: Sequence[keras.Variable],
    members: int,
) -> list[np.ndarray]:
    """One stacked mask of zeros and ones per trainable variable; empty without masks."""
    if given is None:
        return []
    if isinstance(given, Mapping):
        given = _aligned(given, [v.path for v in variables], "masks", "trainable variables")
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
        _mask(mask, tuple(v.shape), members, tail(v.path))
        for mask, v in zip(given, variables, strict=True)
    ]


def _aligned(
    given: Mapping[str, np.ndarray], paths: list[str], what: str, kind: str
) -> list[np.ndarray | None]:
    """The named arrays as a list; a name is a path, or a path without the model's own name."""
    found: list[np.ndarray | None] = [None] * len(paths)
    for key, mask in given.items():
        where = [i for i, path in enumerate(paths) if key in (path, tail(path))]
        if not where:
            names = list(map(tail, paths))
            near = difflib.get_close_matches(str(key), [*names, *paths], n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            known = ", ".join(map(repr, names))
            raise ValueError(f"{what} names {key!r}; the {kind} are {known}.{hint}")
        if len(where) > 1:
            both = " and ".join(repr(paths[i]) for i in where)
            raise ValueError(
                f"{what} names {key!r}, which fits {both}; use the whole path, or a list with one "
                "entry (or None) for each trainable variable."
            )
        if found[where[0]] is not None:
            raise ValueError(f"{what} names {paths[where[0]]!r} twice; leave one of them out.")
        found[where[0]] = mask
    return found


def tail(path: str) -> str:
    """A variable's path without the model's own name."""
    return path.split("/", 1)[-1]


def _mask(mask: Any, shape: tuple[int, ...], members: int, name: str) -> np.ndarray:
    mask = np.ones(shape) if mask is None else numbers(mask, "fiub")
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
