"""Print the built book: each chapter and the whole as PDF, beside the pages (`make pdf`).

Chromium prints what tools/paper.py puts together: tagged, with an outline and living links. The
same pages give the same file, for the moment of printing is not in it. Then each page offers its
file for download.
"""

import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tools.chromium import find
from tools.course import HERE, Course, CourseError
from tools.paper import Page, chapter, read_page, whole

sys.path.insert(0, str(HERE.root / "_ext"))

from paper import PRINTED, WHOLE, stamp

QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
READY = "document.fonts.ready"
MOMENT = re.compile(rb"(?<=Date \(D:)\d{14}[+-]\d\d'\d\d'")
NO_MOMENT = b"20000101000000+00'00'"
NODE = re.compile(rb"node\d{8}")
A_PAGE = re.compile(rb"/Type /Page\b")
PATIENCE = 600_000  # ms, for the whole book on a slow machine


class Silent(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder to this machine alone, and give its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def printed(browser: Browser, address: str, document: str) -> bytes:
    """Return a document of the book that is served at an address as PDF."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    place = f"{address}paper.html"
    page.route(place, lambda route: route.fulfill(body=document, content_type="text/html"))
    page.goto(place)
    page.evaluate(READY)
    pdf: bytes = page.pdf(
        prefer_css_page_size=True, print_background=True, tagged=True, outline=True
    )
    page.close()
    return settled(pdf)


def settled(pdf: bytes) -> bytes:
    """Take out what differs from one printing to the next; every place in the file stays."""
    names: dict[bytes, bytes] = {}  # Chromium counts a tag's node on through all that it prints

    def renamed(match: re.Match[bytes]) -> bytes:
        return names.setdefault(match[0], b"node%08d" % len(names))

    return NODE.sub(renamed, MOMENT.sub(NO_MOMENT, pdf))


def read_book(course: Course, built: Path) -> list[Page]:
    """The built pages of the table of contents in order, without the first: it is a door."""
    return [
        read_page(built, entry["file"], "" if n else part["caption"])
        for part in course.yaml("_toc.yml")["parts"]
        for n, entry in enumerate(part["chapters"])
    ]


def documents(course: Course, built: Path) -> dict[str, str]:
    """What is printed, by the name of its file: each chapter, then the whole book."""
    pages, config = read_book(course, built), course.yaml("_config.yml")
    alone = {
        page.anchor: chapter(page, config["title"])
        for page in pages
        if page.name.startswith("chapters/")
    }
    return {**alone, WHOLE: whole(pages, config["title"], config["author"])}


def offer(built: Path, said: dict[str, str]) -> None:
    """Write the links to the printed files into the built pages."""
    for path in built.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        root = "../" * (len(path.relative_to(built).parts) - 1)
        stamped = stamp(text, root, said)
        if stamped != text:
            path.write_text(stamped, encoding="utf-8")


def main(course: Course = HERE) -> int:
    """Print everything and offer it; returns the exit status."""
    built, chromium = course.root / "_build" / "html", find()
    if chromium is None:
        print(
            "No Chromium, so nothing is printed: install one (on Debian: apt-get install chromium) "
            "or name it with CHROMIUM=/path/to/chromium",
            file=sys.stderr,
        )
        return 1
    try:
        prints = documents(course, built)
    except (FileNotFoundError, ValueError) as error:
        raise CourseError(str(error)) from error
    (built / PRINTED).mkdir(exist_ok=True)
    said = {}
    with served(built) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        for name, document in prints.items():
            pdf = printed(browser, address, document)
            (built / PRINTED / f"{name}.pdf").write_bytes(pdf)
            size = f"{len(A_PAGE.findall(pdf))} pages, {len(pdf) / 1000:,.0f} kB"
            said[name] = f"{'The whole book' if name == WHOLE else 'The chapter'} to print ({size})"
            print(f"{PRINTED}/{name}.pdf: {size}", flush=True)
        browser.close()
    offer(built, said)
    return 0


if __name__ == "__main__":
    sys.exit(main())
