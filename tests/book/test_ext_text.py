"""The small extensions that mend what a page shows: marks, outputs, search, neighbors."""

import json

import nbformat
import pytest
from bs4 import BeautifulSoup
from mathml import mathml
from outputs import is_table


def cell(*outputs):
    v4 = nbformat.v4
    cells = [
        v4.new_markdown_cell("# One"),
        v4.new_code_cell("zebra = 1", outputs=list(outputs), execution_count=1),
    ]
    language = {"name": "python", "pygments_lexer": "ipython3"}
    return nbformat.writes(v4.new_notebook(cells=cells, metadata={"language_info": language}))


def book(chapter):
    return {"index.md": "# A book\n\n```{toctree}\none\n```\n\nZoo words.", "one.ipynb": chapter}


@pytest.mark.parametrize(
    ("sentence", "kept"),
    [
        ("so $x$, and", ["x,"]),
        ("so ($x$) and", ["(x)"]),
        ("so $x$ and", []),
        ("$x$", []),
        ("so $x$.", ["x."]),
    ],
)
def test_a_formula_keeps_the_marks_around_it_on_its_line(small_book, sentence, kept):
    page = small_book({"index.md": f"# A book\n\n{sentence}\n"}, ["marks"]).page()
    found = [part.get_text() for part in page.select(".with-mark")]
    assert [text.replace("\\(", "").replace("\\)", "") for text in found] == kept
    assert page.select_one("p .math")


@pytest.mark.parametrize("formula", [r"\hat x_i", r"\bar\mu_0", r"\tilde{x}_j"])
def test_an_index_stands_beside_a_letter_with_an_accent_not_below_it(formula):
    found = mathml(formula, block=False)
    assert "<mover" in found
    assert "<msub" in found
    assert "munder" not in found


@pytest.mark.parametrize(
    ("formula", "spaces"),
    [
        (r"\ln 2", 1),
        (r"2 \tanh x", 2),
        (r"(1 - y) \ln(1 - p)", 1),
        (r"W \operatorname{diag}(x)", 1),
        (r"\lambda_{\ln} x", 0),
        (r"-\ln p - \ln q", 2),
        (r"1 - \tanh^2 x", 1),
        (r"1 - \tanh^2 \le 1", 0),
        (r"\log_2 n + \ln_a^2", 1),
        (r"\operatorname{tr} H", 1),
        (r"\log\frac{a}{b}", 1),
        (r"\ln(1 + x)", 0),
        (r"\max(0, z)", 0),
        (r"\lvert\tanh\rvert", 0),
    ],
)
def test_a_function_stands_apart_from_its_neighbors_unless_they_are_parentheses(formula, spaces):
    found = BeautifulSoup(mathml(formula, block=False), "html.parser")
    assert sum("0.1667em" in mark.attrs.values() for mark in found.select("mo, mspace")) == spaces
    assert not [mark for mark in found.select("mo") if mark.text.isalpha()]


def test_the_label_of_a_brace_lies_below_it_and_a_power_of_a_letter_with_an_accent_does_not():
    found = BeautifulSoup(mathml(r"\underbrace{x + y}_a + \hat x^2", block=True), "html.parser")
    assert found.select_one("munder > mi:last-child").text == "a"
    assert found.select_one("msup > mn:last-child").text == "2"


@pytest.mark.parametrize(
    ("formula", "grow"),
    [(r"\lVert W_l \rVert", False), (r"|x|", False), (r"\left\lvert\frac{a}{b}\right\rvert", True)],
)
def test_bars_grow_with_what_they_enclose_only_where_that_is_asked_for(formula, grow):
    bars = BeautifulSoup(mathml(formula, block=False), "html.parser").select("mo")
    assert [bar.get("stretchy") != "false" for bar in bars] == [grow, grow]


def test_a_number_keeps_its_percent_sign_on_its_line_and_code_stays_as_it_is(small_book):
    text = "# A book\n\nBy *22 %* or 3 % of 10, `7 % 2`.\n\n```\n7 % 2\n```\n"
    page = small_book({"index.md": text}, ["marks"]).page()
    assert page.select_one("p").get_text() == "By 22\xa0% or 3\xa0% of 10, 7 % 2."
    assert page.select_one("pre").get_text() == "7 % 2\n"


@pytest.mark.parametrize(
    ("printed", "table"),
    [
        ("  measured: accuracy 0.9 [0.8, 1.0]\nrate 1", False),
        ("layer   mean\n1        0.2", True),
        ("a\tb", True),
    ],
)
def test_printed_sentences_may_wrap_and_tables_may_not(small_book, printed, table):
    assert is_table(printed) is table
    page = small_book(book(cell(nbformat.v4.new_output("stream", text=printed))), ["outputs"])
    assert bool(page.page("one.html").select(".cell_output .sentences")) is not table


def test_the_empty_corner_of_a_table_is_no_heading(small_book):
    table = "<table class='dataframe'><thead><tr><th></th><th>a</th></tr></thead></table>"
    output = nbformat.v4.new_output("display_data", {"text/html": table})
    page = small_book(book(cell(output)), ["outputs"]).page("one.html")
    assert [tag.name for tag in page.select("tr > *")] == ["td", "th"]


def test_the_search_knows_the_words_of_sentences_and_not_those_of_code(small_book):
    index = (small_book(book(cell()), ["searching"]).out / "searchindex.js").read_text()
    terms = json.loads(index.partition("(")[2].rstrip(")"))["terms"]
    assert "zoo" in terms
    assert "zebra" not in terms


def test_the_last_chapter_has_no_next_and_the_page_after_it_no_chapter_before(small_book):
    names = ["chapters/a", "pages/among", "chapters/b", "pages/c", "pages/d"]
    toc = "\n".join(names)
    files = {"index.md": f"# A book\n\n```{{toctree}}\n{toc}\n```\n"}
    files |= {f"{name}.md": f"# {name}\n" for name in names}
    built = small_book(files, ["neighbors"])

    def related(name):
        links = built.page(f"{name}.html").select("link[rel=next], link[rel=prev]")
        return {link["rel"][0] for link in links}

    assert [related(name) for name in names] == [
        {"next", "prev"},
        {"next", "prev"},
        {"prev"},
        {"next"},
        {"prev"},
    ]


def test_code_keeps_its_text_and_is_marked_only_where_it_has_a_color(small_book):
    code = "zebra = one(1)\nfor _ in zebra:\n    pass"
    notebook = nbformat.reads(cell(), as_version=4)
    notebook.cells[1].source = code
    built = small_book(book(nbformat.writes(notebook)), ["plain_code"])
    pre = built.page("one.html").select_one("pre")
    assert pre.get_text().strip() == code
    assert {"k", "mi"} <= {css for span in pre.find_all("span") for css in span.get("class", [])}
    assert pre.select(".n, .p, .w") == []
