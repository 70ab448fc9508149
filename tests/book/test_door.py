"""The landing page: votes, what survives, and small pictures of figures."""

import re

import pytest
from bs4 import BeautifulSoup
from miniature import miniature
from svg import UnsafeFigure
from votes import CHOICES, answer_of

from utils.claims import load, verdicts

FIGURE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 200"><g id="figure_1">
<g id="text_9"><text>headline</text></g>
<g id="axes_1"><g id="patch_2"><path d="M 50 150 L 190 150 L 190 20 L 50 20 z"/></g>
<g id="matplotlib.axis_1"><g id="text_1"><text>epoch</text></g></g>
<g id="line2d_1"><path d="M 60.123456 140 L 180 30" style="stroke: #0072b2"/></g></g>
<g id="axes_2"><g id="patch_3"><path d="M 210 150 L 390 150 L 390 20 L 210 20 z"/></g></g>
</g></svg>"""


def test_a_miniature_shows_all_panels_without_axes_and_words():
    picture = BeautifulSoup(miniature(FIGURE, "a-"), "html.parser").svg
    assert picture["viewbox"] == "50.0 20.0 340.0 130.0"
    assert picture.get_text(strip=True) == ""
    assert picture["aria-hidden"] == "true"
    assert [path["d"] for path in picture.select("path[style]")] == ["M 60.1 140 L 180 30"]


def test_a_figure_without_a_panel_is_refused_in_words():
    with pytest.raises(UnsafeFigure, match="no panel"):
        miniature('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>', "a-")


@pytest.fixture(scope="module")
def stored(request):
    """Every verdict that the chapters store, by claim."""
    chapters = (request.config.rootpath / "chapters").glob("*.ipynb")
    return {settled.id: settled for path in chapters for settled in verdicts(path)}


def test_the_page_says_how_many_of_the_stored_verdicts_fail(pages, stored):
    words = [one.verdict for one in stored.values() if load().claims[one.id].settle_by != "check"]
    told = pages["index.html"].select_one(".survival strong").get_text()
    assert re.match(r"(\d+) familiar", told)[1] == str(
        words.count("fails") + words.count("fails here")
    )


def test_each_vote_is_on_a_claim_of_the_ledger_and_answered_by_its_stored_verdict(pages, stored):
    votes = pages["index.html"].select(".vote")
    assert len(votes) == 3
    for vote in votes:
        claim = vote["id"].removeprefix("vote-")
        assert vote.select_one(".vote-says").get_text() == load().claims[claim].says
        assert vote["data-answer"] == answer_of(stored[claim])
        assert stored[claim].verdict in vote.select_one(".vote-word").get_text()
        assert {button["data-vote"] for button in vote.select("button")} == set(CHOICES)
        assert vote.select_one(".vote-choices").has_attr("hidden")  # without a script: the fold


def test_every_finished_chapter_stands_on_the_path_with_its_own_picture(pages):
    steps = pages["index.html"].select("ol.path > li")
    chapters = {name for name in pages if name.startswith("chapters/")}
    assert {step.a["href"] for step in steps} == chapters
    pictures = {step.select_one(".miniature").decode() for step in steps}
    assert len(pictures) == len(chapters)
