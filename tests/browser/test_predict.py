"""Predictions on a page of their own, with the book's theme, styles and scripts."""

import functools
import io
import sys
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

from tests.browser.conftest import Quiet

ROOT = Path(__file__).resolve().parents[2]
TEXT = """\
# Networks

Above it all.

> **Predict.** Sixteen networks. How many learn?
>
> 1. none or *almost* none
> 2. about half
> 3. all sixteen
>
> <details><summary>Answer</summary>
>
> **1.** They toss a coin. *If you said 2, you thought of luck.* *If you said 3, of patience.*
>
> <!-- answer: claim deep-fails = fails -->
>
> </details>

Not one of them leaves the coin flip, with [a link](https://example.org).

<div class="verdict" id="claim-deep-fails"><strong>fails</strong> Deep networks learn.</div>

## A number

> **Predict.** Which share is left?
>
> between 0 and 100 %
>
> <details><summary>Answer</summary>
>
> **63 %.** So it is. *If you said less than 50, low.* *If you said more than 80, high.*
>
> <!-- answer: printed share that is left = 63 -->
>
> </details>

The share is 63 %.

### A smaller heading

> **Predict.** A plain one, without an answer?

Beyond.

## The end

[To the verdict](#claim-deep-fails)
"""
FIRST, SECOND = "#predict-1", "#predict-2"
VEILED = "Not one of them leaves"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A small book of one page, on a server of its own."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("html")
    (source / "index.md").write_text(TEXT, encoding="utf-8")
    sys.path.insert(0, str(ROOT / "_ext"))
    settings = {
        "extensions": ["myst_nb", "sphinx_book_theme", "assets", "callouts", "predict"],
        "nb_execution_mode": "off",
        "html_theme": "sphinx_book_theme",
        "html_title": "A book",
        "html_static_path": [str(ROOT / "_static")],
        "html_css_files": ["book.css"],
        "html_context": {"default_mode": "auto"},
        "myst_heading_anchors": 3,
        "suppress_warnings": ["myst.xref_missing"],
    }
    complaints = io.StringIO()
    with docutils_namespace():
        where = (source, None, out, tmp_path_factory.mktemp("doctrees"))
        Sphinx(*where, "html", settings, status=None, warning=complaints, freshenv=True).build()
    assert complaints.getvalue() == ""
    (out / "favicon.ico").touch()  # which the browser asks for unbidden
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(out)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(visit) -> Iterator[Page]:
    """The page, opened; it may neither ask elsewhere nor complain."""
    yield visit.open("index.html")
    assert visit.elsewhere == []
    assert visit.complaints == []


def read_aloud(page: Page) -> str:
    """What a screen reader finds in the article."""
    return page.locator("article.bd-article").aria_snapshot()


def commit(page: Page, choice: int) -> None:
    page.locator(f"{FIRST} input[value='{choice}']").check()
    page.locator(f"{FIRST} button[type=submit]").click()


def commit_number(page: Page) -> None:
    page.locator(f"{SECOND} input[type=range]").fill("70")
    page.locator(f"{SECOND} button[type=submit]").click()


def score(page: Page) -> str:
    return page.locator(".predict-score").inner_text()


def test_the_answer_is_neither_seen_nor_read_nor_reached_until_the_reader_commits(page) -> None:
    heard = read_aloud(page)
    assert 'radiogroup "Predict. Sixteen networks. How many learn?"' in heard
    for hidden in (VEILED, "Deep networks learn", "They toss a coin", "The share is 63"):
        assert hidden not in heard
        assert page.get_by_text(hidden).first.is_hidden()
    assert "Commit to a guess, or skip, to see what came out." in heard
    for kept in ("Above it all", "A number", "A smaller heading", "Beyond"):
        assert kept in heard
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.textContent"))
    assert "Commit" in reached
    assert "a link" not in reached


def test_committing_shows_the_answer_the_mark_and_the_sentence_on_that_guess(page) -> None:
    commit(page, 2)
    box = page.locator(FIRST)
    said = "You said: about half. Result: none or almost none."
    assert box.get_by_role("status").inner_text() == said
    assert page.get_by_text(VEILED).is_visible()
    assert box.get_by_text("you thought of luck").is_visible()
    assert box.get_by_text("of patience").is_hidden()
    assert "your guess" in box.locator("li").nth(1).inner_text()
    assert "✓" in box.locator("li").nth(0).inner_text()
    mark = page.locator("#claim-deep-fails + .predict-mark")
    assert mark.inner_text() == "✗ You said: about half"
    assert box.locator("predict-veil").is_hidden()
    assert page.get_by_text("The share is 63").is_hidden()
    assert score(page).startswith("Your predictions: 0 of 1; chance would give 0.3.")


