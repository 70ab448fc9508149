"""Every lab in a browser: hand, keyboard, eye, address, paper; and that it says what is true."""

import json
import re

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from scipy.stats import binom, chisquare

from tests.browser.frames import FRAME, ms_a_frame, slow
from tests.browser.lab_page import (
    HOME,
    LISTEN,
    MODULES,
    ROOT,
    all_labs,
    folder_of,
    lab_fixture,
    lab_page,
)
from utils.stats import median_interval, wrong_way_share

SLOTS = ("nitty-gritty", "lab-the-slot-machine", "The slot machine")
LABS = list(all_labs())
PHONE = {"width": 390, "height": 844}
BUDGET = 30_000  # bytes of a lab with all that it loads
FACE_DOWN = "Bet on the better one, and see one of 48 runs of each."
DEALT = "?the-slot-machine=7-1-1-01001.up-.down"
TURNED = "?the-slot-machine=7-2-9-.down-01001.all"
STATES = ["", DEALT, TURNED]
ARMS = json.loads((ROOT / "sources/nitty-gritty/lab.json").read_text(encoding="utf-8"))["arms"]
VALUES = {arm["name"]: np.array(arm["values"]) for arm in ARMS}
STILL = "document.getAnimations().length === 0"


lab = lab_fixture(SLOTS)


def sentence(page) -> str:
    return page.locator(".lab-sentence").inner_text().replace("\N{NO-BREAK SPACE}", " ")


def seen(page) -> str:
    """All that a reader reads, and where the dots lie."""
    dots = page.locator(".lab-picture:visible").evaluate_all("all => all.map(e => e.innerHTML)")
    return page.locator(".lab-room").inner_text() + "".join(dots)


def turned(rival: str, bets: str = "", seeds: int = 1, key: int = 1) -> str:
    """The address of a game that shows all runs."""
    games = {"sigmoid": f"1-{seeds}-{bets}.all-.down", "tanh": f"2-{seeds}-.down-{bets}.all"}
    return f"?the-slot-machine={key}-{games[rival]}"


def by_seed(rival: str) -> np.ndarray:
    """By how much ReLU is ahead of its rival, seed by seed."""
    return (VALUES["relu"] - VALUES[rival]).round(6)


def signed(share: float) -> str:
    return f"{100 * share:+.3g}".replace("-", "−") if share else "0"


def contrast(first: str, second: str) -> float:
    """Of two colors as the browser writes them, by the rule of WCAG."""

    def luminance(color: str) -> float:
        red, green, blue = (int(part) / 255 for part in re.findall(r"\d+", color)[:3])
        parts = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)
        ]
        return float(np.dot(parts, [0.2126, 0.7152, 0.0722]))

    dark, light = sorted(map(luminance, (first, second)))
    return (light + 0.05) / (dark + 0.05)


def ours(page, function: str, *given):
    """What a function of the lab's module returns."""
    call = """async ([name, given]) => {
        const module = document.querySelector("script[type=module]").src;
        return (await import(module))[name](...given);
    }"""
    return page.evaluate(call, [function, given])


def waits_for_address(page, ending: str) -> None:
    page.wait_for_function("ending => location.search.endsWith(ending)", arg=ending)


