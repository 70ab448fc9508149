"""The boundary: each pixel is the training that it says, and the map answers to the hand."""

import base64
import re
from fractions import Fraction

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.frames import FRAME, ms_a_frame, slow
from tests.browser.lab_page import HOME, LISTEN, lab_fixture, lab_page
from tests.browser.test_labs import contrast
from tools.boundary import PANELS, SIDE, WIDEST, rates, task, trained

BOUNDARY = ("boundary", "lab-the-boundary", "The boundary")
PHONE = {"width": 390, "height": 844}
FINGER = {"viewport": PHONE, "has_touch": True}
STILL = {"reduced_motion": "reduce"}
LAB = "document.querySelector('lab-the-boundary')"
PATIENCE = 120_000  # ms: a map takes seconds, on a busy machine more
DEEPEST = 42
ACROSS = range(-SIDE // 2, SIDE // 2)
BYTES = """array => {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    let told = "";
    for (let k = 0; k < bytes.length; k += 8192) {
        told += String.fromCharCode(...bytes.subarray(k, k + 8192));
    }
    return btoa(told);
}"""
SEEN = """document.querySelector('.lab-map').getContext('2d').getImageData(0, 0, 256, 256).data"""


lab = lab_fixture(BOUNDARY)


def at(zoom: int, x: int, y: int) -> str:
    return f"?the-boundary={zoom}-{x}-{y}"


def done(page):
    """The page, once all trainings in view are."""
    page.wait_for_function(f"{LAB}.found?.done", timeout=PATIENCE)
    return page


def state(page) -> tuple[int, int, int]:
    return tuple(page.evaluate(f"(({{zoom, x, y}}) => [zoom, x, y])({LAB}.state)"))


def array(page, told: str, kind: str) -> np.ndarray:
    """An array of the page: as text, for as a list of numbers it takes seconds."""
    return np.frombuffer(base64.b64decode(page.evaluate(f"({BYTES})({told})")), kind)


def values(page) -> np.ndarray:
    return array(done(page), f"{LAB}.found.values", "float32").reshape(SIDE, SIDE)


def sentence(page) -> str:
    return page.locator(".lab-sentence").inner_text()


def middle(page) -> tuple[float, float]:
    box = page.locator(".lab-map").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def rate_at(page, x: float, y: float) -> np.ndarray:
    """The two rates of a place on the screen."""
    box = page.locator(".lab-map").bounding_box()
    zoom, *center = state(page)
    right = SIDE * ((x - box["x"]) / box["width"] - 0.5)
    up = SIDE * (0.5 - (y - box["y"]) / box["height"])
    return np.add(center, (right, up)) * WIDEST / SIDE / 2**zoom


def pixel(page) -> float:
    return WIDEST / SIDE / 2 ** state(page)[0]


def fingers(page, *moments: list[tuple[float, float]]) -> None:
    """Touches the screen: for each moment where the fingers are, lifted at the end."""
    tools = page.context.new_cdp_session(page)
    for k, places in enumerate([*moments, []]):
        kind = "touchEnd" if not places else "touchMove" if k else "touchStart"
        points = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(places)]
        tools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        page.wait_for_timeout(30)


@pytest.mark.parametrize("view", [PANELS[0], PANELS[2], (12, 487580, 466956)])
def test_a_pixel_is_the_training_that_numpy_makes_at_its_rates(lab, view):
    ours = values(lab.open(at(*view)))
    alike = np.sign(ours)
    calm = np.ones_like(alike, bool)  # as are all four neighbors
    for shift in (-1, 1):
        calm &= (np.roll(alike, shift, 0) == alike) & (np.roll(alike, shift, 1) == alike)
    ours, calm = ours[::4, ::4], calm[::4, ::4]
    theirs = trained(*rates(*view, every=4), task())
    assert np.mean(np.sign(ours) == np.sign(theirs)) >= 0.99
    for kind, close in ((1, 0.01), (-1, 1)):  # the mean loss, the steps
        both = calm & (np.sign(ours) == kind) & (np.sign(theirs) == kind)
        assert both.sum() > 200
        assert np.mean(np.abs(ours - theirs)[both] <= close) >= 0.99
        assert np.ptp(theirs[both]) > 3 * close


