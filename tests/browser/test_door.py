"""The landing page in a browser: voting, by mouse and keyboard, and no empty right third."""

import pytest

WIDE = [{"viewport": {"width": width, "height": 900}} for width in (1440, 1920)]


def test_a_vote_reveals_what_the_runs_say_and_is_kept_on_the_device(visit):
    page = visit.open("index.html")
    vote = page.locator(".vote").first
    assert not vote.locator("details a").is_visible()
    vote.get_by_role("button", name="It holds").focus()
    page.keyboard.press("Enter")
    assert vote.locator("details a").is_visible()
    said = vote.locator(".vote-said").inner_text()
    assert said.startswith("You said: holds.")
    assert ("So do the runs" in said) == (vote.get_attribute("data-answer") == "holds")
    page.reload()
    assert page.locator(".vote").first.locator("[aria-pressed=true]").inner_text() == "It holds"
    assert visit.elsewhere == visit.complaints == []


def test_refused_storage_or_an_older_editions_costs_nothing_but_the_memory(visit):
    visit.page.add_init_script(
        """const read = Storage.prototype.getItem;
        Storage.prototype.getItem = function (key) {
            return key === "course-votes" ? "[7" : read.call(this, key);
        };
        const write = Storage.prototype.setItem;
        Storage.prototype.setItem = function (key, value) {
            if (key === "course-votes") throw Error("refused");
            write.call(this, key, value);
        };"""
    )
    page = visit.open("index.html")
    page.locator(".vote [data-vote=fails]").first.click()
    assert page.locator(".vote-said").first.inner_text().startswith("You said: fails.")
    assert visit.complaints == []


@pytest.mark.parametrize("visit", [{"java_script_enabled": False}], indirect=True)
def test_without_scripts_the_answers_are_in_folds_and_no_button_is_dead(visit):
    visit.page.goto(visit.address + "index.html")
    assert visit.page.locator(".vote button:visible").count() == 0
    visit.page.locator(".vote summary").first.click()
    assert visit.page.locator(".vote details a").first.is_visible()


@pytest.mark.parametrize("visit", WIDE, indirect=True)
def test_the_right_third_is_not_empty_on_a_wide_screen(visit):
    page = visit.open("index.html")
    reach = page.evaluate(
        "Math.max(...[...document.querySelectorAll('.vote, .path-step')]"
        ".map(e => e.getBoundingClientRect().right))"
    )
    assert reach > page.viewport_size["width"] * 0.8
