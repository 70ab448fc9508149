"""Initial weights of every member, from one build of the model.

A build costs tens of milliseconds, drawing the weights far less. The draws are replayed where the
build did nothing but let Keras's initializers draw, each from its own seed: it touched no variable,
took nothing else from a random generator, and the replay gives what it has. Otherwise every member
is built. The first build leaves most of its draws for later, when they are seldom needed.
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
    Deferred,
    GivenSeed,
    compiled_rate,
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
    drawer: Drawer | None


@dataclass(frozen=True, eq=False)
class Built:
    """A model as it was built, with what its build did besides."""

    model: keras.Model
    created: frozenset[int]  # ids of the variables that the build made
    drawn_by: dict[int, keras.initializers.Initializer]  # by ids, too
    did_more: bool  # than make variables that Keras draws
    after: tuple[float, ...]  # what the random generators would have drawn next


def built(build: Build, seed: int, shape: tuple[int, ...]) -> Built:
    """Build the model of one seed, and watch."""
    keras.utils.set_random_seed(seed)
    with watched_variables() as seen:
        model = _called(build, shape)
    after = _next_numbers()
    return Built(model, frozenset(seen.created), seen.drawn_by, seen.did_more, after)


def seeded(build: Build, seed: int, shape: tuple[int, ...]) -> keras.Model:
    """What `build` returns right after `keras.utils.set_random_seed(seed)`, with its weights."""
    keras.utils.set_random_seed(seed)
    return _called(build, shape)


def _called(build: Build, shape: tuple[int, ...]) -> keras.Model:
    model = build()
    if isinstance(model, keras.Sequential) and not model.built:
        model.build((None, *shape))
    return model


def initial_weights(first: Built, build: Build, seeds: Sequence[int], shape: Any) -> list[Weights]:
    """Each seed's initial variables, trainable then non-trainable, as lists of arrays.

    `first` is the build under the first seed; `shape` is an example's.
    """
    if len(set(seeds)) == 1:
        return [values(first.model)] * len(seeds)
    different = list(dict.fromkeys(seeds))
    drawn = _replayed(first, different)
    if drawn is None:
        drawn = {seeds[0]: values(first.model)}
        traits = _traits(first.model)
        for seed in different[1:]:
            model = seeded(build, seed, shape)
            _same_model(traits, model, seeds[0], seed)
            drawn[seed] = values(model)
    return [drawn[seed] for seed in seeds]


def values(model: keras.Model) -> Weights:
    """All variables that training may change: trainable, then non-trainable."""
    return list(map(_held, _variables(model)))


def _variables(model: keras.Model) -> list[keras.Variable]:
    return model.trainable_variables + model.non_trainable_variables


def _held(variable: keras.Variable) -> np.ndarray:
    """What a variable holds, or would if it were drawn."""
    return (variable.draw() if isinstance(variable, Deferred) else variable).numpy()


def _replayed(first: Built, seeds: list[int]) -> dict[int, Weights] | None:
    """The weights of all seeds; None where initializers alone do not explain the first's."""
    variables = _variables(first.model)
    if first.did_more:
        return None
    try:
        recipes = _recipes(variables, first.drawn_by, seeds[0])
    except TypeError:  # a setting of an initializer is more than a number or a name
        return None
    places = {recipe.place for recipe in recipes if recipe}
    if places != set(range(len(places))) or first.after != _untouched(seeds[0], len(places)):
        return None
    # (seed, place) -> the seed that a layer or initializer gets
    table = np.array([seeds_drawn(seed, len(places)) for seed in seeds]).reshape(len(seeds), -1)
    stacked: dict[int, np.ndarray] = {}
    alike: dict[Drawer, list[tuple[int, int]]] = {}
    for i, (variable, recipe) in enumerate(zip(variables, recipes, strict=True)):
        if recipe and recipe.drawer:
            alike.setdefault(recipe.drawer, []).append((i, recipe.place))
            continue
        own = _held(variable)
        stacked[i] = np.broadcast_to(own, (len(seeds), *own.shape))
        if recipe:
            state = [[seed, *own[1:]] for seed in table[:, recipe.place]]
            stacked[i] = np.array(state, own.dtype)
    for drawer, where in alike.items():
        asked = np.concatenate([table[:, place] for _, place in where])
        parts = np.split(_drawn(drawer, asked.tolist()), len(where))
        stacked |= {i: part for (i, _), part in zip(where, parts, strict=True)}
        for i, _ in where:
            known = drawer.proven and isinstance(variables[i], Deferred)
            if not known and not np.array_equal(stacked[i][0], _held(variables[i])):
                return None
            drawer.proven = True
    return {seed: [stacked[i][k] for i in range(len(recipes))] for k, seed in enumerate(seeds)}


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


def _recipes(
    variables: list[keras.Variable], drawn_by: dict[int, Any], seed: int
) -> list[Recipe | None]:
    """For each variable, how to draw it; None where it is the same for all."""
    known = {s: i for i, s in enumerate(seeds_drawn(seed, 20 * len(variables) + 100))}
    return [_recipe(variable, drawn_by.get(id(variable)), known) for variable in variables]


def _recipe(variable: keras.Variable, initializer: Any, known: dict[int, int]) -> Recipe | None:
    if "int" in str(variable.dtype) and tuple(variable.shape) == (2,):
        start = int(variable.numpy()[0])
        return Recipe(known[start], None) if start in known else None  # a seed generator's state
    seed = getattr(initializer, "seed", None)
    if not isinstance(seed, int) or seed not in known:
        return None
    settings = {k: v for k, v in vars(initializer).items() if k not in ("seed", "_init_seed")}
    kind: Any = type(initializer)
    told = json.dumps(settings, sort_keys=True)
    return Recipe(known[seed], _drawer(kind, told, tuple(variable.shape), str(variable.dtype)))


@dataclass(eq=False)
class Drawer:
    """Draws as initializers of one kind do, from given seeds."""

    one: Callable[[Any], tf.Tensor]
    many: Callable[[Any], tf.Tensor]  # compiled, which pays from some dozens on
    proven: bool = False  # whether it was seen to draw as the initializer itself


@functools.lru_cache(256)
def _drawer(kind: Any, settings: str, shape: tuple[int, ...], dtype: str) -> Drawer:
    """What draws a variable of this shape."""

    def one(seed: Any) -> Any:
        initializer = kind.__new__(kind)
        vars(initializer).update(json.loads(settings), seed=GivenSeed(seed))
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
