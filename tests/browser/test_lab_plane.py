"""The plane: its map is that of the eigenvalues, its ball Keras's, and the game can be played."""

import json
import re

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from scipy.linalg import solve_discrete_lyapunov

from tests.browser.frames import FRAME, ms_a_frame, slow
from tests.browser.lab_page import HOME, ROOT, lab_fixture, lab_page

PLANE = ("momentum", "lab-the-plane", "The plane")
PHONE = {"width": 390, "height": 844}
STILL = {"reduced_motion": "reduce"}
LAB = "document.querySelector('lab-the-plane')"
DATA = json.loads((ROOT / "sources/momentum/lab.json").read_text(encoding="utf-8"))
VALLEYS = DATA["valleys"]
KAPPAS = [valley["kappa"] for valley in VALLEYS]
SIZES = """all => all.filter(e => e.getBoundingClientRect().height < 43.9).map(e => e.outerHTML)"""


lab = lab_fixture(PLANE)


def at(rate: float, beta: float, valley: int = 1, noise: int = 0, map: int = 0, key: int = 7):
    """The address of a point, before anything was tried."""
    return f"?the-plane={valley}-{round(20 * rate)}-{round(100 * beta)}-{noise}-{map}-{key}---"


def ours(page, function: str, *given):
    """What a function of the lab's module returns."""
    call = """async ([name, given]) => {
        const module = document.querySelector("script[type=module]").src;
        const plain = one => one?.BYTES_PER_ELEMENT ? [...one] : one;
        const found = (await import(module))[name](...given);
        return Array.isArray(found) || typeof found !== "object" ? found
            : Object.fromEntries(Object.entries(found).map(([key, one]) => [key, plain(one)]));
    }"""
    return page.evaluate(call, [function, given])


def sentence(page) -> str:
    return page.locator(".lab-sentence").inner_text().replace("\N{NO-BREAK SPACE}", " ")


def drawn(page, kind: str) -> np.ndarray:
    """The points of a line: (point, 2)."""
    pairs = re.findall(
        r"(-?[\d.e-]+),(-?[\d.e-]+)", page.locator(f".lab-{kind}").get_attribute("d")
    )
    return np.array(pairs, dtype=float)


def seen(page) -> str:
    """All that a reader reads, and where everything lies."""
    picture = page.locator(".lab-picture").evaluate("e => e.innerHTML")
    return page.locator(".lab-room").inner_text() + picture


def waits_for_address(page, ending: str) -> None:
    page.wait_for_function("ending => location.search.endsWith(ending)", arg=ending)


def place(page, rate: float, beta: float) -> tuple[float, float]:
    """Where a point of the plane is on the screen."""
    box = page.locator(".lab-ground").bounding_box()
    return box["x"] + box["width"] * rate / 4, box["y"] + box["height"] * (1 - beta)


def companion(rate: float, beta: float, curvature: float) -> np.ndarray:
    """The matrix that leads from two places in a row to the next two."""
    return np.array([[1 + beta - rate * curvature, -beta], [1, 0]])


def radius(kappa: float, rate: float, beta: float) -> float:
    """The size of the largest eigenvalue, over both directions of the valley."""
    matrices = [companion(rate, beta, h) for h in (1, 1 / kappa)]
    return max(np.abs(np.linalg.eigvals(matrix)).max() for matrix in matrices)


def distances(kappa: float, rate, beta, steps: int) -> np.ndarray:
    """Distances left, of the first: (step, ...); in the form of places alone, without velocity."""
    rate, beta = np.broadcast_arrays(np.asarray(rate, float), np.asarray(beta, float))
    curvature = np.array([1 / kappa, 1]).reshape(2, *[1] * rate.ndim)
    before = np.broadcast_to(np.array([-1, kappa**-0.5]).reshape(curvature.shape), (2, *rate.shape))
    first = np.hypot(1, kappa**-0.5)
    now, found = before, [np.ones(rate.shape)]
    with np.errstate(all="ignore"):
        for _ in range(steps):
            now, before = (1 + beta - rate * curvature) * now - beta * before, now
            found.append(np.hypot(*now) / first)
    return np.array(found)


