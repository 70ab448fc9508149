"""The ball and the net: the ball obeys its formula, the net is the one of Keras, and both move."""

import re

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.frames import FRAME, ms_a_frame, slow
from tests.browser.lab_page import HOME, LISTEN, lab_fixture, lab_page

RATE = ("learning-rate", "lab-the-ball-and-the-net", "The ball and the net")
PHONE = {"width": 390, "height": 844}
STILL = {"reduced_motion": "reduce"}
DONE = "document.querySelector('lab-the-ball-and-the-net').run.done"
# of a net trained beside the page, to the step that is asked for
RUN = """async ([rate, key, step]) => {
    const { Run } = await import(document.querySelector("script[type=module]").src);
    const run = new Run(document.querySelector("lab-the-ball-and-the-net").data, rate, key);
    const weights = [...run.net.weights];
    run.on(step);
    return {...run, x: run.x, y: run.y, weights, net: null, work: null};
}"""
FAR = 10_000  # steps, more than there are


lab = lab_fixture(RATE)


def at(position: int, key: int = 7, valley: str = "start") -> str:
    return f"?the-ball-and-the-net={position}-{key}-{valley}"


def trained(lab, state: str):
    """The page in a state, once its net is trained and its ball at rest."""
    page = lab.open(state)
    page.wait_for_function(DONE)
    return page


def sentence(page) -> str:
    return page.locator(".lab-sentence").inner_text()


def seen(page) -> str:
    """All that a reader reads, and where the curves and the ball lie."""
    drawn = page.locator(".lab-picture").evaluate("e => e.innerHTML")
    return page.locator(".lab-room").inner_text() + drawn


def number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    assert found, f"{pattern} is not in {text}"
    return float(found[1].rstrip(".").replace("−", "-").replace(",", ""))


def heights(page, kind: str) -> np.ndarray:
    """The points of a curve: (point, 2)."""
    drawn = page.locator(f".lab-{kind}").first.get_attribute("d")
    pairs = re.findall(r"(-?[\d.e-]+),(-?[\d.e-]+)", drawn)
    return np.array(pairs, dtype=float)


@pytest.mark.parametrize("lab", [STILL], indirect=True)
@pytest.mark.parametrize("position", [0, 6, 14, 20, 26])
def test_each_step_multiplies_the_balls_distance_by_one_minus_rate_times_curvature(lab, position):
    page = trained(lab, at(position))
    rate = float(page.get_by_role("slider").get_attribute("aria-valuetext"))
    curvature = number(r"curvature ([\d.]+)", page.locator(".lab-picture").text_content())
    factor = number(r"curvature = (−?[\d.]+)", sentence(page))
    assert factor == pytest.approx(1 - rate * curvature, abs=0.02)
    way = heights(page, "way")[:4]  # later ones may lie out of the picture
    middle = page.locator(".lab-picture svg").evaluate("e => e.width.baseVal.value") / 2
    distances = way[:, 0] - middle
    assert distances[1:] / distances[:-1] == pytest.approx(3 * [1 - rate * curvature], abs=0.02)
    falls = "farther" if factor < -1 else "never overshoots" if factor >= 0 else "yet comes closer"
    assert falls in sentence(page)


@pytest.mark.parametrize("lab", [STILL], indirect=True)
@pytest.mark.parametrize("position", [6, 24])
def test_every_place_of_the_ball_lies_on_the_parabola(lab, position):
    page = trained(lab, at(position))
    (x0, y0), (_, y1), (x2, _) = heights(page, "picture svg .lab-steep")
    way = heights(page, "way")
    way = way[np.abs(way[:, 1]) < 1e3]
    part = (way[:, 0] - (x0 + x2) / 2) / ((x2 - x0) / 2)  # -1 and 1 at the ends of the curve
    lowest = (y0 + y1) / 2
    assert way[:, 1] == pytest.approx(lowest + (y0 - lowest) * part**2, abs=0.1)


