import pytest

from tools.course import Course
from tools.links import broken_links, links, prose, slugify, unreadable_papers


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Objectives", "objectives"),
        ("What this does not show", "what-this-does-not-show"),
        ("ReLU, tanh & sigmoid: a race", "relu-tanh--sigmoid-a-race"),
        ("Read [the notes](x.md) first", "read-the-notes-first"),
    ],
)
def test_headings_get_the_anchors_that_web_repositories_give(heading: str, anchor: str) -> None:
    assert slugify(heading) == anchor


def test_links_are_found_in_markdown_and_html() -> None:
    text = 'A [b](c.md), ![d](e.png "f"), [g](<h.md>), <a href="i.md">j</a>, <img src="k.svg">.'
    assert links(text) == ["c.md", "e.png", "h.md", "i.md", "k.svg"]


def test_code_holds_no_links(course: Course) -> None:
    page = course.root / "index.md"
    page.write_text("`[a](b.md)`\n\n```python\nx = d[0](e.md)\n```\n\n[f](g.md)\n")
    assert links(prose(page)) == ["g.md"]


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("pages/setup.md", []),
        ("pages/setup.md#install-it", []),
        ("#home", []),
        ("https://example.org/nowhere", []),
        ("mailto:ada@example.org", []),
        ("pages/none.md", ["index.md: the link pages/none.md leads to no file"]),
        ("pages/setup.md#none", ["index.md: the link pages/setup.md#none leads to no heading"]),
        ("#away", ["index.md: the link #away leads to no heading"]),
        ("pages/ledger.md#claim-x", []),
    ],
)
def test_every_link_inside_the_course_leads_somewhere(
    course: Course, link: str, found: list[str]
) -> None:
    course.source("tiny").unlink()
    (course.root / "pages/ledger.md").write_text("# Ledger\n\n```{ledger}\n```\n")
    (course.root / "index.md").write_text(f"# Home\n\n[a]({link})\n")
    assert broken_links(course) == found


PAPERS = """\
% Papers.

@article{one,
  title = {One},
  year = {2000},
}

@article{two,
  author = {Erd{\\H{o}}s, Paul},
  title = {The {Second}},
}

@book{three,
  title = {Three},
}
"""


@pytest.mark.parametrize(
    ("there", "instead", "found"),
    [
        ("", "", ""),
        ("{2000},\n}", "{2000},", "references.bib:3: one has 3 opening braces and 2 closing ones"),
        ("{Second}}", "{Second}", "references.bib:8: two has 6 opening braces and 5 closing ones"),
        ("{One}", "{One}}", "references.bib:3: one has 3 opening braces and 4 closing ones"),
        ("{Three},\n}", "{Three},", "references.bib:13: three has 2 opening braces and 1 closing"),
        ("{One},", "{One}", "references.bib:5: syntax error in line 5: '}' expected"),
        ("{2000}", "soon", "references.bib:5: undefined string in line 5: soon"),
        ("{two", "{one", "references.bib: repeated bibliography entry: one"),
    ],
)
def test_a_bibliography_that_cannot_be_read_is_named_with_its_line(
    course: Course, there: str, instead: str, found: str
) -> None:
    (course.root / "references.bib").write_text(PAPERS.replace(there, instead))
    problems = unreadable_papers(course)
    assert len(problems) == bool(found)
    assert not problems or problems[0].startswith(found)
