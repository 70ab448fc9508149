"""Initial weights of every member, from one build of the model.

A build costs tens of milliseconds, drawing the weights far less. The draws are replayed where the
build did nothing but let Keras's initializers draw, each from its own seed: it touched no variable,
took nothing else from a random generator, and the replay gives what it has. Otherwise every member
is built.
"""

from __future__ import annotations

import functools
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from utils.keras_internals import (
    GivenSeed,
    all_layers,
    compiled_rate,
    own_variables,
    seeds_drawn,
    watched_variables,
)
from utils.population import capabilities
from utils.population.forward import quietly

Weights = list[np.ndarray]
Build = Callable[[], keras.Model]

FEW = 64
MOST_KEPT = 2**25  # bytes
kept: dict[tuple[Drawer, int], np.ndarray] = {}  # what seeds drew, the oldest first


@dataclass(frozen=True)
class Recipe:
    """How a variable is drawn: which of the seeds, and by what (None: the seed is the value)."""

    place: int
    draw: Drawer | None


@dataclass(frozen=True, eq=False)
class Built:
    """A model as it was built, with what its build did besides."""

    model: keras.Model
    created: frozenset[int]  # ids of the variables that the build made
    touched: bool  # whether it read or assigned variables
    after: tuple[float, ...]  # what the random generators would have drawn next


def built(build: Build, seed: int, shape: tuple[int, ...]) -> Built:
    """Build the model of one seed, and watch."""
    with watched_variables() as seen:
        model = seeded(build, seed, shape)
    return Built(model, frozenset(seen.created), seen.touched, _next_numbers())


def seeded(build: Build, seed: int, shape: tuple[int, ...]) -> keras.Model:
    """What `build` returns right after `keras.utils.set_random_seed(seed)`, with its weights."""
    keras.utils.set_random_seed(seed)
    model = build()
    if isinstance(model, keras.Sequential) and not model.built:
        model.build((None, *shape))
    return model


def initial_weights(first: Built, build: Build, seeds: Sequence[int], shape: Any) -> list[Weights]:
    """Each seed's initial variables, trainable then non-trainable, as lists of arrays.

    `first` is the build under the first seed; `shape` is an example's.
    """
    own = values(first.model)
    if len(set(seeds)) == 1:
        return [own] * len(seeds)
    different = list(dict.fromkeys(seeds))
    drawn = _replayed(first, own, different)
    if drawn is None:
        drawn = {seeds[0]: own}
        traits = _traits(first.model)
        for seed in different[1:]:
            model = seeded(build, seed, shape)
            _same_model(traits, model, seeds[0], seed)
            drawn[seed] = values(model)
    return [drawn[seed] for seed in seeds]


def values(model: keras.Model) -> Weights:
    """All variables that training may change: trainable, then non-trainable."""
    return [v.numpy() for v in model.trainable_variables + model.non_trainable_variables]


def _replayed(first: Built, own: Weights, seeds: list[int]) -> dict[int, Weights] | None:
    """The weights of all seeds; None where initializers alone do not explain the first's."""
    if first.touched:
        return None
    recipes = _recipes(first.model, seeds[0])
    places = {recipe.place for recipe in recipes if recipe}
    if places != set(range(len(places))) or first.after != _untouched(seeds[0], len(places)):
        return None
    # (seed, place) -> the seed that a layer or initializer gets
    table = np.array([seeds_drawn(seed, len(places)) for seed in seeds]).reshape(len(seeds), -1)
    stacked = [np.broadcast_to(value, (len(seeds), *value.shape)) for value in own]
    alike: dict[tuple[Any, ...], list[tuple[int, int]]] = {}
    for i, recipe in enumerate(recipes):
        if recipe and recipe.draw is None:
            state = [[seed, *own[i][1:]] for seed in table[:, recipe.place]]
            stacked[i] = np.array(state, own[i].dtype)
        elif recipe:
            alike.setdefault((recipe.draw, own[i].shape), []).append((i, recipe.place))
    for (draw, _), where in alike.items():
        asked = np.concatenate([table[:, place] for _, place in where])
        parts = np.split(_drawn(draw, asked.tolist()), len(where))
        for (i, _), part in zip(where, parts, strict=True):
            stacked[i] = part
    by_seed = {seed: [part[k] for part in stacked] for k, seed in enumerate(seeds)}
    return by_seed if _equal(by_seed[seeds[0]], own) else None


