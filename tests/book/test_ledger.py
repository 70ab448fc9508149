import dataclasses
import io
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
import yaml
from bs4 import BeautifulSoup
from ledger_html import UNEXPECTED
from ledger_items import Context, book_rows
from outline import outline
from pypdf import PdfReader
from scipy.stats import betabinom, binom

from utils import claims
from utils.stats import check, median_above, timed
from utils.typeset import tidy

ROOT = Path(__file__).resolve().parents[2]
HARD, CHOICES, DEEP = (
    "training-harder-than-it-looks",
    "seemingly-minor-choices-have-major-impact",
    "deep-means-five-or-more-hidden-layers",
)
CHECKED = "backprop-supplies-the-gradients"
READ = "ai-winters-were-stalls-of-deep-learning"


def wins(count):
    """Sixteen seeds, this many of them ahead: 16 are firm, 13 a close call, 10 open."""
    return median_above(np.where(np.arange(16) < count, 0.31, -0.2), 0, "gain & more", "points")


SETTLED = {
    HARD: {"moons": wins(16), "digits, 5 layers": wins(16)},
    CHOICES: {"moons": wins(13), "digits": wins(10), "spirals": wins(9)},
    DEEP: {"moons": wins(0), "digits": wins(16)},
    CHECKED: check(False, "differs by 0.2"),
}
DEFINITIONS = [claim for claim in claims.ledger().values() if claim.settle_by == "check"]
ALL = len(claims.ledger())
TALLIED = ALL - len(DEFINITIONS)
OWN = [claim for claim in claims.ledger().values() if claim.chapter == "nitty-gritty"]


def notebook_with_verdicts(monkeypatch):
    """A chapter as `make notebooks` stores it, its outputs made by the real claims module."""
    shown = []
    ledger = claims.load()
    planned = {
        claim: dataclasses.replace(ledger.claims[claim], settings=tuple(evidence))
        for claim, evidence in SETTLED.items()
        if claim != CHECKED
    }
    ours = dataclasses.replace(ledger, claims={**ledger.claims, **planned})
    settling = "utils.claims.settling"
    monkeypatch.setattr(f"{settling}.load", lambda: ours)
    monkeypatch.setattr(f"{settling}.frozen", lambda claim: None)
    monkeypatch.setattr(f"{settling}._display", lambda text, card: shown.append((text, card)))
    monkeypatch.setenv("COURSE_WRITES_THE_BOOK", "1")
    claims.reset()
    for claim_id, evidence in SETTLED.items():
        claims.settle(claim_id, evidence)
    claims.by_reading(READ, "Funding fell.", ["crevier1993", "schmidhuber2015"])
    claims.table("nitty-gritty")
    claims.reset()
    cells = [nbformat.v4.new_markdown_cell("# The nitty-gritty")]
    for number, (text, card) in enumerate(shown, start=1):
        data = {"text/plain": text, "text/html": card}
        output = nbformat.v4.new_output("display_data", data=data)
        cells.append(
            nbformat.v4.new_code_cell("settle()", outputs=[output], execution_count=number)
        )
    language = {"name": "python", "pygments_lexer": "ipython3"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"language_info": language})


def build(source, out, *, notebook=None):
    (source / "pages").mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "pages" / "ledger.md", source / "pages")
    (source / "pages" / "glossary.md").write_text("# Glossary\n\n## Holm's correction\n")
    for name in ("references.bib", "_toc.yml"):
        shutil.copy(ROOT / name, source)
    (source / "index.md").write_text(
        "# Course\n\n```{ledger-tally}\n```\n\n```{toctree}\n:glob:\n*/*\n```\n"
    )
    if notebook is not None:
        (source / "chapters").mkdir(exist_ok=True)
        nbformat.write(notebook, source / "chapters" / "nitty-gritty.ipynb")
    config = yaml.safe_load((ROOT / "_config.yml").read_text())["sphinx"]["config"]
    (source / "conf.py").write_text(
        f"""import sys
sys.path.insert(0, {str(ROOT / "_ext")!r})
extensions = ["myst_nb", "outline", "ledger"]
nb_execution_mode = "off"
html_theme = "basic"
html_static_path = [{str(ROOT / "_static")!r}]
course_to_come = {config["course_to_come"]!r}
myst_heading_anchors = 2
"""
    )
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", source, out]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book")
    with pytest.MonkeyPatch.context() as monkeypatch:
        notebook = notebook_with_verdicts(monkeypatch)
    build(folder / "source", folder / "html", notebook=notebook)
    return folder / "html"