def test_the_net_that_trains_is_the_one_of_keras(lab):
    import keras

    page = lab.open(at(6))
    ours = page.evaluate(RUN, [0.05, 3, 500])
    model = keras.Sequential(
        [
            keras.Input((1,)),
            keras.layers.Dense(16, "tanh"),
            keras.layers.Dense(16, "tanh"),
            keras.layers.Dense(1),
        ]
    )
    start, arrays = np.array(ours["weights"]), []
    for array in model.get_weights():
        part, start = np.split(start, [array.size])
        arrays.append(part.reshape(array.shape))
    model.set_weights(arrays)
    model.compile(keras.optimizers.SGD(0.05), loss="mean_squared_error")
    x, y = np.array(ours["x"]), np.array(ours["y"])
    told = []
    for _ in range(500):
        model.reset_metrics()  # or a mean over the steps would be told
        told.append(model.train_on_batch(x, y[:, None]))
    theirs = np.array(told).reshape(20, 25)
    assert ours["step"] == 500
    found = np.array(ours["loss"])
    np.testing.assert_allclose(found[:, 0], theirs.min(axis=1), rtol=1e-3)
    np.testing.assert_allclose(found[:, 1], theirs.max(axis=1), rtol=1e-3)


@pytest.mark.parametrize("key", [1, 2, 3])
def test_at_a_tenth_the_sharpness_climbs_to_two_over_the_rate_and_stays_there(lab, key):
    run = lab.open(at(6)).evaluate(RUN, [0.1, key, FAR])
    sharp = np.array(run["sharp"]) / 20
    assert len(sharp) == 161
    assert sharp[0] < 0.8
    assert 0.8 < sharp[120:].min() < 1 < sharp[120:].max() < 1.25
    assert run["ended"] < 0.1 * run["loss"][0][0]


def test_at_a_fiftieth_it_does_not_get_there_and_at_one_the_net_is_lost(lab):
    page = trained(lab, at(6))
    assert "below 2 / rate = 100. It never got there" in sentence(page)
    page.get_by_role("slider").fill("40")
    page.wait_for_function(DONE)
    assert re.search(r"After \d+ steps its loss is above 100: it is lost", sentence(page))


@pytest.mark.parametrize("lab", [STILL], indirect=True)
@pytest.mark.parametrize("position", [6, 20, 30])
def test_the_sentence_tells_what_the_run_did(lab, position):
    page = trained(lab, at(position))
    rate = float(page.get_by_role("slider").get_attribute("aria-valuetext"))
    run = page.evaluate(RUN, [rate, 7, FAR])
    told, late = sentence(page), run["sharp"][120:]
    assert number(r"began at ([\d.]+)", told) == pytest.approx(run["sharp"][0], rel=0.01)
    assert number(r"2 / rate = ([\d.]+)", told) == pytest.approx(2 / rate, rel=0.01)
    assert number(r"between ([\d.]+) and", told) == pytest.approx(min(late), rel=0.01)
    assert number(r"lay between [\d.]+ and ([\d.]+)", told) == pytest.approx(max(late), rel=0.01)
    assert number(r"rose in ([\d,]+) of", told) == run["rises"] <= 1000
    assert number(r"and is ([\d.]+) now", told) == pytest.approx(run["ended"], rel=0.1)
    over = next((k for k, one in enumerate(run["sharp"]) if one >= 2 / rate), None)
    came = "never got there" if over is None else f"got there after {25 * over:,} steps"
    assert ("A ball is lost there, the net is not" if over == 0 else came) in told


@pytest.mark.parametrize("lab", [STILL], indirect=True)
def test_the_curve_meets_its_dashed_line_where_the_sharpness_is_two_over_the_rate(lab):
    page = trained(lab, at(20))
    sharp = np.array(page.evaluate(RUN, [0.1, 7, FAR])["sharp"])
    curve = page.locator(".lab-picture > .lab-steep").get_attribute("d")
    y = np.array(re.findall(r",([\d.]+)", curve), dtype=float)
    dashed = number(r"M[\d.]+,([\d.]+)H", page.locator(".lab-dashes").get_attribute("d"))
    per_factor = np.polyfit(np.log(sharp), y, 1)  # a logarithmic scale
    assert np.polyval(per_factor, np.log(sharp)) == pytest.approx(y, abs=0.01)
    assert np.polyval(per_factor, np.log(20)) == pytest.approx(dashed, abs=0.01)