def steps_to_a_hundredth(left: np.ndarray) -> np.ndarray:
    """The first step from which on no more than that is left; where there is none, the length."""
    return len(left) - np.argmin((left <= 0.01)[::-1], axis=0)


@pytest.mark.parametrize("curvature", [1, 0.1, 0.001])
def test_a_step_of_the_long_run_leaves_the_largest_eigenvalue(lab, curvature):
    page = lab.open()
    rng = np.random.default_rng(0)
    for rate, beta in zip(rng.uniform(0.05, 4, 40), rng.uniform(0, 0.99, 40), strict=True):
        expected = np.abs(np.linalg.eigvals(companion(rate, beta, curvature))).max()
        assert ours(page, "factor", rate, beta, curvature) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("kappa", KAPPAS)
@pytest.mark.parametrize("steps", [20, 100, 500])
def test_on_the_edges_of_a_band_of_the_map_the_eigenvalue_leaves_a_hundredth_after_its_steps(
    lab, kappa, steps
):
    corners = np.array(ours(lab.open(), "corners", kappa, steps))
    fastest = (np.sqrt(kappa) - 1) / (np.sqrt(kappa) + 1)
    if 0.01 ** (1 / steps) < fastest:
        assert corners.size == 0
        return
    inside = corners.mean(axis=0)
    assert radius(kappa, *inside) < 0.01 ** (1 / steps)
    for k, edges in enumerate(zip(corners, np.roll(corners, -1, axis=0), strict=True)):
        middle = np.mean(edges, axis=0)
        if middle[1] > 0:  # below is the edge of the plane
            assert radius(kappa, *middle) ** steps == pytest.approx(0.01, rel=1e-6), k
            outside = middle + 0.01 * (middle - inside)
            assert radius(kappa, *outside) ** steps > 0.01


@pytest.mark.parametrize("valley", [0, 1, 2])
def test_the_map_shows_these_bands_and_the_border_of_the_swings(lab, valley):
    page = lab.open(at(1, 0.5, valley, map=1))
    bands = page.locator(".lab-band").evaluate_all("all => all.map(e => e.getAttribute('d') ?? '')")
    assert bands[0] == "M0,0L0,1L4,1L2,0Z"  # where the ball is not lost
    kappa = KAPPAS[valley]
    fastest = ((np.sqrt(kappa) - 1) / (np.sqrt(kappa) + 1)) ** 2
    plan = page.locator(".lab-plan").evaluate(
        "e => ['x', 'y', 'width', 'height'].map(name => +e.getAttribute(name))"
    )
    named = 0
    for name in page.locator("text.lab-map").all():
        steps = int(re.sub(r"\D", "", name.text_content()) or 0)
        x, y = (float(name.get_attribute(of)) for of in "xy")
        rate, beta = 4 * (x - plan[0]) / plan[2], 1.02 - (y - plan[1]) / plan[3]
        if steps and rate < 4:  # it stands on its line
            assert radius(kappa, rate, beta) ** steps == pytest.approx(0.01, abs=1e-4)
            corners = ours(page, "corners", kappa, steps)
            shown = [[float(part) for part in re.split("[ML,Z]", band)[1:-1]] for band in bands]
            assert any(band == pytest.approx(np.ravel(corners), abs=1e-4) for band in shown if band)
            named += 1
    assert named >= 2
    border = drawn(page, "border")
    assert border[0, 1] == pytest.approx(fastest, abs=1e-3)
    for rate, beta in border[1:-1:8]:
        below, above = (
            np.linalg.eigvals(companion(rate, beta + d, 1 / kappa)) for d in (-4e-3, 4e-3)
        )
        assert np.isreal(below).all()
        assert not np.isreal(above).any()