def page(book, name):
    return BeautifulSoup((book / name).read_text(encoding="utf-8"), "html.parser")


def test_the_page_lists_every_claim_once_under_its_chapter_and_definitions_apart(book):
    ledger = page(book, "pages/ledger.html")
    listed = [
        (item["id"], section["id"])
        for section in ledger.select("section.ledger-chapter")
        for item in section.select("li.ledger-claim")
    ]
    assert sorted(listed) == sorted(
        (
            f"claim-{claim.id}",
            "checks" if claim in DEFINITIONS else f"chapter-{claim.chapter}",
        )
        for claim in claims.ledger().values()
    )


def test_what_is_settled_stands_first_and_what_is_not_in_a_fold(book):
    sections = page(book, "pages/ledger.html").select("section.ledger-chapter")
    assert sections[0]["id"] == "chapter-nitty-gritty"
    for section in sections:
        waits = [item["data-verdict"] == "not-yet" for item in section.select(".ledger-claim")]
        assert waits == sorted(waits)
        folded = section.select(".ledger-waiting .ledger-claim")
        assert len(folded) == sum(waits)
        if folded:
            said = section.select_one(".ledger-waiting > summary").get_text()
            assert re.match(rf"{len(folded)} claims? not tested yet", said)


def test_a_line_shows_word_claim_and_the_small_strip_of_what_was_measured(book):
    line = page(book, "pages/ledger.html").select_one(f"#claim-{HARD} > details > summary")
    assert line.select_one(".ledger-word").get_text() == "● holds"
    assert line.select_one(".ledger-says").get_text() == claims.ledger()[HARD].says
    assert "strip-tiny" in line.svg["class"]
    assert line.select("a") == []


def test_no_id_stands_twice_and_every_link_within_the_page_has_a_target(book):
    ledger = page(book, "pages/ledger.html")
    ids = [element["id"] for element in ledger.select("[id]")]
    assert len(ids) == len(set(ids))
    targets = [link["href"][1:] for link in ledger.select('a[href^="#"]') if link["href"] != "#"]
    assert set(targets) <= set(ids)
    assert len(targets) > ALL


def test_a_settled_claim_shows_verdict_and_numbers_and_leads_to_its_cell(book):
    ledger = page(book, "pages/ledger.html")
    item = ledger.select_one(f"#claim-{HARD}")
    link = item.select_one(".ledger-place a")
    assert link.get_text() == "The nitty-gritty"
    assert "gain & more: 0.31 points (all 16 seeds)" in item.get_text()
    assert "gain & more: median 0.31 points" in item.dl.get_text()
    target, anchor = link["href"].split("#")
    chapter = BeautifulSoup((book / "pages" / target).read_text(), "html.parser")
    assert chapter.find(id=anchor)["class"] == ["verdict", "verdict-holds"]


@pytest.mark.parametrize(
    ("claim", "told"),
    [
        (HARD, ["moons: yes", "digits, 5 layers: yes"]),
        (CHOICES, ["moons: yes, close call", "digits: open", "spirals: open"]),
        (DEEP, ["moons: no", "digits: yes"]),
        (READ, []),
    ],
)
def test_a_claim_tells_and_draws_what_was_found_in_each_setting(book, claim, told):
    for name in ("pages/ledger.html", "chapters/nitty-gritty.html"):
        item = page(book, name).select_one(f"#claim-{claim}")
        assert [line.get_text() for line in item.select(".verdict-settings .setting")] == told
        answers = [re.search("yes|no|open", line.partition(": ")[2])[0] for line in told]
        strips = item.select(".verdict-settings svg")
        assert [strip["class"][1] for strip in strips] == [f"strip-{word}" for word in answers]


def test_a_misprint_shows_its_word_its_chapter_and_its_numbers_and_leads_to_its_cell(book):
    row = page(book, "pages/ledger.html").select_one(f"#claim-{CHECKED}")
    assert row.select_one(".ledger-word").get_text() == "✎ misprint"
    assert row.select_one(".ledger-place").get_text() == "Settled in The nitty-gritty."
    assert row.select_one(".ledger-place a")["href"].endswith(f"nitty-gritty.html#claim-{CHECKED}")
    assert "differs by 0.2" in row.get_text()