@pytest.mark.parametrize("lab", [STILL], indirect=True)
def test_the_valley_can_be_as_steep_as_the_net_has_become(lab):
    page = trained(lab, at(20))
    picture = page.locator(".lab-picture")
    start = number(r"curvature ([\d.]+)", picture.text_content())
    page.get_by_label("now").check()
    last = page.evaluate(RUN, [0.1, 7, FAR])["sharp"][-1]
    assert number(r"curvature ([\d.]+)", picture.text_content()) == pytest.approx(last, rel=0.01)
    assert last > 1.2 * start
    assert number(r"curvature = (−?[\d.]+)", sentence(page)) == pytest.approx(
        1 - last / 10, abs=0.01
    )


def test_a_rate_reached_by_dragging_shows_what_its_address_shows(browser, lab):
    page = trained(lab, at(6))
    slider = page.get_by_role("slider")
    for position in (10, 14, 18, 20):
        slider.fill(str(position))
    page.wait_for_function(DONE)
    page.wait_for_function("location.search.endsWith('=20-7-start')")
    told = page.locator(".lab-picture > .lab-steep").get_attribute("d"), sentence(page)
    with lab_page(browser, *RATE) as other:
        page = trained(other, at(20))
        assert told == (
            page.locator(".lab-picture > .lab-steep").get_attribute("d"),
            sentence(page),
        )


def test_the_run_before_stays_in_gray_until_the_next(lab):
    page = trained(lab, at(20))
    first = page.locator(".lab-picture > .lab-steep").get_attribute("d")
    assert page.locator(".lab-before").get_attribute("d") is None
    page.get_by_role("slider").press("ArrowRight")
    assert page.locator(".lab-before").get_attribute("d") == first
    assert "gray: before, at 0.1" in page.locator(".lab-picture").text_content()


def test_it_is_played_with_the_keyboard_alone(lab):
    page = lab.open(at(20))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "lab-rate"
    page.keyboard.press("ArrowLeft")
    assert page.get_by_role("slider").get_attribute("aria-valuetext") == "0.089"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.value") == "now"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_function("location.search.endsWith('=19-8-now')")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.parametrize("lab", [STILL], indirect=True)
@pytest.mark.parametrize("word", ["", "nonsense", "41-7-start", "20-7", "20-7-end", "2-123456-now"])
def test_an_address_that_says_no_state_begins_anew(lab, word):
    page = trained(lab, f"?the-ball-and-the-net={word}&other=1")
    assert page.get_by_role("slider").get_attribute("aria-valuetext") == "0.02"
    page.get_by_role("slider").fill("40")
    page.wait_for_function("/=40-\\d+-start&other=1$/.test(location.search)")
    page.get_by_role("button", name="Start over").click()
    page.wait_for_function(DONE)
    page.wait_for_timeout(300)
    assert page.url == f"{HOME}?other=1"


def test_back_leads_to_the_rate_before(lab):
    page = trained(lab, at(20))
    before = sentence(page)
    page.evaluate("history.pushState(null, '', location.href)")
    page.get_by_role("slider").fill("6")
    page.wait_for_function("location.search.endsWith('=6-7-start')")
    page.go_back()
    page.wait_for_function(DONE)
    assert sentence(page) == before


COUNT = """() => {
    window.drawn = 0;
    const curve = document.querySelector(".lab-picture > .lab-steep");
    new MutationObserver(all => (drawn += all.length)).observe(curve, { attributes: true });
}"""


@pytest.mark.parametrize("lab", [STILL], indirect=True)
def test_where_motion_is_not_wanted_the_end_is_all_that_is_drawn(lab):
    page = trained(lab, at(6))
    page.evaluate(COUNT)
    page.get_by_role("slider").press("ArrowRight")
    ball = page.locator(".lab-ball")
    place = ball.get_attribute("cx")
    page.wait_for_function(DONE)
    assert page.evaluate("drawn") == 2  # the start and the end
    page.wait_for_timeout(300)
    assert ball.get_attribute("cx") == place


