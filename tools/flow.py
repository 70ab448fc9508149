"""What a statement does to names: reads them, binds them, changes what they stand for.

A change is a store into an attribute or an item, an augmented assignment, a call of a method that
is not known to read only, and a call whose result nobody takes, which is made for its effect.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

READERS = frozenset(
    # of dictionaries and strings
    "items keys values get split join startswith format "
    # of arrays and tensors
    "mean std var sum min max all any argmax argmin astype reshape round copy numpy tobytes "
    # of a population's record and of models
    "final evaluate best at_edge take weights_at model predict score get_weights count_params "
    "compute_loss kneighbors watch gradient".split()
)
"""Methods that leave their object as it is, in NumPy, Keras and the course."""

QUIET = frozenset("print display plots plt claims set_random_seed".split())
"""What is called for an effect that nothing later reads: output, a figure, a claim, a seed."""

HOLDERS = frozenset("dict list tuple set zip enumerate sorted reversed iter map filter".split())
"""Builtins whose result holds what their arguments hold."""

GETTERS = frozenset("items keys values get reshape".split())
"""Methods whose result holds what their object holds."""


@dataclass(frozen=True)
class Known:
    """Names with one meaning in the whole chapter: what it imports, and what it defines."""

    imported: frozenset[str]
    defined: frozenset[str]

    @classmethod
    def of(cls, tree: ast.AST) -> Known:
        """Those of one piece of code."""
        imported: set[str] = set()
        defined: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                imported |= {a.asname or a.name.split(".")[0] for a in node.names}
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                defined.add(node.name)
        return cls(frozenset(imported), frozenset(defined))

    @classmethod
    def joined(cls, parts: Iterable[Known]) -> Known:
        """Those of several pieces."""
        given = list(parts)
        return cls(
            frozenset().union(*(part.imported for part in given)),
            frozenset().union(*(part.defined for part in given)),
        )


@dataclass
class Flow:
    """What one scope does, a statement at the top level or a function's body."""

    reads: set[str] = field(default_factory=set)
    """Needed before the statement itself binds them."""
    later: set[str] = field(default_factory=set)
    """Read by functions that it defines, whenever those are called."""
    mentions: set[str] = field(default_factory=set)
    binds: set[str] = field(default_factory=set)
    surely: set[str] = field(default_factory=set)
    """Bound in any case."""
    changes: set[str] = field(default_factory=set)
    same: list[set[str]] = field(default_factory=list)
    """Groups of names that may stand for one thing, or one for a part of another."""
    calls: list[tuple[set[str], set[str]]] = field(default_factory=list)
    """For each call: the names that stand in it, and those whose things it is given."""
    functions: list[tuple[str, set[str], Flow]] = field(default_factory=list)
    """What it defines: name, parameters and body."""


def flow(node: ast.stmt, known: Known) -> Flow:
    """The flow of one statement."""
    reader = _Reader(known)
    reader.visit(node)
    for names in (reader.flow.binds, reader.flow.later):
        names -= {name for name in names if "'" in name}  # a comprehension's own
    return reader.flow


def root(node: ast.expr) -> str | None:
    """The name at the start of a chain of attributes, items and calls."""
    while not isinstance(node, ast.Name):
        match node:
            case ast.Attribute(value=inner) | ast.Subscript(value=inner) | ast.Starred(value=inner):
                node = inner
            case ast.Call(func=inner):
                node = inner
            case _:
                return None
    return node.id


