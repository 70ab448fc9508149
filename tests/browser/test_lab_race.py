"""The race: its six are Keras's, it counts their steps truly, and its bowl answers to the hand."""

import json
import re

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.frames import FRAME, ms_a_frame, slow
from tests.browser.lab_page import HOME, ROOT, lab_fixture, lab_page
from utils.plots.looks import COLORS

RACE = ("optimizers", "lab-the-race", "The race")
PHONE = {"width": 390, "height": 844}
STILL = {"reduced_motion": "reduce"}
LAB = "document.querySelector('lab-the-race')"
NAMES = ["SGD", "momentum", "AdaGrad", "RMSProp", "Adam", "Lion"]
SGD, MOMENTUM, ADAGRAD, RMSPROP, ADAM, LION = range(6)
RATES = [float(f"{10 ** (k / 10 - 3):.2g}") for k in range(36)]
STEPS = json.loads((ROOT / "sources/optimizers/lab.json").read_text(encoding="utf-8"))["steps"]
KNOWN = f"{LAB}.known"


lab = lab_fixture(RACE)


def at(stretch: int = 20, turn: int = 0, start: int = 30, one: int = 0, rate: int = 20) -> str:
    """An address; stretch and rate are places of their sliders."""
    return f"?the-race={stretch}-{turn}-{start}-{one}-{rate}"


def known(page):
    """The page, once all rates are tried."""
    page.wait_for_function(KNOWN)
    return page


def arrivals(page) -> np.ndarray:
    """Steps, by optimizer and rate; infinite where it never arrives, NaN where it is lost."""
    told = known(page).evaluate(f"{LAB}.tried.arrivals.map(all => all.map(String))")
    return np.array(told, dtype=float)


def sentence(page) -> str:
    return page.locator(".lab-sentence").inner_text()


def seen(page) -> str:
    """All that a reader reads, and where everything lies."""
    picture = page.locator(".lab-picture").evaluate("e => e.innerHTML")
    return page.locator(".lab-room").inner_text() + picture


def handle(page):
    return page.get_by_role("slider", name="Start")


def place(page, angle: float, turn: float) -> tuple[float, float]:
    """Where a start is on the screen."""
    box = page.locator(".lab-ground").bounding_box()
    x, y = start_at(angle, turn) * box["height"] / 2.5
    return box["x"] + box["width"] / 2 + x, box["y"] + box["height"] / 2 - y


def rotation(degrees: float) -> np.ndarray:
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[c, -s], [s, c]])


def hessian(stretch: float, turn: float) -> np.ndarray:
    return rotation(turn) @ np.diag([1, stretch]) @ rotation(turn).T


def start_at(angle: float, turn: float) -> np.ndarray:
    return rotation(turn) @ [-np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))]


@np.errstate(all="ignore")
def paths(which: int, stretch: float, turn: float, start: float, steps: int) -> np.ndarray:
    """Keras's rules, written as in its documentation, for all rates at once: (step, 2, rate)."""
    rates, curvature = np.array(RATES), hessian(stretch, turn)
    w = np.repeat(start_at(start, turn)[:, None], len(rates), axis=1)
    m, v = np.zeros_like(w), np.full_like(w, 0.1 if which == ADAGRAD else 0)
    found = [w]
    for t in range(1, steps + 1):
        g = curvature @ w
        if which == SGD:
            w = w - rates * g
        elif which == MOMENTUM:
            m = 0.9 * m - rates * g
            w = w + m
        elif which == ADAGRAD:
            v = v + g**2
            w = w - rates * g / np.sqrt(v + 1e-7)
        elif which == RMSPROP:
            v = 0.9 * v + 0.1 * g**2
            w = w - rates * g / np.sqrt(v + 1e-7)
        elif which == ADAM:
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            size = rates * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
            w = w - size * m / (np.sqrt(v) + 1e-7)
        else:
            w = w - rates * np.sign(0.9 * m + 0.1 * g)
            m = 0.99 * m + 0.01 * g
        found.append(w)
    return np.array(found)


