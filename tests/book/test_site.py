"""The built book as files: what `make book` left in _build/html."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from utils import palette
from utils.samples import Sample
from utils.strip import strip

ROOT = Path(__file__).resolve().parents[2]
GENERATED = {"search.html", "genindex.html"}
VERDICTS = [word.replace(" ", "-") for word in palette.VERDICTS]


@pytest.fixture(scope="module")
def config():
    return yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def contents():
    """The pages of the table of contents, in order."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    listed = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    return [toc["root"], *listed]


def test_the_book_holds_the_pages_of_its_contents_and_nothing_else(pages, contents):
    assert set(pages) - GENERATED == {f"{name}.html" for name in contents}


def test_no_page_loads_anything_from_elsewhere(pages):
    for name, page in pages.items():
        loaded = [tag["src"] for tag in page.select("[src]")]
        loaded += [
            tag["href"] for tag in page.select("link[href]") if "canonical" not in tag["rel"]
        ]
        elsewhere = [address for address in loaded if urlsplit(address).netloc]
        assert not elsewhere, name


def test_no_style_sheet_loads_anything_from_elsewhere(built):
    for path in (built / "_static").glob("*.css"):
        addresses = re.findall(r"url\(\s*[\"']?([^\"')]+)", path.read_text(encoding="utf-8"))
        assert not [a for a in addresses if urlsplit(a).netloc], path.name


def test_every_script_and_style_sheet_is_loaded_once_and_is_there(built, pages):
    for name, page in pages.items():
        loaded = [tag["src"] for tag in page.select("script[src]")]
        loaded += [tag["href"] for tag in page.select("link[rel=stylesheet]")]
        files = [address.partition("?")[0] for address in loaded]
        assert len(files) == len(set(files)), name
        for file in files:
            assert ((built / name).parent / file).exists(), f"{name} loads {file}"


def test_neither_icon_library_nor_thebe_nor_mathjax_is_loaded(built, pages):
    assert not list(built.rglob("fontawesome*"))
    for name, page in pages.items():
        scripts = " ".join(str(tag) for tag in page.find_all("script"))
        assert "fontawesome" not in scripts
        assert "thebe" not in scripts.casefold()
        assert "mathjax" not in scripts.casefold(), name


def test_every_link_within_the_book_leads_somewhere(built, pages):
    ids = {name: {tag["id"] for tag in page.select("[id]")} for name, page in pages.items()}
    for name, page in pages.items():
        for link in page.select("a[href]"):
            address = urlsplit(link["href"])
            if address.scheme or address.netloc:
                continue
            target = ((built / name).parent / address.path).resolve() if address.path else None
            assert target is None or target.exists(), f"{name}: {link['href']}"
            page_of = target.relative_to(built.resolve()).as_posix() if target else name
            if address.fragment and page_of in ids:
                assert address.fragment in ids[page_of], f"{name}: {link['href']}"


def test_every_paper_that_a_chapter_links_to_is_among_the_references(pages):
    listed = (ROOT / "references.bib").read_text(encoding="utf-8")
    for name, page in pages.items():
        if name.startswith("chapters/"):
            for link in page.select("article a[href]"):
                address = urlsplit(link["href"])
                if address.netloc in {"arxiv.org", "doi.org", "proceedings.mlr.press"}:
                    paper = address.path.removeprefix("/abs/").removeprefix("/")
                    assert paper in listed, f"{name}: {link['href']} is not in references.bib"


def test_no_id_occurs_twice_on_a_page(pages):
    for name, page in pages.items():
        ids = [tag["id"] for tag in page.select("article [id]")]
        twice = {i for i in ids if ids.count(i) > 1}
        assert not twice, name


def test_every_picture_says_in_words_what_it_shows(pages):
    for name, page in pages.items():
        for picture in page.select("article img"):
            assert " " in picture.get("alt", ""), f"{name}: {picture.get('src')}"
        for figure in page.select("article svg"):
            label = figure.get("aria-label", "")
            hidden = figure.get("aria-hidden") == "true"
            assert hidden or (" " in label and not re.search(r"\.(svg|png)$", label)), name


