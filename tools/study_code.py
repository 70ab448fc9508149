"""The studies that a chapter declares, read from its `studies.py` without running it.

What a study measures depends on the definitions that its function reaches, there and in `utils`.
Pins are left out: a new TensorFlow does not cost hours, and a result says what it was made with.
"""

import ast
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat.v4 import new_code_cell, new_notebook

from tools.course import Course, CourseError
from tools.modules import parse
from tools.reach import CELLS, reached
from tools.slicing import needed, steps
from utils.studies import Study, study


@dataclass(frozen=True)
class Declared:
    """A study of a chapter, and the hash of the code that it needs today."""

    slug: str
    name: str
    study: Study
    code: str

    @property
    def full(self) -> str:
        """Its name for `studies.load`."""
        return f"{self.slug}/{self.name}"

    @property
    def command(self) -> str:
        """What measures it."""
        return f"make studies CH={self.slug} STUDY={self.name}"


def with_studies(course: Course) -> list[str]:
    """The chapters that have studies, sorted."""
    return sorted(path.parent.name for path in (course.root / "sources").glob("*/studies.py"))


def source(course: Course, slug: str) -> Path:
    """The file that holds a chapter's studies."""
    return course.root / "sources" / slug / "studies.py"


def result(course: Course, declared: Declared) -> Path:
    """Where the result of a study is stored."""
    return course.root / "studies" / f"{declared.full}.json"


def declarations(course: Course, slug: str) -> list[Declared]:
    """The studies of a chapter, in their order."""
    file = f"sources/{slug}/studies.py"
    try:
        tree = ast.parse(source(course, slug).read_text(encoding="utf-8"))
        found = _taken_off(tree)
    except (SyntaxError, TypeError, ValueError) as error:
        raise CourseError(f"{file}: {error}") from error
    if not found:
        raise CourseError(f"{file} declares no study: put @studies.study() above a function")
    tree.body = [part for node in tree.body for part in _one_by_one(node)]
    code = ast.unparse(tree)
    return [
        Declared(slug, name, study, code_hash(course, code, name)) for name, study in found.items()
    ]


def code_hash(course: Course, code: str, name: str) -> str:
    """Hash of what a definition needs of a piece of code, and reaches of `utils`."""
    found = steps(new_notebook(cells=[new_code_cell(code), new_code_cell(name)]))
    texts = [found[place].statement.text for place in needed(found, [len(found) - 1])]
    forms = [part.form for part in parse("\n".join(texts), CELLS, package=False).statements]
    whole = json.dumps([forms, reached(course.root, texts)])
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


def stale(course: Course, declared: Declared) -> str | None:
    """Why a study has to be measured; None where its result is today's."""
    path = result(course, declared)
    name = f"studies/{declared.full}.json"
    if not path.exists():
        return f"there is no {name} yet"
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        code, seeds = stored["code"], stored["seeds"]
    except (ValueError, KeyError, TypeError):
        return f"{name} cannot be read (a merge conflict?)"
    if code != declared.code:
        return f"{name} was measured before the study or a helper of it changed"
    if seeds != list(declared.study.seeds):
        return f"{name} has other seeds than sources/{declared.slug}/studies.py"
    return None


def studies(course: Course) -> list[str]:
    """Every study has a result of today's code, and every result its study."""
    problems: list[str] = []
    known: set[Path] = set()
    there = set((course.root / "studies").glob("*/*.json"))
    for slug in with_studies(course):
        try:
            for declared in declarations(course, slug):
                known.add(result(course, declared))
                if why := stale(course, declared):
                    problems.append(f"{why}: {declared.command}")
        except CourseError as error:
            problems.append(str(error))
            known |= {path for path in there if path.parent.name == slug}  # who knows whose
    for path in sorted(there - known):
        name = path.relative_to(course.root).as_posix()
        problems.append(f"{name} is the result of no study in sources/: git rm {name}")
    return problems


def _taken_off(tree: ast.Module) -> dict[str, Study]:
    """What is declared, by function; the declarations are removed, in place."""
    found = {}
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            if ast.unparse(called).split(".")[-1] == study.__name__:
                node.decorator_list.remove(decorator)
                found[node.name] = _declared(decorator)
                break
    return found


def _declared(decorator: ast.expr) -> Study:
    if not isinstance(decorator, ast.Call):
        raise ValueError(f"@{ast.unparse(decorator)} lacks its parentheses: @studies.study()")
    given = {keyword.arg or "**": _value(keyword.value) for keyword in decorator.keywords}
    return study(*map(_value, decorator.args), **given)


def _value(node: ast.expr) -> Any:
    """A number, or a range of numbers, as it is written."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "range":
        return range(*map(ast.literal_eval, node.args))
    return ast.literal_eval(node)


def _one_by_one(node: ast.stmt) -> list[ast.stmt]:
    """An import of several names as one of each, so that a study depends on its own alone."""
    match node:
        case ast.Import(names=names):
            return [ast.Import([alias]) for alias in names]
        case ast.ImportFrom(module=module, names=names, level=level):
            return [ast.ImportFrom(module, [alias], level) for alias in names]
    return [node]