def test_a_whole_game_is_played_with_the_keyboard_alone(lab):
    page = lab.open()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.value") == "1"
    page.keyboard.press("ArrowRight")
    assert page.locator(".lab-card").nth(1).inner_text() == "■\nBet on tanh"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert "your bet" in page.locator(".lab-card").first.inner_text()
    for deals in (2, 3):
        assert page.evaluate("document.activeElement.textContent") == "Deal again"
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        page.keyboard.press("Space")
        assert f" of {deals} deals, tanh in " in sentence(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.type") == "range"
    single = sentence(page)
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    assert "9 of the 48 seeds" in sentence(page) != single
    waits_for_address(page, "-2-9-.down-000.all")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "Turn up all 48 of each"
    assert " of 3 deals, tanh in " in sentence(page)


@pytest.mark.parametrize("lab", [{"viewport": PHONE, "has_touch": True}], indirect=True)
@pytest.mark.parametrize("state", STATES)
def test_a_finger_plays_it_on_a_phone(lab, state):
    page = lab.open(state)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    small = page.locator(".lab-room :is(button, label):visible").evaluate_all(
        "all => all.filter(e => e.getBoundingClientRect().height < 43.9).map(e => e.outerHTML)"
    )
    assert small == []
    texts = page.locator(".lab-picture text").evaluate_all(
        "all => all.map(e => parseFloat(getComputedStyle(e).fontSize)"
        " * e.ownerSVGElement.clientWidth / e.ownerSVGElement.viewBox.baseVal.width)"
    )
    assert min(texts) >= 11
    if state == "":
        page.locator(".lab-card").nth(1).tap()
        assert "your bet" in page.locator(".lab-card").nth(1).inner_text()


@pytest.mark.parametrize("lab", [{"theme": "light"}, {"theme": "dark"}], indirect=True)
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing_in_either_theme(lab, state):
    page = lab.open(state)
    page.wait_for_function(STILL)
    found = Axe().run(page).response["violations"]
    assert [f"{issue['id']}: {issue['nodes'][0]['html'][:160]}" for issue in found] == []


def test_the_picture_follows_a_switch_of_the_theme(lab):
    page = lab.open(TURNED)
    ink = "getComputedStyle(document.querySelector('.lab-picture text')).fill"
    dot = "getComputedStyle(document.querySelector('.lab-rest')).fill"
    light = page.evaluate(f"[{ink}, {dot}]")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert light == ["rgb(27, 31, 36)", "rgb(0, 114, 178)"]
    assert page.evaluate(f"[{ink}, {dot}]") == ["rgb(230, 227, 220)", "rgb(61, 155, 219)"]


@pytest.mark.parametrize("lab", [{"reduced_motion": "reduce"}], indirect=True)
def test_where_motion_is_not_wanted_a_deal_is_there_at_once(lab):
    page = lab.open()
    moving = """() => {
        document.querySelector(".lab-card").click();
        const turned = getComputedStyle(document.querySelector(".lab-turn")).transform;
        return [document.getAnimations().length, turned.startsWith("matrix3d(-1, 0, 0")];
    }"""
    assert page.evaluate(moving) == [0, True]


def test_otherwise_the_cards_turn_for_less_than_a_second(lab):
    page = lab.open()
    page.locator(".lab-card").first.click()
    lasting = "document.getAnimations().map(a => a.effect.getComputedTiming().endTime)"
    ends = page.evaluate(lasting)
    assert len(ends) >= 2
    assert max(ends) < 1000


@pytest.mark.parametrize("state", [DEALT, TURNED])
def test_an_address_shows_everybody_the_same(browser, lab, state):
    page = lab.open(state)
    page.locator("a", has_text="Link to what you see").click()
    assert page.url == HOME + state + "#lab-the-slot-machine"
    with lab_page(browser, *SLOTS) as other:
        assert seen(other.open(state)) == seen(page)


def test_a_game_stands_in_the_address_and_back_leads_to_the_one_before(lab):
    page = lab.open(DEALT)
    page.evaluate("history.pushState(null, '', location.href)")
    before = seen(page)
    page.get_by_role("button", name="Turn up all").click()
    waits_for_address(page, "-01001.all-.down")
    assert seen(page) != before
    turned = seen(page)
    page.go_back()
    assert seen(page) == before
    page.go_forward()
    assert seen(page) == turned


@pytest.mark.parametrize(
    "word",
    [
        "",
        "nonsense",
        "7-sigmoid-a-up-1",
        "7-3-1-0.up-.down",
        "7-1-1-.up-.down",
        "7-1-2-0.up-.down",
        "7-1-27-0.all-.down",
        "7-1-1-0.up",
    ],
)
def test_an_address_that_says_no_game_begins_a_new_one(lab, word):
    page = lab.open(f"?the-slot-machine={word}&other=1")
    assert sentence(page) == FACE_DOWN
    page.locator(".lab-card").first.click()
    waits_for_address(page, "-1-1-0.up-.down&other=1")
    page.get_by_role("button", name="Start over").click()
    assert page.url == f"{HOME}?other=1"
    assert sentence(page) == FACE_DOWN


def test_a_second_click_on_deal_again_does_not_turn_up_all(lab):
    page = lab.open()
    page.locator(".lab-card").first.click()
    again = page.get_by_role("button", name="Deal again")
    box = again.bounding_box()
    again.dblclick()
    assert page.get_by_role("button", name="Deal again").bounding_box() == box
    assert page.locator(".lab-card").first.is_visible()
    assert sentence(page) == FACE_DOWN


def test_neither_the_other_rival_nor_all_runs_cost_what_was_played(lab):
    page = lab.open("?the-slot-machine=7-1-1-01001.up-1.up")
    dealt = seen(page)
    page.get_by_label("tanh").check()
    other = seen(page)
    assert other != dealt
    page.get_by_role("button", name="Turn up all").click()
    page.get_by_role("slider").fill("9")
    page.get_by_label("sigmoid").check()
    assert seen(page) == dealt
    page.get_by_role("button", name="Turn up all").click()
    assert page.get_by_role("slider").input_value() == "9"
    waits_for_address(page, "7-1-9-01001.all-1.all")
    page.reload()
    page.get_by_role("button", name="Back to dealing").click()
    assert seen(page) == dealt
    page.get_by_label("tanh").check()
    page.get_by_role("button", name="Back to dealing").click()
    assert seen(page) == other


def test_the_other_rival_is_not_played_with_the_same_draws(lab):
    runs = []
    for game in ("1-1-000000.up-.down", "2-1-.down-000000.up"):
        page = lab.open(f"?the-slot-machine=7-{game}")
        runs.append(page.locator(".lab-run").first.inner_text())
    assert runs[0] != runs[1]


def test_the_tally_stays_where_the_cards_lie_face_down_again(lab):
    page = lab.open(DEALT)
    tally = sentence(page).splitlines()[1]
    page.get_by_role("button", name="Deal again").click()
    assert sentence(page).splitlines() == [FACE_DOWN, tally]


@pytest.mark.parametrize("bet", ["0", "1"])
def test_a_draw_is_said_to_speak_for_the_bet_or_against_it(lab, bet):
    page = lab.open(f"?the-slot-machine=7-1-1-0100{bet}.up-.down")
    mine = page.locator(".lab-card", has_text="your bet")
    ahead = "lab-ahead" in (mine.get_attribute("class") or "")
    assert sentence(page).splitlines()[0].endswith(f"{'for' if ahead else 'against'} your bet.")


def test_the_slider_has_the_name_that_stands_above_it_and_its_label_leads_to_it(lab):
    page = lab.open(TURNED)
    slider = page.get_by_role("slider", name="Seeds in one experiment")
    assert slider.input_value() == "9"
    page.locator("label", has_text="Seeds in one experiment").click()
    assert page.evaluate("document.activeElement.type") == "range"


@pytest.mark.parametrize("lab", [{"viewport": {"width": 390, "height": 300}}], indirect=True)
@pytest.mark.parametrize(("seen_of_it", "moves"), [(10, 0), (-30, 74)])
def test_a_bet_moves_the_page_only_where_the_next_button_is_out_of_view(lab, seen_of_it, moves):
    page = lab.open("?the-slot-machine=7-1-1-.down-.down")
    page.evaluate(
        """shown => {
            const again = document.querySelector(".lab-go");
            scrollTo(0, again.getBoundingClientRect().top + shown - innerHeight);
            window.before = scrollY;
            document.querySelector(".lab-card").click();
        }""",
        seen_of_it,
    )
    assert page.evaluate("document.activeElement.textContent") == "Deal again"
    assert page.evaluate("scrollY - before") == pytest.approx(moves, abs=2)


@pytest.mark.parametrize("lab", [{"viewport": PHONE}, {}], indirect=True)
@pytest.mark.parametrize("rival", ["sigmoid", "tanh"])
def test_the_slider_the_bar_and_the_line_that_it_changes_are_seen_together(lab, rival):
    page = lab.open(turned(rival, "01001", 9))
    box = "node => node.getBoundingClientRect().toJSON()"
    bar = page.locator(".lab-bar").evaluate(box)
    line = page.locator(".lab-sentence span").last.evaluate(box)
    slider = page.get_by_role("slider").evaluate(box)
    assert bar["bottom"] < line["top"] < line["bottom"] < slider["top"]
    assert slider["bottom"] - bar["top"] <= 520
    assert slider["top"] - line["bottom"] <= 60


@pytest.mark.parametrize("lab", [{"viewport": {"width": 390, "height": 844}}], indirect=True)
@pytest.mark.parametrize("rival", ["sigmoid", "tanh"])
def test_what_lies_far_out_stands_at_the_edge_in_words_and_leaves_the_interval_room(lab, rival):
    page = lab.open(turned(rival))
    strip = page.locator(".lab-picture").first
    worst = signed(by_seed(rival).min())
    assert worst in strip.locator("text").all_text_contents()
    wide = "path => path.getBBox().width"
    assert strip.locator(".lab-median").evaluate(wide) >= 30
    assert "88.1 %" in page.locator(".lab-picture").last.locator("text").all_text_contents()


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("rival", ["sigmoid", "tanh"])
def test_no_words_in_a_picture_touch_others_or_a_dot_or_its_edge(lab, rival, width):
    lab.page.set_viewport_size({"width": width, "height": 844})
    page = lab.open(turned(rival))
    met = page.locator(".lab-picture").evaluate_all(
        """all => all.flatMap(picture => {
            const boxes = [...picture.querySelectorAll("text, .lab-rest, .lab-last, .lab-drawn")]
                .map(node => [node, node.getBoundingClientRect()]).filter(([, box]) => box.width);
            const edge = picture.getBoundingClientRect();
            boxes.push([{ textContent: "left" }, { ...edge.toJSON(), right: edge.left - 0.5 }]);
            boxes.push([{ textContent: "right" }, { ...edge.toJSON(), left: edge.right + 0.5 }]);
            return boxes.flatMap(([one, a]) => boxes.filter(([other, b]) => one !== other
                && one.localName === "text" && a.left < b.right && b.left < a.right
                && a.top + 3 < b.bottom - 3 && b.top + 3 < a.bottom - 3)
                .map(([other]) => [one.textContent, other.textContent || other.outerHTML]));
        })"""
    )
    assert met == []


@pytest.mark.parametrize("lab", [{"theme": "light"}, {"theme": "dark"}], indirect=True)
@pytest.mark.parametrize("rival", ["sigmoid", "tanh"])
def test_dots_lines_and_bar_stand_out_from_what_they_lie_on(lab, rival):
    page = lab.open(turned(rival, "01001", 9, key=7))
    ground = page.evaluate("getComputedStyle(document.querySelector('.lab-room')).backgroundColor")
    found = page.locator(".lab-picture path:not(.lab-line)").evaluate_all(
        """all => all.map(path => {
            const { fill, stroke, opacity } = getComputedStyle(path);
            return [path.className.baseVal, path.dataset.arm ? fill : stroke, opacity];
        })"""
    )
    assert {"lab-rest", "lab-zero", "lab-bar", "lab-median"} <= {kind for kind, _, _ in found}
    assert {opacity for _, _, opacity in found} == {"1"}
    faint = {(kind, color) for kind, color, _ in found if contrast(color, ground) < 3}
    assert faint == set()


@pytest.mark.parametrize("width", [390, 1280])
def test_who_starts_over_sees_the_cards_again(lab, width):
    page = lab.open(turned("sigmoid", "0101", 9))
    page.set_viewport_size({"width": width, "height": 700})
    page.get_by_role("button", name="Start over").scroll_into_view_if_needed()
    page.get_by_role("button", name="Start over").click()
    page.wait_for_function(
        "() => { const box = document.querySelector('.lab-card').getBoundingClientRect();"
        " return box.bottom > 0 && box.bottom <= innerHeight; }"
    )


def test_two_visitors_are_dealt_different_runs(browser, lab):
    link = "document.querySelector('.lab-foot a').search"
    first = lab.open().evaluate(link)
    assert lab.open().evaluate(link) != first


@pytest.mark.parametrize("rival", ["sigmoid", "tanh"])
def test_how_often_one_draw_misleads_is_what_the_chapter_computes(lab, rival):
    page = lab.open(turned(rival))
    a, b = VALUES["relu"], VALUES[rival]
    wrong = round(100 * wrong_way_share(a, b))
    first, second = sentence(page).splitlines()[1:]
    towards = rival if np.median(a) > np.median(b) else "ReLU"
    assert re.search(rf"\bto {towards} in {wrong} %", first)
    for name, sign in (("ReLU", 1), (rival, -1)):
        at_same_seed = round(100 * np.mean(np.sign(by_seed(rival)) == sign))
        assert re.search(rf"\bto {name} in {at_same_seed} %", second)


@pytest.mark.parametrize("rival", ["sigmoid", "tanh"])
def test_what_all_seeds_say_is_the_books_paired_interval_with_the_medians_named(lab, rival):
    page = lab.open(turned(rival))
    found = median_interval(by_seed(rival))
    middle, low, high = map(signed, (found.median, found.low, found.high))
    assert "the median of the differences at the same seed" in sentence(page)
    strip, runs = page.locator(".lab-picture").all()
    medians = f"median difference {middle}, interval {low} to {high}"
    for told in (strip.text_content(), strip.get_attribute("aria-label")):
        assert medians in told
    for name, label in (("relu", "ReLU"), (rival, rival)):
        median = f"median {100 * np.median(VALUES[name]):.4g} %"
        assert median in runs.text_content()
        assert f"{label}, {median}" in runs.get_attribute("aria-label")
    counts = [str((np.sign(by_seed(rival)) == sign).sum()) for sign in (1, -1, 0)]
    names = ("ReLU", rival, "level")
    assert strip.get_attribute("aria-label").startswith(
        "Ahead: " + ", ".join(f"{name} {count}" for name, count in zip(names, counts, strict=True))
    )
    for mark, name, count in zip(
        "●▲=" if rival == "sigmoid" else "●■=", names, counts, strict=True
    ):
        assert f"{mark} {name} {count}\N{NO-BREAK SPACE}" in strip.text_content()


@pytest.mark.parametrize("bets", ["", "0", "101", "01"])
@pytest.mark.parametrize("rival", ["sigmoid", "tanh"])
@pytest.mark.parametrize("runs", [1, 25])
def test_a_bet_and_a_draw_are_judged_only_where_all_seeds_tell_which_is_better(
    lab, rival, bets, runs
):
    page = lab.open(turned(rival, bets, runs, key=7))
    found = median_interval(by_seed(rival))
    told = sentence(page)
    if found.low <= 0 <= found.high:
        assert told.startswith("48 seeds do not tell which is better")
        assert "no bet is right or wrong" in told
        assert re.search("wrongly|ahead|your bets", told, re.IGNORECASE) is None
    else:
        better = "ReLU" if found.low > 0 else rival
        assert told.startswith(f"{better} is better here")
        right = [("ReLU", rival)[int(bet)] for bet in bets].count(better)
        counted = [f"Your bets: {right} of {len(bets)} right."] if bets else []
        assert re.findall(r"Your bets.*right\.", told) == counted
        other = rival if better == "ReLU" else "ReLU"
        assert re.findall(r"wrongly to (\w+)", told) == [other, other]


def test_no_single_deal_calls_no_bet_right_or_wrong(lab):
    page = lab.open("?the-slot-machine=7-1-1-0.up-.down")
    room = page.locator(".lab-room")
    for deals in range(2, 12):
        assert re.search("right|wrong|✓|✗", room.inner_text()) is None
        page.get_by_role("button", name="Deal again").click()
        page.locator(".lab-card").nth(deals % 2).click()
    assert re.search("as you bet|both reach", sentence(page))


@pytest.mark.parametrize("n", [6, 7, 16, 25, 48, 49])
def test_the_interval_is_the_one_of_the_books_own_rule(lab, n):
    values = np.random.default_rng(n).standard_normal(n)
    found = median_interval(values)
    expected = {"median": found.median, "low": found.low, "high": found.high}
    assert ours(lab.open(), "medianInterval", values.tolist()) == pytest.approx(expected)


@pytest.mark.parametrize("rival", ["sigmoid", "tanh"])
@pytest.mark.parametrize("runs", [1, 9, 25])
def test_the_median_of_more_seeds_points_as_often_as_the_binomial_law_says(lab, rival, runs):
    page = lab.open()
    differences = by_seed(rival)
    every = np.unique(np.append(differences, 0))
    # the median is at most v where more than half of the seeds are
    at_most = binom.sf(runs // 2, runs, [np.mean(differences <= v) for v in every])
    shares = np.diff(at_most, prepend=0)
    found = ours(page, "pointing", differences.tolist(), runs)
    expected = [shares[every > 0].sum(), shares[every < 0].sum()]
    assert found == pytest.approx(expected, abs=1e-9)
    for share in (0.05, 0.95):
        reached = ours(page, "quantile", differences.tolist(), runs, share)
        assert reached == every[np.argmax(at_most >= share)]


def test_every_run_is_as_likely_to_be_dealt_as_any_other(lab):
    page = lab.open()
    drawn = page.evaluate(
        """async () => {
            const { random } = await import("/_static/labs/lab.js");
            const counts = Array(48).fill(0);
            for (let key = 0; key < 2000; key++) {
                const draw = random(key);
                for (let k = 0; k < 5; k++) counts[Math.floor(48 * draw())]++;
            }
            return counts;
        }"""
    )
    assert chisquare(drawn).pvalue > 0.001


def test_a_deal_shows_two_stored_runs_and_who_is_ahead(lab):
    page = lab.open(DEALT)
    shown = []
    for k, name in enumerate(("relu", "sigmoid")):
        told = page.locator(".lab-face").nth(k).inner_text()
        run = int(re.search(r"seed (\d+) of 48", told)[1])
        reached = float(re.search(r"([\d.]+) %", told)[1]) / 100
        assert reached == pytest.approx(VALUES[name][run - 1])
        shown.append((told, reached))
    ahead = [told for told, _ in shown if told.endswith(" ahead")]
    assert ahead == [max(shown, key=lambda one: one[1])[0]]
    gap = 100 * abs(shown[0][1] - shown[1][1])
    assert re.search(rf"\b{gap:.2g} points? ahead$", ahead[0])


def test_a_screen_reader_hears_the_last_of_many_changes(lab):
    page = lab.open(TURNED)
    told = page.locator(".lab-sentence")
    assert told.get_attribute("role") == "status"
    busy = page.evaluate(  # at once: it lasts a quarter of a second
        """() => {
            const slider = document.querySelector(".lab-room input[type=range]");
            slider.value = 15;
            slider.dispatchEvent(new Event("input", { bubbles: true }));
            return document.querySelector(".lab-sentence").ariaBusy;
        }"""
    )
    assert busy == "true"
    page.wait_for_function("!document.querySelector('.lab-sentence').ariaBusy")
    assert "15 of the 48 seeds" in told.inner_text()


def test_dragging_costs_less_than_a_frame_where_the_processor_is_four_times_as_slow(lab):
    page = slow(lab.open(TURNED))
    drag = """async () => {
        const slider = document.querySelector(".lab-room input[type=range]");
        const [spent, loops] = [[], []];
        for (let k = 0; k < 26; k++) {
            await new Promise(requestAnimationFrame);
            const start = performance.now();
            slider.value = 1 + 2 * (k % 13);
            slider.dispatchEvent(new Event("input", { bubbles: true }));
            document.body.getBoundingClientRect(); // style and layout
            spent.push(performance.now() - start);
            loops.push(loop());
        }
        return { spent, loops };
    }"""
    assert ms_a_frame(page.evaluate(drag) for _ in range(6)) < FRAME


def test_data_that_cannot_be_read_leave_the_static_figure(browser):
    with lab_page(browser, *SLOTS) as visit:
        visit.page.add_init_script("JSON.parse = () => { throw new Error('broken') }")
        page = visit.open()
        assert page.locator(".figure-in-its-place").is_visible()
        assert visit.complaints == ["broken"]


@pytest.mark.parametrize("which", LABS, ids=lambda lab: lab[0])
@pytest.mark.parametrize("scripts", [True, False])
def test_the_static_figure_is_there_without_scripts_and_on_paper_alone(browser, which, scripts):
    with lab_page(browser, *which, java_script_enabled=scripts) as visit:
        page = visit.open()
        figure, room = page.locator(".figure-in-its-place"), page.locator(".lab-room")
        if not scripts:
            assert figure.is_visible()
            assert room.count() == 0
            return
        assert room.is_visible()
        assert not figure.is_visible()
        page.emulate_media(media="print")
        assert figure.is_visible()
        assert not room.is_visible()


@pytest.mark.parametrize("which", LABS, ids=lambda lab: lab[0])
def test_a_step_of_a_slider_speaks_the_lines_that_change_and_no_others(browser, which):
    with lab_page(browser, *which) as visit:
        page = visit.open(TURNED)  # the slot machine has no slider before
        lines = "[...document.querySelectorAll('.lab-sentence span')].map(e => e.textContent)"
        assert page.locator(".lab-sentence").get_attribute("aria-atomic") == "false"
        before = page.evaluate(lines)
        page.evaluate(LISTEN)
        page.get_by_role("slider").first.press("ArrowRight")
        page.wait_for_function("spoken.length && !document.querySelector('[aria-busy]')")
        after, spoken = page.evaluate(f"[{lines}, spoken]")
        changed = {new for old, new in zip(before, after, strict=True) if new != old}
        assert changed
        assert changed <= set(spoken)
        assert not set(spoken) & set(before)


@pytest.mark.parametrize("slug", [module.parent.name for module in MODULES])
def test_a_lab_weighs_at_most_thirty_kilobytes_with_all_that_it_loads(slug):
    shared = ROOT / "_static" / "labs"
    files = {shared / "labs.css", folder_of(slug) / "lab.js"}
    data = folder_of(slug) / "lab.json"
    files |= {data} if data.exists() else set()
    found = [*files]
    while found:
        file = found.pop()
        code = file.read_text(encoding="utf-8") if file.suffix == ".js" else ""
        for name in re.findall(r'from "\.\.?/([^"]+)"', code):
            assert (shared / name).exists(), f"{file} imports {name}, which is not in {shared}"
            if shared / name not in files:
                files.add(shared / name)
                found.append(shared / name)
    weights = {
        path.name if path.parent == shared else f"{slug}/{path.name}": path.stat().st_size
        for path in files
    }
    print(f"{slug}: {sum(weights.values()):,} bytes; {weights}")
    assert shared / "lab.js" in files
    assert sum(weights.values()) <= BUDGET, weights