@pytest.mark.parametrize(
    ("rate", "beta"), [(0.5, 0.0), (0.1, 0.9), (3.0, 0.73), (3.9, 0.99), (3.0, 0.0)]
)
@pytest.mark.parametrize("noisy", [False, True])
def test_the_ball_takes_the_steps_of_keras(lab, rate, beta, noisy):
    import keras

    kappa, steps = 100, 60
    noise = np.random.default_rng(1).normal(scale=0.01 if noisy else 0, size=(steps + 1, 2))
    ball = ours(lab.open(), "descend", kappa, rate, beta, steps, noise.ravel().tolist())
    sgd = keras.optimizers.SGD(rate, momentum=beta)
    w = keras.Variable(np.array([-1, kappa**-0.5]), dtype="float64")
    theirs = [w.numpy()]
    for added in noise[:-1]:
        slope = np.array([1 / kappa, 1]) * w.numpy() + added
        sgd.apply([keras.ops.convert_to_tensor(slope)], [w])
        theirs.append(w.numpy())
    found = np.array([[x or np.inf for x in ball[of]] for of in ("along", "across")]).T
    living = np.array([one is not None for one in ball["left"]])
    living[np.argmax(np.linalg.norm(theirs, axis=1) > 1e4) or len(living) :] = False
    assert living[:15].all()
    np.testing.assert_allclose(found[living], np.array(theirs)[living], rtol=1e-4, atol=1e-5)
    left = np.linalg.norm(np.array(theirs)[living], axis=1) / np.hypot(1, kappa**-0.5)
    np.testing.assert_allclose(np.array(ball["left"], float)[living], left, rtol=1e-4)


@pytest.mark.parametrize("valley", VALLEYS, ids=str)
def test_no_point_of_the_plane_is_better_than_the_one_that_is_stored(valley):
    kappa, (rates, betas) = valley["kappa"], (np.arange(1, 81) / 20, np.arange(100) / 100)
    left = distances(kappa, rates[:, None], betas, 110)
    steps = steps_to_a_hundredth(left)
    assert steps.min() == valley["best"]["steps"] < 110
    best = np.isclose(rates, valley["best"]["rate"]), np.isclose(betas, valley["best"]["beta"])
    assert steps[best[0]][0, best[1]] == steps.min()
    plain = steps_to_a_hundredth(distances(kappa, rates, 0, 3 * kappa))
    assert plain.min() == valley["plain"]["steps"]
    assert plain[np.isclose(rates, valley["plain"]["rate"])] == plain.min()


@pytest.mark.parametrize("lab", [STILL], indirect=True)
@pytest.mark.parametrize("valley", [0, 1, 2])
@pytest.mark.parametrize(("rate", "beta"), [(1, 0), (0.3, 0.95), (2.2, 0.36), (3.5, 0.89)])
def test_the_sentence_counts_the_steps_of_the_ball_and_says_how_it_comes_down(
    lab, valley, rate, beta
):
    page = lab.open(at(rate, beta, valley))
    kappa = KAPPAS[valley]
    told = sentence(page)
    counted = int(re.search(r"This point: ([\d,]+) steps", told)[1].replace(",", ""))
    assert counted == steps_to_a_hundredth(distances(kappa, rate, beta, 10_000))
    leaves = float(re.search(r"leaves ([\d.]+) %", told)[1])
    assert leaves == pytest.approx(100 * radius(kappa, rate, beta), rel=1e-2)
    swings = not np.isreal(np.linalg.eigvals(companion(rate, beta, 1 / kappa))).any()
    assert ("It swings along" if swings else "It rolls down along") in told
    assert f"The best point: {VALLEYS[valley]['best']['steps']}." in told
    assert f"at best {VALLEYS[valley]['plain']['steps']:,} (gray)" in told


@pytest.mark.parametrize("lab", [STILL], indirect=True)
@pytest.mark.parametrize(
    ("rate", "beta", "told"),
    [
        (1.95, 0, "It jumps from wall to wall: in the long run each step leaves 95 %"),
        (2, 0, "It jumps from wall to wall: in the long run each step leaves 100 %"),
        (2.2, 0.1, "It jumps from wall to wall: in the long run each step leaves 100 %"),
        (2.05, 0, "It is lost: it jumps from wall to wall, farther each time."),
        (4, 0.9, "It is lost"),
    ],
)
def test_it_is_lost_beyond_twice_one_plus_beta(lab, rate, beta, told):
    page = lab.open(at(rate, beta, valley=0))
    assert told in sentence(page)
    if rate >= 2:
        assert "This point: more than 10,000 steps until" in sentence(page)


