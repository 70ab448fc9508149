"""A page with one lab and nothing else, served from the sources: no book has to be built."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.browser.windows import window
from tools.labs import call_outs
from utils.labs import element_name

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "_ext"))

MODULES = sorted([*ROOT.glob("sources/*/lab.js"), *ROOT.glob("pages/*/lab.js")])
HOME = "http://book.test/"
KINDS = {".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2"}
SHELL = """<!doctype html>
<html lang="en" data-theme="{theme}">
<head><meta name="viewport" content="width=device-width"><title>A lab</title>
<link rel="stylesheet" href="_static/book.css"></head>
<body><main class="bd-main"><article class="bd-article"><h1>A lab</h1>
<div class="callout callout-lab" id="{name}"><p>{title}.</p>{opening}{figure}{closing}</div>
</article></main></body></html>"""
LISTEN = """() => {
    window.spoken = [];
    const live = "[role=status], [aria-live]:not([aria-live=off]), output";
    new MutationObserver(all => spoken.push(...all
        .map(({ target }) => target.closest ? target : target.parentElement)
        .filter(node => node.closest(live)).map(node => node.textContent)))
        .observe(document.body, {childList: true, characterData: true, subtree: true});
}"""
"""From here on `spoken` lists what a screen reader is told, one entry a change."""


def all_labs() -> Iterator[tuple[str, str, str]]:
    """The labs of all chapters and pages: slug, element and title."""
    for module in MODULES:
        page = module.parent / "chapter.md"
        page = page if page.exists() else module.parent.with_suffix(".md")
        for found in call_outs(page.read_text(encoding="utf-8")):
            if found.title:
                yield module.parent.name, element_name(found.title), found.title


def folder_of(slug: str) -> Path:
    """Where a lab lies."""
    return next(module.parent for module in MODULES if module.parent.name == slug)


@dataclass
class LabVisit:
    """A lab in the browser, with all that its page asked of others and complained about."""

    page: Page
    elsewhere: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, query: str = "") -> Page:
        self.page.goto(HOME + query)
        return self.page


def shell(slug: str, name: str, title: str, theme: str) -> str:
    from labs import closing_tags, opening_tag

    folder = folder_of(slug)
    figure = '<p class="figure-in-its-place">The static figure.</p>'
    return SHELL.format(
        theme=theme,
        name=name,
        title=title,
        opening=opening_tag(name, title),
        figure=figure,
        closing=closing_tags(name, folder, "_static/labs"),
    )


@contextmanager
def lab_page(
    browser: Browser, slug: str, name: str, title: str, theme: str = "light", **wanted
) -> Iterator[LabVisit]:
    with window(browser, served=True, color_scheme=theme, **wanted) as found:
        visit = LabVisit(found.page)

        def serve(route: Route) -> None:
            path, _, _ = route.request.url.removeprefix(HOME).partition("?")
            own = f"_static/labs/{slug}/"
            file = folder_of(slug) / path.removeprefix(own) if path.startswith(own) else ROOT / path
            if path in ("", "favicon.ico"):
                route.fulfill(content_type="text/html", body=shell(slug, name, title, theme))
            elif route.request.url.startswith(HOME) and file.is_file():
                route.fulfill(content_type=KINDS[file.suffix], body=file.read_bytes())
            else:
                visit.elsewhere.append(route.request.url)
                route.abort()

        found.heard, found.served = visit.complaints.append, serve
        yield visit


def lab_fixture(which: tuple[str, str, str]):
    """The fixture `lab` of a module: this lab, opened with what a test's parameter asks for.

    Afterwards nobody else was asked and nothing was complained about.
    """

    @pytest.fixture
    def lab(browser, request):
        with lab_page(browser, *which, **getattr(request, "param", {})) as visit:
            yield visit
            assert visit.elsewhere == []
            assert visit.complaints == []

    return lab