def test_a_right_guess_is_told_so_and_counted(page) -> None:
    commit(page, 1)
    said = page.locator(FIRST).get_by_role("status").inner_text()
    assert said == "You said: none or almost none. That is the result."
    assert score(page).startswith("Your predictions: 1 of 1;")


def test_nothing_is_committed_before_a_choice_is_made(page) -> None:
    page.locator(f"{FIRST} button[type=submit]").click()
    assert page.get_by_text(VEILED).is_hidden()
    assert "0 of" not in score(page)


def test_a_slider_that_nobody_touched_is_no_guess(page) -> None:
    box = page.locator(SECOND)
    commit_it = box.locator("button[type=submit]")
    assert box.locator(".predict-number").inner_text() == "?"
    commit_it.click()
    assert box.get_attribute("data-state") == "open"
    assert page.evaluate("document.activeElement.validationMessage").startswith("Move the slider")
    assert page.get_by_text("The share is 63").is_hidden()
    box.locator("input").click()  # in its middle, where it stands
    assert box.locator(".predict-number").inner_text() == "50\u00a0%"
    commit_it.click()
    assert "You said: 50" in box.get_by_role("status").inner_text().replace("\u00a0", " ")


def test_a_skipped_number_shows_no_scale_and_says_its_result_once(page) -> None:
    box = page.locator(SECOND)
    box.locator(".predict-skip").click()
    told = box.inner_text().replace("\u00a0", " ")
    assert told.count("63 %") == 1
    assert "between 0 and" not in told
    assert "So it is." in told


def test_skipping_shows_the_whole_answer_and_counts_for_nothing(page) -> None:
    page.locator(f"{FIRST} .predict-skip").click()
    box = page.locator(FIRST)
    assert box.get_by_role("status").inner_text() == "Result: none or almost none."
    assert page.get_by_text(VEILED).is_visible()
    assert box.get_by_text("you thought of luck").is_visible()
    assert box.get_by_text("of patience").is_visible()
    assert page.locator(".predict-mark").count() == 0
    assert score(page).startswith("Your predictions are kept")


NEAR = "which is within a tenth of the scale and counts as right"


@pytest.mark.parametrize(
    ("guess", "said", "counted", "sentence"),
    [
        (40, "Your guess is 23 points too low.", "0 of 1; chance would give 0.2", "low."),
        (95, "Your guess is 32 points too high.", "0 of 1; chance would give 0.2", "high."),
        (70, f"7 points too high, {NEAR}.", "1 of 1", ""),
        (63, "You said: 63 %. That is the result.", "1 of 1", ""),
    ],
)
def test_a_slider_says_how_far_the_guess_is_from_the_answer(
    page, guess, said, counted, sentence
) -> None:
    box = page.locator(SECOND)
    box.locator("input[type=range]").fill(str(guess))
    assert box.locator(".predict-number").inner_text() == f"{guess}\u00a0%"
    assert box.get_by_role("slider").get_attribute("aria-valuetext") == f"{guess}\u00a0%"
    box.locator("button[type=submit]").click()
    assert box.get_by_role("status").inner_text().replace("\u00a0", " ").endswith(said)
    shown = box.locator(".predict-if:visible").all_inner_texts()
    assert [each.endswith(sentence) for each in shown] == [True] * bool(sentence)
    assert page.get_by_text("The share is 63").is_visible()
    assert f"Your predictions: {counted}" in score(page)
    assert box.locator("input[type=range]").is_disabled()


def test_a_reload_restores_guesses_and_skips(visit, page) -> None:
    commit(page, 3)
    page.locator(f"{SECOND} .predict-skip").click()
    before = read_aloud(page)
    visit.open("index.html")
    assert read_aloud(page) == before
    assert page.locator(f"{FIRST} input[value='3']").is_checked()
    assert page.get_by_text("The share is 63").is_visible()


def test_what_was_answered_is_never_painted_veiled(visit, page) -> None:
    commit(page, 3)
    page.add_init_script(
        """const states = window.states = [];
        new MutationObserver(records => records.forEach(record => states.push(record.oldValue)))
            .observe(document, {subtree: true, attributeFilter: ["data-state"],
                attributeOldValue: true});"""
    )
    visit.open("index.html")
    assert page.locator(FIRST).get_attribute("data-state") == "said"
    assert set(page.evaluate("states")) <= {None, ""}


