"""Other seeds for a chapter or a study: every seed that its own code names is moved by one number.

Seeds that choose and seeds that judge move alike, so that they stay apart. What a helper seeds by
itself stays: the data sets, with their split, are those of the book.
"""

import ast
import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Iterable
from typing import Any

CHAPTER = "__main__"
FIXED = "utils.data"
PLACES = {
    "numpy": ("random.default_rng", "random.seed"),
    "random": ("seed",),
    "keras": ("utils.set_random_seed",),
    "tensorflow": ("random.set_seed",),
}
"""Functions of libraries whose first argument is a seed."""
_moved: dict[str, int] = {}
"""The modules whose seeds are moved in this process already, and by how much."""


def imported(codes: Iterable[str]) -> list[str]:
    """The modules that pieces of code import, as far as they may be handed seeds."""
    found = set()
    for code in codes:
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module == "utils":
                found |= {f"utils.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                parts = node.module.split(".")
                found.add(".".join(parts[:2]) if parts[0] == "utils" else parts[0])
    return sorted(found)


def shift_seeds(by: int, modules: Iterable[str]) -> None:
    """Move what code that calls itself `CHAPTER` will hand to these modules as seeds."""
    for name in modules:
        if name in _moved:
            if _moved[name] != by:
                raise ValueError(f"seeds of {name} are moved by {_moved[name]} here, not by {by}")
            continue
        _moved[name] = by
        module = importlib.import_module(name)
        for path in PLACES.get(name, ()):
            owner, attribute = _owner(module, path)
            setattr(owner, attribute, _first(getattr(owner, attribute), by))
        if name == "keras":
            _keras(module, by)
        if name.startswith("utils.") and name != FIXED:
            for attribute, function in vars(module).items():
                if inspect.isfunction(function) and _takes(function):
                    setattr(module, attribute, _named(function, by))


def moved(seeds: Any, by: int) -> Any:
    """A seed or several, moved; None asks for no seed and stays."""
    if seeds is None or isinstance(seeds, bool):
        return seeds
    return [seed + by for seed in seeds] if hasattr(seeds, "__iter__") else seeds + by


def _takes(function: Callable[..., Any]) -> set[str]:
    return {"seed", "seeds"} & set(inspect.signature(function).parameters)


def _asked_by_the_chapter() -> bool:
    return sys._getframe(2).f_globals.get("__name__") == CHAPTER


def _first(function: Callable[..., Any], by: int) -> Callable[..., Any]:
    """A function whose first argument is a seed, or a list of which only the first number is."""

    def other(seed: Any = None, *rest: Any, **options: Any) -> Any:
        if _asked_by_the_chapter() and seed is not None:
            whole = not hasattr(seed, "__iter__")
            seed = seed + by if whole else [seed[0] + by, *seed[1:]]
        return function(seed, *rest, **options)

    return other


def _named(function: Callable[..., Any], by: int) -> Callable[..., Any]:
    """A function that takes `seed` or `seeds`, a number of which stands for that many from 0."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def other(*given: Any, **options: Any) -> Any:
        if not _asked_by_the_chapter():
            return function(*given, **options)
        bound = signature.bind(*given, **options)
        bound.apply_defaults()
        for name in _takes(function):
            seeds = bound.arguments[name]
            if name == "seeds" and not hasattr(seeds, "__iter__"):
                seeds = range(seeds)
            bound.arguments[name] = moved(seeds, by)
        return function(*bound.args, **bound.kwargs)

    return other


def _keras(keras: Any, by: int) -> None:
    """Keras's initializers, where a chapter hands a seed to one of them itself."""
    for kind in set(filter(inspect.isclass, vars(keras.initializers).values())):
        if "__init__" in vars(kind) and _takes(kind.__init__):
            setattr(kind, "__init__", _named(kind.__init__, by))  # noqa: B010 (typed)


def _owner(module: Any, path: str) -> tuple[Any, str]:
    *parts, attribute = path.split(".")
    return functools.reduce(getattr, parts, module), attribute
