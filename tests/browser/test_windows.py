"""A window that is handed on holds nothing of its last visitor, and nobody but us is found."""

import pytest

from tests.browser.conftest import PAINTED, WIDE, visiting

PAGE = "pages/about.html"
LEFT = "[localStorage.length, sessionStorage.length, document.cookie, history.state]"
TRACES = """() => {
    localStorage.said = sessionStorage.said = document.cookie = "said=1";
    history.replaceState("said", "");
}"""
ASKED = """async place => {
    const start = performance.now();
    const answer = await fetch(place, {mode: "no-cors"}).then(() => "found", () => "not found");
    return performance.now() - start < 5000 ? answer : "waited for";
}"""


def test_the_next_visitor_finds_an_empty_window_of_the_size_that_was_asked_for(browser, address):
    with visiting(browser, address) as first:
        clean = first.open(PAGE).evaluate(LEFT)
        first.page.evaluate(TRACES)
        assert first.page.evaluate(LEFT) != clean
        first.page.evaluate("console.error('of the first')")
        first.page.set_viewport_size({"width": 400, "height": 300})
        first.page.mouse.move(200, 150)
    with visiting(browser, address) as second:
        page = second.open(PAGE)
        assert page is first.page
        assert page.evaluate(LEFT) == clean
        assert page.viewport_size == WIDE
        page.evaluate(PAINTED)
        assert page.evaluate("document.querySelectorAll('body *:hover').length") == 0
    assert first.complaints == ["of the first"]
    assert second.complaints == []


@pytest.mark.parametrize(
    "told",
    [
        lambda page: page.add_init_script("window.told = 1"),
        lambda page: page.emulate_media(media="print"),
        lambda page: page.route("**/*.png", lambda route: route.abort()),
        lambda page: page.on("request", lambda request: None),
        lambda page: page.context.new_cdp_session(page),
        lambda page: page.context.new_page(),
    ],
)
def test_a_window_that_was_told_something_lasting_has_no_next_visitor(browser, address, told):
    with visiting(browser, address) as first:
        told(first.page)
    with visiting(browser, address) as second:
        assert second.page is not first.page


@pytest.mark.parametrize("who", ["example.org", "192.0.2.1", "localhost"])  # who is there: us
def test_whom_we_do_not_name_is_not_found_and_the_asking_is_noted(browser, address, who):
    place = address.replace("127.0.0.1", who)
    with visiting(browser, address) as visit:
        page = visit.open(PAGE)
        assert page.evaluate(ASKED, address) == "found"
        assert page.evaluate(ASKED, place) == "not found"
        assert visit.elsewhere == [place]
        assert len(visit.complaints) == 1