@pytest.mark.parametrize("lab", [STILL], indirect=True)
@pytest.mark.parametrize(("rate", "beta"), [(3.05, 0.73), (0.3, 0.95), (1.95, 0)])
def test_the_lines_are_drawn_where_the_ball_was(lab, rate, beta):
    page = lab.open(at(rate, beta))
    ball = ours(page, "descend", 100, rate, beta, 246, None)
    way = np.array([ball["along"], ball["across"]]).T
    for point in drawn(page, "way"):
        assert np.abs(way - point).sum(axis=1).min() < 2e-4
    assert drawn(page, "way")[:5] == pytest.approx(way[:5], abs=1e-4)
    curve = drawn(page, "curve")
    steps = np.rint(246 * curve[:, 0]).astype(int)
    assert set(np.diff(steps)) == {0, 1} or set(np.diff(steps)) == {1} or 2 in np.diff(steps)
    assert (np.abs(np.log10(np.array(ball["left"])[steps]) - curve[:, 1]) < 0.35).all()
    assert curve[0] == pytest.approx([0, 0])
    gray = drawn(page, "before")
    plain = distances(100, 1.95, 0, 246)
    assert gray[-1, 1] == pytest.approx(np.log10(plain[round(246 * gray[-1, 0])]), abs=0.01)


@pytest.mark.parametrize("deviation", [0.01, 0.1])
def test_noise_leaves_what_the_equation_of_its_covariance_says(lab, deviation):
    page = lab.open()
    rng = np.random.default_rng(2)
    for beta in rng.uniform(0, 0.99, 12):
        rate, kappa = rng.uniform(0.02, 0.95) * 2 * (1 + beta), rng.choice(KAPPAS)
        push = np.diag([(rate * deviation) ** 2, 0])
        squares = [
            solve_discrete_lyapunov(companion(rate, beta, h), push)[0, 0] for h in (1, 1 / kappa)
        ]
        expected = np.sqrt(sum(squares) / (1 + 1 / kappa))
        found = ours(page, "held", int(kappa), rate, beta, deviation)
        assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("lab", [STILL], indirect=True)
def test_under_noise_a_ball_that_rolls_down_goes_the_way_of_the_same_effective_rate(lab):
    page = lab.open(at(0.05, 0.9, noise=1))
    told = sentence(page)
    assert "Effective rate, rate / (1 − β): 0.5." in told
    mine, without = re.findall(r"([\d.]+) % (?:of the distance )?is left", told)
    assert mine == without
    curve, gray = (drawn(page, kind)[:, 1] for kind in ("curve", "before"))
    assert np.median(np.abs(curve - gray)) < 0.1  # of a decade
    dashed = drawn(page, "picture .lab-plan .lab-dashes")
    assert (dashed[:, 0] / (1 - dashed[:, 1]).clip(1e-9))[1] == pytest.approx(0.5, abs=1e-3)
    assert tuple(dashed[0]) == (0, 1)
    page.get_by_label("Momentum β:").fill("0")
    page.get_by_label("Learning rate:").fill("10")
    np.testing.assert_allclose(drawn(page, "curve")[:, 1], gray)


@pytest.mark.parametrize("lab", [STILL], indirect=True)
def test_far_up_the_plane_without_momentum_the_effective_rate_never_settles(lab):
    page = lab.open(at(0.5, 0.9, noise=1))
    assert "rate / (1 − β): 5. Without momentum, at that rate (gray), it never settles" in sentence(
        page
    )
    assert drawn(page, "before")[:, 1].max() > 1
    assert drawn(page, "curve")[:, 1].max() < 0.2
    dashed = page.locator(".lab-curves .lab-dashes").get_attribute("d")
    level = float(dashed.removeprefix("M0,").removesuffix("H1"))
    late = drawn(page, "curve")
    settled = 10 ** late[late[:, 0] > 0.4][:, 1]
    assert np.log10(np.sqrt(np.mean(settled**2))) == pytest.approx(level, abs=0.15)


