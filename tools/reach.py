"""Which definitions of `utils` a piece of code can reach, through whatever they reach in turn.

A class counts as a whole. So do the statements with an effect of every module that is imported on
the way, and all of a module that is passed around as a value or looked into by name.
"""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from tools.modules import Dotted, Import, Module, Statement, parse

PACKAGE = "utils"
CELLS = "cells"
UNCOUNTED = ("utils.claims.card", "utils.population")
"""Of which nothing counts: `tools.cards` draws anew what the first drew, and the tests hold the
second, as TensorFlow below it, to what `fit` does. A faster engine costs no chapter its outputs."""
ANYTHING = {"__import__", "import_module", "eval", "exec"}
"""What may reach anything."""


def reached(root: Path, code: Iterable[str]) -> dict[str, str]:
    """Dotted name -> digest of its essence, for all in a checkout's `utils` that the code reaches.

    code: the sources of cells. A name that none of them imports or defines leads nowhere, so a
    part of a chapter's cells has to come with those that import what it uses.
    """
    search = _Search(root)
    search.take_all(search.add(parse("\n".join(code), CELLS, package=False)))
    search.finish()
    forms: dict[str, list[str]] = {name: [] for name in search.taken}
    for module in sorted(search.taken):
        for number in sorted(search.taken[module]):
            statement = search.known[module].statements[number]
            names = [f"{module}.{name}" for name in statement.binds]
            for name in [*names, module] if statement.effect else names:
                forms.setdefault(name, []).append(statement.form)
    for name, path in sorted(search.leads):
        forms.setdefault(name, []).append(".".join(path))
    return {
        name: hashlib.sha256("\n".join(form).encode()).hexdigest()[:16]
        for name, form in sorted(forms.items())
        if name.split(".")[0] == PACKAGE
    }


def uncounted(name: str) -> bool:
    """Whether a dotted name lies in a module or package of which nothing counts."""
    return any(f"{name}.".startswith(f"{out}.") for out in UNCOUNTED)


class _Search:
    """Follows names from the code into the checkout's modules."""

    def __init__(self, root: Path):
        self.root = root
        self.known: dict[str, Module] = {}
        self.taken: dict[str, set[int]] = {}  # module -> its statements that count
        self.leads: set[tuple[str, Dotted]] = set()  # imported names in use, and what they mean
        self.followed: set[tuple[Dotted, Dotted]] = set()
        self.whole: set[str] = set()
        self.pending: list[tuple[Module, Statement]] = []

    def add(self, module: Module) -> Module:
        self.known[module.name], self.taken[module.name] = module, set()
        return module

    def find(self, name: str) -> Module | None:
        """The module of this name, and what happens as it is imported; None if none counts."""
        if name in self.known:
            return self.known[name]
        if uncounted(name):
            return None
        place = self.root / name.replace(".", "/")
        for path in (place / "__init__.py", place.with_suffix(".py")):
            if path.is_file():
                text = path.read_text(encoding="utf-8")
                module = self.add(parse(text, name, package=path.parent == place))
                self.run(module)
                return module
        return None

    def run(self, module: Module) -> None:
        """Import a module: its imports are followed, and its statements with an effect count."""
        for number, statement in enumerate(module.statements):
            if statement.effect:
                self.take(module, number)
            elif statement.is_import:
                self.load(statement)

    def load(self, statement: Statement) -> None:
        """Import what a statement imports; of a star, everything counts."""
        for _, home, attribute in statement.imports:
            path = (*home, *attribute)
            for end in range(1, len(path) + 1):
                if path[0] != PACKAGE or self.find(".".join(path[:end])) is None:
                    break
        for star in statement.stars:
            self.follow(star, ())

    def take(self, module: Module, number: int) -> None:
        """Let a statement count; what it uses is followed later."""
        if number not in self.taken[module.name]:
            self.taken[module.name].add(number)
            self.pending.append((module, module.statements[number]))

    def finish(self) -> None:
        """Follow what the statements use that count so far, and what those use, to the end."""
        while self.pending:
            module, statement = self.pending.pop()
            self.load(statement)
            for used in statement.uses:
                for name, home, attribute in statement.imports:
                    if name == used[0]:
                        self.follow(home, (*attribute, *used[1:]))
                self.look_up(module, used)
                if used[-1] == "globals":
                    self.take_all(module)
                if used[-1] in ANYTHING:
                    self.take_everything()
            for string in statement.strings:
                if re.fullmatch(rf"{PACKAGE}(\.\w+)+", string):
                    self.follow((PACKAGE,), tuple(string.split(".")[1:]))

    def take_all(self, module: Module) -> None:
        """Let a whole module count."""
        if module.name in self.whole:
            return
        self.whole.add(module.name)
        for number, statement in enumerate(module.statements):
            if statement.is_import:
                self.load(statement)
                if module.name != CELLS:  # whose own statements say what they use
                    for name in statement.binds:
                        self.look_up(module, (name,))
            else:
                self.take(module, number)

    def take_everything(self) -> None:
        """Let the whole package count."""
        for path in sorted((self.root / PACKAGE).rglob("*.py")):
            parts = path.relative_to(self.root).with_suffix("").parts
            module = self.find(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
            if module is not None:
                self.take_all(module)

    def look_up(self, module: Module, used: Dotted) -> None:
        """Follow a dotted name as it is meant in a module."""
        for number in module.bindings.get(used[0], ()):
            statement = module.statements[number]
            if not statement.is_import:
                self.take(module, number)
            for name, home, attribute in statement.imports:
                if name == used[0]:
                    self.leads.add((f"{module.name}.{name}", (*home, *attribute)))
                    self.follow(home, (*attribute, *used[1:]))

    def follow(self, home: Dotted, path: Dotted) -> None:
        """Let count what a dotted path in a module leads to: all of it if the path is empty."""
        if home[0] != PACKAGE or (home, path) in self.followed or uncounted(".".join(home + path)):
            return
        self.followed.add((home, path))
        module = self.find(".".join(home))
        if module is None:
            return
        if not path:
            self.take_all(module)
            return
        name, *rest = path
        itself = Import(name, home, (name,))  # as `from package import module` in that package
        numbers = module.bindings.get(name, [])
        defined = [n for n in numbers if itself not in module.statements[n].imports]
        inner = self.find(f"{module.name}.{name}")
        if defined:
            self.look_up(module, path)
        if inner is not None and len(defined) < max(len(numbers), 1):
            self.follow((*home, name), tuple(rest))
        elif not defined:
            self.take_all(module)