def _next_numbers() -> tuple[float, ...]:
    """What Python, NumPy and TensorFlow would draw next."""
    return random.random(), np.random.random(), float(tf.random.uniform(()))


def _untouched(seed: int, draws: int) -> tuple[float, ...]:
    """The same after a build that drew seeds and nothing else."""
    keras.utils.set_random_seed(seed)
    for _ in range(draws):
        keras.initializers.RandomNormal()
    return _next_numbers()


def _same_model(traits: tuple[Any, ...], other: keras.Model, seed: int, other_seed: int) -> None:
    """Refuse a build whose architecture or settings depend on the seed."""
    if traits != _traits(other):
        raise ValueError(
            f"build gives another model under seed {other_seed} than under seed {seed}; all "
            "members must have the same layers, shapes and settings: train each kind on its own, "
            "and pass learning rates as learning_rate."
        )


def _traits(model: keras.Model) -> tuple[Any, ...]:
    shapes = [(tuple(v.shape), v.trainable) for v in model.variables]
    if not model.compiled:
        return shapes, None, None
    rate = compiled_rate(model.optimizer)
    rate = float(rate) if isinstance(rate, keras.Variable) else None
    return shapes, rate, capabilities.fingerprint(model)


def _recipes(template: keras.Model, seed: int) -> list[Recipe | None]:
    """For each variable, how to draw it; None where it is the same for all."""
    owners = {id(v): layer for layer in all_layers(template) for v in own_variables(layer)}
    known = {s: i for i, s in enumerate(seeds_drawn(seed, 20 * len(owners) + 100))}
    recipes = []
    for variable in template.trainable_variables + template.non_trainable_variables:
        layer = owners.get(id(variable))
        recipes.append(_recipe(variable, vars(layer) if layer else {}, known))
    return recipes


def _recipe(
    variable: keras.Variable, attributes: dict[str, Any], known: dict[int, int]
) -> Recipe | None:
    if "int" in str(variable.dtype) and tuple(variable.shape) == (2,):
        start = int(variable.numpy()[0])
        return Recipe(known[start], None) if start in known else None  # a seed generator's state
    initializer: Any = attributes.get(f"{variable.name}_initializer")
    seed = getattr(initializer, "seed", None)
    own = type(initializer).__module__.startswith("keras.")
    if not own or not isinstance(seed, int) or seed not in known:
        return None
    config = json.dumps(initializer.get_config() | {"seed": 0}, sort_keys=True)
    kind: Any = type(initializer)
    draw = _drawer(kind, config, tuple(variable.shape), str(variable.dtype))
    return Recipe(known[seed], draw)


@dataclass(frozen=True, eq=False)
class Drawer:
    """Draws as initializers of one kind do, from given seeds."""

    one: Callable[[Any], tf.Tensor]
    many: Callable[[Any], tf.Tensor]  # compiled, which pays from some dozens on


@functools.lru_cache(256)
def _drawer(kind: Any, config: str, shape: tuple[int, ...], dtype: str) -> Drawer:
    """What draws a variable of this shape."""

    def one(seed: Any) -> Any:
        initializer = kind.from_config(json.loads(config))
        initializer.seed = GivenSeed(seed)
        return tf.convert_to_tensor(initializer(shape, dtype))

    signature = [tf.TensorSpec([None], "int32")]
    many = tf.function(
        lambda seeds: tf.map_fn(one, seeds, fn_output_signature=tf.TensorSpec(shape, dtype)),
        input_signature=signature,
        autograph=False,
    )
    # TensorFlow takes the drawers of many shapes for one that traces anew
    return Drawer(one, quietly(many))


def _drawn(drawer: Drawer, seeds: list[int]) -> np.ndarray:
    """What each seed draws: (n, *shape). The latest draws are kept: most calls repeat seeds."""
    new = [seed for seed in dict.fromkeys(seeds) if (drawer, seed) not in kept]
    if new:
        asked = tf.constant(new, "int32")
        few = len(new) <= FEW
        values = np.stack(list(map(drawer.one, asked))) if few else drawer.many(asked).numpy()
        kept.update({(drawer, seed): value for seed, value in zip(new, values, strict=True)})
    found = np.stack([kept[drawer, seed] for seed in seeds])
    size = sum(value.nbytes for value in kept.values())
    while size > MOST_KEPT:
        size -= kept.pop(next(iter(kept))).nbytes
    return found


def _equal(one: Weights, other: Weights) -> bool:
    return len(one) == len(other) and all(map(np.array_equal, one, other))