@pytest.mark.parametrize("lab", [STILL], indirect=True)
def test_the_noise_is_normal_and_comes_from_the_key_of_the_address(browser, lab):
    page = lab.open(at(0.05, 0.9, noise=1))
    noise = np.array(page.evaluate(f"Object.values({LAB}.noises)[0]"))
    assert noise.mean() == pytest.approx(0, abs=4 * 0.01 / np.sqrt(len(noise)))
    assert noise.std() == pytest.approx(DATA["noise"] / 10, rel=0.07)
    assert np.mean(np.abs(noise) < noise.std()) == pytest.approx(0.683, abs=0.05)
    with lab_page(browser, *PLANE, **STILL) as other:
        assert seen(other.open(at(0.05, 0.9, noise=1))) == seen(page)
        other.open(at(0.05, 0.9, noise=1, key=8))
        assert not np.array_equal(drawn(other.page, "curve"), drawn(page, "curve"))


def test_a_mouse_finds_the_best_point_and_each_place_where_it_lets_go_is_a_try(lab):
    page = lab.open(at(1, 0))
    page.mouse.click(*place(page, 3.5, 0.3))
    assert "It is lost" in sentence(page)
    assert "Your best so far" not in sentence(page)
    page.mouse.move(*place(page, 1, 0.5))
    page.mouse.down()
    page.mouse.move(*place(page, 2, 0.8), steps=4)
    page.mouse.up()
    assert page.locator(".lab-try").count() == 2
    so_far = steps_to_a_hundredth(distances(100, 2, 0.8, 500))
    assert f"Your best so far: {so_far}." in sentence(page)
    page.mouse.move(*place(page, 3, 0.3))  # not pressed
    assert page.get_by_label("Learning rate:").input_value() == "40"
    best = VALLEYS[1]["best"]
    page.mouse.click(*place(page, best["rate"], best["beta"]))
    assert f"Your best so far: {best['steps']}, within a tenth of the best." in sentence(page)
    wide = [float(one.get_attribute("stroke-width")) for one in page.locator(".lab-try").all()]
    assert wide[0] < wide[1] < wide[2]
    tried = f"{round(20 * best['rate'])}{round(100 * best['beta'])}"
    waits_for_address(page, f"-70304080{tried}-")


def test_each_valley_has_its_own_tries_and_noise_adds_none(lab):
    page = lab.open(at(1, 0))
    page.mouse.click(*place(page, 3.25, 0.72))
    page.get_by_label("1,000").check()
    assert page.locator(".lab-try").count() == 0
    assert "Your best so far" not in sentence(page)
    page.get_by_label("100", exact=True).check()
    assert page.locator(".lab-try").count() == 1
    page.get_by_label("Noise").check()
    page.mouse.click(*place(page, 1, 0.5))
    assert page.locator(".lab-try").count() == 0
    page.get_by_label("Noise").uncheck()
    assert page.locator(".lab-try").count() == 1