def test_the_page_says_which_verdicts_survive_a_correction_for_the_whole_book(book):
    ledger = page(book, "pages/ledger.html")
    told = ledger.select_one(".ledger-correction")
    assert "3 verdicts rest on a measurement over seeds that decides" in told.get_text()
    assert "all 7 such settings" in told.get_text()
    assert "2 of them survive Holm’s correction; 1 does not" in told.get_text()
    (fallen,) = told.select("li a")
    assert fallen["href"] == f"#claim-{CHOICES}"
    for claim, says in ((HARD, "survives Holm"), (CHOICES, "does not survive Holm")):
        assert says in ledger.select_one(f"#claim-{claim}").get_text()
    assert "Holm" not in ledger.select_one(f"#claim-{CHECKED}").get_text()
    assert "every interval covers the seeds only" in " ".join(ledger.get_text().split())


@pytest.mark.parametrize(
    ("stands", "told"),
    [
        ({}, "a timing, and no part of Holm’s correction"),
        ({HARD: True}, "apart from its timing, this verdict survives Holm’s correction"),
        ({HARD: False}, "apart from its timing, this verdict does not survive Holm’s"),
    ],
)
def test_a_verdict_with_a_timing_says_that_it_is_no_part_of_the_correction(stands, told):
    samples = {"a step": timed(wins(16)).samples, "steps": wins(16).samples}
    settled = claims.Settled(HARD, "holds", {}, {}, "", samples=samples)
    context = Context(claims.load(), {}, stands, {}, str)
    rows = dict(book_rows(claims.ledger()[HARD], settled, context))
    assert rows["Over the whole book"].startswith(told)


def test_the_page_says_how_often_sixteen_seeds_mislead_and_how_often_a_firm_answer_returns():
    said = " ".join((ROOT / "pages" / "ledger.md").read_text(encoding="utf-8").split())

    def wins_for(level):
        return next(w for w in range(9, 17) if 2 * binom.sf(w - 1, 16, 0.5) <= 1 - level)

    decided, firm = wins_for(0.95), wins_for(0.999)
    assert f"of sixteen seeds, one in {1 / (2 * binom.sf(decided - 1, 16, 0.5)):.0f}" in said
    again = [betabinom.sf(decided - 1, 16, w + 1, 17 - w) for w in (firm, 16)]
    assert (
        f"after the {firm} of 16 seeds that it takes, the next sixteen give the same answer about "
        f"{again[0]:.0%} times in 100, after 16 of 16 about {again[1]:.0%} "
    ).replace("%", "") in said


def test_a_claim_without_a_verdict_says_not_yet(book):
    ledger = page(book, "pages/ledger.html")
    open_claims = ledger.select('.ledger-claim[data-verdict="not-yet"]')
    assert len(open_claims) == ALL - 5
    for item in open_claims:
        assert "not yet" in item.select_one(".ledger-word").get_text()
        assert item.select_one(".ledger-place a") is None


def test_a_changed_plan_keeps_its_earlier_text_with_date_and_reason(book):
    changed = [claim for claim in claims.ledger().values() if claim.changes]
    assert changed
    ledger = page(book, "pages/ledger.html")
    for claim in changed[:20]:
        text = " ".join(ledger.find(id=f"claim-{claim.id}").dl.get_text().split())
        for change in claim.changes:
            for part in (str(change.date), change.reason, change.was, claim.plan):
                assert tidy(part) in text


def test_a_claim_shows_its_place_expectation_and_how_it_will_be_settled(book):
    claim = claims.ledger()["adam-second-moment-without-square"]
    item = page(book, "pages/ledger.html").find(id=f"claim-{claim.id}")
    text = " ".join(item.get_text().split())
    for part in (claim.why, claim.plan, "wrong as stated", "by a check", "note D line"):
        assert tidy(part) in text
    assert "β2·S + (1−β2)·gradient, without the square" in text
    assert item.select_one('dd a[href="#claim-adam-combines-momentum-and-rmsprop"]')