def test_otherwise_the_net_is_seen_to_train_and_the_ball_to_move_and_then_all_is_still(lab):
    page = trained(lab, at(6))
    page.evaluate(COUNT)
    places = """async () => {
        const slider = document.querySelector("#lab-rate");
        const ball = document.querySelector(".lab-ball");
        const found = new Set();
        slider.value = 7;
        slider.dispatchEvent(new Event("input", { bubbles: true }));
        const end = performance.now() + 2500;
        while (performance.now() < end) {
            await new Promise(requestAnimationFrame);
            found.add(ball.getAttribute("cx"));
        }
        return found.size;
    }"""
    assert page.evaluate(places) > 5
    page.wait_for_function(DONE)
    assert page.evaluate("drawn") > 20
    still = page.evaluate("drawn")
    page.wait_for_timeout(300)
    assert page.evaluate("drawn") == still


@pytest.mark.parametrize("lab", [{"viewport": {"width": 1280, "height": 300}}], indirect=True)
def test_nothing_is_trained_before_it_is_seen(lab):
    lab.page.add_init_script(
        "addEventListener('DOMContentLoaded', () => {"
        " document.querySelector('h1').style.paddingBottom = '3000px'; })"
    )
    page = lab.open(at(20))
    page.wait_for_timeout(500)
    assert "It is training" in sentence(page)
    page.locator(".lab-picture").scroll_into_view_if_needed()
    page.wait_for_function(DONE)


def test_a_screen_reader_hears_the_end_of_the_training_and_no_step_of_it(lab):
    page = trained(lab, at(20))
    page.evaluate(LISTEN)
    page.get_by_role("slider").press("ArrowLeft")
    page.wait_for_function(DONE)
    ball, begins, ended = page.evaluate("spoken")
    assert ball.startswith("The ball: ")
    assert begins.endswith("It is training.")
    assert "got there after" in ended


@pytest.mark.parametrize("lab", [{"viewport": PHONE, "has_touch": True}], indirect=True)
def test_on_a_phone_slider_and_picture_are_on_one_screen_and_all_can_be_touched(lab):
    page = trained(lab, at(20))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    top = page.locator("label", has_text="Learning rate").bounding_box()["y"]
    picture = page.locator(".lab-picture").bounding_box()
    assert picture["y"] + picture["height"] - top <= 560  # of 844, less what the browser takes
    small = page.locator(".lab-room :is(button, label, input[type=range]):visible").evaluate_all(
        "all => all.filter(e => e.getBoundingClientRect().height < 43.9).map(e => e.outerHTML)"
    )
    assert small == []
    page.get_by_text("now", exact=True).tap()
    assert page.get_by_label("now").is_checked()
    place = "document.querySelector('.lab-row').offsetTop"
    below = page.evaluate(place)
    page.get_by_role("slider").fill("40")
    page.wait_for_function(DONE)
    assert page.evaluate(place) == below  # however much there is to say


@pytest.mark.parametrize("lab", [STILL], indirect=True)
@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("position", [0, 6, 20, 40])
def test_words_in_the_picture_touch_no_others_and_are_large_enough(lab, position, width):
    lab.page.set_viewport_size({"width": width, "height": 844})
    page = trained(lab, at(21))
    page.get_by_role("slider").fill(str(position))
    page.wait_for_function(DONE)
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
def test_axe_finds_nothing_in_either_theme(lab):
    page = trained(lab, at(20, valley="now"))
    found = Axe().run(page).response["violations"]
    assert [f"{issue['id']}: {issue['nodes'][0]['html'][:160]}" for issue in found] == []


def test_no_frame_is_late_where_the_processor_is_four_times_as_slow(lab):
    page = slow(trained(lab, at(20)))
    train = """async position => {
        const lab = document.querySelector("lab-the-ball-and-the-net");
        const frame = window.requestAnimationFrame;
        const [spent, loops] = [[], []];
        window.requestAnimationFrame = work => frame(() => {
            const start = performance.now();
            work();
            document.body.getBoundingClientRect(); // style and layout
            spent.push(performance.now() - start);
            loops.push(loop());
        });
        const slider = document.querySelector("#lab-rate");
        slider.value = position;
        slider.dispatchEvent(new Event("input", { bubbles: true }));
        while (spent.length < 150) await new Promise(frame);
        window.requestAnimationFrame = frame;
        return { spent, loops };
    }"""
    assert ms_a_frame(page.evaluate(train, position) for position in (16, 22, 24)) < FRAME
