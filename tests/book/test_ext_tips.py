import pytest
from tips import address

BIB = """\
@inproceedings{glorot2010,
  author = {Glorot, Xavier and Bengio, Yoshua},
  title = {Understanding the Difficulty of {D}eep Networks},
  booktitle = {AISTATS},
  year = {2010},
  url = {https://proceedings.mlr.press/v9/glorot10a.html},
  doi = {10.1000/XYZ},
  eprint = {1003.0358},
}
"""
GLOSSARY = """\
# Glossary

```{glossary}
dead unit
  A unit whose activation is zero & stays so.

Holm's correction
  A stricter demand.
```
"""


def book(small_book, text, **options):
    files = {
        "index.md": "# A book\n\n```{toctree}\npages/glossary\nchapters/one\n```\n",
        "pages/glossary.md": GLOSSARY,
        "chapters/one.md": f"# One\n\n{text}\n",
        "references.bib": BIB,
    }
    return small_book(files, ["tips"], **options)


def tips(page):
    return {tip["data-href"]: tip.get_text() for tip in page.select(".tips[hidden] p")}


def test_a_term_leads_to_its_place_in_the_glossary_and_says_what_it_means(small_book):
    text = "Two [*dead* units](../pages/glossary.md#dead-unit), by "
    text += "[Holm](../pages/glossary.md#holms-correction)."
    built = book(small_book, text)
    page = built.page("chapters/one.html")
    links = {link.get_text(): link["href"] for link in page.select("a.term-link")}
    assert list(links) == ["dead units", "Holm"]
    anchors = {tag["id"] for tag in built.page("pages/glossary.html").select("dt[id]")}
    assert {href.partition("#")[2] for href in links.values()} == anchors
    assert tips(page)[links["dead units"]] == "A unit whose activation is zero & stays so."


def test_a_term_that_the_glossary_lacks_fails_the_build_and_names_the_nearest(small_book):
    said = book(small_book, "[x](../pages/glossary.md#dead-units)", fails=True).complaints
    assert "the glossary has no term 'dead-units'; the nearest are dead-unit" in said


@pytest.mark.parametrize(
    "url",
    [
        "https://proceedings.mlr.press/v9/glorot10a.html",
        "https://doi.org/10.1000/xyz",
        "https://arxiv.org/abs/1003.0358v2",
        "https://arxiv.org/pdf/1003.0358.pdf",
    ],
)
def test_a_citation_says_who_wrote_what_by_any_address_of_the_paper(small_book, url):
    page = book(small_book, f"By [G](<{url}>).").page("chapters/one.html")
    told = "Glorot and Bengio (2010). Understanding the Difficulty of Deep Networks. AISTATS."
    assert tips(page) == {url: told}


def test_other_links_stay_as_they_are(small_book):
    page = book(small_book, "[a](https://example.org) [b](../pages/glossary.md)").page(
        "chapters/one.html"
    )
    assert not page.select(".tips, .term-link, .cite-link")


def test_two_papers_are_not_taken_for_one():
    assert address("https://doi.org/10.1/a") != address("https://doi.org/10.1/b")