class _Reader(ast.NodeVisitor):
    def __init__(self, known: Known, bound: Iterable[str] = ()) -> None:
        self.known = known
        self.flow = Flow(surely=set(bound))
        self.outer: set[str] = set()

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.flow.mentions.add(node.id)
            self.flow.reads |= {node.id} - self.flow.surely
        else:
            self.flow.binds.add(node.id)
            self.flow.surely.add(node.id)

    def visit_Attribute(self, node: ast.Attribute | ast.Subscript) -> None:
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load):
            self.change(node)

    visit_Subscript = visit_Attribute

    def change(self, *nodes: ast.expr) -> None:
        """What the nodes are parts of, or hold, may be another afterwards."""
        for node in nodes:
            start = root(node)
            made = any(isinstance(part, ast.Call) for part in ast.walk(node))
            if start and not (made and start in self.known.imported):
                self.flow.changes.add(start)
            self.flow.changes |= self.sources(node)

    def sources(self, value: ast.AST) -> set[str]:
        """The names whose things a value may be, or hold; what a call returns counts as new."""
        match value:
            case ast.Name():
                return {value.id} - self.known.imported
            case ast.Attribute() | ast.Subscript() | ast.Starred():
                return self.sources(value.value)
            case ast.Call(func=ast.Name(id=name), args=parts) if name in HOLDERS:
                return set().union(*map(self.sources, parts))
            case ast.Call(func=ast.Attribute(attr=name, value=inner)) if name in GETTERS:
                return self.sources(inner)
            case ast.Call() | ast.BinOp() | ast.UnaryOp() | ast.Compare() | ast.Lambda():
                return set()
        return set().union(*map(self.sources, ast.iter_child_nodes(value)))

    # binding

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self.assign(target, node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign | ast.NamedExpr) -> None:
        if node.value is not None:
            self.visit(node.value)
            self.assign(node.target, node.value)

    visit_NamedExpr = visit_AnnAssign

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        before = copy.deepcopy(node.target)
        before.ctx = ast.Load()
        self.visit(before)
        self.change(before)
        self.assign(node.target, before)

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        for one, its in _paired(target, value):
            self.visit(one)
            names = {n.id for n in ast.walk(one) if isinstance(n, ast.Name)}
            self.flow.same.append(names | self.sources(its))

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        names = {alias.asname or alias.name.split(".")[0] for alias in node.names}
        self.flow.binds |= names
        self.flow.surely |= names

    visit_ImportFrom = visit_Import

    # calls

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        function, arguments = node.func, _arguments(node)
        start = root(function)
        if isinstance(function, ast.Attribute) and not (
            function.attr in READERS or start in self.known.imported
        ):
            self.change(function.value)
        if start in ("next", "setattr", "delattr"):
            self.change(*arguments[:1])
        named = {part.id for part in [function, *arguments] if isinstance(part, ast.Name)}
        self.flow.calls.append((named, set().union(*map(self.sources, arguments))))

    def visit_Expr(self, node: ast.Expr) -> None:
        self.visit(node.value)
        if isinstance(node.value, ast.Call):
            function = node.value.func
            named = {root(function), getattr(function, "attr", None)}
            if not named & (QUIET | READERS | self.known.defined):
                self.change(function, *_arguments(node.value))

    # blocks

    def visit_For(self, node: ast.For) -> None:
        self.visit(node.iter)
        self.assign(node.target, node.iter)
        for statement in node.body:  # which counts as run at least once
            self.visit(statement)
        self.perhaps(node.orelse)

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        self.perhaps(node.body + node.orelse)

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self.perhaps(node.body, node.orelse)

    def visit_With(self, node: ast.With) -> None:
        for item in node.items:
            self.visit(item.context_expr)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, item.context_expr)
        for statement in node.body:
            self.visit(statement)

    def visit_Try(self, node: ast.Try) -> None:
        self.perhaps([*node.body, *node.handlers, *node.orelse, *node.finalbody])

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self.generic_visit(node)
        self.flow.binds |= {node.name} if node.name else set()

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        for case in node.cases:
            parts = list(ast.walk(case.pattern))
            given = [getattr(part, key, None) for part in parts for key in ("name", "rest")]
            names = {name for name in given if name}
            self.flow.binds |= names
            self.flow.same.append(names | self.sources(node.subject))
            self.perhaps([*([case.guard] if case.guard else []), *case.body])

    def perhaps(self, *branches: Sequence[ast.AST]) -> None:
        """One of two branches runs, or the only one, or none of them."""
        before, after = self.flow.surely, []
        for branch in branches:
            self.flow.surely = set(before)
            for node in branch:
                self.visit(node)
            after.append(self.flow.surely)
        self.flow.surely = set.intersection(*after) if len(after) > 1 else before

    # scopes

    def visit_Global(self, node: ast.Global | ast.Nonlocal) -> None:
        self.outer.update(node.names)

    visit_Nonlocal = visit_Global

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in node.decorator_list:
            self.visit(part)
        self.function(node.name, node.args, node.body)
        self.flow.binds.add(node.name)
        self.flow.surely.add(node.name)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.visit_FunctionDef(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.function("", node.args, [node.body])

    def function(self, name: str, given: ast.arguments, body: Sequence[ast.AST]) -> None:
        for default in filter(None, [*given.defaults, *given.kw_defaults]):
            self.visit(default)
        parameters = {node.arg for node in ast.walk(given) if isinstance(node, ast.arg)}
        inner = _Reader(self.known, parameters)
        for node in body:
            inner.visit(node)
        inner.flow.binds = (inner.flow.binds | parameters) - inner.outer
        inner.flow.changes |= inner.outer
        free = (inner.flow.mentions | inner.flow.later | inner.outer) - inner.flow.binds
        self.flow.mentions |= free
        self.flow.later |= free
        self.flow.functions += [(name, parameters, inner.flow)]
        self.flow.functions += [(name, its, deep) for _, its, deep in inner.flow.functions]

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in [*node.decorator_list, *node.bases, *node.keywords]:
            self.visit(part)
        before = set(self.flow.surely)
        start = len(self.flow.functions)
        for statement in node.body:
            self.visit(statement)
        own = {name for name, _, _ in self.flow.functions[start:]}
        # To its users, what a method does to its object is done by a call of the object's.
        self.flow.functions[start:] = [
            (node.name, its - {"self"}, inner) for _, its, inner in self.flow.functions[start:]
        ]
        self.flow.binds = self.flow.binds - own | {node.name}
        self.flow.surely = before | {node.name}

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> None:
        self.comprehension(node.generators, [node.elt])

    visit_SetComp = visit_ListComp

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        before = self.flow.mentions
        self.flow.mentions = set()
        self.comprehension(node.generators, [node.elt])
        self.flow.later |= self.flow.mentions
        self.flow.mentions |= before

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self.comprehension(node.generators, [node.key, node.value])

    def comprehension(self, generators: list[ast.comprehension], parts: list[ast.expr]) -> None:
        """Loops over variables of its own, here under names that no code can have."""
        own = {n.id for g in generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        renamed = _Renamed({name: f"{name}'{id(generators)}" for name in own})
        for number, generator in enumerate(generators):
            its = generator.iter if number == 0 else renamed.copy(generator.iter)
            self.visit(its)
            self.assign(renamed.copy(generator.target), its)
            for condition in generator.ifs:
                self.visit(renamed.copy(condition))
        for part in parts:
            self.visit(renamed.copy(part))


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self.names.get(node.id, node.id)
        return node

    def copy(self, node: ast.expr) -> ast.expr:
        return self.visit(copy.deepcopy(node))


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _paired(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Targets beside what each is taken from, where `zip`, `enumerate` or a tuple says so."""
    given: list[ast.expr] = []
    match value:
        case ast.Call(func=ast.Name(id="zip"), args=parts):
            given = parts
        case ast.Call(func=ast.Name(id="enumerate"), args=[inner, *_]):
            given = [ast.Constant(0), inner]
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            given = parts
    targets = target.elts if isinstance(target, ast.Tuple | ast.List) else []
    starred = any(isinstance(node, ast.Starred) for node in [*targets, *given])
    if given and len(given) == len(targets) and not starred:
        for one, its in zip(targets, given, strict=True):
            yield from _paired(one, its)
    else:
        yield target, value
