"""The studies that a chapter declares, read from its `studies.py` without running it.

What a study measures depends on the definitions that its function reaches, there and in `utils`.
Pins are left out: a new TensorFlow does not cost hours, and a result says what it was made with.
"""

import ast
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from nbformat.v4 import new_code_cell, new_notebook

from tools.course import Course, CourseError
from tools.modules import parse
from tools.reach import CELLS, reached
from tools.slicing import needed, steps
from utils.studies import study

MAX_BYTES = 20_000_000


@dataclass(frozen=True)
class Declared:
    """A study of a chapter, and the hash of the code that it needs today."""

    slug: str
    name: str
    study: study
    code: str

    @property
    def full(self) -> str:
        """Its name for `studies.load` and `make studies`."""
        return f"{self.slug}/{self.name}"


def with_studies(course: Course) -> list[str]:
    """The chapters that have studies, sorted."""
    return sorted(path.parent.name for path in (course.root / "sources").glob("*/studies.py"))


def source(course: Course, slug: str) -> Path:
    """The file that holds a chapter's studies."""
    return course.root / "sources" / slug / "studies.py"


def results(course: Course, shift: int = 0) -> Path:
    """Where studies are stored: in the book, or measured with seeds moved by a number."""
    return course.root / (f"_build/fresh/studies/{shift}" if shift else "studies")


def folder(course: Course, declared: Declared, shift: int = 0) -> Path:
    """Where the blocks of a study are stored."""
    return results(course, shift) / declared.slug / declared.name


def declarations(course: Course, slug: str) -> list[Declared]:
    """The studies of a chapter, in their order."""
    file = f"sources/{slug}/studies.py"
    try:
        tree = ast.parse(source(course, slug).read_text(encoding="utf-8"))
        found = _taken_off(tree)
    except (SyntaxError, ValueError) as error:
        raise CourseError(f"{file}: {error}") from error
    if not found:
        raise CourseError(f"{file} declares no study: put @studies.study() above a function")
    tree.body = [part for node in tree.body for part in _one_by_one(node)]
    code = ast.unparse(tree)
    return [
        Declared(slug, name, made, code_hash(course, code, name)) for name, made in found.items()
    ]


def code_hash(course: Course, code: str, name: str) -> str:
    """Hash of what a definition needs of a piece of code, and reaches of `utils`."""
    found = steps(new_notebook(cells=[new_code_cell(code), new_code_cell(name)]))
    texts = [found[place].statement.text for place in needed(found, [len(found) - 1])]
    forms = [part.form for part in parse("\n".join(texts), CELLS, package=False).statements]
    whole = json.dumps([forms, reached(course.root, texts)])
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


def progress(course: Course, declared: Declared, shift: int = 0) -> tuple[list[int], list[Path]]:
    """The seeds yet to be measured with today's code, and the files that hold no measured ones."""
    missing, useless = set(range(declared.study.seeds)), []
    for path in sorted(folder(course, declared, shift).glob("*.json")):
        try:
            block = json.loads(path.read_text(encoding="utf-8"))
            todays = block["code"] == declared.code and block["of"] <= declared.study.seeds
            seeds = set(block["seeds"]) if todays else set()
        except (ValueError, KeyError, TypeError):  # a merge conflict, perhaps
            seeds = set()
        if seeds and seeds <= missing:
            missing -= seeds
        else:
            useless.append(path)
    return sorted(missing), useless


def studies(course: Course) -> list[str]:
    """Every study was measured with today's code, and every result has its study."""
    problems: list[str] = []
    stored = course.root / "studies"
    pages = {path for path in stored.glob("*/*.npz") if path.parent.name not in course.slugs}
    left = pages | {path.parent for path in stored.glob("*/*/*.*")}
    size = sum(path.stat().st_size for path in stored.rglob("*") if path.is_file())
    if size > MAX_BYTES:
        problems.append(f"studies/ has {size:,} bytes, expected at most {MAX_BYTES:,}: keep less")
    for slug in with_studies(course):
        try:
            for declared in declarations(course, slug):
                left.discard(folder(course, declared))
                missing, useless = progress(course, declared)
                if missing or useless:
                    problems.append(
                        f"studies/{declared.full} is not of today's code: {len(missing)} of "
                        f"{declared.study.seeds} seeds are missing, {len(useless)} files are left "
                        f"over: make studies CH={declared.full}"
                    )
        except CourseError as error:
            problems.append(str(error))
            left = {path for path in left if path.parent.name != slug}  # who knows whose
    for path in sorted(left):
        name = path.relative_to(course.root).as_posix()
        problems.append(f"{name} is the result of no study in sources/: delete it")
    return problems


def _taken_off(tree: ast.Module) -> dict[str, study]:
    """What is declared, by function; the declarations are removed, in place."""
    found = {}
    for node in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
        for decorator in node.decorator_list:
            if re.match(r"(\w+\.)?study\b", ast.unparse(decorator)):
                node.decorator_list.remove(decorator)
                found[node.name] = _declared(decorator)
                break
    return found


def _declared(decorator: ast.expr) -> study:
    try:
        if not isinstance(decorator, ast.Call):
            raise TypeError("it lacks its parentheses")
        given = {str(part.arg): ast.literal_eval(part.value) for part in decorator.keywords}
        return study(*map(ast.literal_eval, decorator.args), **given)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"line {decorator.lineno}: @{ast.unparse(decorator)}; expected numbers, written out: "
            "@studies.study(seeds=32, block=16)"
        ) from error


def _one_by_one(node: ast.stmt) -> list[ast.stmt]:
    """An import of several names as one of each, so that a study depends on its own alone."""
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return [node]
    return [type(node)(**{**vars(node), "names": [alias]}) for alias in node.names]
