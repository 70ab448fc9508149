"""Labs: what a chapter stores for its lab becomes files beside it; is every lab whole?

The cell that calls `labs.store` holds the data, `lab.json`, and the static figure, `lab.svg`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.course import Course, read_notebook, write_text
from tools.sources import code_cells
from utils.labs import MIME, element_name, title_of

CALL_OUT = re.compile(r"^> \*\*Lab\.\*\*.*\n(?:>.*\n?)*", re.MULTILINE)
IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
SHORTEST_ALT = 20
SVG = "image/svg+xml"


@dataclass(frozen=True)
class CallOut:
    """A `> **Lab.**` call-out: where it stands, its title, and its images as (alt, path)."""

    line: int
    title: str | None
    images: tuple[tuple[str, str], ...]


def call_outs(text: str) -> Iterator[CallOut]:
    """The labs of a chapter's source."""
    for found in CALL_OUT.finditer(text):
        said = re.sub(r"^> ?", "", found[0], flags=re.MULTILINE).removeprefix("**Lab.**")
        line = text.count("\n", 0, found.start()) + 1
        yield CallOut(line, title_of(IMAGE.sub("", said)), tuple(IMAGE.findall(said)))


def stored(course: Course, slug: str) -> dict[str, str]:
    """The files that the chapter's stored notebook holds for its lab: name -> content."""
    if not course.chapter(slug).exists():
        return {}
    for cell in code_cells(read_notebook(course.chapter(slug))):
        data = [output.get("data", {}) for output in cell.outputs]
        kept = [one[MIME] for one in data if MIME in one]
        if kept:
            figures = [("lab.svg", one[SVG]) for one in data if SVG in one]
            numbers = json.dumps(_short(kept[0]), ensure_ascii=False) + "\n"
            return {"lab.json": numbers, **dict(figures)}
    return {}


def _short(value: Any) -> Any:
    """The same with numbers to six digits: in full, single precision has seventeen."""
    if isinstance(value, dict):
        return {key: _short(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_short(item) for item in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def refresh(course: Course, slug: str) -> None:
    """Bring the files beside a lab up to the stored chapter."""
    for name, content in stored(course, slug).items():
        path = course.source(slug).parent / name
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            write_text(content, path)


def whole(course: Course, slug: str) -> list[str]:
    """Every lab has its module, its static figure and words for it, and shows what was computed."""
    source = course.source(slug)
    folder, name = source.parent, f"sources/{slug}"
    module = folder / "lab.js"
    found = list(call_outs(source.read_text(encoding="utf-8")))
    problems = []
    if module.exists() and not found:
        problems.append(f"{name}/lab.js: there is no call-out > **Lab.** in {name}/chapter.md")
    for call_out in found:
        where = f"{name}/chapter.md, line {call_out.line}"
        problems += [f"{where}: {problem}" for problem in _wrong(call_out, folder, slug)]
    made = stored(course, slug)
    for file in ("lab.json", "lab.svg"):
        path = folder / file
        if file in made and (not path.exists() or path.read_text(encoding="utf-8") != made[file]):
            problems.append(
                f"{name}/{file} is not what the chapter stored: make notebooks CH={slug}"
            )
        elif file not in made and path.exists():
            problems.append(
                f"{name}/{file} comes from no cell of the chapter: one has to draw the figure and "
                "call labs.store({…})"
            )
    return problems


def _wrong(call_out: CallOut, folder: Path, slug: str) -> Iterator[str]:
    module = folder / "lab.js"
    if not module.exists():
        yield f"a Lab without its file: add sources/{slug}/lab.js"
    if call_out.title is None:
        yield "the Lab has no title: > **Lab.** Title. What to try."
    elif module.exists() and f'"{element_name(call_out.title)}"' not in module.read_text("utf-8"):
        yield (
            f"the Lab “{call_out.title}” is the element {element_name(call_out.title)}, which "
            f"sources/{slug}/lab.js does not define"
        )
    if not call_out.images:
        yield (
            "the Lab has no static figure, for paper and where no script runs: after an empty line "
            f"of the quotation, > ![what it shows](../sources/{slug}/lab.svg)"
        )
    for alt, path in call_out.images:
        if len(alt.strip()) < SHORTEST_ALT:
            yield f"the Lab's static figure has the alt text {alt!r}: say what it shows"
        if not (folder / path).exists() and not (folder.parent.parent / "chapters" / path).exists():
            yield f"the Lab's static figure {path} is not there: make notebooks CH={slug}"