def test_the_shared_runs_are_shown_as_a_plan_only_where_a_run_is_still_to_come(book):
    ledger = page(book, "pages/ledger.html")
    planned = claims.load()
    for claim in planned.claims.values():
        rows = [term.get_text() for term in ledger.select(f"#claim-{claim.id} dt")]
        waits = claim.id not in {*SETTLED, READ}
        assert ("Planned with" in rows) == (waits and claim.settle_by != "reading")
        if "Planned with" not in rows:
            told = ledger.find(id=f"claim-{claim.id}").dl.get_text()
            assert planned.runs[claim.run] not in told
    for card in page(book, "chapters/nitty-gritty.html").select(".verdict"):
        run = planned.runs[planned.claims[card["id"].removeprefix("claim-")].run]
        assert run not in card.get_text()


def test_a_source_leads_to_the_paper_by_name(book):
    for name, selector in (
        ("pages/ledger.html", f"#claim-{READ} .finding a"),
        ("chapters/nitty-gritty.html", f"#claim-{READ} .finding a"),
    ):
        link = page(book, name).select_one(selector)
        assert link.parent.get_text() == "Funding fell. (Crevier 1993; Schmidhuber 2015)"
        assert link.get_text() == "Schmidhuber 2015"
        assert link["href"].startswith("https://doi.org/10.")


def test_each_chapter_has_a_bar_whose_words_add_up(book):
    ledger = page(book, "pages/ledger.html")
    bars = ledger.select(".ledger-progress .ledger-bar")
    assert len(bars) == len({claim.chapter for claim in claims.ledger().values()})
    for bar in bars:
        total, parts = re.fullmatch(r".+: (\d+) claims, (.+)", bar["aria-label"]).groups()
        assert sum(int(part.split()[0]) for part in parts.split(", ")) == int(total)
    tallied = sum(claim not in DEFINITIONS for claim in OWN)
    assert bars[0]["aria-label"] == (
        f"The nitty-gritty: {tallied} claims, 1 holds, 1 holds here, 1 depends, 1 by reading, "
        f"{tallied - 4} not yet"
    )


def test_the_tally_counts_claims_without_definitions_and_links_to_the_filtered_list(book):
    tally = page(book, "index.html").select_one(".ledger-tally")
    label = tally.select_one('[role="img"]')["aria-label"]
    assert label == (
        f"All chapters: {TALLIED} claims, 1 holds, 1 holds here, 1 depends, 1 by reading, "
        f"{TALLIED - 4} not yet"
    )
    links = {link["href"] for link in tally.select("a")}
    assert "pages/ledger.html?verdict=holds-here" in links
    assert not any("fails" in link for link in links)
    listed = [item["class"] for item in tally.select("li")]
    words = [*claims.SIX_WORDS, "by reading", "not yet"]
    assert listed == [[f"tally-{word.replace(' ', '-')}"] for word in words]


def test_cards_and_table_of_a_chapter_lead_to_the_ledger(book):
    chapter = page(book, "chapters/nitty-gritty.html")
    cards = chapter.select(".verdict")
    assert len(cards) == 5
    for card in cards:
        links = [link["href"] for link in card.select("a.verdict-anchor, dd a[href*=ledger]")]
        entry = f"../pages/ledger.html#{card['id']}"
        assert links[0] == f"#{card['id']}"
        assert {*links[1:]} == {entry}  # and once more where the plan changed
    rows = chapter.select("table.verdicts tr[data-claim]")
    for row in rows:
        anchor = f"#claim-{row['data-claim']}"
        here = row["data-claim"] in {*SETTLED, READ}
        assert row.select_one("a")["href"] == (anchor if here else f"../pages/ledger.html{anchor}")
    assert len(rows) == len(OWN)


def test_the_filter_offers_exactly_the_values_that_claims_have(book):
    ledger = page(book, "pages/ledger.html")
    form = ledger.select_one("form.ledger-filter")
    assert form.has_attr("hidden")
    for select in form.select("select"):
        offered = {option["value"] for option in select.select("option")} - {""}
        used = {item[f"data-{select['name']}"] for item in ledger.select(".ledger-claim")}
        assert used <= offered
        assert form.find("select", {"name": select["name"]}).parent.name == "label"


