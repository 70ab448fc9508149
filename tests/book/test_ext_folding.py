import nbformat
import pytest

SETTLING = "claims.settle('x', {'moons': y})"
EXTENSIONS = ["folding"]


def notebook(*cells):
    v4 = nbformat.v4
    made = [v4.new_markdown_cell("# A chapter\n\nText.")]
    for number, (code, tags, printed) in enumerate(cells, start=1):
        outputs = [v4.new_output("stream", text=printed)] if printed else []
        made.append(
            v4.new_code_cell(code, outputs=outputs, execution_count=number, metadata={"tags": tags})
        )
    language = {"name": "python", "pygments_lexer": "ipython3"}
    return nbformat.writes(v4.new_notebook(cells=made, metadata={"language_info": language}))


@pytest.fixture
def page(small_book):
    def build(*cells):
        files = {"index.md": "# A book\n\n```{toctree}\none\n```\n", "one.ipynb": notebook(*cells)}
        return small_book(files, EXTENSIONS).page("one.html")

    return build


def test_a_folded_cell_is_one_line_below_its_output(page):
    folded = page(("# @title How it was measured\nx = 1", [], "the output")).select_one(".cell")
    parts = list(folded.find_all(recursive=False))
    assert [part.name for part in parts] == ["div", "details"]
    assert "the output" in parts[0].get_text()
    assert not parts[1].has_attr("open")
    assert parts[1].summary.get_text() == "How it was measured"
    assert parts[1].pre.get_text().strip() == "x = 1"


def test_what_settles_is_folded_in_a_chapter_without_titles_and_the_rest_is_shown(page):
    found = page(("x = 1", [], ""), (SETTLING, [], "holds"), ("import os", ["setup"], ""))
    lines = [summary.get_text() for summary in found.select("details.fold > summary")]
    assert lines == [
        "How this was decided",
        "The opening cell finds the course’s helpers, or fetches them",
    ]
    assert found.select_one(".cell").select_one("details") is None


def test_in_a_chapter_with_titles_only_these_are_folded(page):
    found = page((SETTLING, [], "holds"), ("# @title Ours & theirs\nx = 1", [], ""))
    assert [s.get_text() for s in found.select("details > summary")] == ["Ours & theirs"]


def test_lines_of_measurements_are_folded_with_the_code_that_printed_them(page):
    printed = "the answer: 42\nhow long it took\n  measured: 7 s\n"
    folded, silent, shown = page(
        ("# @title How it was measured\nx = 1", [], printed),
        ("# @title How long it took\nz = 3", [], "  measured: 9 s"),
        ("y = 2", [], "  measured: 8 s"),
    ).select(".cell")
    assert [part.name for part in silent.find_all(recursive=False)] == ["details"]
    fold = folded.details
    assert [pre.get_text().strip() for pre in fold.select("pre")] == [
        "how long it took\n  measured: 7 s",
        "x = 1",
    ]
    fold.extract()
    assert folded.get_text().strip() == "the answer: 42"
    assert "measured: 8 s" in shown.get_text()


def test_the_tag_of_today_takes_the_same_form_and_not_that_of_myst_nb(page):
    found = page(("x = 1", ["hide-input"], ""))
    assert [s.get_text() for s in found.select("details.fold > summary")] == ["What was run"]
    assert not found.select("details.hide")


def test_what_comes_before_the_first_paint_stands_in_the_head(page):
    assert "localStorage" in str(page(("x = 1", [], "")).head)
