import json

import nbformat
import pytest
from figures import figures_of, has_human_alt

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">'
    '<path id="a" d="M0 0"/><use href="#a"/></svg>'
)
ALT = "Accuracy rises from one half to 0.9 within ten epochs."
EXTENSIONS = ["figures"]


def notebook(*alts, svg=SVG):
    v4 = nbformat.v4
    cells = [v4.new_markdown_cell("# A chapter\n\nText.")]
    for number, alt in enumerate(alts, start=1):
        output = v4.new_output("display_data", {"image/svg+xml": svg, "text/plain": "<Figure>"})
        metadata = {"mystnb": {"image": {"alt": alt}}} if alt else {}
        cells.append(
            v4.new_code_cell(
                "plt.show()", outputs=[output], execution_count=number, metadata=metadata
            )
        )
    language = {"name": "python", "pygments_lexer": "ipython3"}
    return nbformat.writes(v4.new_notebook(cells=cells, metadata={"language_info": language}))


def book(chapter, index="# A book"):
    return {
        "index.md": f"{index}\n\n```{{toctree}}\nchapters/one\n```\n",
        "chapters/one.ipynb": chapter,
    }


def test_a_stored_figure_stands_in_the_page_under_its_alt_text(small_book):
    page = small_book(book(notebook(ALT, ALT)), EXTENSIONS).page("chapters/one.html")
    figures = page.select(".cell_output svg[role=img]")
    assert [figure["aria-label"] for figure in figures] == [ALT, ALT]
    assert not page.find("img")
    ids = [element["id"] for element in page.select("svg [id]")]
    assert len(ids) == 2 == len(set(ids))


@pytest.mark.parametrize("alt", [None, "figure", "chapters/one.svg"])
def test_a_figure_without_words_fails_the_build_and_says_what_to_do(small_book, alt):
    complaints = small_book(book(notebook(alt)), EXTENSIONS, fails=True).complaints
    assert "one.ipynb" in complaints
    assert "a figure has no alt text" in complaints
    assert "mystnb: {image: {alt" in complaints


def test_an_unsafe_figure_fails_the_build(small_book):
    chapter = notebook(ALT, svg='<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG)
    assert "entities" in small_book(book(chapter), EXTENSIONS, fails=True).complaints


def test_a_file_name_is_no_human_alt_text():
    assert not has_human_alt("", "a.svg")
    assert not has_human_alt("_build/x 1.svg", "../_build/x 1.svg")
    assert has_human_alt(ALT, "a.svg")


def test_a_chapters_figure_can_be_shown_elsewhere_with_a_caption(small_book):
    index = "# A book\n\n```{chapter-figure} one 2\nSixteen *runs*.\n```\n"
    second = "The second figure shows this."
    page = small_book(book(notebook(ALT, second), index), EXTENSIONS).page()
    assert page.select_one(".live-figure svg")["aria-label"] == second
    assert page.select_one(".live-figure-caption em").get_text() == "runs"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [("one 3", "figures 1 to 2, not '3'"), ("two 1", "no chapter 'two'"), ("one x", "not 'x'")],
)
def test_a_figure_that_is_not_there_fails_the_build(small_book, arguments, complaint):
    index = f"# A book\n\n```{{chapter-figure}} {arguments}\n```\n"
    built = small_book(book(notebook(ALT, ALT), index), EXTENSIONS, fails=True)
    assert complaint in built.complaints


def test_figures_are_counted_in_the_order_of_the_cells():
    stored = json.loads(notebook(ALT, "The other one."))
    assert [figure.alt for figure in figures_of(stored)] == [ALT, "The other one."]
