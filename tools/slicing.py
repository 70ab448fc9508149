"""Cut a chapter down to the statements that a claim needs, without running any of them.

A statement is kept where it binds, or may change, a name that something kept after it needs. What
a function reads is needed for as long as the function is. In doubt a statement stays: it costs
seconds, while one that is missing costs the meaning of the run. Not followed is the state of the
global random generators, which other seeds change as well.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from tools.course import CourseError
from tools.flow import Flow, Known, flow
from tools.markup import OPENING_TAG
from tools.sources import code_cells


@dataclass(frozen=True)
class Step:
    """A statement at its place in a chapter, and the names whose things it may change there."""

    cell: int
    statement: Statement
    changes: frozenset[str]


def sliced(notebook: NotebookNode, claims: Collection[str]) -> NotebookNode:
    """The opening and what settles the claims, with all that this needs, as a notebook of code."""
    found = steps(notebook)
    texts: dict[int, list[str]] = {}
    for place in needed(found, settling(found, claims)):
        texts.setdefault(found[place].cell, []).append(found[place].statement.text)
    opening = [cell for cell in code_cells(notebook) if _is_opening(cell)]
    cells = [new_code_cell(cell.source, metadata=cell.metadata) for cell in opening]
    cells += [new_code_cell("\n".join(lines)) for _, lines in sorted(texts.items())]
    return new_notebook(cells=cells)


def beside(notebook: NotebookNode, claims: Collection[str]) -> list[list[str]]:
    """The claims by the cell in which they are settled, in the order of the chapter."""
    found = steps(notebook)
    groups: dict[int, list[str]] = {}
    for claim in claims:
        places = settling(found, [claim])
        if not places:
            raise CourseError(f"no cell of the chapter settles {claim}")
        groups.setdefault(found[places[-1]].cell, []).append(claim)
    return [groups[cell] for cell in sorted(groups)]


def _is_opening(cell: NotebookNode) -> bool:
    return OPENING_TAG in cell.metadata.get("tags", [])


def settling(found: Sequence[Step], claims: Collection[str]) -> list[int]:
    """Where a claim's id stands, and where a claim is settled whose id comes from there."""
    named = {place for place, step in enumerate(found) if step.statement.quotes & set(claims)}
    by_variable = [place for place, step in enumerate(found) if step.statement.settles_by_variable]
    return sorted(named | {place for place in by_variable if named & {*needed(found, [place])}})


def needed(found: Sequence[Step], targets: Iterable[int]) -> list[int]:
    """The places of the steps that the targets need, and the targets."""
    kept: set[int] = set(targets)
    while True:
        always = set().union(*(found[place].statement.flow.later for place in kept))
        live: set[str] = set()
        now = set(kept)
        for place in range(max(kept, default=-1), -1, -1):
            its, changes = found[place].statement.flow, found[place].changes
            if place in kept or (its.binds | changes) & (live | always):
                now.add(place)
                live = (live - its.surely) | its.reads
        if now == kept:
            return sorted(kept)
        kept = now


def steps(notebook: NotebookNode) -> list[Step]:
    """Every statement of a chapter's code but the opening, in order."""
    sources = {
        n: cell.source for n, cell in enumerate(code_cells(notebook)) if not _is_opening(cell)
    }
    known = Known.joined(_known(source) for source in sources.values())
    read = [(n, part) for n, source in sources.items() for part in _statements(source, known)]
    effects = _effects([part.flow for _, part in read])
    things: dict[str, set[object]] = {}  # what each name may stand for, or hold, at this point
    found = []
    for number, part in read:
        its = part.flow
        groups = _joined(its.same)
        changes = its.changes | _by_calls(its, effects)
        for group in groups:
            changes |= group if group & changes else set()
        changed = set().union(*(things.get(name, set()) for name in changes))
        changes |= {name for name, held in things.items() if held & changed}
        for group in groups:
            held = set().union(*(things.get(name, set()) for name in group))
            things |= {name: {object()} | held for name in group & its.binds}
        for name in its.binds - set().union(*groups):
            before = set() if name in its.surely else things.get(name, set())
            things[name] = {object()} | before
        found.append(Step(number, part, frozenset(changes)))
    return found


@dataclass(frozen=True)
class Statement:
    """The text of a statement and what can be said of it alone."""

    text: str
    flow: Flow
    quotes: frozenset[str]
    settles_by_variable: bool


@cache
def _known(source: str) -> Known:
    return Known.of(ast.parse(source))


@cache
def _statements(source: str, known: Known) -> list[Statement]:
    lines, found = source.splitlines(), []
    for node in ast.parse(source).body:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        text = "\n".join(lines[first - 1 : node.end_lineno])
        found.append(Statement(text, flow(node, known), _quotes(node), _settles_by_variable(node)))
    return found


def _quotes(node: ast.stmt) -> frozenset[str]:
    """The texts that stand in a statement."""
    return frozenset(
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    )


def _settles_by_variable(node: ast.stmt) -> bool:
    """Whether a claim is settled whose id does not stand in the call."""
    calls = [part for part in ast.walk(node) if isinstance(part, ast.Call)]
    settled = [call for call in calls if getattr(call.func, "attr", "") == "settle"]
    return any(not isinstance(call.args[0], ast.Constant) for call in settled if call.args)


def _effects(flows: Sequence[Flow]) -> dict[str, tuple[set[str], bool]]:
    """What a call of a function of the chapter's changes: names outside, and its arguments or not.

    A name that is bound with a function in hand (`partial(f, …)`) counts as that function.
    """
    effects: dict[str, tuple[set[str], bool]] = {}

    def add(name: str, outside: set[str], arguments: bool) -> None:
        before = effects.get(name, (set(), False))
        if outside or arguments:
            effects[name] = before[0] | outside, before[1] or arguments

    earlier = None
    while effects != earlier:
        earlier = dict(effects)
        for statement in flows:
            for name, parameters, body in statement.functions:
                changes = body.changes | _by_calls(body, effects)
                for group in _joined(body.same):
                    changes |= group if group & changes else set()
                for holder in [name] if name else statement.binds:
                    add(holder, changes - body.binds, bool(changes & parameters))
    return effects


def _by_calls(its: Flow, effects: dict[str, tuple[set[str], bool]]) -> set[str]:
    """What a scope changes by calling the chapter's functions, or handing them on."""
    changed: set[str] = set()
    for names, given in its.calls:
        for name in names & effects.keys():
            outside, arguments = effects[name]
            changed |= outside | (given if arguments else set())
    return changed


def _joined(groups: Iterable[set[str]]) -> list[set[str]]:
    """Groups that share a name become one."""
    joined: list[set[str]] = []
    for group in groups:
        touching = [other for other in joined if other & group]
        joined = [other for other in joined if not other & group]
        joined.append(set(group).union(*touching))
    return joined
