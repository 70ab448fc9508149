"""Reading and workshop, tips, and that nothing is cut without a sign, in the browser."""

import functools
from pathlib import Path

import pytest
import yaml

from tests.browser.conftest import PAINTED, unveiled, visiting

ROOT = Path(__file__).resolve().parents[2]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
LISTED = [entry["file"] for part in TOC["parts"] for entry in part["chapters"]]
PAGES = [f"{name}.html" for name in (TOC["root"], *LISTED)]
CHAPTERS = [name for name in PAGES if name.startswith("chapters/")]
CHAPTER = CHAPTERS[1]
OPEN = "document.querySelectorAll('details.fold[open]').length"
CLOSED = "document.querySelectorAll('details.fold:not([open])').length"
FOLDS = "document.querySelectorAll('details.fold').length"
WIDTHS = [390, 1280, 1200, 1440, 1920, 2560]
WORKSHOP = "localStorage.setItem('view', 'workshop')"
REFUSED = """Object.defineProperty(window, "localStorage", {
    configurable: true,
    get() { throw new DOMException("The request was denied.", "SecurityError"); },
})"""
CODE = """() => {
    const sidebar = document.querySelector(".bd-sidebar-secondary")?.getBoundingClientRect();
    const start = e => e.outerHTML.slice(0, 120);
    const covered = e => {
        const {width, right} = e.getBoundingClientRect();
        return sidebar && width > 0 && right > sidebar.left;
    };
    return {
        under: [...document.querySelectorAll("article pre, article .cell_output")]
            .filter(covered).map(start),
        broken: [...document.querySelectorAll(".cell_input pre")]
            .filter(e => e.scrollWidth > e.clientWidth + 1).map(start),
    };
}"""
CUT = """() => {
    const hidden = e => e.closest("svg, .sr-only, [hidden]");
    const signed = style => style.overflowX !== "hidden"
        && (style.backgroundAttachment.match(/local/g) ?? []).length === 2
        && (style.backgroundImage.match(/gradient/g) ?? []).length === 4;
    return [...document.querySelectorAll("article *")]
        .filter(e => e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1 && !hidden(e))
        .filter(e => getComputedStyle(e).overflowX !== "visible")
        .filter(e => !signed(getComputedStyle(e)))
        .map(e => e.outerHTML.slice(0, 160));
}"""


def switch(page, name):
    return page.get_by_role("button", name=name, exact=True)


def test_code_is_folded_until_the_workshop_opens_it_and_the_choice_is_remembered(visit):
    page = visit.open(CHAPTER)
    folds = page.evaluate(FOLDS)
    assert folds > 0 == page.evaluate(OPEN)
    switch(page, "Workshop").click()
    assert page.evaluate(OPEN) == folds
    assert switch(page, "Workshop").get_attribute("aria-pressed") == "true"
    other = visit.open(CHAPTERS[2])
    assert other.evaluate(OPEN) == other.evaluate(FOLDS) > 0
    switch(other, "Reading").click()
    assert other.evaluate(OPEN) == 0
    assert visit.open(CHAPTER).evaluate(OPEN) == 0
    assert visit.complaints == []


def test_the_switch_and_a_single_fold_work_by_keyboard(visit):
    page = unveiled(visit.open(CHAPTER))
    fold = page.locator("details.fold > summary").first
    fold.focus()
    page.keyboard.press("Enter")
    assert page.evaluate(OPEN) == 1
    switch(page, "Workshop").focus()
    page.keyboard.press("Space")
    assert page.evaluate(OPEN) == page.evaluate(FOLDS)


def test_what_is_looked_at_stays_in_its_place_when_all_code_opens(visit):
    page = visit.open(CHAPTER)
    heading = page.locator("article h2").nth(4)
    heading.evaluate("e => scrollTo(0, e.getBoundingClientRect().top + scrollY - 65)")
    page.evaluate(PAINTED)
    before = heading.evaluate("e => e.getBoundingClientRect().top")
    switch(page, "Workshop").evaluate("e => e.click()")  # Playwright's own would scroll first
    page.evaluate(PAINTED)
    assert heading.evaluate("e => e.getBoundingClientRect().top") == pytest.approx(before, abs=2)
    assert page.evaluate("scrollY") > 0


