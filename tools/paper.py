"""The book on paper, as HTML: built pages put one after the other, and nothing but what is read.

A chapter alone, or the whole book with its solutions at the end. No navigation, no buttons, no
scripts but those that set formulas. Links between the pages stay inside where their target is
there too; the others lead to the public address, or become plain words while there is none.
"""

import html
import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bs4 import BeautifulSoup, Tag

FRONT = "index"
SOLUTION = re.compile(r"\s*(Solution|Answer)\b")
REFERS = ("for", "aria-labelledby", "aria-describedby", "aria-controls")
NOT_ON_PAPER = (
    "script, noscript, template, button, input, select, a.headerlink, .chapter-head a, [hidden]"
)
FOLDED = "details:not([open])"
"""What the style sheet does not print, once the solutions have their own place."""
ELSEWHERE = "The solutions are in the file of the whole book."


@dataclass(frozen=True)
class Page:
    """One page of the built book: its name, its title, the part it opens, and the parsed file."""

    name: str
    title: str
    part: str
    soup: BeautifulSoup

    @property
    def anchor(self) -> str:
        """The page's anchor in a file that holds several."""
        return posixpath.basename(self.name)


@dataclass(frozen=True)
class Solved:
    """A solution, taken out of its page: what it solves, where that stands, and its markup."""

    task: str
    anchor: str
    back: str
    markup: str


def read_page(built: Path, name: str, part: str = "") -> Page:
    """Read a built page by its name, such as `chapters/activations`."""
    path = built / f"{name}.html"
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: build the book first (make book)")
    soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
    heading = soup.select_one("article h1")
    if heading is None:
        raise ValueError(f"{path} has no title: expected an <h1> in its <article>")
    for mark in heading.select("a.headerlink"):
        mark.decompose()
    return Page(name, heading.get_text(" ", strip=True), part, soup)


def chapter(page: Page, book: str) -> str:
    """Return one chapter as a document of its own."""
    body = _body(page, {page.name: page.anchor})
    if _take_solutions(body, page.anchor):
        for left in body.select(".paper-solved"):
            left.decompose()
        body.append(_parsed(f'<p class="paper-note">{ELSEWHERE}</p>'))
    return _document(page.title, page.soup, [_sheet(page, body, book)], {page.anchor: page.title})


def whole(pages: Sequence[Page], book: str, author: str) -> str:
    """Return the whole book: title and contents, the pages, and the solutions at the end."""
    anchors = {page.name: page.anchor for page in pages} | {FRONT: FRONT}
    sheets, ends = [], []
    for page in pages:
        body = _body(page, anchors)
        solved = _take_solutions(body, page.anchor)
        sheets.append(_sheet(page, body, page.part))
        ends += [f"<h2>{html.escape(page.title)}</h2>", *map(_solution, solved)] if solved else []
    if ends:
        end = f'<section class="paper-page" id="solutions"><h1>Solutions</h1>{"".join(ends)}'
        sheets.append(f"{end}</section>")
    heads = {page.anchor: page.title for page in pages} | {"solutions": "Solutions"}
    front = (
        f'<section class="paper-front" id="{FRONT}"><h1>{html.escape(book)}</h1>'
        f"<p>{html.escape(author)}</p>{_contents(pages, bool(ends))}</section>"
    )
    return _document(book, pages[0].soup, [front, *sheets], heads)


def _body(page: Page, anchors: Mapping[str, str]) -> Tag:
    """Return the page's text as it stands in a file that holds the pages of `anchors`."""
    article = _parsed(str(page.soup.select_one("article")))
    for element in article.select(NOT_ON_PAPER):
        element.decompose()
    base = _public_address(page)
    for element in article.find_all(True):
        _localize(element, page, anchors, base)
    return article


def _localize(element: Tag, page: Page, anchors: Mapping[str, str], base: str) -> None:
    """Make an element's ids the page's own, and point what it refers to at where it is now."""
    for key, value in list(element.attrs.items()):
        if not isinstance(value, str):  # classes
            continue
        if key == "id":
            element[key] = f"{page.anchor}.{value}"
        elif key in REFERS:
            element[key] = " ".join(f"{page.anchor}.{name}" for name in value.split())
        elif key == "src" and not value.startswith("data:"):
            element[key] = "/" + _from_root(page.name, value)
        elif "url(#" in value:
            element[key] = value.replace("url(#", f"url(#{page.anchor}.")
        elif key in ("href", "xlink:href"):
            target = _target(value, page, anchors, base)
            if target is None:
                element.unwrap()
                return
            element[key] = target


