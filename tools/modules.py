"""A module as its statements: what each binds, imports and reads, and whether it only defines."""

import ast
import functools
import json
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from tools.essence import bare, essence, uses

HARMLESS = {
    *("bool", "classmethod", "dict", "float", "frozenset", "int", "len", "list", "property"),
    *("range", "set", "sorted", "staticmethod", "str", "sum", "tuple", "zip"),
    *("abc.abstractmethod", "contextlib.contextmanager", "dataclasses.dataclass"),
    *("dataclasses.field", "functools.cache", "functools.cached_property", "functools.lru_cache"),
    *("functools.wraps", "re.compile", "typing.overload", "typing.override"),
}
"""What a module may call as it is imported and still only define."""
Dotted = tuple[str, ...]


class Import(NamedTuple):
    """A name, the module that it is imported from, and there the name that it has, if not all."""

    name: str
    module: Dotted
    attribute: Dotted = ()


Imports = frozenset[Import]


@dataclass(frozen=True)
class Statement:
    """One statement of a module, or of a chapter's cell.

    `imports` has those inside functions too. A statement with an `effect` may do more than bind
    names as its module is imported.
    """

    form: str
    binds: frozenset[str]
    uses: frozenset[Dotted]
    imports: Imports
    stars: tuple[Dotted, ...]
    strings: frozenset[str]
    effect: bool
    is_import: bool


@dataclass(frozen=True)
class Module:
    """A module of the course by its dotted name."""

    name: str
    statements: tuple[Statement, ...]
    bindings: dict[str, list[int]] = field(repr=False)
    """Name -> the numbers of the statements that bind it."""


@functools.lru_cache(maxsize=512)
def parse(text: str, name: str, package: bool) -> Module:
    """The module of this text. `package`: relative imports in it start at itself."""
    tree = bare(ast.parse(text))
    base = name.split(".") if package else name.split(".")[:-1]
    bound = [_binds(node) for node in tree.body]
    outside = frozenset().union(*bound)
    imports = [_imports(node, base) for node in tree.body]
    aliases = {name: (*source, *there) for each in imports for name, source, there in each}
    root = name.split(".")[0]
    own = {bound_name for bound_name in outside if aliases.get(bound_name, (root,))[0] == root}
    statements = tuple(
        Statement(
            form=json.dumps(essence(node, outside)),
            binds=binds,
            uses=frozenset(uses(node)),
            imports=imported,
            stars=tuple(_stars(node, base)),
            strings=frozenset(_strings(node)),
            effect=not _for_checkers(node) and has_effect(node, aliases, own),
            is_import=isinstance(node, ast.Import | ast.ImportFrom),
        )
        for node, binds, imported in zip(tree.body, bound, imports, strict=True)
    )
    bindings: dict[str, list[int]] = {}
    for number, statement in enumerate(statements):
        for bound_name in statement.binds:
            bindings.setdefault(bound_name, []).append(number)
    return Module(name, statements, bindings)


def has_effect(node: ast.stmt, aliases: Mapping[str, Dotted], own: Set[str]) -> bool:
    """Whether a statement may do more, as the module is imported, than define names.

    own: the names that are the course's own; such a base class may note who inherits from it.
    """
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Pass() | ast.Expr(value=ast.Constant()):
            return False
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            defaults = [*node.args.defaults, *(d for d in node.args.kw_defaults if d)]
            return any(_acts(part, aliases) for part in defaults) or _registers(node, aliases)
        case ast.ClassDef():
            return (
                bool(node.keywords)
                or _registers(node, aliases)
                or any(_acts(base, aliases) for base in node.bases)
                or any(used[0] in own for base in node.bases for used in uses(base))
                or any(has_effect(part, aliases, own) for part in node.body)
            )
        case ast.Assign(targets=targets, value=value):
            return not all(map(_is_plain, targets)) or _acts(value, aliases)
        case ast.AnnAssign(target=target, value=value):
            return not _is_plain(target) or (value is not None and _acts(value, aliases))
    return True


def _registers(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, aliases: Mapping[str, Dotted]
) -> bool:
    """Whether a decorator may do more than change what it decorates."""
    called = (d.func if isinstance(d, ast.Call) else d for d in node.decorator_list)
    return any(_full_name(decorator, aliases) not in HARMLESS for decorator in called)


def _acts(value: ast.AST, aliases: Mapping[str, Dotted]) -> bool:
    """Whether an expression calls something that is not known to be harmless."""
    if isinstance(value, ast.Lambda):
        return False
    if isinstance(value, ast.Call) and _full_name(value.func, aliases) not in HARMLESS:
        return True
    return isinstance(value, ast.NamedExpr) or any(
        _acts(part, aliases) for part in ast.iter_child_nodes(value)
    )


def _full_name(node: ast.expr, aliases: Mapping[str, Dotted]) -> str:
    """The dotted name of what an expression names, where the module's imports lead to it."""
    root, _, rest = ast.unparse(node).partition(".")
    path = aliases.get(root, (root,))
    return ".".join((*path, rest)) if rest else ".".join(path)


def _is_plain(target: ast.expr) -> bool:
    if isinstance(target, ast.Tuple | ast.List):
        return all(map(_is_plain, target.elts))
    return isinstance(target, ast.Name)


def _for_checkers(node: ast.stmt) -> bool:
    if not isinstance(node, ast.If) or node.orelse:
        return False
    return ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def _binds(node: ast.AST) -> frozenset[str]:
    """The names that a statement binds in the scope in which it stands."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return frozenset({name})
        case ast.Lambda():
            return frozenset()
        case ast.comprehension(iter=iterated, ifs=conditions):  # its variables are its own
            return frozenset().union(*map(_binds, [iterated, *conditions]))
        case ast.alias(name=name, asname=shown):
            return frozenset({shown or name.partition(".")[0]})
    own = {node.id} if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else set()
    caught = getattr(node, "name", None)  # of an except clause or a pattern
    own |= {caught} if isinstance(caught, str) else set()
    return frozenset(own).union(*map(_binds, ast.iter_child_nodes(node)))


def _imports(node: ast.AST, base: list[str]) -> Imports:
    """Every import in a statement. `import a.b` is two: of `a`, and of `a.b` under that name."""
    found: set[Import] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Import):
            for alias in part.names:
                path = tuple(alias.name.split("."))
                found.add(Import(alias.asname or alias.name, path))
                if not alias.asname:
                    found.add(Import(path[0], path[:1]))
        elif isinstance(part, ast.ImportFrom):
            source = _source(part, base)
            found |= {
                Import(alias.asname or alias.name, source, (alias.name,))
                for alias in part.names
                if alias.name != "*"
            }
    return frozenset(found)


def _stars(node: ast.AST, base: list[str]) -> Iterator[Dotted]:
    for part in ast.walk(node):
        if isinstance(part, ast.ImportFrom) and any(alias.name == "*" for alias in part.names):
            yield _source(part, base)


def _source(node: ast.ImportFrom, base: list[str]) -> Dotted:
    above = base[: len(base) - node.level + 1] if node.level else []
    return (*above, *(node.module.split(".") if node.module else ()))


def _strings(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value