def test_the_presets_are_surprises_changed_plans_and_close_calls_with_their_counts(book):
    ledger = page(book, "pages/ledger.html")
    changed = {f"claim-{claim.id}" for claim in claims.ledger().values() if claim.changes}
    expected = {
        "surprise": {f"claim-{CHECKED}"},  # a misprint, and expected to hold
        "changed": changed,
        "close": {f"claim-{CHOICES}"},
    }
    for mark, ids in expected.items():
        found = {item["id"] for item in ledger.select(f'.ledger-claim[data-marks~="{mark}"]')}
        label = ledger.select_one(f'.ledger-presets input[value="{mark}"]').parent.get_text()
        assert label.endswith(f"({len(found)})")
        assert found == ids


@pytest.mark.parametrize("expect", claims.EXPECTATIONS)
def test_no_word_and_its_opposite_both_surprise_and_what_decides_nothing_never_does(expect):
    surprising = set(UNEXPECTED[expect])
    for yes, no in (("holds", "fails"), ("holds here", "fails here"), ("checked", "misprint")):
        assert not {yes, no} <= surprising
    assert not surprising & {"open", "by reading", "not yet"}
    assert surprising <= set(claims.SHAPES)


def test_the_page_names_the_notes_as_the_ledger_does(book):
    text = " ".join(page(book, "pages/ledger.html").get_text().split())
    for note in claims.load().notes.values():
        title = note["title"].removesuffix(" (2023)").removeprefix("Lecture notes on ")
        assert re.sub(r"[“”]", '"', title) in text


def test_every_chapter_of_the_ledger_is_in_the_outline_once():
    config = yaml.safe_load((ROOT / "_config.yml").read_text())["sphinx"]["config"]
    slugs = [slug for part in outline(ROOT, config["course_to_come"]).values() for slug in part]
    assert sorted(slugs) == sorted(claims.load().chapters)


@pytest.mark.slow
def test_a_second_build_shows_a_verdict_that_changed_meanwhile(tmp_path, monkeypatch):
    notebook = notebook_with_verdicts(monkeypatch)
    build(tmp_path / "source", tmp_path / "html", notebook=notebook)
    notebook.cells[1].outputs = []
    build(tmp_path / "source", tmp_path / "html", notebook=notebook)
    item = page(tmp_path / "html", "pages/ledger.html").select_one(f"#claim-{HARD}")
    assert item["data-verdict"] == "not-yet"
    assert f"{TALLIED - 3} not yet" in str(page(tmp_path / "html", "index.html"))


@pytest.mark.slow
def test_a_book_without_chapters_has_open_claims_only(tmp_path):
    build(tmp_path / "source", tmp_path / "html")
    tally = page(tmp_path / "html", "index.html").select_one('.ledger-tally [role="img"]')
    assert tally["aria-label"] == f"All chapters: {TALLIED} claims, {TALLIED} not yet"


# --- in the browser, opened as a file: no server is needed --------------------------------------


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        options = {
            "executable_path": chromium,
            "args": ["--no-sandbox", "--disable-background-networking"],
        }
        started = playwright.chromium.launch(**options)
        yield started
        started.close()


@pytest.fixture
def opened(browser, book):
    """A function that opens the ledger page; no error may reach the console."""
    errors = []
    context = browser.new_context(viewport={"width": 390, "height": 800})
    tab = context.new_page()
    tab.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    tab.on("pageerror", lambda error: errors.append(str(error)))

    def open_page(rest=""):
        tab.goto("about:blank")
        tab.goto((book / "pages" / "ledger.html").as_uri() + rest)
        return tab

    yield open_page
    context.close()
    assert errors == []


def visible(tab):
    return tab.locator(".ledger-claim:visible").count()


def says_count(tab, text):
    tab.wait_for_function(
        "text => document.querySelector('.ledger-count').textContent === text", arg=text
    )


def test_typing_narrows_the_list_and_the_count_tells(opened):
    tab = opened()
    says_count(tab, f"{ALL} of {ALL} claims")
    wanted = [
        claim
        for claim in claims.ledger().values()
        if "winter" in f"{claim.id} {claim.says} {claim.why} {claim.plan}".lower()
    ]
    tab.get_by_label("Search the claims").fill("AI WINTER")
    says_count(tab, f"{len(wanted)} of {ALL} claims")
    assert visible(tab) == len(wanted) > 0
    assert tab.locator("section.ledger-chapter:visible").count() == 1
    tab.get_by_label("Search the claims").fill("no such words anywhere")
    says_count(tab, "No claim fits.")
    tab.get_by_role("button", name="Show all").click()
    says_count(tab, f"{ALL} of {ALL} claims")