def test_it_is_played_with_the_keyboard_alone(lab):
    page = lab.open(at(1, 0))
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    assert "The best point: 7." in sentence(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert "The noise keeps it from rest" in sentence(page)
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "Hide the map"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert page.get_by_label("Learning rate:").get_attribute("aria-valuetext") == "1.05"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert page.get_by_label("Momentum β:").get_attribute("aria-valuetext") == "0.01"
    waits_for_address(page, "=0-21-1-0-1-7-21002101--")


def test_the_map_is_hidden_until_it_is_asked_for(lab):
    page = lab.open(at(1, 0))
    shown = "getComputedStyle(document.querySelector('g.lab-map')).opacity"
    assert page.evaluate(shown) == "0"
    page.get_by_role("button", name="Show the map").click()
    assert page.evaluate(shown) == "1"
    page.get_by_role("button", name="Hide the map").click()
    assert page.evaluate(shown) == "0"


@pytest.mark.parametrize("lab", [STILL], indirect=True)
def test_an_address_shows_everybody_the_same(browser, lab):
    state = "?the-plane=2-70-89-0-1-7--2000-70897589"
    page = lab.open(state)
    assert page.locator(".lab-try").count() == 2
    page.locator("a", has_text="Link to what you see").click()
    assert page.url == HOME + state + "#lab-the-plane"
    with lab_page(browser, *PLANE, **STILL) as other:
        assert seen(other.open(state)) == seen(page)


@pytest.mark.parametrize(
    "word",
    [
        "",
        "nonsense",
        "3-20-0-0-0-7---",
        "1-0-0-0-0-7---",
        "1-81-0-0-0-7---",
        "1-20-100-0-0-7---",
        "1-20-0-2-0-7---",
        "1-20-0-0-0-7--",
        "1-20-0-0-0-7--200-",
        "1-20-0-0-0-7--8100-",
    ],
)
def test_an_address_that_says_no_state_begins_anew(lab, word):
    page = lab.open(f"?the-plane={word}&other=1")
    assert page.get_by_label("Learning rate:").get_attribute("aria-valuetext") == "1"
    assert page.get_by_label("100", exact=True).is_checked()
    page.get_by_label("Momentum β:").fill("50")
    page.wait_for_function("/=1-20-50-0-0-\\d+--2050-&other=1$/.test(location.search)")
    page.get_by_role("button", name="Start over").click()
    page.wait_for_timeout(300)
    assert page.url == f"{HOME}?other=1"
    assert page.locator(".lab-try").count() == 0


def test_back_leads_to_the_point_before(lab):
    page = lab.open(at(1, 0.5))
    before = sentence(page)
    page.evaluate("history.pushState(null, '', location.href)")
    page.mouse.click(*place(page, 3, 0.8))
    waits_for_address(page, "-6080-")
    page.go_back()
    page.wait_for_function("before => document.querySelector('b').textContent === '1'")
    assert sentence(page) == before


MOVES = """async () => {
    const slider = document.querySelector("#lab-beta");
    const ball = document.querySelector(".lab-ball");
    const found = [];
    slider.value = 30;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    const end = performance.now() + 1000;
    while (performance.now() < end) {
        await new Promise(requestAnimationFrame);
        found.push(ball.getAttribute("d"));
    }
    return found;
}"""


@pytest.mark.parametrize("lab", [STILL], indirect=True)
def test_where_motion_is_not_wanted_the_ball_is_at_its_end(lab):
    page = lab.open(at(1.95, 0))
    assert len(set(page.evaluate(MOVES))) == 1


def test_otherwise_the_ball_runs_once_and_then_all_is_still(lab):
    page = lab.open(at(1.95, 0))
    start = page.locator(".lab-ball").get_attribute("d")
    page.wait_for_timeout(300)
    assert page.locator(".lab-ball").get_attribute("d") == start  # not before it is asked to
    assert len(set(page.evaluate(MOVES))) > 10
    page.wait_for_function(f"!{LAB}.moving")
    ball = ours(page, "descend", 100, 1.95, 0.3, 246, None)
    end = np.array([ball["along"][-1], ball["across"][-1]])
    assert drawn(page, "ball")[0] == pytest.approx(end, abs=1e-4)


@pytest.mark.parametrize("lab", [{"viewport": PHONE, "has_touch": True}], indirect=True)
def test_a_finger_touches_a_point_and_sees_its_ball_and_its_steps_on_one_screen(lab):
    page = lab.open(at(1, 0))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    controls = ".lab-room :is(button, label, input[type=range]):visible"
    assert page.locator(controls).evaluate_all(SIZES) == []
    page.locator(".lab-ground").scroll_into_view_if_needed()
    page.touchscreen.tap(*place(page, 3, 0.8))
    assert "Your best so far" in sentence(page)
    top = page.locator(".lab-picture").bounding_box()["y"]
    counted = page.locator(".lab-sentence span").nth(0).bounding_box()
    assert counted["y"] + counted["height"] - top <= 560  # of 844, less what the browser takes
    note = "document.querySelector('.lab-legend').offsetTop"
    below = page.evaluate(note)
    page.get_by_label("1,000").check()
    page.touchscreen.tap(*place(page, 3, 0.95))
    assert page.evaluate(note) == below  # however much there is to say
    page.get_by_label("Noise").check()
    assert page.evaluate(note) == below


def test_a_finger_that_scrolls_the_page_leaves_the_point(lab):
    page = lab.open(at(1, 0))
    before = seen(page)
    page.locator(".lab-ground").evaluate(
        """ground => {
            const { left, top } = ground.getBoundingClientRect();
            const at = { clientX: left + 50, clientY: top + 50, bubbles: true, buttons: 1 };
            ground.dispatchEvent(new PointerEvent("pointerdown", at));
            ground.dispatchEvent(new PointerEvent("pointercancel", at));
        }"""
    )
    assert seen(page) == before
    assert page.locator(".lab-picture").evaluate("e => getComputedStyle(e).touchAction") == "pan-y"


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("valley", [0, 1, 2])
@pytest.mark.parametrize("noise", [0, 1])
def test_words_in_the_picture_touch_no_others_and_are_large_enough(lab, valley, noise, width):
    lab.page.set_viewport_size({"width": width, "height": 844})
    page = lab.open(at(1, 0, valley, noise, map=1))
    met, sizes = page.locator(".lab-picture").evaluate(
        """picture => {
            const edge = picture.getBoundingClientRect();
            const boxes = [...picture.querySelectorAll("text")]
                .filter(e => !"○★▲".includes(e.textContent))
                .map(e => [e.textContent, e.getBoundingClientRect()])
                .filter(([, a]) => a.left < edge.right + 300 && a.bottom > edge.top - 300);
            const met = boxes.flatMap(([one, a]) => boxes.filter(([other, b]) => one !== other
                && a.left < b.right && b.left < a.right
                && a.top + 4 < b.bottom - 4 && b.top + 4 < a.bottom - 4)
                .map(([other]) => [one, other]));
            const out = boxes.filter(([, a]) => a.left < edge.left - 0.5
                || a.right > edge.right + 0.5 || a.top < edge.top || a.bottom > edge.bottom + 0.5);
            const scale = picture.clientWidth / picture.viewBox.baseVal.width;
            const size = e => scale * parseFloat(getComputedStyle(e).fontSize);
            return [[...met, ...out], [...picture.querySelectorAll("text")].map(size)];
        }"""
    )
    assert met == []
    assert min(sizes) >= 11


@pytest.mark.parametrize("lab", [{"theme": "light"}, {"theme": "dark"}], indirect=True)
@pytest.mark.parametrize("state", [at(1, 0), at(0.4, 0.9, noise=1, map=1)])
def test_axe_finds_nothing_in_either_theme(lab, state):
    page = lab.open(state)
    found = Axe().run(page).response["violations"]
    assert [f"{issue['id']}: {issue['nodes'][0]['html'][:160]}" for issue in found] == []


def test_no_frame_is_late_where_the_processor_is_four_times_as_slow(lab):
    page = slow(lab.open(at(1, 0.5, valley=2, map=1)))
    drag = """async noise => {
        const noisy = document.querySelector(".lab-room [type=checkbox]");
        if (noisy.checked !== noise) noisy.click();
        const slider = document.querySelector("#lab-beta");
        const [spent, loops] = [[], []];
        for (let k = 0; k < 40; k++) {
            await new Promise(requestAnimationFrame);
            const start = performance.now();
            slider.value = 50 + k;
            slider.dispatchEvent(new Event("input", { bubbles: true }));
            document.body.getBoundingClientRect(); // style and layout
            spent.push(performance.now() - start);
            loops.push(loop());
        }
        return { spent, loops };
    }"""
    for noise in (False, True):
        assert ms_a_frame([page.evaluate(drag, noise) for _ in range(6)]) < FRAME
