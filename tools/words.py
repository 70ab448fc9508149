"""Whether words survive repetition, as a table (`make words` writes benchmarks/words.md).

All chapters, with three other sets of seeds and with other instructions of the processor.
"""

import sys
from collections.abc import Mapping

from tools.course import HERE, Course, write_text
from tools.fresh import (
    INSTRUCTIONS,
    SEEDS,
    WITHOUT_AVX,
    Difference,
    Result,
    differences,
    other_seeds,
    run_all,
    shown,
    worst,
)
from tools.proofs import decided
from utils.claims import Settled

KINDS = ("same", "moved", "contradicted")

HEADER = """\
# Words that survive repetition

Written by `make words`. Each chapter was run again with three other sets of seeds, disjoint from
the book's and from each other, and once with the book's seeds and neither AVX nor FMA
(`{flags}`), which changes the last bits of every
training. The seeds that choose and those that judge move alike; the data sets and their
splits stay. What a study measured is read as it is stored, but for counts with a †: there the
studies were measured with the same other seeds too (`make fresh STUDIES=1`). A claim counts by its
worst setting: *moved* is a close call that became open, or the reverse; *contradicted* is yes
against no, or open against firm.

Run on {dates} with {versions}.
"""


def table(course: Course, results: Mapping[str, Mapping[str, Result]]) -> str:
    """The page of words: counts for each chapter and run, and each claim that moved."""
    books = {slug: decided(course, slug) for slug in results}
    names = list(next(iter(results.values())))
    every = [run for runs in results.values() for run in runs.values()]
    dates = " to ".join(dict.fromkeys([min(r.date for r in every), max(r.date for r in every)]))
    made = ", ".join(f"{name} {version}" for name, version in every[0].versions.items())
    flags = " ".join(f"{key}={value}" for key, value in WITHOUT_AVX.items())
    lines = [HEADER.format(flags=flags, dates=dates, versions=made)]
    lines += ["## Claims that came out as in the book, moved, contradicted", ""]
    lines += [_row("chapter", *names), _row(*["---"] * (1 + len(names)))]
    totals = {name: [0, 0, 0] for name in names}
    for slug, runs in results.items():
        cells = []
        for name in names:
            kinds = list(worst(books[slug], runs[name]).values())
            counts = [kinds.count(kind) for kind in ("same", "moved", "contradicted")]
            totals[name] = [a + b for a, b in zip(totals[name], counts, strict=True)]
            cells.append(" · ".join(map(str, counts)) + " †" * runs[name].studies)
        lines.append(_row(slug, *cells))
    lines.append(_row("all", *(" · ".join(map(str, totals[name])) for name in names)))
    lines += ["", "## Settings that did not come out as in the book", ""]
    rows = []
    for slug, runs in results.items():
        for setting in (s for s in differences(books[slug], runs[names[0]])):
            found = [_found(books[slug], runs[name], setting) for name in names]
            if any(each.kind != "same" for each in found):
                cells = [_cell(each) for each in found]
                book = f"{books[slug][setting.claim].verdict}; {shown(setting.book)}"
                rows.append(_row(f"`{setting.claim}`", setting.setting, book, *cells))
    if rows:
        lines += [_row("claim", "setting", "the book", *names), _row(*["---"] * (3 + len(names)))]
    return "\n".join([*lines, *(rows or ["None."])]) + "\n"


def _found(book: Mapping[str, Settled], run: Result, like: Difference) -> Difference:
    return next(
        found
        for found in differences(book, run)
        if (found.claim, found.setting) == (like.claim, like.setting)
    )


def _cell(found: Difference) -> str:
    text = shown(found.run)
    return f"**{text}**" if found.kind == "contradicted" else text


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def make_words(course: Course) -> int:
    """Run what is missing and write the table; returns the exit status."""
    variations = [*map(other_seeds, SEEDS), INSTRUCTIONS]
    results, failures = run_all(course, course.slugs, variations)
    for failure in failures:
        print(f"\n{failure}", file=sys.stderr)
    if failures:
        return 1
    write_text(table(course, results), course.root / "benchmarks" / "words.md")
    return 0


if __name__ == "__main__":
    try:
        status = make_words(HERE)
    except KeyboardInterrupt:
        print("\nInterrupted: what was run is kept; make words goes on.", file=sys.stderr)
        status = 130
    sys.exit(status)
