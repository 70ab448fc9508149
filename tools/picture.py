"""README.md's picture: the first figure of the first chapter, so that it is never an old one."""

import re
from dataclasses import dataclass

from tools.course import Course, read_notebook, write_text
from tools.sources import code_cells

CHAPTER = "nitty-gritty"
PICTURE = ".github/picture.svg"
IMAGE = re.compile(rf"!\[[^\]]*\]\({re.escape(PICTURE)}\)")
SVG = "image/svg+xml"


@dataclass(frozen=True)
class Picture:
    """What the file should hold, and the line of README.md that shows it."""

    svg: str
    line: str


def first_figure(course: Course, slug: str = CHAPTER) -> Picture | None:
    """The first figure that a chapter has stored, None where there is none yet."""
    if not course.chapter(slug).exists():
        return None
    for cell in code_cells(read_notebook(course.chapter(slug))):
        for output in cell.outputs:
            if SVG in output.get("data", {}):
                alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
                return Picture(output.data[SVG], f"![{alt}]({PICTURE})")
    return None


def refresh(course: Course, slug: str = CHAPTER) -> None:
    """Bring the picture and its line in README.md up to the stored chapter."""
    readme = course.root / "README.md"
    figure = first_figure(course, slug)
    if figure is None or outdated(course, slug) == [] or not readme.exists():
        return
    write_text(figure.svg, course.root / PICTURE)
    write_text(IMAGE.sub(lambda _: figure.line, readme.read_text(encoding="utf-8")), readme)


def outdated(course: Course, slug: str = CHAPTER) -> list[str]:
    """What is wrong with the picture, nothing where it is the chapter's own."""
    figure = first_figure(course, slug)
    readme, picture = course.root / "README.md", course.root / PICTURE
    if figure is None or not readme.exists():
        return []
    if not picture.exists() or picture.read_text(encoding="utf-8") != figure.svg:
        return [f"{PICTURE} is not the first figure of {slug}: make notebooks"]
    if figure.line not in readme.read_text(encoding="utf-8"):
        return [f"README.md does not show {PICTURE} with its chapter's alt text: make notebooks"]
    return []
