"""The built book on a local server, and a browser that may ask nobody else."""

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from tests.browser.windows import window
from tools.chromium import MISSING, find

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "_build" / "html"
QUIET = (  # root may run it, and it neither phones home nor updates itself
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
PAINTED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
LOOK = """() => ({
    titles: document.querySelectorAll("article h1").length,
    formulas: document.querySelectorAll("article .math").length,
    set: [...document.querySelectorAll("article .math math")]
        .filter(e => e.getBoundingClientRect().width > 0).length,
    failed: document.querySelectorAll("article .math code").length,
    pictures: [...document.querySelectorAll("article img, article svg")]
        .filter(e => e.getAttribute("aria-hidden") !== "true" && !e.closest("button"))
        .filter(e => !e.parentElement.closest("svg")) // a part of a picture is none
        .map(e => e.getAttribute("aria-label") ?? e.getAttribute("alt") ?? ""),
})"""
LOOK_ON_PHONE = """() => {
    // what scrolls inside itself
    const inside = "pre, svg, div.math, .text_html, .pst-scrollable-table-container";
    const all = [...document.querySelectorAll("article *")];
    const start = e => e.outerHTML.slice(0, 120);
    const right = e => e.getBoundingClientRect().right;
    return {
        width: document.documentElement.scrollWidth,
        wide: all.filter(e => right(e) > 391 && !e.closest(inside)).map(start),
        missed: all.filter(e => ["auto", "scroll"].includes(getComputedStyle(e).overflowX)
            && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && e.tabIndex < 0
            && !e.querySelector("a, button, [tabindex='0']")).map(start),
    };
}"""


def unveiled(page: Page) -> Page:
    """The page after every prediction was skipped: what stands below them has a size."""
    skips = page.get_by_role("button", name="Skip", exact=True)
    for _ in page.locator("predict-box").all():  # one may lie below the veil of another
        skips.evaluate_all("all => all.forEach(skip => skip.click())")
    expect(skips).to_have_count(0)
    return page


class Quiet(SimpleHTTPRequestHandler):
    """Says nothing, and has every page load all that it needs, as on a first visit."""

    def log_message(self, *args: object) -> None:
        pass

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        super().end_headers()


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    if not (BUILT / "index.html").exists():
        pytest.fail("there is no built book in _build/html: run `make book` first")
    handler = functools.partial(Quiet, directory=str(BUILT))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


# Not for the session: while Playwright is open its event loop runs, and others need their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = find()
    if chromium is None:
        pytest.skip(MISSING)  # in CI a failure, by the rule in the root's conftest.py
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        yield browser
        browser.close()


@dataclass
class Visit:
    """A page of the book in the browser, with all that it asked for and complained about."""

    page: Page
    address: str
    elsewhere: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, name: str) -> Page:
        self.page.goto(self.address + name)  # waits for the page's load event
        self.page.evaluate("document.fonts.ready")
        return self.page


@contextmanager
def visiting(browser: Browser, address: str, **wanted) -> Iterator[Visit]:
    """A visitor who has been nowhere; the browser finds nobody but us, and who is asked is noted.

    To see and pass on each request here would take as long as many a test.
    """
    with window(browser, **{"viewport": WIDE, "color_scheme": "light", **wanted}) as found:
        visit = Visit(found.page, address)

        def note(request: Request) -> None:
            if not request.url.startswith((address, f"blob:{address}")):
                visit.elsewhere.append(request.url)

        found.heard, found.asked = visit.complaints.append, note
        found.served = lambda route: route.continue_()  # where it is asked for
        yield visit


@pytest.fixture
def visit(browser, address, request) -> Iterator[Visit]:
    """A visitor; `@pytest.mark.parametrize("visit", [{…}], indirect=True)` for another kind."""
    with visiting(browser, address, **getattr(request, "param", {})) as visit:
        yield visit


@pytest.fixture(scope="module")
def seen(browser, address) -> Iterator[Callable[[str], dict[str, Any]]]:
    """What is seen on a page, wide and on a phone; each page is opened once for all tests."""
    with visiting(browser, address) as visit:

        @functools.cache
        def look(name: str) -> dict[str, Any]:
            visit.elsewhere, visit.complaints = [], []
            visit.page.set_viewport_size(WIDE)
            page = unveiled(visit.open(name))
            facts = page.evaluate(LOOK)
            page.set_viewport_size(PHONE)
            page.evaluate(PAINTED)
            facts |= page.evaluate(LOOK_ON_PHONE)
            return facts | {"elsewhere": visit.elsewhere, "complaints": visit.complaints}

        yield look
