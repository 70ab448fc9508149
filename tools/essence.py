"""Code reduced to what it does: comments, layout, docstrings, the names of local variables and the
annotations of functions make no difference, anything else does.
"""

import ast
import builtins
from collections.abc import Iterator, Set
from typing import Any

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
SEE_NAMES = {"locals", "vars", "dir", "eval", "exec"}
"""What makes the names of local variables matter."""
UNSEEN = ast.Constant(value=None)
"""Stands for the annotation of a local variable, which is never evaluated."""


def bare(tree: ast.Module) -> ast.Module:
    """Remove, in place, docstrings and the annotations that nothing reads."""
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            del node.body[0]
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if not node.decorator_list:  # a decorator may read them
            node.returns = None
            for parameter in _parameters(node.args):
                parameter.annotation = None
        for inner in _inside(node):
            if isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name):
                inner.annotation = UNSEEN
    return tree


def essence(node: Any, outside: Set[str], names: dict[str, str] | None = None) -> Any:
    """The form of a bare syntax tree as nested lists, the same on every Python that we support.

    outside: the names that the module defines; a local variable of the same name keeps it. `names`
    maps the local variables of the function around, inside of one, to what stands for them.
    """
    if isinstance(node, list):
        return [essence(item, outside, names) for item in node]
    if not isinstance(node, ast.AST):
        return repr(node)
    if names is None and isinstance(node, FUNCTIONS):
        names = _numbered(node, outside)
    if isinstance(node, ast.AnnAssign) and node.annotation is UNSEEN and node.value is not None:
        node = ast.Assign(targets=[node.target], value=node.value)
    if isinstance(node, ast.Name) and names:
        return ["Name", names.get(node.id, node.id), type(node.ctx).__name__]
    return [
        type(node).__name__,
        *(
            [field, essence(value, outside, names)]
            for field, value in ast.iter_fields(node)
            if value not in (None, [])
        ),
    ]


def uses(node: ast.AST, shadows: frozenset[str] = frozenset()) -> Iterator[tuple[str, ...]]:
    """The names that code reads, each with the attributes taken of it: `a.b.c` is (a, b, c).

    shadows: the parameters of the functions around, which mean nothing outside.
    """
    chain: list[str] = []
    root = node
    while isinstance(root, ast.Attribute):
        chain.insert(0, root.attr)
        root = root.value
    if isinstance(root, ast.Name):
        if root.id not in shadows and (chain or isinstance(root.ctx, ast.Load)):
            yield (root.id, *chain)
    elif isinstance(root, FUNCTIONS):
        own = shadows.union(parameter.arg for parameter in _parameters(root.args))
        body = root.body if isinstance(root.body, list) else [root.body]
        for part in ast.iter_child_nodes(root):
            yield from uses(part, own if part in body else shadows)
    else:
        for part in ast.iter_child_nodes(root):
            yield from uses(part, frozenset() if isinstance(root, ast.ClassDef) else shadows)


def _numbered(function: ast.AST, outside: Set[str]) -> dict[str, str]:
    """The variables of a function and of those inside it, numbered as they appear.

    Only those that nothing but assignments, loops and the like bind, and that mean nothing outside.
    """
    kept = set(outside) | set(dir(builtins))
    stored: dict[str, None] = {}
    for node in _in_order(function):
        match node:
            case ast.Name(id=name, ctx=ast.Load()) if name in SEE_NAMES:
                return {}
            case ast.Name(id=name, ctx=ast.Store()):
                stored[name] = None
            case ast.arg(arg=name) | ast.alias(asname=str(name)):
                kept.add(name)
            case ast.alias(name=name):
                kept.add(name.partition(".")[0])
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                kept.update(names)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                kept.add(name)
            case ast.ExceptHandler(name=str(name)) | ast.MatchMapping(rest=str(name)):
                kept.add(name)
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                kept.add(name)
            case ast.ClassDef(name=name):
                attributes = (part for part in ast.walk(node) if isinstance(part, ast.Name))
                kept.update({name, *(part.id for part in attributes)})
    free = (name for name in stored if name not in kept)
    return {name: f"local {number}" for number, name in enumerate(free)}


def _parameters(arguments: ast.arguments) -> list[ast.arg]:
    several = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return several + [one for one in (arguments.vararg, arguments.kwarg) if one is not None]


def _inside(function: ast.AST) -> Iterator[ast.AST]:
    """What a function holds, without the bodies of classes, whose annotations count."""
    pending = list(ast.iter_child_nodes(function))
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, ast.ClassDef):
            pending.extend(ast.iter_child_nodes(node))


def _in_order(node: ast.AST) -> Iterator[ast.AST]:
    """A tree's nodes, each before what it holds: the order does not depend on names."""
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _in_order(child)