@pytest.mark.parametrize("answered", [False, True])
def test_nothing_shifts_while_the_page_is_read(visit, page, answered) -> None:
    if answered:
        commit(page, 2)
    page.add_init_script(
        """window.shifts = [];
        new PerformanceObserver(list => shifts.push(...list.getEntries().map(e => e.value)))
            .observe({type: "layout-shift", buffered: true});"""
    )
    page.route("**/*", lambda route: route.continue_())  # a file takes its time to come
    visit.open("index.html")
    page.wait_for_timeout(200)
    assert sum(page.evaluate("shifts")) < 0.05


def test_forgetting_takes_two_presses_and_veils_everything_again(page) -> None:
    commit(page, 1)
    forget = page.locator(".predict-forget")
    forget.click()
    assert page.get_by_text(VEILED).is_visible()
    forget.click()
    assert page.get_by_text(VEILED).is_hidden()
    assert page.locator(f"{FIRST} input:checked").count() == 0
    assert score(page).startswith("Forgotten. Your predictions are kept")
    assert page.evaluate("document.activeElement.className") == "predict-score"
    assert page.evaluate("localStorage.predictions") == "{}"


def test_a_forgotten_number_has_to_be_guessed_anew(page) -> None:
    box = page.locator(SECOND)
    commit_number(page)
    page.locator(".predict-forget").dblclick()
    assert box.locator(".predict-number").inner_text() == "?"
    assert box.locator("input").input_value() == "50"


@pytest.mark.parametrize("where", [FIRST, ".predict-tally"])
def test_a_reader_who_does_not_want_to_be_asked_gets_folds_from_then_on(visit, page, where) -> None:
    page.locator(f"{where} .predict-fold").click()
    assert page.evaluate("document.activeElement.textContent") == "Ask me before I see an answer"
    visit.open("index.html")
    box = page.locator(FIRST)
    assert page.get_by_text(VEILED).is_visible()
    buttons = page.locator("predict-box :is(button, input):visible")
    assert buttons.all_inner_texts() == ["Ask me before I see an answer"]
    assert box.get_by_text("They toss a coin").is_hidden()
    box.get_by_text("Answer", exact=True).click()
    assert box.get_by_text("They toss a coin").is_visible()
    assert page.locator(SECOND).get_by_text("between 0 and 100 %").is_visible()
    page.locator(f"{where} .predict-fold").click()
    assert page.get_by_text(VEILED).is_hidden()


def test_guesses_on_an_older_edition_of_the_page_are_dropped_and_those_of_others_kept(
    visit, page
) -> None:
    page.evaluate(
        """localStorage.predictions = JSON.stringify({
            "index/000000000000": {guess: 1, right: true, chance: 0.5},
            "chapters/other/000000000000": {guess: 2, right: true, chance: 0.25},
        })"""
    )
    visit.open("index.html")
    assert score(page).startswith("Your predictions: 1 of 1; chance would give 0.3.")
    assert page.get_by_text(VEILED).is_hidden()


def test_a_guess_is_judged_anew_where_the_answer_has_changed(visit, page) -> None:
    key = page.locator(FIRST).get_attribute("data-key")
    page.evaluate(
        'key => localStorage.predictions = `{"${key}": {"guess": 2, "right": true}}`', key
    )
    visit.open("index.html")
    assert score(page).startswith("Your predictions: 0 of 1; chance would give 0.3.")


@pytest.mark.parametrize("nonsense", ["[1]", "null", "7", "{", '{"a": null, "b": {"guess": "x"}}'])
def test_nonsense_in_the_storage_costs_nothing_but_the_tally(visit, page, nonsense) -> None:
    page.evaluate("text => { localStorage.predictions = text }", nonsense)
    visit.open("index.html")
    commit(page, 1)
    assert score(page).startswith("Your predictions: 1 of 1;")


def test_where_storage_is_refused_the_page_works_until_it_is_closed(visit, page) -> None:
    page.add_init_script(
        """Object.defineProperty(window, "localStorage", {
            get() { throw new DOMException("refused", "SecurityError"); },
        });"""
    )
    page.goto(f"{visit.address}index.html")
    visit.complaints.clear()  # the theme's own switch complains of the refusal
    commit(page, 1)
    assert page.get_by_text(VEILED).is_visible()
    assert score(page).startswith("Your predictions: 1 of 1;")
    page.locator(".predict-tally .predict-fold").click()
    assert page.locator(f"{SECOND} button:visible").count() == 0
    visit.open("index.html")
    visit.complaints.clear()
    assert page.get_by_text(VEILED).is_hidden()