def _target(href: str, page: Page, anchors: Mapping[str, str], base: str) -> str | None:
    """Return where a link leads from paper, None where nothing can be reached."""
    address = urlsplit(href)
    if address.scheme or address.netloc:
        return href
    path = _from_root(page.name, address.path) if address.path else f"{page.name}.html"
    anchor = anchors.get(path.removesuffix(".html"))
    if anchor is None:
        return f"{base}{path}#{address.fragment}".removesuffix("#") if base else None
    return f"#{anchor}.{address.fragment}" if address.fragment else f"#{anchor}"


def _from_root(name: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path))


def _public_address(page: Page) -> str:
    """Return the public address of the book's root, empty while there is none."""
    canonical = page.soup.select_one("link[rel=canonical]")
    return str(canonical["href"]).removesuffix(f"{page.name}.html") if canonical else ""


def _take_solutions(body: Tag, prefix: str) -> list[Solved]:
    """Take the solutions out of a page; where each stood, a link leads to it."""
    taken: list[Solved] = []
    for number, fold in enumerate(body.select("details"), start=1):
        summary = fold.find("summary", recursive=False)
        if not isinstance(summary, Tag) or not SOLUTION.match(summary.get_text()):
            continue
        box = fold.find_parent(class_="callout") or fold.find_previous(class_="callout")
        title = box.select_one(".callout-title") if box else None
        task = title.get_text(strip=True).rstrip(".") if title else "Question"
        kind = html.escape(summary.extract().get_text(strip=True))
        anchor, back = f"{prefix}.solution-{number}", f"{prefix}.task-{number}"
        taken.append(Solved(task, anchor, back, fold.decode_contents()))
        link = f'<a href="#{anchor}">{kind}</a>'
        fold.replace_with(_parsed(f'<p class="paper-solved" id="{back}">{link}</p>'))
    return taken


def _solution(solved: Solved) -> str:
    return (
        f'<section class="paper-solution" id="{solved.anchor}">'
        f'<h3><a href="#{solved.back}">{html.escape(solved.task)}</a></h3>{solved.markup}</section>'
    )


def _sheet(page: Page, body: Tag, part: str) -> str:
    """Return a page as it begins on a new sheet, below the name of its part."""
    above = f'<p class="paper-part">{html.escape(part)}</p>' if part else ""
    body.name = "section"
    body["class"], body["id"] = "paper-page", page.anchor
    return str(body).replace(">", f">{above}", 1)


def _contents(pages: Iterable[Page], solutions: bool) -> str:
    entries = []
    for page in pages:
        if page.part:
            entries.append(f'<li class="paper-part">{html.escape(page.part)}</li>')
        entries.append(f'<li><a href="#{page.anchor}">{html.escape(page.title)}</a></li>')
    entries += ['<li><a href="#solutions">Solutions</a></li>'] if solutions else []
    return f'<nav aria-label="Contents"><ul>{"".join(entries)}</ul></nav>'


def _document(
    title: str, soup: BeautifulSoup, sheets: Iterable[str], heads: Mapping[str, str]
) -> str:
    """Return a document with the style sheets of the book, at the root of its server."""
    styles = "".join(
        f'<link rel="stylesheet" href="/{_from_root("chapters/x", str(link["href"]))}">'
        for link in soup.select("link[rel=stylesheet]")
    )
    main = _parsed(f'<main class="bd-article">{"".join(sheets)}</main>')
    _leave_out_folds(main)
    return (
        f'<!DOCTYPE html><html lang="en" data-theme="light"><head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title>{styles}"
        f"<style>{''.join(map(_running_head, heads.items()))}</style></head>"
        f'<body class="paper">{main}</body></html>'
    )


def _leave_out_folds(main: Tag) -> None:
    """Take out what stays folded; links into it become plain words."""
    for fold in main.select(FOLDED):
        if not fold.decomposed:  # with a fold around it
            fold.decompose()
    there = {element["id"] for element in main.select("[id]")}
    for link in main.select('a[href^="#"]'):
        if str(link["href"])[1:] not in there:
            link.unwrap()


def _running_head(head: tuple[str, str]) -> str:
    """Return the rule that names a page's sheets and writes its title above them."""
    anchor, title = head
    words = title.replace("\\", r"\\").replace('"', r"\"")
    return (
        f"#{anchor} {{ page: {anchor}; }} "
        f'@page {anchor} {{ @top-right {{ content: "{words}"; }} }} '
    )


def _parsed(markup: str) -> Tag:
    tag = BeautifulSoup(markup, "html.parser").find(True)
    assert isinstance(tag, Tag)
    return tag
