"""The book as a reader meets it: in a browser that may ask nobody but our own server."""

import gzip
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pytest
import yaml
from playwright.sync_api import expect

from tests.browser.accessibility import violations
from tests.browser.conftest import BUILT, PAINTED, unveiled

ROOT = Path(__file__).resolve().parents[2]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
LISTED = [entry["file"] for part in TOC["parts"] for entry in part["chapters"]]
PAGES = [f"{name}.html" for name in (TOC["root"], *LISTED)]
CHAPTERS = [name for name in PAGES if name.startswith("chapters/")]
LEDGER = "pages/ledger.html"
DARK = {"color_scheme": "dark"}
BUDGET = 500_000  # bytes over the wire
MOST_SHIFT = 0.05

# Issues that a reader with a screen reader or a keyboard can live with.
KNOWN_ISSUES = {
    "region": "the theme puts the book's name above the sidebar outside of any landmark",
    "empty-table-header": "axe reads no MathML: a header that is a formula alone is empty to it",
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_without_asking_elsewhere_and_without_a_complaint(seen, name):
    assert seen(name)["titles"] == 1
    assert seen(name)["elsewhere"] == []
    assert seen(name)["complaints"] == []


@pytest.mark.parametrize("name", PAGES)
def test_every_formula_is_set(seen, name):
    assert seen(name)["set"] == seen(name)["formulas"]
    assert seen(name)["failed"] == 0


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wider_than_a_phone_but_what_scrolls_inside_itself(seen, name):
    assert seen(name)["width"] <= 390
    assert seen(name)["wide"] == []


@pytest.mark.parametrize("name", PAGES)
def test_what_scrolls_inside_itself_is_reached_by_keyboard(seen, name):
    assert seen(name)["missed"] == []


@pytest.mark.parametrize("name", PAGES)
def test_every_picture_says_in_words_what_it_shows(seen, name):
    for told in seen(name)["pictures"]:
        assert len(told.split()) > 3
        assert not re.search(r"\.(svg|png|jpe?g)\b|[/\\]", told), told


def test_the_search_finds_a_word_of_a_page(visit):
    page = visit.open("search.html?q=Clopper")
    page.wait_for_selector("#search-results li a")
    found = page.locator("#search-results li a").evaluate_all("links => links.map(l => l.href)")
    assert any("glossary.html" in link for link in found)
    assert visit.elsewhere == []
    assert visit.complaints == []


def test_the_search_opens_from_any_page_by_its_button(visit):
    page = visit.open("pages/about.html")
    page.locator(".search-button__button:visible").first.click()
    page.keyboard.type("backpropagation")
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results li a")
    assert "search.html?q=backpropagation" in page.url


COLORS = """() => {
    const {backgroundColor, color} = getComputedStyle(document.body);
    const text = document.querySelector(".figure-svg text");
    return {paper: backgroundColor, ink: color, figure: text && getComputedStyle(text).fill};
}"""
THEME = "document.documentElement.dataset.theme"


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_theme_can_be_switched_and_the_figures_follow(visit, name):
    page = visit.open(name)
    shown = {}
    for _ in range(3):  # light, dark, and what the system wants
        page.locator(".theme-switch-button:visible").first.click()
        shown[page.evaluate(THEME)] = page.evaluate(COLORS)
    light, dark = shown.pop("light"), shown.pop("dark")
    assert shown == {}
    assert not set(light.values()) & set(dark.values())
    assert all(colors["figure"] == colors["ink"] for colors in (light, dark))


@pytest.mark.parametrize("visit", [DARK], indirect=True)
def test_a_reader_whose_system_is_dark_gets_the_night(visit):
    page = visit.open("index.html")
    assert page.evaluate(THEME) == "dark"


@pytest.mark.parametrize("visit", [{"reduced_motion": "reduce"}], indirect=True)
def test_nothing_moves_for_a_reader_who_asked_for_rest(visit):
    page = visit.open("index.html")
    moving = page.evaluate(
        """() => [...document.querySelectorAll("*")].filter(e => {
            const style = getComputedStyle(e);
            return parseFloat(style.transitionDuration) > 0 || style.animationName !== "none";
        }).length"""
    )
    assert moving == 0


def test_the_text_is_set_in_our_fonts_and_in_a_readable_measure(visit):
    page = visit.open("pages/about.html")
    assert page.evaluate("document.fonts.check('19px \"Course Serif\"')")
    letters = page.evaluate(
        """() => {
            const canvas = document.createElement("canvas").getContext("2d");
            const p = [...document.querySelectorAll("article p")]
              .reduce((a, b) => a.textContent.length > b.textContent.length ? a : b);
            const style = getComputedStyle(p);
            canvas.font = `${style.fontSize} ${style.fontFamily}`;
            const text = p.textContent;
            return p.clientWidth / (canvas.measureText(text).width / text.length);
        }"""
    )
    assert 65 <= letters <= 75


def test_a_keyboard_user_sees_where_the_focus_is(visit):
    page = visit.open("pages/about.html")
    link = page.locator("article a:not(.headerlink)").first
    link.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    assert link.evaluate("e => e === document.activeElement")
    assert link.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"


def test_a_link_to_some_claims_leads_to_the_filter_and_a_hidden_chapter_shows_all_again(visit):
    page = visit.open(f"{LEDGER}?verdict=fails")
    assert abs(page.locator(".ledger-filter").bounding_box()["y"]) < 100
    hidden = page.locator(".ledger-chapter[hidden]").first.get_attribute("id")
    page.evaluate("name => { location.hash = name; }", hidden)
    page.wait_for_function("name => !document.getElementById(name).hidden", arg=hidden)
    assert visit.complaints == []


def test_the_ledger_filters_its_claims_in_the_browser(visit):
    page = visit.open(LEDGER)
    claims = page.locator("li.ledger-claim")
    everything = claims.count()
    assert everything > claims.locator("visible=true").count() > 1  # what is not tested is folded
    page.locator("article input[type=search]").fill("backpropagation")
    page.wait_for_function(
        "all => document.querySelectorAll('li.ledger-claim:not([hidden])').length < all",
        arg=everything,
    )
    found = claims.locator("visible=true")
    assert 0 < found.count() < everything
    assert visit.complaints == []


LOADED = "performance.getEntriesByType('resource').map(entry => entry.name)"


@pytest.mark.parametrize("name", ["index.html", *CHAPTERS])
def test_a_page_weighs_less_than_half_a_megabyte_over_the_wire(visit, name):
    page = visit.open(name)
    page.wait_for_load_state("networkidle")
    assert visit.elsewhere == []
    weights = {}
    for path in {urlsplit(url).path for url in [page.url, *page.evaluate(LOADED)]}:
        body = (BUILT / unquote(path[1:])).read_bytes()
        packed = path.endswith((".woff2", ".woff", ".png"))
        weights[path] = len(body) if packed else len(gzip.compress(body, 6))
    heaviest = sorted(weights.items(), key=lambda item: -item[1])[:6]
    print(f"{name}: {sum(weights.values()):,} bytes in {len(weights)} files; {heaviest}")
    assert sum(weights.values()) < BUDGET, heaviest


SHIFTS = """() => {
    window.shifted = 0;
    new PerformanceObserver(list => list.getEntries().forEach(entry => {
        window.shifted += entry.hadRecentInput ? 0 : entry.value;
    })).observe({type: "layout-shift", buffered: true});
}"""
ON_PHONE = {"viewport": {"width": 390, "height": 844}}


@pytest.mark.parametrize("visit", [{**ON_PHONE, "served": True}], indirect=True)  # not at once
@pytest.mark.parametrize("name", ["index.html", *CHAPTERS])
def test_nothing_moves_while_a_page_loads(visit, name):
    page = visit.open(name)
    page.wait_for_timeout(200)
    page.evaluate(SHIFTS)
    page.evaluate(PAINTED)
    assert page.evaluate("window.shifted") < MOST_SHIFT


LETTERS = """() => [...document.querySelectorAll(".book-figure svg")]
    .filter(svg => svg.checkVisibility())
    .map(svg => Math.min(...[...svg.querySelectorAll("text")]
        .filter(text => text.textContent.trim())
        .map(text => parseFloat(getComputedStyle(text).fontSize) * svg.getScreenCTM().a)))"""


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_words_in_a_figure_can_be_read(visit, name):
    page = unveiled(visit.open(name))
    assert min(page.evaluate(LETTERS)) >= 9
    page.set_viewport_size(ON_PHONE["viewport"])
    two = page.locator(".figure-in-two-forms:not(.lab-static *)")
    assert min(page.evaluate(LETTERS.replace(".book-figure", ".figure-narrow"))) >= 11
    assert two.locator("svg:visible").count() == two.count() > 0


def test_a_figure_is_enlarged_by_keyboard_and_by_a_tap_and_gives_the_focus_back(visit):
    page = unveiled(visit.open(CHAPTERS[0]))
    button = page.locator(".figure-enlarge").first
    before = page.locator(".book-figure .figure-wide svg").first.bounding_box()["width"]
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("dialog.figure-enlarged")
    assert dialog.locator("svg").bounding_box()["width"] > before
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    expect(button).to_be_focused()
    page.locator(".book-figure").first.click()
    dialog.click()
    dialog.wait_for(state="detached")
    assert visit.complaints == []


def test_a_veil_says_that_a_lab_waits_below_it(visit):
    page = visit.open(CHAPTERS[0])
    veils = page.locator("predict-veil")
    said = veils.evaluate_all("all => all.map(e => getComputedStyle(e, '::after').content)")
    below = page.locator("predict-box:has(~ .callout-lab) predict-veil").count()
    assert sum("lab" in words for words in said) == below == 1


@pytest.mark.parametrize("visit", [ON_PHONE], indirect=True)
def test_a_phone_enlarges_its_own_form_of_a_figure(visit):
    page = unveiled(visit.open(CHAPTERS[0]))
    page.locator(".book-figure").first.click()
    dialog = page.locator("dialog.figure-enlarged")
    assert dialog.locator(".figure-narrow svg").is_visible()
    assert dialog.evaluate("dialog => dialog.scrollWidth") <= ON_PHONE["viewport"]["width"]


@pytest.mark.parametrize("visit", [{"viewport": {"width": 320, "height": 600}}], indirect=True)
def test_the_top_bar_fits_the_smallest_phone(visit):
    page = visit.open(CHAPTERS[0])
    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_a_page_found_by_searching_asks_for_nothing_that_is_missing(visit):
    page = visit.open(f"{CHAPTERS[0]}?highlight=sigmoid")
    page.get_by_role("link", name="Hide Search Matches").wait_for()
    assert page.locator(".highlighted").count() > 0
    assert visit.complaints == []


def test_an_enlarged_figure_is_saved_as_a_file_that_needs_no_page(visit, tmp_path):
    page = unveiled(visit.open(CHAPTERS[0]))
    page.locator(".figure-enlarge").first.click()
    with page.expect_download() as saving:
        page.get_by_role("button", name="Save as SVG").click()
    assert saving.value.suggested_filename == "fig-stuck.svg"
    saving.value.save_as(tmp_path / "figure.svg")
    root = ElementTree.parse(tmp_path / "figure.svg").getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    used = set(re.findall(r"var\((--[\w-]+)", (tmp_path / "figure.svg").read_text()))
    assert used
    assert all(re.search(rf"{name}: ?[^;]+", root.get("style")) for name in used)
    assert "color: rgb(27, 31, 36)" in root.get("style")


@pytest.mark.parametrize("visit", [{}, DARK], indirect=True, ids=["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_but_what_is_known(visit, name):
    page = visit.open(name)
    problems = [
        f"{issue['id']}: {issue['help']}: {issue['nodes'][0]['html'][:160]}"
        for issue in violations(page)
        if issue["id"] not in KNOWN_ISSUES
    ]
    assert problems == []


PLACES = {
    "figure": ".book-figure",
    "card": ".verdict",
    "code": "div.highlight",
    "prose": "article section > p",
}
PLANTS = {
    "button-name": '<button id="{}"></button>',
    "color-contrast": '<b id="{}" style="color: #bbb; background: #fff">Hard to see</b>',
    "svg-img-alt": '<svg id="{}" role="img" width="9" height="9"><path d="M0 0h9v9"/></svg>',
    "aria-hidden-focus": '<b id="{}" aria-hidden="true"><button>Hidden</button></b>',
    "nested-interactive": '<svg id="{}" role="img" aria-label="A picture"><a href="#">A</a></svg>',
}
TOKEN = '<pre><span class="k" style="color: #bbb; background: #fff">a_token</span></pre>'


@pytest.mark.parametrize("visit", [{}, DARK], indirect=True, ids=["light", "dark"])
def test_axe_finds_each_fault_wherever_it_is_planted(visit):
    page = visit.open(CHAPTERS[0])
    planted = set()
    for place, selector in PLACES.items():
        spot = page.locator(selector).locator("visible=true").first
        for rule, plant in PLANTS.items():
            html = plant.format(f"{rule}-in-{place}")
            spot.evaluate("(e, html) => e.insertAdjacentHTML('beforeend', html)", html)
            planted.add((rule, f"#{rule}-in-{place}"))
    page.locator("pre:visible").first.evaluate("(e, html) => e.outerHTML += html", TOKEN)
    found = {
        (issue["id"], node["target"][0], "a_token" in node["html"])
        for issue in violations(page)
        for node in issue["nodes"]
    }
    assert planted - {(rule, target) for rule, target, _ in found} == set()
    assert any(rule == "color-contrast" and token for rule, _, token in found)