def test_a_remembered_workshop_is_open_before_anything_has_to_jump(visit):
    visit.page.add_init_script(WORKSHOP)
    visit.page.add_init_script(
        """window.jumps = 0;
        new PerformanceObserver(list => {
            for (const entry of list.getEntries()) window.jumps += entry.value;
        }).observe({ type: "layout-shift", buffered: true });
        document.addEventListener("DOMContentLoaded", () => {
            window.early = document.querySelectorAll("details.fold:not([open])").length;
        });"""
    )
    page = visit.open(CHAPTER)
    assert page.evaluate(OPEN) == page.evaluate(FOLDS) > 0
    assert page.evaluate("window.early") == 0


def test_refused_storage_costs_nothing_but_the_memory(visit):
    visit.page.add_init_script(REFUSED)
    page = visit.open(CHAPTER)
    switch(page, "Workshop").click()
    assert page.evaluate(OPEN) == page.evaluate(FOLDS) > 0
    page.locator(".theme-switch-button:visible").first.click()
    assert page.evaluate("document.documentElement.dataset.theme") in ("light", "dark")
    assert visit.complaints == []


@pytest.mark.parametrize("visit", [{"java_script_enabled": False}], indirect=True)
def test_without_javascript_each_fold_opens_by_itself_and_no_switch_is_shown(visit):
    page = visit.page
    page.goto(visit.address + CHAPTER)
    assert page.locator(".reading-switch").is_hidden()
    fold = page.locator("details.fold").first
    assert fold.locator("pre").is_hidden()
    fold.locator("summary").click()
    assert fold.locator("pre").is_visible()


def test_print_opens_nothing_even_from_the_workshop(visit):
    visit.page.add_init_script(WORKSHOP)
    page = visit.open(CHAPTER)
    page.emulate_media(media="print")
    assert page.locator("details.fold").locator("visible=true").count() == 0


@pytest.fixture(scope="module")
def workshop(browser, address):
    """What is wrong on a page with all its code open, at every width; each page is opened once."""
    with visiting(browser, address) as visit:
        visit.page.add_init_script(WORKSHOP)

        @functools.cache
        def look(name):
            visit.page.set_viewport_size({"width": WIDTHS[0], "height": 900})
            page = unveiled(visit.open(name))
            assert page.evaluate(CLOSED) == 0
            faults = {}
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                page.evaluate(PAINTED)
                faults[width] = {"cut": page.evaluate(CUT), **page.evaluate(CODE)}
            return faults

        yield look


@pytest.mark.parametrize("width", WIDTHS[2:])
@pytest.mark.parametrize("name", CHAPTERS)
def test_code_is_never_under_the_sidebar_and_every_line_is_whole(workshop, name, width):
    assert workshop(name)[width]["under"] == []
    assert workshop(name)[width]["broken"] == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_cut_without_a_sign(workshop, name, width):
    assert workshop(name)[width]["cut"] == []


def bubble(page):
    return page.locator(".tip")


def test_a_citation_says_itself_on_hover_and_on_focus_and_escape_closes_it(visit):
    page = visit.open(CHAPTER)
    link = page.locator("a.cite-link").first
    described = page.locator(f"#{link.get_attribute('aria-describedby')}").text_content()
    assert len(described.split()) > 4
    assert bubble(page).is_hidden()
    link.hover()
    bubble(page).wait_for(state="visible")
    assert bubble(page).text_content() == described
    page.keyboard.press("Escape")
    assert bubble(page).is_hidden()
    page.mouse.move(0, 0)
    link.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    bubble(page).wait_for(state="visible")
    assert visit.complaints == []


@pytest.mark.parametrize("visit", [{"has_touch": True}], indirect=True)
def test_a_first_tap_shows_what_is_cited_and_does_not_leave_the_page(visit):
    page = visit.open(CHAPTER)
    link = page.locator("a.cite-link").first
    link.scroll_into_view_if_needed()
    link.tap()
    bubble(page).wait_for(state="visible")
    assert "Tap the link again" in bubble(page).text_content()
    assert page.url.endswith(CHAPTER)
    box = bubble(page).bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= page.viewport_size["width"]
    page.touchscreen.tap(5, 400)
    bubble(page).wait_for(state="hidden")


def test_the_last_chapter_does_not_call_another_page_the_next(visit):
    page = visit.open(CHAPTERS[-1])
    assert page.locator(".prev-next-area .right-next").count() == 0


def test_below_the_results_of_a_search_stand_sentences_and_no_code(visit):
    page = visit.open("search.html?q=vanishing")
    page.wait_for_selector("#search-results li p.context")
    page.wait_for_load_state("networkidle")  # each result's page is asked for
    told = " ".join(page.locator("#search-results p.context").all_text_contents())
    assert "import " not in told
    assert "def " not in told
    assert "On this page" not in told
