"""Initial weights of every member, without building a Keras model for each.

A build costs tens of milliseconds, drawing the weights a fraction of one. The draws are replayed
from one built model and proven right on a second: where that fails, every member is built.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Sequence

import keras
import numpy as np

Weights = list[np.ndarray]
MAX_SEED = int(1e9)  # as in keras.random.make_default_seed


def initial_weights(
    build: Callable[[], keras.Model],
    template: keras.Model,
    seeds: Sequence[int],
    shape: tuple[int, ...],
) -> list[Weights]:
    """Each seed's initial variables, trainable then non-trainable, as lists of arrays.

    `template` is the model that `build` returned under the first seed; `shape` is an example's.
    """
    first = values(template)
    others = [s for s in dict.fromkeys(seeds) if s != seeds[0]]
    drawn = {seeds[0]: first}
    if others:
        proof = others[-1]
        drawn[proof] = values(seeded(build, proof, shape))
        recipes = _recipes(template, seeds[0])
        if not _equal(_replay(recipes, first, proof), drawn[proof]):
            recipes = None
        for seed in others[:-1]:
            drawn[seed] = (
                values(seeded(build, seed, shape))
                if recipes is None
                else _replay(recipes, first, seed)
            )
    return [drawn[s] for s in seeds]


def seeded(build: Callable[[], keras.Model], seed: int, shape: tuple[int, ...]) -> keras.Model:
    """What `build` returns right after `keras.utils.set_random_seed(seed)`, with its weights."""
    keras.utils.set_random_seed(seed)
    model = build()
    if isinstance(model, keras.Sequential) and not model.built:
        model.build((None, *shape))
    return model


def values(model: keras.Model) -> Weights:
    """All variables that training may change: trainable, then non-trainable."""
    return [v.numpy() for v in model.trainable_variables + model.non_trainable_variables]


def _seeds_drawn(seed: int, count: int) -> list[int]:
    generator = random.Random(seed)
    return [generator.randint(1, MAX_SEED) for _ in range(count)]


def _recipes(template: keras.Model, seed: int) -> list[Callable | None]:
    """For each variable, how to draw it from a seed; None where it is the same for all."""
    layers = template._flatten_layers()
    owners = {id(v): layer for layer in layers for v in layer._trainable_variables}
    owners |= {id(v): layer for layer in layers for v in layer._non_trainable_variables}
    known = _seeds_drawn(seed, 20 * len(owners) + 100)
    recipes = []
    for variable in template.trainable_variables + template.non_trainable_variables:
        layer = owners.get(id(variable))
        recipes.append(_recipe(variable, vars(layer) if layer else {}, known))
    return recipes


def _recipe(variable: keras.Variable, attributes: dict, known: list[int]) -> Callable | None:
    value = variable.numpy()
    if value.dtype.kind in "iu" and value.shape == (2,) and int(value[0]) in known:
        place = known.index(int(value[0]))  # the state of a seed generator, as in Dropout
        return lambda drawn: np.array([drawn[place], *value[1:]], value.dtype)
    initializer = attributes.get(f"{variable.name}_initializer")
    seed = getattr(initializer, "seed", None)
    if isinstance(seed, int) and seed in known:
        return _redraw(initializer, known.index(seed), variable)
    return None


def _redraw(initializer, place: int, variable: keras.Variable) -> Callable:
    def draw(drawn: list[int]) -> np.ndarray:
        again = copy.copy(initializer)
        again.seed = drawn[place]
        return np.asarray(again(variable.shape, variable.dtype))

    return draw


def _replay(recipes: list[Callable | None], first: Weights, seed: int) -> Weights:
    drawn = _seeds_drawn(seed, 20 * len(recipes) + 100)
    return [value if r is None else r(drawn) for r, value in zip(recipes, first, strict=True)]


def _equal(one: Weights, other: Weights) -> bool:
    return len(one) == len(other) and all(map(np.array_equal, one, other))