@pytest.mark.parametrize("lab", [STILL], indirect=True)
@pytest.mark.parametrize("turn", [0, 20])
@pytest.mark.parametrize("which", range(6), ids=NAMES)
def test_each_of_the_six_takes_the_steps_of_keras(lab, which, turn):
    import keras

    rate = 8  # of the slider: small enough for SGD too, so that no step is cut off
    optimizers = keras.optimizers
    theirs = [
        optimizers.SGD(RATES[rate]),
        optimizers.SGD(RATES[rate], momentum=0.9),
        optimizers.Adagrad(RATES[rate]),
        optimizers.RMSprop(RATES[rate]),
        optimizers.Adam(RATES[rate]),
        optimizers.Lion(RATES[rate]),
    ][which]
    page = known(lab.open(at(20, turn, one=1, rate=rate)))
    ours = np.array(page.evaluate(f"[...{LAB}.paths[{which}]]")).reshape(-1, 2)[:60]
    w = keras.Variable(start_at(30, turn), dtype="float64")
    curvature = hessian(100, turn)
    found = [w.numpy()]
    for _ in ours[1:]:
        theirs.apply([keras.ops.convert_to_tensor(curvature @ w.numpy())], [w])
        found.append(w.numpy())
    assert len(ours) == 60
    np.testing.assert_allclose(ours, found, atol=1e-5)


