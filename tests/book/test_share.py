"""The picture beside a shared link: what it shows is what the chapters store."""

import io
import json
import re

import pytest
from bs4 import BeautifulSoup
from PIL import Image
from share import PICTURES
from share_layout import MOST_TELLING, chapter_picture, door_picture, most_telling, quoted, told
from share_png import HEIGHT, SMALLEST, WIDTH, Picture, Shape, length, png, subpaths

from tools.course import HERE
from utils import palette
from utils.claims import Outcome, Settled, load, verdicts
from utils.samples import Sample
from utils.typeset import tidy

BOOK = "Training Neural Networks: the Nitty-Gritty"
CHAPTER, VOTED = "initialization", "he-initialization-suits-relu"
SET, UNSET = "https://github.com/owner/name", "https://github.com/-unset-/training-neural-networks"
ANSWERS = {"yes": "holds", "no": "fails", "open": "open"}


@pytest.fixture(scope="module")
def stored() -> dict[str, list[Settled]]:
    """Every chapter's verdicts, as its notebook stores them."""
    return {path.stem: verdicts(path) for path in sorted((HERE.root / "chapters").glob("*.ipynb"))}


def built(small_book, repository: str):
    """A door with one vote, and a chapter's title and cards."""
    notebook = json.loads((HERE.root / f"chapters/{CHAPTER}.ipynb").read_text(encoding="utf-8"))
    is_card = lambda cell: '"verdict ' in "".join(map(str, cell.get("outputs", ())))  # noqa: E731
    title = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Loss & < noise"}
    notebook["cells"] = [title, *filter(is_card, notebook["cells"])]
    contents = f"```{{toctree}}\nchapters/{CHAPTER}\np\n```"
    files = {
        "index.md": f"# B\n\n```{{votes}}\n{VOTED}\n```\n\n{contents}\n",
        f"chapters/{CHAPTER}.ipynb": json.dumps(notebook),
        "p.md": "# A page\n\nWords.",
    }
    options = {"repository_url": repository, "repository_branch": "main"}
    extensions = ["sphinx_book_theme", "address", "votes", "social"]
    return small_book(files, extensions, html_theme="sphinx_book_theme", html_theme_options=options)


def said(page: BeautifulSoup) -> dict[str, str]:
    """What a page says of its picture."""
    tags = {
        tag.get("property") or tag.get("name"): tag["content"]
        for tag in page.select("meta[content]")
    }
    return {name: told for name, told in tags.items() if re.match("og:image|twitter", name)}


@pytest.mark.slow
def test_with_an_address_chapters_and_the_door_have_a_picture_that_their_heads_describe(
    small_book, stored
):
    book = built(small_book, SET)
    shown = most_telling(stored[CHAPTER])
    door = next(settled for settled in stored[CHAPTER] if settled.id == VOTED)
    for name, claim in ((f"chapters/{CHAPTER}", shown), ("index", door)):
        tags = said(book.page(f"{name}.html"))
        address = tags["og:image"]
        assert address.startswith("https://owner.github.io/name/")
        file = book.out / address.removeprefix("https://owner.github.io/name/")
        with Image.open(file) as picture:
            assert (picture.format, picture.size) == ("PNG", (1200, 630))
        assert (tags["og:image:width"], tags["og:image:height"]) == ("1200", "630")
        assert tags["og:image:type"] == "image/png"
        assert tags["twitter:card"] == "summary_large_image"
        assert quoted(tidy(load().claims[claim.id].says)) in tags["og:image:alt"]
        assert f" {claim.verdict.capitalize()}. " in tags["og:image:alt"]
    assert "Loss & < noise" in said(book.page(f"chapters/{CHAPTER}.html"))["og:image:alt"]
    assert said(book.page("p.html")) == {}


@pytest.mark.slow
def test_without_an_address_there_is_no_picture_and_no_word_of_one(small_book):
    book = built(small_book, UNSET)
    assert said(book.page()) == said(book.page(f"chapters/{CHAPTER}.html")) == {}
    assert not (book.out / PICTURES).exists()


def pictures(stored) -> list[tuple[Settled, Picture]]:
    """A chapter's picture of every claim that could stand in one."""
    measured = [one for all_ in stored.values() for one in all_ if most_telling([one])]
    return [(one, chapter_picture(BOOK, "A chapter", told(one))) for one in measured]


