import itertools
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from utils.claims import Outcome, Settled
from utils.claims.correction import holm, measured_settings, stands, timings
from utils.samples import Sample

p_values = st.dictionaries(
    st.integers(0, 9), st.floats(0, 1) | st.sampled_from([0.01, 0.0125, 0.05]), max_size=6
)


def rejected_by_closed_testing(found, level=0.05):
    """Reject one hypothesis where Bonferroni rejects every set of them that it belongs to."""
    sets = [s for n in range(1, len(found) + 1) for s in itertools.combinations(found, n)]
    return {
        one
        for one in found
        if all(min(found[i] for i in s) * len(s) <= level for s in sets if one in s)
    }


@given(p_values)
def test_holms_correction_is_closed_testing_by_bonferroni(found):
    assert holm(found) == rejected_by_closed_testing(found)


def test_with_nothing_to_find_it_finds_something_in_one_book_of_twenty_at_most():
    rng = np.random.default_rng(0)
    books = [holm(dict(enumerate(rng.random(100)))) for _ in range(2000)]
    assert np.mean([bool(book) for book in books]) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2000)


def verdict(name, **settings):
    """A verdict from an answer and a p-value for each setting; no p where no chance is involved."""
    outcomes = {setting: Outcome(answer, False) for setting, (answer, _) in settings.items()}
    measured = {setting: p for setting, (_, p) in settings.items() if p is not None}
    return Settled(name, "any", outcomes, {}, "", measured)


def test_a_verdict_stands_where_all_its_decided_settings_do():
    book = [
        verdict("firm", a=("yes", 3e-5), b=("no", 3e-5)),
        verdict("half", a=("yes", 3e-5), b=("yes", 0.04)),
        verdict("open beside", a=("yes", 3e-5), b=("open", 0.8)),
        verdict("open", a=("open", 0.3)),
        verdict("exact", a=("yes", None)),
        verdict("read"),
    ]
    assert stands(book) == {"firm": True, "half": False, "open beside": True}
    assert len(measured_settings(book)) == 7


def test_timings_take_no_part_neither_as_a_verdict_nor_as_one_of_many():
    rounds, seeds = (
        (Sample("", (1.0,) * 16, 0, "above", 1, 1, each=each),) for each in ("round", "seed")
    )
    alone = replace(verdict("alone", a=("yes", 3e-5)), samples={"a": rounds})
    beside = replace(
        verdict("beside", a=("yes", 3e-5), b=("yes", 0.04)), samples={"a": rounds, "b": seeds}
    )
    assert (timings(alone), timings(beside)) == ({"a"}, {"a"})
    assert measured_settings([alone, beside]) == {("beside", "b"): 0.04}
    assert stands([alone, beside]) == {"beside": True}
    open_beside = replace(verdict("open", a=("yes", 3e-5), b=("open", 0.4)), samples={"a": rounds})
    assert stands([open_beside]) == {}


def test_more_measurements_that_stay_open_make_a_close_call_fall():
    close = verdict("close", a=("yes", 0.02))
    assert stands([close]) == {"close": True}
    others = [verdict(f"open {i}", a=("open", 0.5)) for i in range(3)]
    assert stands([close, *others]) == {"close": False}
