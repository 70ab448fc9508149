"""What is put together for paper, and the places where pages offer it."""

import pytest
from bs4 import BeautifulSoup
from paper import place, stamp

from tools.paper import chapter, read_page, whole

TASK = (
    '<div class="callout" id="exercise-1"><p><strong class="callout-title">Exercise 1.</strong> '
    "Why?</p></div>"
)
SOLUTION = "<details><summary>Solution</summary><p>Because of noise.</p></details>"
SVG = '<svg><path id="p"></path><use href="#p" clip-path="url(#p)"></use></svg>'
OTHER = '<a href="../pages/b.html#x">see b</a> <a href="../pages/c.html">see c</a>'


def write(built, name, body, canonical=""):
    path = built / f"{name}.html"
    path.parent.mkdir(exist_ok=True)
    link = f'<link rel="canonical" href="{canonical}{name}.html">' if canonical else ""
    path.write_text(f"<head>{link}</head><article><h1>Title {name[-1]}</h1>{body}</article>")


@pytest.fixture
def built(tmp_path):
    write(tmp_path, "chapters/a", TASK + SOLUTION + SVG + OTHER)
    write(tmp_path, "pages/b", '<p id="x">There.</p>' + SVG)
    return tmp_path


def parsed(document):
    return BeautifulSoup(document, "html.parser")


def test_links_between_pages_stay_inside_the_book_and_dead_ones_become_words(built):
    pages = [read_page(built, "chapters/a"), read_page(built, "pages/b")]
    book = parsed(whole(pages, "Book", "Author"))
    link = book.find("a", string="see b")
    assert book.find(id=link["href"][1:]).get_text() == "There."
    assert book.find("a", string="see c") is None
    assert "see c" in book.get_text()


def test_what_is_folded_is_left_out_and_links_into_it_become_words(built):
    folded = '<details><summary>Plan</summary><p id="card">Hidden.</p></details>'
    links = '<p><a href="#card">its card</a> and <a href="#shown">what is shown</a></p>'
    write(built, "chapters/a", f'{links}{folded}<details open><p id="shown">Seen.</p></details>')
    alone = parsed(chapter(read_page(built, "chapters/a"), "Book"))
    assert "Hidden." not in alone.get_text()
    assert alone.find("a", string="its card") is None
    assert "its card" in alone.get_text()
    target = alone.find("a", string="what is shown")["href"][1:]
    assert alone.find(id=target).get_text() == "Seen."


def test_with_a_public_address_a_chapter_alone_links_to_it(built):
    write(built, "chapters/a", OTHER, canonical="https://example.org/book/")
    alone = parsed(chapter(read_page(built, "chapters/a"), "Book"))
    assert alone.find("a", string="see b")["href"] == "https://example.org/book/pages/b.html#x"


def test_pages_that_use_the_same_ids_keep_apart(built):
    pages = [read_page(built, "chapters/a"), read_page(built, "pages/b")]
    book = parsed(whole(pages, "Book", "Author"))
    ids = [tag["id"] for tag in book.select("[id]")]
    assert len(set(ids)) == len(ids)
    for use in book.select("use"):
        own = use.find_previous("path")["id"]
        assert (use["href"], use["clip-path"]) == (f"#{own}", f"url(#{own})")


def test_solutions_move_to_the_end_and_task_and_solution_lead_to_each_other(built):
    pages = [read_page(built, "chapters/a"), read_page(built, "pages/b")]
    book = parsed(whole(pages, "Book", "Author"))
    end = book.select_one("#solutions")
    assert "Because of noise." in end.get_text()
    assert book.get_text().count("Because of noise.") == 1
    link = book.find("a", string="Solution")
    assert book.find(id=link["href"][1:]).find_parent(id="solutions") is end
    back = end.find("a", string="Exercise 1")
    assert book.find(id=back["href"][1:]).a is link


def test_a_chapter_alone_leaves_its_solutions_to_the_book(built):
    alone = parsed(chapter(read_page(built, "chapters/a"), "Book"))
    assert "Because of noise." not in alone.get_text()
    assert not alone.find("a", string="Solution")
    assert "The solutions are in the file of the whole book." in alone.get_text()


def test_a_page_that_was_not_built_is_named_with_the_command(tmp_path):
    with pytest.raises(FileNotFoundError, match="make book"):
        read_page(tmp_path, "chapters/a")


def test_a_page_offers_a_printed_file_only_while_there_is_one():
    page = f"<p>{place('a')}</p>"
    offered = stamp(page, "../", {"a": "The chapter (3 pages, 20 kB)"})
    link = parsed(offered).a
    assert (link["href"], link.get_text()) == ("../_pdf/a.pdf", "The chapter (3 pages, 20 kB)")
    assert stamp(offered, "../", {"a": "Again"}).count("<a ") == 1
    assert stamp(offered, "../", {}) == page