def test_the_button_leads_along_the_boundary_to_the_views_of_the_static_figure(lab):
    page = done(lab.open())
    page.get_by_role("button", name="To the boundary").focus()
    for view in PANELS[1:]:
        page.keyboard.press("Enter")
        assert state(page) == view
        done(page)
        assert page.evaluate("document.activeElement.textContent") == "To the boundary"


def test_the_sentence_says_where_how_close_and_how_many_converged(lab):
    page = lab.open(at(*PANELS[2]))
    assert "The trainings in view are running." in sentence(page)
    share = round(100 * np.mean(values(page) > 0))
    first, second = (place * WIDEST / SIDE / 64 for place in PANELS[2][1:])
    told = sentence(page)
    assert f"rate {first:.4f} in the first layer, {second:.4f} in the second" in told
    assert "Zoom 1 : 64." in told
    assert f"{share} % of the 65,536 trainings in view converged." in told
    assert page.locator(".lab-sentence").get_attribute("role") == "status"
    page.evaluate(LISTEN)
    page.get_by_label("Zoom:").fill("12")
    page.wait_for_function("spoken.some(line => line.includes('1 : 4,096'))")
    done(page)
    page.wait_for_function("spoken.at(-1).includes('converged')")


def test_all_and_none_are_said_as_such(lab):
    for corner, word in ((SIDE // 2, "All"), (SIDE * 2**6 - SIDE // 2, "None")):
        page = done(lab.open(at(6, corner, corner)))
        assert f"{word} of the 65,536 trainings in view converged." in sentence(page)


def test_it_is_played_with_the_keyboard_alone(lab):
    page = lab.open()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "lab-map"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    for key, expected in (
        ("ArrowLeft", (0, 128, 128)),  # nothing lies beyond
        ("-", (0, 128, 128)),
        ("+", (1, 256, 256)),
        ("ArrowRight", (1, 288, 256)),
        ("ArrowUp", (1, 288, 288)),
        ("=", (2, 576, 576)),
        ("ArrowLeft", (2, 544, 576)),
        ("ArrowDown", (2, 544, 544)),
        ("-", (1, 272, 272)),
    ):
        page.keyboard.press(key)
        assert state(page) == expected
    for name, zoom in (("Zoom out", 0), ("Zoom in", 1)):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.ariaLabel") == name
        page.keyboard.press("Enter")
        assert state(page)[0] == zoom
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert page.get_by_label("Zoom:").get_attribute("aria-valuetext") == "1 : 4"
    page.wait_for_function("location.search.endsWith('=2-512-512')")


def test_the_wheel_scrolls_the_page_until_the_picture_was_clicked(lab):
    lab.page.set_viewport_size({"width": 900, "height": 500})
    page = lab.open()
    page.locator(".lab-map").scroll_into_view_if_needed()
    x, y = middle(page)
    page.mouse.move(x + 60, y - 40)
    before = page.evaluate("scrollY")
    page.mouse.wheel(0, 50)
    page.wait_for_function("before => scrollY > before", arg=before)
    assert state(page)[0] == 0
    page.mouse.down()
    page.mouse.up()
    here, under = page.evaluate("scrollY"), rate_at(page, x + 60, y - 40)
    for zoom in (1, 2, 3):
        page.mouse.wheel(0, -100)
        page.wait_for_function(f"{LAB}.state.zoom === {zoom}")
        assert rate_at(page, x + 60, y - 40) == pytest.approx(under, abs=2 * pixel(page))
    page.mouse.wheel(0, 100)
    page.wait_for_function(f"{LAB}.state.zoom === 2")
    assert page.evaluate("scrollY") == here


def test_the_mouse_drags_the_map_and_what_was_known_of_it_stays_known(browser, lab):
    page = done(lab.open(at(*PANELS[1])))
    page.evaluate(f"""window.told = {{}};
        {LAB}.worker.addEventListener("message", ({{ data: {{ view, values }} }}) => {{
            told[view.x] ??= values.filter(value => value).length;
        }})""")
    x, y = middle(page)
    held = rate_at(page, x, y)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 60, y + 30, steps=5)
    page.mouse.up()
    assert rate_at(page, x - 60, y + 30) == pytest.approx(held, abs=pixel(page))
    page.mouse.move(x, y)  # not pressed
    moved = state(page)
    assert moved != PANELS[1]
    known = done(page).evaluate(f"told[{moved[1]}]")  # when it was first reported
    assert known > 0.8 * SIDE**2
    with lab_page(browser, *BOUNDARY) as other:
        np.testing.assert_array_equal(values(page), values(other.open(at(*moved))))


def test_two_clicks_come_closer_to_where_they_are_and_one_does_not(lab):
    page = lab.open()
    x, y = middle(page)
    under = rate_at(page, x + 50, y + 50)
    page.mouse.click(x + 50, y + 50)
    page.wait_for_timeout(500)
    assert state(page)[0] == 0
    page.mouse.dblclick(x + 50, y + 50)
    assert state(page)[0] == 1
    assert rate_at(page, x + 50, y + 50) == pytest.approx(under, abs=pixel(page))


@pytest.mark.parametrize("lab", [FINGER], indirect=True)
def test_one_finger_scrolls_the_page_until_the_map_is_zoomed_and_then_moves_it(lab):
    page = lab.open()
    page.locator(".lab-map").scroll_into_view_if_needed()
    x, y = middle(page)
    fingers(page, [(x, y)], [(x, y - 40)], [(x, y - 80)], [(x, y - 120)])
    page.wait_for_function("scrollY > 60")
    assert state(page) == (0, 128, 128)
    page.evaluate("scrollTo(0, 0)")
    page.get_by_role("button", name="Zoom in").tap()
    scrolled = page.evaluate("scrollY")
    x, y = middle(page)
    held = rate_at(page, x, y)
    fingers(page, [(x, y)], [(x, y - 40)], [(x, y - 50)])
    assert rate_at(page, x, y - 50) == pytest.approx(held, abs=pixel(page))
    assert page.evaluate("scrollY") == scrolled


@pytest.mark.parametrize("lab", [FINGER], indirect=True)
def test_two_fingers_pinch_and_two_taps_zoom(lab):
    page = lab.open()
    x, y = middle(page)
    under = rate_at(page, x, y)
    fingers(page, *([(x - far, y), (x + far, y)] for far in (20, 40, 60, 85)))
    assert state(page)[0] == 2
    assert rate_at(page, x, y) == pytest.approx(under, abs=2 * pixel(page))
    assert page.evaluate("visualViewport.scale") == 1
    fingers(page, *([(x - far, y), (x + far, y)] for far in (80, 60, 42)))
    assert state(page)[0] == 1
    page.touchscreen.tap(x, y)
    page.touchscreen.tap(x, y)
    page.wait_for_function(f"{LAB}.state.zoom === 2")
    assert page.evaluate("visualViewport.scale") == 1


@pytest.mark.parametrize("lab", [FINGER], indirect=True)
def test_on_a_phone_nothing_is_cut_and_all_can_be_touched_and_read(lab):
    page = lab.open(at(DEEPEST, 523536957478404, 501391181222908))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    small = page.locator(".lab-room :is(button, input):visible").evaluate_all(
        "all => all.filter(e => e.getBoundingClientRect().height < 43.9).map(e => e.outerHTML)"
    )
    assert small == []
    out, sizes = page.locator(".lab-room *:visible").evaluate_all(
        """all => [all.filter(e => e.getBoundingClientRect().right > 390
            || e.scrollWidth > e.clientWidth + 1 && e.clientWidth).map(e => e.outerHTML),
            all.filter(e => e.textContent).map(e => parseFloat(getComputedStyle(e).fontSize))]"""
    )
    assert out == []
    assert min(sizes) >= 11
    top = page.locator(".lab-map").bounding_box()["y"]
    button = page.get_by_role("button", name="To the boundary").bounding_box()
    assert button["y"] + button["height"] - top < 600  # map and buttons on one screen


@pytest.mark.parametrize("lab", [{"theme": "light"}, {"theme": "dark"}], indirect=True)
@pytest.mark.parametrize("address", ["", at(*PANELS[2])])
def test_axe_finds_nothing_in_either_theme(lab, address):
    page = lab.open(address)
    found = Axe().run(page).response["violations"]
    assert [f"{issue['id']}: {issue['nodes'][0]['html'][:160]}" for issue in found] == []


def colors(page) -> tuple[np.ndarray, np.ndarray]:
    """Of the trainings that converged, and of the others, as they are drawn."""
    drawn = array(page, SEEN, "uint8").reshape(SIDE, SIDE, 4)[..., :3]
    converged = values(page) > 0
    return drawn[converged], drawn[~converged]


def test_both_kinds_can_be_told_apart_without_their_hue_and_follow_the_theme(lab):
    page = done(lab.open(at(*PANELS[3])))
    shown = {}
    for theme in ("light", "dark"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        page.evaluate("new Promise(requestAnimationFrame)")
        ours, theirs = (np.median(found, axis=0).round() for found in colors(page))
        shown[theme] = ours, theirs
        assert ours[2] > ours[0]  # blue
        assert theirs[0] > theirs[2]
        told = [f"rgb({', '.join(map(str, one.astype(int)))})" for one in (ours, theirs)]
        assert contrast(*told) >= 2
    assert (shown["light"][1] != shown["dark"][1]).any()
    assert shown["light"][0].sum() < shown["light"][1].sum()
    assert shown["dark"][0].sum() > shown["dark"][1].sum()


PICTURES = f"""async () => {{
    const found = new Set();
    while (!{LAB}.found?.done) {{
        await new Promise(requestAnimationFrame);
        found.add({SEEN}.reduce((sum, one, k) => (sum * 31 + one) % 1000003, 0));
    }}
    await new Promise(requestAnimationFrame);
    found.add({SEEN}.reduce((sum, one, k) => (sum * 31 + one) % 1000003, 0));
    return found.size;
}}"""


def test_the_picture_comes_from_coarse_to_fine(lab):
    page = lab.open()
    zoom, x, y = PANELS[1]
    known = page.evaluate(f"""() => new Promise(done => {{
        const found = [];
        setTimeout(() => done(found), {PATIENCE});
        {LAB}.worker.addEventListener("message", ({{ data }}) => {{
            if (data.view.zoom !== {zoom}) return;
            found.push(data.values.filter(value => value).length);
            if (data.done) done(found);
        }});
        {LAB}.change({{ zoom: {zoom}, x: {x}, y: {y} }});
    }})""")
    assert known == sorted(known)
    assert {(SIDE // block) ** 2 for block in (8, 4, 2, 1)} <= set(known)


def test_it_is_drawn_while_it_comes(lab):
    assert lab.open().evaluate(PICTURES) >= 4


@pytest.mark.parametrize("lab", [STILL], indirect=True)
def test_where_motion_is_not_wanted_it_is_drawn_when_it_is_whole(lab):
    assert lab.open().evaluate(PICTURES) == 2  # nothing, and all


def test_what_is_outdated_is_not_computed_to_its_end(lab):
    page = lab.open()
    ended = page.evaluate(f"""() => new Promise(done => {{
        const found = [];
        setTimeout(() => done(found), {PATIENCE});
        {LAB}.worker.addEventListener("message", ({{ data }}) => {{
            if (data.done) found.push(data.view.zoom);
            if (data.done && data.view.zoom === 9) done(found);
        }});
        const slider = document.querySelector("#lab-zoom");
        for (let zoom = 1; zoom < 10; zoom++) {{
            slider.value = zoom;
            slider.dispatchEvent(new Event("input", {{ bubbles: true }}));
        }}
    }})""")
    assert ended == [9]


def test_the_zoom_ends_where_neighbors_would_no_longer_have_rates_of_their_own(lab):
    page = lab.open(at(DEEPEST, 523536957478404, 501391181222908))
    assert "Here the zoom ends" in sentence(page)
    before = state(page)
    page.get_by_role("button", name="Zoom in").click()
    page.locator(".lab-map").focus()
    page.keyboard.press("+")
    assert state(page) == before
    page.keyboard.press("-")
    assert "Here the zoom ends" not in sentence(page)
    for zoom, exact in ((DEEPEST, True), (DEEPEST + 1, False)):
        last = SIDE * 2**zoom - SIDE // 2  # where rates are largest, and so least exact
        found = rates(zoom, last, last)[0][0]
        true = [Fraction(2 * (last + k) + 1, 2 ** (zoom + 1)) * int(WIDEST) / SIDE for k in ACROSS]
        assert all(map(Fraction.__eq__, true, map(Fraction, found.tolist()))) == exact


@pytest.mark.parametrize("view", [PANELS[2], (30, 127816640012, 122409956356)])
def test_an_address_shows_everybody_the_same(browser, lab, view):
    page = done(lab.open(at(*view)))
    page.locator("a", has_text="Link to what you see").click()
    assert page.url == HOME + at(*view) + "#lab-the-boundary"
    assert state(page) == view
    with lab_page(browser, *BOUNDARY) as other:
        there = done(other.open(at(*view)))
        assert sentence(there) == sentence(page)
        assert (colors(there)[0] == colors(page)[0]).all()


@pytest.mark.parametrize(
    "word", ["", "nonsense", "43-200-200", "1-127-256", "1-256-385", "0-128", "2-1.5-512", "-1-1-1"]
)
def test_an_address_that_says_no_view_shows_the_widest(lab, word):
    page = lab.open(f"?the-boundary={word}&other=1")
    assert state(page) == (0, 128, 128)
    page.get_by_role("button", name="Zoom in").click()
    page.wait_for_function("location.search.endsWith('=1-256-256&other=1')")
    page.get_by_role("button", name="Start over").click()
    page.wait_for_timeout(300)
    assert page.url == f"{HOME}?other=1"
    assert state(page) == (0, 128, 128)


def test_back_leads_to_the_view_before(lab):
    page = lab.open(at(*PANELS[1]))
    page.evaluate("history.pushState(null, '', location.href)")
    page.get_by_role("button", name="Zoom in").click()
    page.wait_for_function("location.search.includes('=4-')")
    page.go_back()
    page.wait_for_function(f"{LAB}.state.zoom === 3")
    assert state(page) == PANELS[1]


def test_no_frame_is_late_where_the_processor_is_four_times_as_slow(lab):
    page = slow(done(lab.open(at(*PANELS[1]))))
    drag = f"""async turns => {{
        const lab = {LAB};
        const slider = document.querySelector("#lab-zoom");
        const kept = lab.kept ??= lab.found.values;
        const [spent, loops] = [[], []];
        for (let k = 0; k < turns; k++) {{
            await new Promise(requestAnimationFrame);
            const start = performance.now();
            slider.value = 3 + (k % 9);
            slider.dispatchEvent(new Event("input", {{ bubbles: true }}));
            lab.found = {{ values: kept, done: false }}; // as the worker reports it
            lab.paint();
            document.body.getBoundingClientRect(); // style and layout
            spent.push(performance.now() - start);
            loops.push(loop());
        }}
        return {{ spent, loops }};
    }}"""
    assert ms_a_frame(page.evaluate(drag, 30) for _ in range(6)) < FRAME


@pytest.mark.parametrize(
    "visit", [{"viewport": PHONE, "java_script_enabled": False}], indirect=True
)
def test_the_page_shows_the_static_figure_without_scripts_large_enough_to_read(visit):
    visit.page.goto(visit.address + "pages/boundary.html")
    figure = visit.page.locator("lab-the-boundary .lab-static svg")
    assert figure.is_visible()
    box = figure.bounding_box()
    assert box["x"] + box["width"] <= 390
    source = figure.evaluate("e => e.outerHTML")
    wide = float(re.search(r'viewBox="0 0 ([\d.]+)', source)[1])
    sizes = [float(size) for size in re.findall(r"font(?:-size)?: (?:bold )?([\d.]+)px", source)]
    assert min(sizes) * box["width"] / wide >= 11