def test_filters_combine_and_stand_in_the_address(opened):
    tab = opened()
    tab.locator("select[name=chapter]").select_option("optimizers")
    tab.locator("select[name=expect]").select_option("wrong-as-stated")
    fits = [
        claim
        for claim in claims.ledger().values()
        if claim.chapter == "optimizers" and claim.expect == "wrong-as-stated"
    ]
    says_count(tab, f"{len(fits)} of {ALL} claims")
    assert visible(tab) == len(fits)
    query = tab.url.partition("?")[2]
    tab = opened(f"?{query}")
    says_count(tab, f"{len(fits)} of {ALL} claims")


def test_a_preset_narrows_the_list_stands_in_the_address_and_hides_empty_chapters(opened):
    tab = opened()
    tab.get_by_label("close calls").check()
    says_count(tab, f"1 of {ALL} claims")
    assert tab.url.endswith("?marks=close")
    assert tab.locator("section.ledger-chapter:visible").count() == 1
    tab = opened("?marks=changed&by=reading")
    fits = [c for c in claims.ledger().values() if c.changes and c.settle_by == "reading"]
    says_count(tab, f"{len(fits)} of {ALL} claims")
    assert visible(tab) == len(fits)
    assert tab.get_by_label("plan changed").is_checked()
    tab = opened("?marks=nonsense")
    says_count(tab, f"{ALL} of {ALL} claims")


def test_a_line_opens_by_keyboard_and_closes_again(opened):
    tab = opened()
    line = tab.locator(f"#claim-{HARD} summary").first
    line.focus()
    for open_ in (True, False):
        tab.keyboard.press("Enter")
        assert tab.locator(f"#claim-{HARD} dl").is_visible() == open_


def test_the_address_of_a_claim_opens_it_even_when_the_filter_hides_it(opened):
    tab = opened("?verdict=holds#claim-adam-second-moment-without-square")
    says_count(tab, f"{ALL} of {ALL} claims")
    claim = tab.locator("#claim-adam-second-moment-without-square")
    assert claim.locator("dl").is_visible()
    assert tab.evaluate("document.activeElement.id") == claim.get_attribute("id")


def test_definitions_are_folded_behind_their_count_and_the_address_of_one_opens_the_fold(opened):
    tab = opened()
    fold = tab.locator("#checks .ledger-settled")
    assert fold.locator("> summary").inner_text() == "1 misprint"
    assert not fold.locator(".ledger-claim").is_visible()
    fold.locator("> summary").click()
    assert fold.locator(".ledger-claim").is_visible()
    tab = opened(f"#{fold.locator('.ledger-claim').get_attribute('id')}")
    assert tab.locator("#checks .ledger-settled dl").is_visible()
    tab.evaluate("location.hash = ''")
    tab.locator("select[name=verdict]").select_option("misprint")
    says_count(tab, f"1 of {ALL} claims")
    assert visible(tab) == 1


def test_definitions_are_printed_though_their_fold_is_closed(opened):
    tab = opened()
    fold = tab.locator("#checks .ledger-settled")
    assert fold.get_attribute("open") is None
    printed = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(tab.pdf())).pages)
    says = fold.locator(".ledger-says").text_content()
    assert " ".join(says.split()) in " ".join(printed.split())
    assert fold.get_attribute("open") is None


def test_the_page_fits_a_phone_and_works_by_keyboard(opened):
    tab = opened()
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    tab.get_by_label("Search the claims").focus()
    tab.keyboard.type("dropout")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.name") == "chapter"


def test_without_scripts_the_whole_list_stands_there_and_no_dead_filter(browser, book):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto((book / "pages" / "ledger.html").as_uri())
    assert visible(tab) == 5
    for fold in tab.locator(".ledger-waiting > summary").all():
        fold.click()
    assert visible(tab) == ALL
    assert not tab.locator("form.ledger-filter").is_visible()
    context.close()