def test_everything_can_be_done_by_keyboard_alone(page) -> None:
    page.locator(f"{FIRST} input").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator(FIRST).get_attribute("data-state") == "said"
    assert page.evaluate("document.activeElement.className") == "predict-said"
    assert "all sixteen" in page.locator(":focus").inner_text()
    page.locator(f"{SECOND} input").focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert "You said: 99" in page.locator(":focus").inner_text()


def test_a_link_to_a_verdict_below_the_veil_lifts_it_without_a_guess(visit, page) -> None:
    verdict = page.locator("#claim-deep-fails")
    page.get_by_role("link", name="To the verdict").click()
    expect(verdict).to_be_visible()
    expect(page.locator(SECOND)).to_have_attribute("data-state", "open")
    visit.open("index.html?again#claim-deep-fails")
    expect(verdict).to_be_visible()
    visit.open("index.html")
    assert page.get_by_text(VEILED).is_hidden()


def test_a_class_sees_all_questions_on_one_sheet_and_the_teacher_reveals_each(visit, page) -> None:
    visit.open("index.html?class")
    sheet = page.locator("main:visible")
    assert sheet.get_by_role("heading").all_inner_texts() == ["Networks"]
    assert page.get_by_text("Above it all").is_hidden()
    assert page.get_by_text(VEILED).is_hidden()
    assert sheet.get_by_text("A plain one, without an answer?").is_visible()
    assert sheet.get_by_role("radio").count() == 0
    assert sheet.get_by_text("They toss a coin").is_hidden()
    buttons = sheet.get_by_role("button")
    assert buttons.all_inner_texts() == ["Reveal", "Reveal"]
    buttons.first.click()
    assert sheet.get_by_text("They toss a coin").is_visible()
    assert sheet.get_by_text("Result: none or almost none.").is_visible()
    assert sheet.get_by_text("So it is.").is_hidden()
    assert page.evaluate("localStorage.predictions ?? null") is None
    sheet.get_by_role("link", name="Back to the chapter").click()
    page.locator(f"{FIRST}[data-state=open]").wait_for()
    assert page.get_by_text("Above it all").is_visible()


def test_a_page_that_asks_nothing_is_shown_to_a_class_as_it_is(visit) -> None:
    page = visit.open("search.html?class")
    assert page.get_by_role("heading", name="Search").is_visible()


def test_paper_shows_the_fold_and_no_veil(page) -> None:
    page.emulate_media(media="print")
    box = page.locator(FIRST)
    for shown in (VEILED, "Deep networks learn", "The share is 63"):
        assert page.get_by_text(shown).first.is_visible()
    assert box.get_by_text("Answer", exact=True).is_visible()
    assert page.locator(SECOND).get_by_text("between 0 and 100 %").is_visible()
    for gone in ("button", "input", "predict-veil"):
        assert page.locator(f"predict-box {gone}:visible").count() == 0
    assert page.locator(".predict-tally").is_hidden()


@pytest.mark.parametrize("visit", [{"java_script_enabled": False}], indirect=True)
def test_without_javascript_there_is_a_fold_and_no_veil(visit) -> None:
    page = visit.page
    page.goto(f"{visit.address}index.html")
    box = page.locator(FIRST)
    assert page.get_by_text(VEILED).is_visible()
    assert box.locator("input:visible, button:visible, predict-veil:visible").count() == 0
    box.get_by_text("Answer", exact=True).click()
    assert box.get_by_text("They toss a coin").is_visible()


@pytest.mark.parametrize("visit", [{"viewport": {"width": 390, "height": 844}}], indirect=True)
def test_a_phone_has_room_for_all_of_it_and_targets_for_a_thumb(page) -> None:
    for state in ("open", "said"):
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, state
        for button in page.locator("predict-box :is(label, button):visible").all():
            assert state == "said" or button.bounding_box()["height"] >= 40
        if state == "open":
            commit(page, 2)
            commit_number(page)


@pytest.mark.parametrize(
    "visit", [{}, {"color_scheme": "dark"}], indirect=True, ids=["day", "night"]
)
@pytest.mark.parametrize("state", ["open", "said", "class"])
def test_axe_finds_nothing_in_a_prediction(visit, state) -> None:
    page = visit.open("index.html")  # axe itself asks for style sheets that nobody serves
    if state == "said":
        commit(page, 2)
        commit_number(page)
    if state == "class":
        visit.open("index.html?class")
        page.get_by_role("button", name="Reveal").first.click()
    scope = ".predict-sheet" if state == "class" else "article.bd-article"
    found = Axe().run(page, context=scope).response["violations"]
    assert [f"{issue['id']}: {issue['nodes'][0]['html'][:160]}" for issue in found] == []
