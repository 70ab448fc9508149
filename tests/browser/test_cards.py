"""Verdict cards and the ledger's lines as a reader sees and opens them."""

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import violations
from tests.browser.conftest import unveiled

LEDGER = "pages/ledger.html"
CARDS = "chapters/activations.html"
OPEN_ALL = "inside => document.querySelectorAll(`${inside} details`).forEach(e => e.open = true)"
KINDS = [{}, {"color_scheme": "dark"}]


@pytest.mark.parametrize("visit", KINDS, indirect=True, ids=["light", "dark"])
@pytest.mark.parametrize(("name", "inside"), [(LEDGER, ".ledger-claims"), (CARDS, ".verdict")])
def test_axe_finds_nothing_in_what_a_reader_has_opened(visit, name, inside):
    page = unveiled(visit.open(name))
    page.evaluate(OPEN_ALL, inside)
    found = violations(page, inside)
    assert [f"{issue['id']}: {issue['nodes'][0]['html'][:160]}" for issue in found] == []


def test_the_ledger_is_short_while_nothing_is_open(visit):
    page = visit.open(LEDGER)
    assert page.evaluate("document.documentElement.scrollHeight") < 12_000


@pytest.mark.parametrize("visit", [{"viewport": {"width": 350, "height": 700}}], indirect=True)
def test_the_words_of_a_strip_are_read_on_a_small_phone(visit):
    page = unveiled(visit.open(CARDS))
    sizes = page.locator(".verdict-settings .strip").evaluate_all(
        "all => all.map(svg => 12 * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width)"
    )
    assert len(sizes) > 10
    assert min(sizes) >= 11


def test_no_word_below_a_strip_stands_on_another_or_outside(visit):
    page = unveiled(visit.open(CARDS))
    page.evaluate(OPEN_ALL, ".verdict")
    faults = page.locator(".verdict .strip").evaluate_all(
        """all => all.flatMap(svg => {
            const box = svg.getBoundingClientRect();
            const words = [...svg.querySelectorAll("text")].map(e => e.getBoundingClientRect());
            const apart = (a, b) =>
                a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
            const outside = words.filter(w => w.left < box.left - 1 || w.right > box.right + 1);
            const on = words.filter((a, i) => words.some((b, j) => j > i && !apart(a, b)));
            return outside.length + on.length ? [svg.textContent] : [];
        })"""
    )
    assert faults == []


def test_a_card_has_its_own_address(visit):
    page = unveiled(visit.open(CARDS))
    link = page.locator(".verdict a.verdict-anchor").first
    link.click()
    card = page.locator(".verdict").first
    expect(page).to_have_url(f"{visit.address}{CARDS}#{card.get_attribute('id')}")
    assert card.evaluate("e => e.matches(':target')")
