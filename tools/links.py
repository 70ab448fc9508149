"""Links inside the repository: does every one lead to a file, and to a heading that is there?

And the bibliography, to which the links to papers lead in the book.
"""

import re
from pathlib import Path
from urllib.parse import unquote

from pybtex.database import parse_string
from pybtex.exceptions import PybtexError

from tools.course import Course, read_notebook

LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|(?:href|src)=\"([^\"]+)\"")
EXTERNAL = re.compile(r"^[a-z][a-z0-9+.-]*:", flags=re.IGNORECASE)
PAPER = re.compile(
    r"https?://(?:dx\.)?(?:doi\.org/|arxiv\.org/(?:abs|pdf)/)([^\s)#?]+)", re.IGNORECASE
)
ENTRY = re.compile(r"^@\w+\s*\{([^,{}\n]*)", flags=re.MULTILINE)
GENERATED = re.compile(r"^[`:]{3,}\{(?:ledger|glossary|outline|bibliography)", re.MULTILINE)


def pages(course: Course) -> list[Path]:
    """Every page and chapter that a person reads; a source's links are those of its chapter."""
    return sorted(
        path
        for pattern in ("*.md", "pages/*.md", "chapters/*.ipynb", ".github/*.md")
        for path in course.root.glob(pattern)
    )


def broken_links(course: Course) -> list[str]:
    """Relative links to files or headings that do not exist."""
    problems = []
    for page in pages(course):
        name = page.relative_to(course.root)
        for target in links(prose(page)):
            if EXTERNAL.match(target):
                continue
            path, _, anchor = unquote(target).partition("#")
            file = (page.parent / path).resolve() if path else page
            if not file.exists():
                problems.append(f"{name}: the link {target} leads to no file")
            elif anchor and file.suffix in (".md", ".ipynb") and not has_anchor(file, anchor):
                problems.append(f"{name}: the link {target} leads to no heading")
    return problems


def unlisted_papers(course: Course) -> list[str]:
    """Papers that a chapter links to but references.bib does not have."""
    bibliography = course.root / "references.bib"
    known = bibliography.read_text(encoding="utf-8").lower() if bibliography.exists() else ""
    return [
        f"{page.relative_to(course.root)}: {match[0]} is not in references.bib"
        for page in pages(course)
        if page.suffix == ".ipynb"
        for match in PAPER.finditer(prose(page))
        if re.sub(r"v\d+$|\.pdf$", "", match[1].lower()) not in known
    ]


def unreadable_papers(course: Course) -> list[str]:
    """Entries of references.bib that the book cannot read, or reads without their end."""
    path = course.root / "references.bib"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    entries = list(ENTRY.finditer(text))
    ends = [entry.start() for entry in entries[1:]] + [len(text)]
    problems = []
    for entry, end in zip(entries, ends, strict=True):
        whole = text[entry.start() : end]
        opened, closed = whole.count("{"), whole.count("}")
        if opened != closed:
            line = text.count("\n", 0, entry.start()) + 1
            problems.append(
                f"references.bib:{line}: {entry[1].strip()} has {opened} opening braces and "
                f"{closed} closing ones"
            )
    if problems:
        return problems
    try:
        parse_string(text, "bibtex")
    except PybtexError as error:
        place = getattr(error, "lineno", None)
        return [f"references.bib{f':{place}' if place else ''}: {error}"]
    return []


def links(text: str) -> list[str]:
    """The targets of the links and images in Markdown."""
    return [first or second for first, second in LINK.findall(text)]


def prose(path: Path) -> str:
    """A page's Markdown without its code."""
    if path.suffix == ".ipynb":
        cells = read_notebook(path).cells
        text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    else:
        text = path.read_text(encoding="utf-8")
    text = re.sub(r"^(`{3,}|~{3,}).*?^\1`*\s*$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]+`", "", text)


def has_anchor(path: Path, anchor: str) -> bool:
    """Whether a page has this heading or label; generated pages make more than can be seen here."""
    text = path.read_text(encoding="utf-8") if path.suffix == ".md" else prose(path)
    headings = re.findall(r"^#+\s+(.+?)\s*$", text, flags=re.MULTILINE)
    labels = re.findall(r"^\(([^)]+)\)=", text, flags=re.MULTILINE)
    labels += re.findall(r"\bid=\"([^\"]+)\"", text)
    known = {slugify(heading) for heading in headings} | set(labels)
    return anchor in known or GENERATED.search(text) is not None


def slugify(heading: str) -> str:
    """The anchor that web repositories and the book give to a heading."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-")
