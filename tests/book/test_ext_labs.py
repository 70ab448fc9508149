import json

import pytest

CHAPTER = """# A chapter

> **Lab.** The slot machine. Bet on one.
>
> ![Two clouds of dots that overlap.](../sources/moons/lab.svg)

Text after it.
"""
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9"/></svg>'
MODULE = 'customElements.define("lab-the-slot-machine", class extends HTMLElement {});'
EXTENSIONS = ["callouts", "figures", "labs"]
FILES = {
    "index.md": "# Home\n\n```{toctree}\nchapters/moons\n```\n",
    "chapters/moons.md": CHAPTER,
    "sources/moons/lab.js": MODULE,
    "sources/moons/lab.json": '{"told": "</script><b>", "values": [0.5]}',
    "sources/moons/lab.svg": SVG,
}
PLACE = "chapters/moons.html"
SETTINGS = {"exclude_patterns": ["sources"]}


@pytest.fixture
def book(small_book):
    return small_book(FILES, EXTENSIONS, **SETTINGS)


def test_the_call_out_becomes_an_element_that_holds_its_static_figure(book):
    box = book.page(PLACE).select_one(".callout-lab#lab-the-slot-machine")
    assert "Bet on one." in box.p.get_text()
    lab = box.select_one("lab-the-slot-machine")
    assert lab["data-title"] == "The slot machine"
    figure = lab.select_one(".lab-static svg")
    assert figure["aria-label"] == "Two clouds of dots that overlap."
    assert "Text after it." in box.find_next_sibling("p").get_text()


def test_what_the_chapter_stored_travels_with_the_page_and_cannot_end_its_script(book):
    data = book.page(PLACE).select_one("lab-the-slot-machine script[type='application/json']")
    assert json.loads(data.string) == {"told": "</script><b>", "values": [0.5]}


def test_the_module_and_the_style_are_ours_and_loaded_on_that_page_alone(book):
    module = book.page(PLACE).select_one("script[type=module]")
    file = (book.out / PLACE).parent / module["src"].partition("?")[0]
    assert file.resolve().read_text() == MODULE
    style = book.page(PLACE).select_one("link[href$='labs.css']")
    assert style["href"] == "../_static/labs/labs.css"
    assert "labs/" not in str(book.page())


def test_a_changed_module_has_another_address(small_book, tmp_path):
    def source(files):
        book = small_book(files, EXTENSIONS, **SETTINGS)
        return book.page(PLACE).select_one("script[type=module]")["src"]

    assert source(FILES) != source(FILES | {"sources/moons/lab.js": MODULE + " "})


def test_a_page_that_is_no_chapter_has_its_lab_in_a_folder_beside_it(small_book):
    files = {name.replace("sources/moons", "pages/moons"): text for name, text in FILES.items()}
    files["pages/moons.md"] = files.pop("chapters/moons.md").replace("../sources/", "")
    files["index.md"] = FILES["index.md"].replace("chapters", "pages")
    book = small_book(files, EXTENSIONS, **SETTINGS)
    page = book.page("pages/moons.html")
    assert page.select_one("lab-the-slot-machine .lab-static svg") is not None
    module = page.select_one("script[type=module]")["src"].partition("?")[0]
    assert (book.out / "pages" / module).resolve().read_text() == MODULE


def test_without_a_module_the_call_out_stays_words_and_a_figure(small_book):
    files = {name: text for name, text in FILES.items() if not name.endswith(".js")}
    page = small_book(files, EXTENSIONS, **SETTINGS).page(PLACE)
    assert page.select_one(".callout-lab svg") is not None
    assert page.select_one("lab-the-slot-machine, script[type=module]") is None


@pytest.mark.parametrize(
    "text",
    [
        "# A\n\n> **Lab.** The slot machine. Bet.\n",
        "# A\n\n> **Lab.**\n>\n> ![Many dots.](../sources/moons/lab.svg)\n",
    ],
)
def test_a_lab_without_a_figure_or_a_title_is_named(small_book, text):
    book = small_book(FILES | {"chapters/moons.md": text}, EXTENSIONS, fails=True, **SETTINGS)
    assert "a lab needs a title and a static figure" in book.complaints


def test_jupyter_books_list_of_scripts_loses_the_labs_and_nothing_else(small_book):
    listed = {"html_js_files": ["labs/lab.js", "book.js"], "html_css_files": ["labs/labs.css"]}
    files = FILES | {"_static/book.js": "", "_static/labs/lab.js": "", "_static/labs/labs.css": ""}
    settings = SETTINGS | listed | {"html_static_path": ["_static"]}
    page = small_book(files, EXTENSIONS, **settings).page()
    assert page.select_one("script[src*='book.js']") is not None
    assert page.select_one("script[src*='labs/'], link[href*='labs/']") is None