def test_every_page_describes_itself_in_a_sentence(pages, contents):
    told = {}
    for name in contents:
        page = pages[f"{name}.html"]
        told[name] = page.find("meta", {"name": "description"})["content"]
        assert 20 < len(told[name]) <= 250, name
        assert page.find("meta", {"property": "og:description"})["content"] == told[name]
    assert len(set(told.values())) == len(told), "two pages describe themselves by the same words"


def test_every_chapter_says_below_its_title_how_long_it_takes(pages):
    for name, page in pages.items():
        if name.startswith("chapters/"):
            head = page.select_one("article h1 + .chapter-head")
            assert re.search(r"\d+ min to read · .*\d+ (s|min) to run", head.get_text()), name


def test_the_fonts_that_the_style_asks_for_are_small_and_come_with_their_license(built):
    css = (built / "_static" / "book.css").read_text(encoding="utf-8")
    fonts = [built / "_static" / name for name in re.findall(r"url\(\"?(fonts/[^\")]+)", css)]
    assert fonts
    assert sum(font.stat().st_size for font in fonts) < 250_000
    assert "SIL OPEN FONT LICENSE" in (built / "_static" / "fonts" / "OFL.txt").read_text()


def test_every_formula_is_set_when_the_book_is_built(pages):
    for name, page in pages.items():
        for formula in page.select("article .math"):
            assert formula.find("math"), f"{name}: {formula.get_text()}"


def colors(theme):
    """The theme's own colors, as book.css defines them."""
    css = (ROOT / "_static" / "book.css").read_text(encoding="utf-8")
    block = re.search(rf'html\[data-theme="{theme}"\] \{{(.*?)\}}', css, re.DOTALL)[1]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))


def luminance(color):
    """The relative luminance of WCAG 2."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_verdicts_have_enough_contrast_on_paper_and_in_boxes(theme):
    defined = colors(theme)
    texts = ["ink", "muted", "accent", "accent-strong", *(f"verdict-{name}" for name in VERDICTS)]
    for text in texts:
        for ground in ("paper", "surface"):
            ratio = contrast(defined[text], defined[ground])
            assert ratio >= 4.5, f"{text} on {ground} in the {theme} theme: {ratio:.2f}"
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_dots_and_words_of_a_strip_stand_out_on_its_shaded_side(theme):
    defined = colors(theme)
    css = (ROOT / "_static" / "cards.css").read_text(encoding="utf-8")
    shade = float(re.search(r"\.strip-side \{ opacity: ([\d.]+); \}", css)[1])
    for ground in ("paper", "surface"):
        shaded = mixed(defined["ink"], defined[ground], shade)
        assert contrast(defined["ink"], shaded) >= 4.5
        for answer in ("holds", "fails", "open"):
            assert contrast(defined[f"verdict-{answer}"], shaded) >= 3


@pytest.mark.parametrize(
    ("ink", "ground"), [(palette.INK, palette.PAPER), ("#e6e3dc", palette.NIGHT)]
)
def test_dots_stand_out_on_the_shaded_side_without_style_sheets(ink, ground):
    for values, answer in (((0.2, 0.4), "holds"), ((-0.4, -0.2), "fails"), ((-0.2, 0.4), "open")):
        svg = strip(Sample("", values * 8, 0.1, "above", *values))
        color = re.search(rf"--answer:var\(--verdict-{answer},(#[0-9a-f]{{6}})\)", svg)[1]
        shade = float(re.search(r'opacity="([\d.]+)"', svg)[1])
        assert contrast(color, mixed(ink, ground, shade)) >= 3


def mixed(over, under, part):
    """A color laid over another with this opacity."""
    pairs = [(int(over[i : i + 2], 16), int(under[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(part * a + (1 - part) * b):02x}" for a, b in pairs)


def test_the_card_of_every_verdict_has_its_color():
    css = (ROOT / "_static" / "cards.css").read_text(encoding="utf-8")
    for word in VERDICTS:
        assert re.search(rf"\.verdict-{word}\b[^}}]*--verdict: var\(--verdict-{word}\);", css), word


def test_the_pages_have_the_colors_that_the_figures_are_drawn_in():
    light = colors("light")
    assert (light["paper"], light["ink"]) == (palette.PAPER, palette.INK)
    assert light["data-blue"] == palette.BLUE
    assert light["accent"] == palette.ACCENT
    assert colors("dark")["paper"] == palette.NIGHT
