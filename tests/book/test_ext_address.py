import nbformat
import pytest
from address import colab_address, is_set, pages_address
from social import shortened

UNSET = "https://github.com/-unset-/training-neural-networks"


@pytest.mark.parametrize(
    ("repository", "address"),
    [
        ("https://github.com/Owner/name", "https://owner.github.io/name/"),
        ("https://github.com/Owner/name.git", "https://owner.github.io/name/"),
        ("https://github.com/owner/owner.github.io", "https://owner.github.io/"),
        ("https://gitlab.com/owner/name", ""),
        ("https://github.com/owner", ""),
    ],
)
def test_the_pages_address_follows_from_the_repository(repository, address):
    assert pages_address(repository) == address


def test_colab_opens_a_notebook_of_a_set_address_only():
    address = colab_address("https://github.com/owner/name", "main", "chapters/a.ipynb")
    colab = "https://colab.research.google.com"
    assert address == f"{colab}/github/owner/name/blob/main/chapters/a.ipynb"
    assert colab_address(UNSET, "main", "chapters/a.ipynb") is None
    assert colab_address("https://gitlab.com/owner/name", "main", "a.ipynb") is None
    assert not is_set(UNSET)
    assert not is_set("")


def build(small_book, repository):
    chapter = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell(
                "# Loss & < noise\n\nIt opens with a sentence that is long enough."
            )
        ],
        metadata={"language_info": {"name": "python"}},
    )
    files = {
        "index.md": "# B\n\nText.\n\n```{toctree}\nchapters/a\n```\n",
        "chapters/a.ipynb": nbformat.writes(chapter),
    }
    options = {
        "repository_url": repository,
        "repository_branch": "main",
        "launch_buttons": {"colab_url": "https://colab.research.google.com"},
    }
    extensions = ["sphinx_book_theme", "address", "chapter_head", "social"]
    return small_book(files, extensions, html_theme="sphinx_book_theme", html_theme_options=options)


def meta(page, name):
    found = page.find("meta", {"property": name}) or page.find("meta", {"name": name})
    return found and found["content"]


@pytest.mark.slow
def test_a_set_address_gives_sitemap_canonical_and_social_addresses(small_book):
    book = build(small_book, "https://github.com/owner/name")
    page = book.page("chapters/a.html")
    address = "https://owner.github.io/name/chapters/a.html"
    assert meta(page, "og:url") == address
    assert page.find("link", rel="canonical")["href"] == address
    assert f"<loc>{address}</loc>" in (book.out / "sitemap.xml").read_text()
    assert (
        "colab.research.google.com/github/owner/name" in page.select_one(".chapter-head").decode()
    )


@pytest.mark.slow
@pytest.mark.parametrize("host", ["gitlab.com", "codeberg.example:8443"])
def test_a_host_that_colab_does_not_read_from_gets_the_book_without_its_links(small_book, host):
    page = build(small_book, f"https://{host}/owner/name").page("chapters/a.html")
    assert "colab.research.google.com" not in page.decode()
    assert bool(page.find("a", href=f"https://{host}/owner/name")) == (host == "gitlab.com")


def test_without_an_address_nothing_pretends_to_have_one(small_book):
    book = build(small_book, UNSET)
    page = book.page("chapters/a.html")
    assert meta(page, "og:url") is None
    assert not page.find("link", rel="canonical")
    assert not (book.out / "sitemap.xml").exists()
    assert "-unset-" not in page.decode()


def test_a_page_describes_itself_by_its_opening_words(small_book):
    page = build(small_book, UNSET).page("chapters/a.html")
    assert meta(page, "og:title") == "Loss & < noise"
    assert meta(page, "og:description") == "It opens with a sentence that is long enough."
    assert meta(page, "description") == meta(page, "og:description")


def test_a_long_description_ends_with_a_sentence_or_a_word():
    assert shortened("Short.") == "Short."
    sentence = "A sentence of some length that is worth keeping in the description as it stands. "
    assert shortened(sentence * 5) == (sentence * 2).strip()
    assert shortened("word " * 100).endswith("word …")
    assert len(shortened("word " * 100)) <= 202