def test_a_picture_says_the_claim_its_word_and_what_each_shown_setting_answers(stored):
    for settled, picture in pictures(stored):
        words = [each.text for each in picture.words]
        text = " ".join(words)
        assert quoted(tidy(load().claims[settled.id].says)) in text
        assert settled.verdict in words
        assert [shape.word for shape in picture.shapes] == [settled.verdict]
        names = [
            name for name, found in settled.outcomes.items() if f"{name}: {found.answer}" in words
        ]
        assert len(names) == len(picture.strips) == min(2, len(settled.outcomes))
        for name, strip in zip(names, picture.strips, strict=True):
            assert strip.sample in settled.samples[name]
        answers = {found.answer for found in settled.outcomes.values()}
        assert len({settled.outcomes[name].answer for name in names}) == min(2, len(answers))
        if len(names) < len(settled.outcomes):
            assert f"2 of {len(settled.outcomes)} settings" in words


def test_every_claim_fits_into_the_picture_uncut_in_letters_that_a_preview_leaves_legible(stored):
    for settled, picture in pictures(stored):
        for words in picture.words:
            right = words.x + length(words.text, words.size, words.family, words.weight)
            assert right <= WIDTH - 55, (settled.id, words)
            assert words.size >= SMALLEST
            assert not words.text.endswith("…"), (settled.id, words)
        says = [words for words in picture.words if words.family == "serif" and words.y > 200]
        assert says[-1].y + 0.25 * says[-1].size < picture.shapes[0].y, settled.id
        assert all(strip.below < HEIGHT - 10 for strip in picture.strips)


def test_the_door_shows_each_vote_with_its_word_and_a_strip_for_each_answer(stored):
    found = {one.id: one for all_ in stored.values() for one in all_}
    claims = [found[claim] for claim in (VOTED, "do-not-use-sigmoid-in-hidden-layers")]
    picture = door_picture(BOOK, "3 failed their test.", [told(one) for one in claims])
    words = [each.text for each in picture.words]
    assert words[:2] == [BOOK, "3 failed their test."]
    assert [one.verdict for one in claims] == [shape.word for shape in picture.shapes]
    for one in claims:
        assert tidy(load().claims[one.id].says) in " ".join(words)
        assert one.verdict in words


def settled(claim: str, word: str, **answers: str) -> Settled:
    outcomes = {name: Outcome(answer, True) for name, answer in answers.items()}
    sample = Sample("share", (1.0, 2.0, 3.0), 0.5, "above", 1.0, 3.0)
    samples = dict.fromkeys(answers, (sample,))
    return Settled(
        claim, word, outcomes, dict.fromkeys(answers, "1"), f"claim-{claim}", {}, samples
    )


def test_a_chapter_shows_what_contradicts_most_in_the_fewest_words():
    long, short = "xavier-keeps-variance-equal", "relu-units-can-die"
    holds = settled("logistic-sigmoid-saturates", "holds", a="yes", b="yes")
    reading = Settled(short, "by reading", {}, {"": "books"}, "x")
    depends = settled(long, "depends", a="yes", b="no")
    shorter = settled(short, "depends", a="yes", b="no")
    assert most_telling([holds, reading, depends]) == depends
    assert most_telling([holds, depends, shorter]) == shorter
    assert most_telling([reading]) is None


def colors(picture: Picture) -> dict[str, int]:
    """How often each color occurs in the file."""
    image = Image.open(io.BytesIO(png(picture))).convert("RGB")
    counted = image.getcolors(WIDTH * HEIGHT)
    return {f"#{bytes(color).hex()}": count for count, color in counted}


def test_dots_and_word_have_the_colors_of_the_stored_answers(stored):
    one = most_telling(stored[CHAPTER])
    (answer,) = {outcome.answer for outcome in one.outcomes.values()}
    found = colors(chapter_picture(BOOK, "A chapter", told(one)))
    assert found[palette.VERDICTS[ANSWERS[answer]]] > 500
    for other in set(ANSWERS.values()) - {ANSWERS[answer]}:
        assert palette.VERDICTS[other] not in found


@pytest.mark.parametrize("word", MOST_TELLING)
def test_each_word_has_a_shape_of_its_own(word):
    drawn = png(Picture((), (Shape(100, 100, 60, word),), (), ""))
    others = [
        png(Picture((), (Shape(100, 100, 60, w),), (), "")) for w in MOST_TELLING if w != word
    ]
    assert drawn not in others
    assert colors(Picture((), (Shape(100, 100, 60, word),), (), ""))[palette.VERDICTS[word]] > 200


def test_the_same_verdict_gives_the_same_bytes(stored):
    picture = chapter_picture(BOOK, "A chapter", told(most_telling(stored[CHAPTER])))
    assert png(picture) == png(picture)


def test_a_path_that_no_strip_has_is_refused_in_words():
    assert subpaths("M1 2h0M3 4l1 -1v2z") == [[(1, 2), (1, 2)], [(3, 4), (4, 3), (4, 5), (3, 4)]]
    with pytest.raises(ValueError, match="'C'; expected M, H"):
        subpaths("M0 0C1 1 2 2 3 3")