@pytest.mark.parametrize("lab", [STILL], indirect=True)
@pytest.mark.parametrize(("stretch", "turn", "start"), [(0, 0, 30), (10, 0, 70), (20, 30, 30)])
@pytest.mark.parametrize("which", range(6), ids=NAMES)
def test_who_arrives_has_a_hundredth_of_the_distance_left_for_good(
    lab, which, stretch, turn, start
):
    ours = arrivals(lab.open(at(stretch, turn, start)))[which]
    there = paths(which, 10 ** (stretch / 10), turn, start, STEPS * 5 // 4)
    with np.errstate(all="ignore"):
        far = np.linalg.norm(there, axis=1)
    lost = ~(far.max(axis=0) < 1000)  # the start is at a distance of 1
    outside = ~(far <= 0.01)
    theirs = len(far) - np.argmax(outside[::-1], axis=0).astype(float)
    theirs[theirs > STEPS] = np.inf
    theirs[lost] = np.nan
    close = {"rtol": 0.02, "atol": 2, "equal_nan": True}  # at its edge a rounding decides
    assert np.mean(np.isclose(ours, theirs, **close)) >= 34 / 36
    assert np.isclose(np.nanmin(ours), np.nanmin(theirs), **close)


def test_turning_changes_no_step_of_sgd_and_momentum(lab):
    straight, turned = (arrivals(lab.open(at(20, turn))) for turn in (0, 45))
    np.testing.assert_array_equal(straight[: MOMENTUM + 1], turned[: MOMENTUM + 1])
    assert (straight[ADAGRAD:] != turned[ADAGRAD:]).any(axis=1).all()


def test_unturned_no_adaptive_optimizer_minds_the_stretch_and_sgd_does(lab):
    rounded, some, much = (np.nanmin(arrivals(lab.open(at(k))), axis=1) for k in (1, 15, 30))
    assert some[ADAGRAD:] == pytest.approx(much[ADAGRAD:], abs=2)
    assert rounded[ADAGRAD:] == pytest.approx(much[ADAGRAD:], abs=2)
    assert much[SGD] > 30 * some[SGD] / 1.5 > 30 * rounded[SGD]


@pytest.mark.parametrize("start", [15, 30, 60])
def test_turned_by_half_a_right_angle_adagrad_rmsprop_and_adam_lose_their_advantage(lab, start):
    straight, turned = (
        np.nanmin(arrivals(lab.open(at(20, turn, start))), axis=1) for turn in (0, 45)
    )
    for which in (ADAGRAD, RMSPROP, ADAM):
        assert turned[which] > 1.15 * straight[which]
        assert straight[which] < straight[SGD]
    assert straight.argmin() == ADAGRAD
    assert turned.argmin() == MOMENTUM
    assert turned[ADAGRAD] > turned[SGD]


@pytest.mark.parametrize("lab", [STILL], indirect=True)
@pytest.mark.parametrize(
    "state", [(20, 0, 30), (20, 45, 60), (0, 0, 30), (30, 35, 15), (27, 10, 80)]
)
def test_the_sentence_ranks_them_at_their_best_rates(lab, state):
    page = lab.open(at(*state))
    steps = arrivals(page)
    best = np.nanmin(steps, axis=1)
    told = sentence(page)
    first, fewest = re.search(r"First: (\w+), after ([\d,]+) step", told).groups()
    assert (first, int(fewest.replace(",", ""))) == (NAMES[best.argmin()], best.min())
    others = re.findall(r"(\w+) ([\d,]+)(?=,\s| and|\.)", told.splitlines()[0].split(";")[1])
    order = [k for k in np.argsort(best, kind="stable") if np.isfinite(best[k])][1:]
    assert others == [(NAMES[k], f"{best[k]:,.0f}") for k in order]
    never = [name for name, one in zip(NAMES, best, strict=True) if np.isinf(one)]
    assert ("All six arrive." if not never else f"Never there: {never[0]}") in told
    rates = {
        name: RATES[int(np.nanargmin(row))]
        for name, row in zip(NAMES, steps, strict=True)
        if name not in never
    }
    low, one, high, other, factor = re.search(
        r"from ([\d.]+) \((\w+)\) to ([\d.]+) \((\w+)\), (\d+) times", told
    ).groups()
    assert rates[one] == float(low) == min(rates.values())
    assert rates[other] == float(high) == max(rates.values())
    assert int(factor) == pytest.approx(float(high) / float(low), abs=0.5)


@pytest.mark.parametrize("lab", [STILL], indirect=True)
@pytest.mark.parametrize("rate", [0, 12, 24, 35])
def test_with_one_rate_it_says_who_is_lost_and_how_the_rate_decides_who_is_first(lab, rate):
    page = lab.open(at(20, 22, one=1, rate=rate))
    steps = arrivals(page)
    told = sentence(page)
    here = steps[:, rate]

    def names(which):
        return [name for name, one in zip(NAMES, which, strict=True) if one]

    for word, which in (("Never there", np.isinf(here)), ("farther away", np.isnan(here))):
        found = re.search(rf"{word}: ([\w, ]+)\.", told)
        assert (re.split(", | and ", found[1]) if found else []) == names(which)
    finite = np.where(np.isfinite(steps), steps, np.inf)
    arrived = np.isfinite(finite.min(axis=0))
    firsts = ((finite == finite.min(axis=0)) & arrived).sum(axis=1)
    assert re.findall(r"(\w+) (\d+)(?=,| and|\.)", told.splitlines()[-1].split(":")[1]) == [
        (name, str(many)) for name, many in zip(NAMES, firsts, strict=True) if many
    ]
    if np.isfinite(here).any():
        assert f"First: {NAMES[np.nanargmin(here)]}, after" in told
    else:
        assert "Nobody arrives." in told


@pytest.mark.parametrize("lab", [STILL], indirect=True)
@pytest.mark.parametrize(("turn", "which"), [(0, SGD), (30, MOMENTUM), (45, ADAM)])
def test_a_path_is_drawn_where_the_optimizer_went_and_ends_at_the_bottom(lab, turn, which):
    page = known(lab.open(at(10, turn)))
    kind = NAMES[which].lower()
    drawn = page.locator(f"g > .lab-{kind}.lab-way").get_attribute("d")
    points = np.array(re.findall(r"(-?\d+),(-?\d+)", drawn), dtype=float) / 1000
    rate = int(np.nanargmin(arrivals(page)[which]))
    theirs = paths(which, 10, turn, 30, 400)[:, :, rate]
    for point in points:
        assert np.abs(theirs - point).max(axis=1).min() < 2e-3
    assert points[0] == pytest.approx(start_at(30, turn), abs=1e-3)
    assert np.linalg.norm(points[-1]) < 0.03
    assert len(points) > 5


@pytest.mark.parametrize("lab", [STILL], indirect=True)
def test_the_level_lines_are_those_of_the_bowl(lab):
    page = lab.open(at(10, 30))
    ends = page.locator(".lab-walls").evaluate(
        """walls => [0, 0.25].map(part => {
            const oval = walls.getAttribute("d").match(/M[^M]*/)[0];
            const one = walls.cloneNode();
            one.setAttribute("d", oval);
            const { a, b, c, d } = walls.transform.baseVal.consolidate().matrix;
            const { x, y } = one.getPointAtLength(part * one.getTotalLength());
            return [a * x + c * y, b * x + d * y];
        })"""
    )
    first, second = (np.array(end) @ hessian(10, 30) @ end for end in ends)
    assert first == pytest.approx(second, rel=1e-3)
    assert np.linalg.norm(ends[0]) / np.linalg.norm(ends[1]) == pytest.approx(10**0.5, rel=1e-3)


@pytest.mark.parametrize("lab", [STILL], indirect=True)
def test_the_chart_marks_every_rate_that_arrives_and_each_optimizer_at_its_own(lab):
    page = lab.open(at(20, 22))
    steps = arrivals(page)
    for k, name in enumerate(NAMES):
        kind = name.lower()
        dots = page.locator(f".lab-{kind}.lab-dots").get_attribute("d")
        points = np.array(re.findall(r"M([\d.]+),([\d.]+)h0", dots), dtype=float)
        finite = np.flatnonzero(np.isfinite(steps[k]))
        assert len(points) == len(finite)
        spacing = np.polyfit(finite, points[:, 0], 1)
        assert np.polyval(spacing, finite) == pytest.approx(points[:, 0], abs=0.1)
        heights = np.polyfit(np.log(steps[k][finite]), points[:, 1], 1)  # a logarithmic scale
        assert np.polyval(heights, np.log(steps[k][finite])) == pytest.approx(points[:, 1], abs=0.2)
        mark = page.locator(f".lab-picture > .lab-{kind}.lab-mark").get_attribute("transform")
        best = points[np.nanargmin(steps[k][finite])]
        assert [float(one) for one in re.findall(r"[\d.]+", mark)] == pytest.approx(best, abs=0.1)


def test_the_start_is_dragged_along_its_arc_in_a_bowl_that_is_turned(lab):
    page = lab.open(at(20, 20, 30))
    page.mouse.move(*place(page, 30, 20))
    page.mouse.down()
    page.mouse.move(*place(page, 50, 20), steps=4)
    assert handle(page).get_attribute("aria-valuetext") == "50° from the flat direction"
    page.mouse.move(*place(page, 140, 20))
    assert handle(page).get_attribute("aria-valuenow") == "85"
    page.mouse.up()
    page.mouse.move(*place(page, 60, 20))  # not pressed
    assert handle(page).get_attribute("aria-valuenow") == "85"
    page.wait_for_function("location.search.endsWith('=20-20-85-0-20')")


@pytest.mark.parametrize("lab", [{"viewport": PHONE, "has_touch": True}], indirect=True)
def test_a_finger_drags_the_start_and_scrolls_the_page_everywhere_else(lab):
    page = lab.open(at())
    tools = page.context.new_cdp_session(page)
    handle(page).scroll_into_view_if_needed()
    for kind, angle in (("Start", 30), ("Move", 45), ("Move", 60), ("End", None)):
        points = [] if angle is None else [dict(zip("xy", place(page, angle, 0), strict=True))]
        tools.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
    assert handle(page).get_attribute("aria-valuenow") == "60"
    scrolled = page.evaluate("scrollY")
    for kind, move in (("Start", 0), ("Move", 40), ("Move", 80), ("End", None)):
        x, y = place(page, 180, 0)
        points = [] if move is None else [{"x": x + 90, "y": y - move}]
        tools.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
    page.wait_for_function("before => scrollY > before", arg=scrolled)
    assert handle(page).get_attribute("aria-valuenow") == "60"


def test_it_is_played_with_the_keyboard_alone(lab):
    page = lab.open(at())
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert page.get_by_label("Stretch:").get_attribute("aria-valuetext") == "130"
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    assert page.get_by_label("Turn:").get_attribute("aria-valuetext") == "45°"
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.get_by_label("One rate for all").is_checked()
    page.keyboard.press("Tab")  # the rate can be chosen now that it is one for all
    page.keyboard.press("ArrowRight")
    assert page.get_by_label("Rate:").get_attribute("aria-valuetext") == "0.13"
    page.keyboard.press("Tab")
    assert handle(page).evaluate("e => e === document.activeElement")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    for key, angle in (
        ("ArrowRight", 31),
        ("ArrowUp", 32),
        ("ArrowLeft", 31),
        ("ArrowDown", 30),
        ("PageUp", 40),
        ("PageDown", 30),
        ("Home", 5),
        ("End", 85),
    ):
        page.keyboard.press(key)
        assert handle(page).get_attribute("aria-valuenow") == str(angle)
    page.wait_for_function("location.search.endsWith('=21-45-85-1-21')")
    assert handle(page).evaluate("e => e === document.activeElement")


def test_the_rate_can_be_moved_only_where_it_is_one_for_all(lab):
    page = lab.open(at())
    rate = page.get_by_label("Rate:")
    assert rate.is_disabled()
    assert rate.get_attribute("aria-valuetext") == "own best"
    page.get_by_label("One rate for all").check()
    assert rate.is_enabled()
    assert rate.get_attribute("aria-valuetext") == "0.1"


@pytest.mark.parametrize("lab", [STILL], indirect=True)
@pytest.mark.parametrize("state", [at(30, 45, 85), at(0, 7, 5, 1, 9)])
def test_an_address_shows_everybody_the_same(browser, lab, state):
    page = lab.open(state)
    page.locator("a", has_text="Link to what you see").click()
    assert page.url == HOME + state + "#lab-the-race"
    with lab_page(browser, *RACE, **STILL) as other:
        assert seen(other.open(state)) == seen(page)


@pytest.mark.parametrize("lab", [STILL], indirect=True)
def test_a_state_reached_by_dragging_shows_what_its_address_shows(browser, lab):
    page = lab.open(at())
    for turn in (5, 12, 30):
        page.get_by_label("Turn:").fill(str(turn))
    page.get_by_label("Stretch:").fill("13")
    known(page)
    page.wait_for_function("location.search.endsWith('=13-30-30-0-20')")
    with lab_page(browser, *RACE, **STILL) as other:
        assert seen(other.open(at(13, 30))) == seen(page)


@pytest.mark.parametrize(
    "word",
    [
        "",
        "nonsense",
        "31-0-30-0-20",
        "20-46-30-0-20",
        "20-0-4-0-20",
        "20-0-86-0-20",
        "20-0-30-2-20",
        "20-0-30-0-36",
        "20-0-30-0",
        "20-0-30-0-20-1",
    ],
)
def test_an_address_that_says_no_state_begins_anew(lab, word):
    page = lab.open(f"?the-race={word}&other=1")
    assert page.get_by_label("Stretch:").get_attribute("aria-valuetext") == "100"
    assert handle(page).get_attribute("aria-valuenow") == "30"
    page.get_by_label("Turn:").fill("45")
    page.wait_for_function("location.search.endsWith('=20-45-30-0-20&other=1')")
    page.get_by_role("button", name="Start over").click()
    page.wait_for_timeout(300)
    assert page.url == f"{HOME}?other=1"
    assert page.get_by_label("Turn:").input_value() == "0"


@pytest.mark.parametrize("lab", [STILL], indirect=True)
def test_back_leads_to_the_bowl_before(lab):
    page = lab.open(at(20, 45))
    before = seen(page)
    page.evaluate("history.pushState(null, '', location.href)")
    page.get_by_label("Turn:").fill("3")
    page.wait_for_function("location.search.endsWith('=20-3-30-0-20')")
    page.go_back()
    known(page)
    page.wait_for_function("document.querySelector('#lab-turn').value === '45'")
    assert seen(page) == before


MOVES = """async () => {
    const slider = document.querySelector("#lab-turn");
    const runner = document.querySelector(".lab-adam.lab-runner");
    const found = new Set();
    slider.value = 30;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    const end = performance.now() + 2000;
    while (performance.now() < end) {
        await new Promise(requestAnimationFrame);
        found.add(runner.getAttribute("transform"));
    }
    return found.size;
}"""


@pytest.mark.parametrize("lab", [STILL], indirect=True)
def test_where_motion_is_not_wanted_the_paths_are_there_at_once_and_nothing_runs(lab):
    page = lab.open(at())
    assert page.evaluate(MOVES) == 1
    assert page.locator("g > .lab-adam.lab-way").get_attribute("d").startswith("M")


def test_otherwise_the_six_run_once_after_a_change_and_then_all_is_still(lab):
    page = lab.open(at())
    page.wait_for_timeout(300)
    assert not page.evaluate(f"{LAB}.moving")  # not before it is asked to
    assert page.evaluate(MOVES) > 10
    page.wait_for_function(f"!{LAB}.moving")
    still = seen(page)
    page.wait_for_timeout(300)
    assert seen(page) == still


@pytest.mark.parametrize("lab", [{"viewport": PHONE, "has_touch": True}], indirect=True)
def test_on_a_phone_the_picture_is_on_one_screen_and_all_can_be_touched(lab):
    page = lab.open(at())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    small = page.locator(".lab-room :is(button, label, input):visible").evaluate_all(
        """all => all.filter(e => !e.closest("label:has(input)") || e.localName === "label")
            .filter(e => e.getBoundingClientRect().height < 43.9).map(e => e.outerHTML)"""
    )
    assert small == []
    reach = page.locator(".lab-start .lab-reach").bounding_box()
    assert min(reach["width"], reach["height"]) >= 43.9
    picture = page.locator(".lab-picture").bounding_box()
    assert picture["height"] <= 560  # of 844, less what the browser takes
    note = "document.querySelector('.lab-legend').offsetTop"
    below = page.evaluate(note)
    for state in (at(30, 22), at(20, 45, one=1, rate=24), at(0, 0, one=1, rate=12)):
        assert known(lab.open(state)).evaluate(note) == below  # however much there is to say


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("state", [at(), at(30, 45), at(20, 0, one=1, rate=12)])
def test_words_in_the_picture_touch_no_others_and_are_large_enough(lab, state, width):
    lab.page.set_viewport_size({"width": width, "height": 844})
    page = lab.open(state)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    met, sizes = page.locator(".lab-picture").evaluate(
        """picture => {
            const texts = [...picture.querySelectorAll("text")].filter(e => e.textContent);
            const boxes = texts.map(e => [e.textContent, e.getBoundingClientRect()]);
            const edge = picture.getBoundingClientRect();
            const met = boxes.flatMap(([one, a]) => boxes.filter(([other, b]) => one !== other
                && a.left < b.right && b.left < a.right
                && a.top + 3 < b.bottom - 3 && b.top + 3 < a.bottom - 3)
                .map(([other]) => [one, other]));
            const out = boxes.filter(([, a]) => a.left < edge.left - 0.5
                || a.right > edge.right + 0.5 || a.top < edge.top || a.bottom > edge.bottom + 0.5);
            const scale = picture.clientWidth / picture.viewBox.baseVal.width;
            const size = e => scale * parseFloat(getComputedStyle(e).fontSize);
            return [[...met, ...out], texts.map(size)];
        }"""
    )
    assert met == []
    assert min(sizes) >= 11


@pytest.mark.parametrize("lab", [{"theme": "light"}, {"theme": "dark"}], indirect=True)
@pytest.mark.parametrize("state", [at(), at(20, 45, one=1, rate=24)])
def test_axe_finds_nothing_in_either_theme(lab, state):
    page = known(lab.open(state))
    found = Axe().run(page).response["violations"]
    assert [f"{issue['id']}: {issue['nodes'][0]['html'][:160]}" for issue in found] == []


def test_each_has_the_color_of_the_books_figures(lab):
    page = lab.open()
    fills = page.locator(".lab-picture > .lab-mark").evaluate_all(
        "all => all.map(e => getComputedStyle(e).fill)"
    )
    lions = re.search(
        r'COLORS\.get\(key, "(#\w{6})"\)', (ROOT / "sources/optimizers/chapter.md").read_text()
    ).group(1)
    theirs = [COLORS.get(name.lower(), lions) for name in NAMES]
    assert fills == [f"rgb{tuple(bytes.fromhex(color[1:]))}" for color in theirs]


def test_no_frame_is_late_where_the_processor_is_four_times_as_slow(lab):
    page = slow(lab.open(at()))
    drag = """async turns => {
        const frame = window.requestAnimationFrame;
        const slider = document.querySelector("#lab-turn");
        const [spent, loops] = [[], []];
        let work = 0; // of the frame: what the lab does in it, and what the hand asks for
        window.requestAnimationFrame = run => frame(() => {
            const start = performance.now();
            run();
            work += performance.now() - start;
        });
        for (let k = 0; k <= turns; k++) {
            await new Promise(frame);
            const start = performance.now();
            document.body.getBoundingClientRect(); // style and layout
            if (k) spent.push(work + performance.now() - start);
            loops.push(loop());
            slider.value = k;
            const asked = performance.now();
            slider.dispatchEvent(new Event("input", { bubbles: true }));
            work = performance.now() - asked;
        }
        window.requestAnimationFrame = frame;
        return { spent, loops };
    }"""
    assert ms_a_frame(page.evaluate(drag, 40) for _ in range(6)) < FRAME
