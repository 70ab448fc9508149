"""What `make pdf` prints: a chapter, and a book of a chapter and the glossary, read by pypdf."""

import functools
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader

from tools.course import HERE, read_source
from tools.markup import is_recut
from tools.paper import chapter, read_page, whole
from tools.pdf import printed
from tools.sources import code_cells

BUILT = Path(__file__).resolve().parents[2] / "_build" / "html"
CHAPTER, GLOSSARY = "chapters/diagnosis", "pages/glossary"
LONGEST = 15
NEW_FORM = [
    slug
    for slug in HERE.slugs
    if is_recut(cell.source for cell in code_cells(read_source(HERE.source(slug))))
]
pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Print:
    """A printed file and the document that it was printed from."""

    document: BeautifulSoup
    pdf: bytes

    @functools.cached_property
    def reader(self) -> PdfReader:
        return PdfReader(io.BytesIO(self.pdf))

    @functools.cached_property
    def sheets(self) -> list[str]:
        """The words of each."""
        return [page.extract_text() for page in self.reader.pages]

    @property
    def text(self) -> str:
        return "\n".join(self.sheets)


def print_(browser, address, document) -> Print:
    return Print(BeautifulSoup(document, "html.parser"), printed(browser, address, document))


@pytest.fixture(scope="module")
def prints(browser, address) -> Callable[[str], Print]:
    """Prints a chapter alone, once for all tests."""

    @functools.cache
    def once(name: str) -> Print:
        return print_(browser, address, chapter(read_page(BUILT, name), "The book"))

    return once


@pytest.fixture(scope="module")
def alone(prints) -> Print:
    return prints(CHAPTER)


@pytest.fixture(scope="module")
def book(browser, address) -> Print:
    pages = [read_page(BUILT, CHAPTER, "I. Part"), read_page(BUILT, GLOSSARY)]
    return print_(browser, address, whole(pages, "The book", "Nobody"))


@pytest.fixture(params=["alone", "book"])
def file(request) -> Print:
    return request.getfixturevalue(request.param)


def outline(entries: list) -> Iterator[str]:
    for entry in entries:
        if isinstance(entry, list):
            yield from outline(entry)
        else:
            yield squeezed(entry.title)


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def long_lines(cell) -> set[str]:
    lines = map(squeezed, cell.get_text().splitlines())
    return {line for line in lines if len(line) > 30}


def links(reader: PdfReader) -> Iterator[tuple[str | None, str | None]]:
    """Each link's address, or the name of the place within the file that it leads to."""
    for page in reader.pages:
        for annotation in page.get("/Annots", []):
            told = annotation.get_object()
            action = told.get("/A", {}).get_object() if "/A" in told else {}
            yield action.get("/URI"), told.get("/Dest", action.get("/D"))


def test_it_is_tagged_and_says_its_language_and_title(file):
    root = file.reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/StructTreeRoot"]["/K"]
    assert root["/Lang"] == "en"
    assert file.reader.metadata.title == file.document.title.get_text()


def test_its_outline_is_that_of_the_text(file):
    headings = [squeezed(h.get_text()) for h in file.document.select("h1, h2, h3, h4")]
    assert list(outline(file.reader.outline)) == headings


def test_its_links_lead_to_a_place_in_the_file_or_to_the_web(file):
    reader = file.reader
    inside = set(reader.named_destinations)
    found = list(links(reader))
    assert found
    for address, place in found:
        if address is None:
            assert str(place) in inside
        else:
            assert address.startswith("https://")


def test_in_the_book_a_chapter_leads_to_another_page_and_each_exercise_to_its_solution(book):
    places = {str(place) for _, place in links(book.reader) if place}
    assert any(place.lstrip("/") == "glossary" for place in places), sorted(places)
    folds = read_page(BUILT, CHAPTER).soup.select("article details > summary")
    solutions = [fold for fold in folds if fold.get_text(strip=True) == "Solution"]
    assert len([p for p in places if ".solution-" in p]) >= len(solutions) > 0


def test_the_solutions_stand_at_the_end_of_the_book_and_in_no_chapter(alone, book):
    summaries = read_page(BUILT, CHAPTER).soup.select("details > summary")
    fold = next(s.parent for s in summaries if s.get_text(strip=True) == "Solution")
    words = squeezed(max((p.get_text() for p in fold.select("p")), key=len))[:60]
    assert words not in squeezed(alone.text)
    reader = book.reader
    last = next(e for e in reversed(reader.outline) if getattr(e, "title", "") == "Solutions")
    begins = reader.get_destination_page_number(last)
    sheets = [squeezed(sheet) for sheet in book.sheets]
    assert words in "".join(sheets[begins:])
    assert words not in "".join(sheets[:begins])


@pytest.mark.parametrize("slug", NEW_FORM)
def test_a_chapter_in_the_new_form_takes_few_sheets(prints, slug):
    assert len(prints(f"chapters/{slug}").reader.pages) <= LONGEST


def test_its_text_can_be_read_and_its_formulas_are_set(file):
    opening = file.document.select_one(".paper-page p:not(.paper-part):not(.chapter-head)")
    assert squeezed(opening.get_text())[:80] in squeezed(file.text)
    assert file.document.select(".math")
    assert r"\(" not in file.text
    assert r"\frac" not in file.text


def test_no_code_that_is_folded_is_printed_and_no_address_that_is_none(file):
    cells = read_page(BUILT, CHAPTER).soup.select("article .cell_input")
    folded = {line for cell in cells if cell.find_parent("details") for line in long_lines(cell)}
    shown = {line for cell in cells if not cell.find_parent("details") for line in long_lines(cell)}
    shown |= {
        line for code in file.document.select(".paper-solution pre") for line in long_lines(code)
    }
    text = squeezed(file.text)
    assert folded - shown
    assert [line for line in folded - shown if line in text] == []
    assert "-unset-" not in file.text


def test_every_sheet_but_the_first_has_its_number_and_the_book_above(alone):
    title = alone.document.title.get_text()
    for number, text in enumerate(alone.sheets[1:], start=2):
        assert title in text
        assert re.search(rf"(^|\s){number}(\s|$)", text)


def test_the_same_pages_give_the_same_file(browser, address, alone):
    document = chapter(read_page(BUILT, CHAPTER), "The book")
    assert printed(browser, address, document) == alone.pdf


def test_a_reader_who_prints_a_page_gets_neither_navigation_nor_folded_code(visit):
    page = visit.open(f"{CHAPTER}.html")
    page.emulate_media(media="print")
    shown = page.evaluate(
        """() => [...document.querySelectorAll(
            ".bd-sidebar, .bd-header, .bd-header-article, .prev-next-footer, button, summary, "
            + "details .cell_input, .chapter-head a")]
            .filter(e => e.checkVisibility()).map(e => e.outerHTML.slice(0, 120))"""
    )
    assert shown == []
