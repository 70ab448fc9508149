import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from utils.stats import (
    Evidence,
    all_of,
    any_of,
    chance_of_verdict,
    check,
    cliffs_delta,
    median_above,
    median_below,
    median_interval,
    negate,
    paired_win,
    share_above,
    share_below,
    share_interval,
    wrong_way_share,
)

numbers = st.floats(-1e6, 1e6, allow_nan=False)
samples = st.lists(numbers, min_size=6, max_size=40)
outcomes = st.sampled_from([True, False, None])


@given(samples)
def test_the_median_interval_holds_the_median_and_equals_scipys_quantile_interval(values):
    ours = median_interval(values)
    theirs = scipy_stats.quantile_test(values, q=0, p=0.5).confidence_interval(0.95)
    assert ours.low <= ours.median <= ours.high
    assert (ours.low, ours.high) == (theirs.low, theirs.high)


def test_sixteen_values_give_the_fourth_and_the_thirteenth():
    interval = median_interval(np.random.default_rng(0).permutation(np.arange(1.0, 17.0)))
    assert (interval.low, interval.median, interval.high) == (4, 8.5, 13)


@pytest.mark.parametrize("size", [6, 9, 16, 32])
def test_the_median_interval_covers_the_true_median_of_a_skewed_population_often_enough(size):
    draws = np.random.default_rng(size).exponential(size=(4000, size))
    intervals = [median_interval(draw) for draw in draws]
    covered = np.mean([i.low <= np.log(2) <= i.high for i in intervals])
    assert covered >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / 4000)


def test_five_values_are_too_few_and_the_error_asks_for_six():
    with pytest.raises(ValueError, match="at least 6 seeds"):
        median_interval([1, 2, 3, 4, 5])
    assert median_interval([1, 2, 3, 4, 5, 6]).low == 1


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_share_interval_equals_scipys_exact_interval(count_and_total):
    count, total = count_and_total
    ours = share_interval(count, total)
    theirs = scipy_stats.binomtest(count, total).proportion_ci(0.95, method="exact")
    assert ours.share == count / total
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@pytest.mark.parametrize(("count", "total"), [(-1, 4), (5, 4), (0, 0), (1.5, 4), (3, 4.0)])
def test_an_impossible_count_is_refused(count, total):
    with pytest.raises(ValueError, match="expected whole numbers, 0 <= count <= total"):
        share_interval(count, total)


@pytest.mark.parametrize("compare", [share_above, share_below])
@pytest.mark.parametrize("threshold", [-0.1, 1.1, 80, float("nan")])
def test_a_threshold_that_is_no_share_is_refused(compare, threshold):
    with pytest.raises(ValueError, match="expected a share between 0 and 1"):
        compare(3, 4, threshold)


def test_what_is_not_one_number_per_seed_is_refused():
    with pytest.raises(TypeError, match="a holds <U1; expected one number per seed"):
        paired_win(list("1234567"), range(7))
    hidden = np.ma.masked_greater(np.arange(7.0), 5)
    with pytest.raises(ValueError, match="masked values; every seed counts"):
        median_interval(hidden)


def test_small_numbers_keep_the_digits_that_their_interval_deserves():
    values = np.linspace(0.00098, 0.000988, 16)
    assert "median 0.000984 [0.0009816, 0.0009864]" in median_above(values, 0.0).numbers


@pytest.mark.parametrize("wins", range(17))
def test_sixteen_seeds_decide_from_thirteen_wins_on_as_the_sign_test_does(wins):
    a, b = np.where(np.arange(16) < wins, 1.0, -1.0) * np.arange(1, 17), np.zeros(16)
    evidence = paired_win(a, b)
    p = scipy_stats.binomtest(wins, 16).pvalue
    assert evidence.outcome is (True if wins >= 13 else False if wins <= 3 else None)
    assert (evidence.outcome is None) == (p > 0.05)
    assert f"{wins} of 16 wins" in evidence.numbers
    assert f"p = {p:.3f}" in evidence.numbers or p < 0.001


@given(samples, st.floats(0.5, 100))
def test_swapping_the_two_sides_of_a_won_comparison_loses_it(values, lead):
    b = np.array(values)
    a = b + lead * np.arange(1, len(b) + 1)
    assert paired_win(a, b).outcome is True
    assert paired_win(b, a).outcome is False


def test_ties_are_no_wins():
    same = np.full(16, 0.5)
    assert paired_win(same, same).outcome is False
    half = same + np.where(np.arange(16) < 10, 0.1, 0.0)
    assert paired_win(half, same).outcome is None


def test_a_difference_smaller_than_the_margin_is_no_win():
    b = np.linspace(0.8, 0.9, 16)
    assert paired_win(b + 0.02, b).outcome is True
    assert paired_win(b + 0.02, b, by=0.03).outcome is False
    assert paired_win(b + 0.02, b, by=0.01).outcome is True


def test_the_numbers_of_a_comparison_tell_both_medians_the_difference_and_the_wins():
    b = np.linspace(0.80, 0.83, 16)
    numbers = paired_win(b + 0.1, b, names=("relu", "sigmoid"), unit="points").numbers
    assert "relu 0.915 points" in numbers
    assert "sigmoid 0.815 points" in numbers
    assert "+0.1 points [+0.1, +0.1]" in numbers
    assert "16 of 16 wins" in numbers
    assert "\n" not in numbers


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_run_that_diverged_must_be_given_a_score(bad):
    with pytest.raises(ValueError, match=r"relu has 1 of 6 .* diverged="):
        paired_win([1, 2, 3, 4, 5, bad], [0] * 6, names=("relu", "tanh"))


def test_sides_with_different_seeds_cannot_be_paired():
    with pytest.raises(ValueError, match="a has 7 seeds and b has 6"):
        paired_win(np.arange(7), np.arange(6))


def test_a_table_of_values_is_refused_with_its_shape():
    with pytest.raises(ValueError, match=r"shape \(2, 8\)"):
        median_interval(np.ones((2, 8)))


@given(samples, numbers)
def test_above_and_below_never_both_hold_and_agree_with_the_interval(values, threshold):
    above, below = median_above(values, threshold), median_below(values, threshold)
    interval = median_interval(values)
    assert (above.outcome, below.outcome) != (True, True)
    tie = 1e-6 * abs(threshold)
    assert (above.outcome is True) == (interval.low > threshold + tie)
    assert (below.outcome is True) == (interval.high < threshold - tie)
    assert above.outcome is not False or not np.median(values) > threshold + tie


def test_rounding_makes_no_win_of_a_tie():
    assert median_above(np.full(16, 0.8, "float32"), 0.8).outcome is False
    assert median_below(np.full(16, 0.7, "float32"), 0.7).outcome is False
    assert paired_win([0.8] * 6, [0.7] * 6, by=0.1).outcome is False
    accuracies = np.arange(100, 900) / 1000
    better, worse = (accuracies + 0.01).astype("float32"), accuracies.astype("float32")
    rounded_up = better - worse > 0.01
    assert rounded_up.sum() > 100
    assert paired_win(better[rounded_up], worse[rounded_up], by=0.01).outcome is False


def test_evidence_is_a_yes_a_no_or_open_and_nothing_else():
    for outcome in ("no", float("nan"), 1):
        with pytest.raises(TypeError, match="True, False or None"):
            Evidence(outcome, "numbers")


def test_a_share_is_above_or_below_only_when_its_whole_interval_is():
    assert share_above(15, 16, 0.5).outcome is True
    assert share_above(10, 16, 0.5).outcome is None
    assert share_above(1, 16, 0.5).outcome is False
    assert share_below(1, 16, 0.5).outcome is True
    assert share_below(15, 16, 0.5).outcome is False
    assert "15 of 16 (94%, interval 70% to 100%; asked for: above 50%)" in (
        share_above(15, 16, 0.5).numbers
    )


def test_a_check_takes_one_truth_value_and_no_array():
    assert check(np.bool_(True), "equal to 1e-7") == Evidence(True, "equal to 1e-7")
    with pytest.raises(TypeError, match=r"ndarray.*reduce arrays"):
        check(np.array([True, False]), "equal")


@given(st.lists(outcomes, min_size=1, max_size=4))
def test_combinations_agree_with_every_way_the_open_parts_could_turn_out(parts):
    evidence = [Evidence(outcome, str(i)) for i, outcome in enumerate(parts)]
    worlds = list(
        itertools.product(*[(True, False) if part is None else (part,) for part in parts])
    )
    for combine, truth in ((all_of, all), (any_of, any)):
        possible = {truth(world) for world in worlds}
        expected = possible.pop() if len(possible) == 1 else None
        assert combine(*evidence).outcome is expected
    assert all_of(*evidence).numbers == "; ".join(str(i) for i in range(len(parts)))


def test_nothing_to_combine_is_an_error():
    with pytest.raises(ValueError, match="all_of got nothing"):
        all_of()


@given(outcomes)
def test_negation_turns_yes_and_no_and_leaves_the_open_open(outcome):
    once = negate(Evidence(outcome, "n"))
    assert once.outcome is (None if outcome is None else not outcome)
    assert negate(once) == Evidence(outcome, "n")


@given(st.lists(numbers, min_size=1, max_size=12), st.lists(numbers, min_size=1, max_size=12))
def test_cliffs_delta_follows_from_the_mann_whitney_statistic(a, b):
    u = scipy_stats.mannwhitneyu(a, b).statistic
    assert cliffs_delta(a, b) == pytest.approx(2 * u / (len(a) * len(b)) - 1)


def test_the_wrong_way_share_of_two_normal_populations_approaches_the_closed_form():
    rng = np.random.default_rng(1)
    a, b = rng.normal(1, 1, 3000), rng.normal(0, 1, 3000)
    expected = scipy_stats.norm.cdf(-1 / np.sqrt(2))
    assert wrong_way_share(a, b) == pytest.approx(expected, abs=0.02)
    assert wrong_way_share(b, a) == wrong_way_share(a, b)


def test_the_wrong_way_share_counts_all_pairs_but_no_ties():
    assert wrong_way_share([3, 1], [2, 1]) == 0.25
    with pytest.raises(ValueError, match="medians of a and b are equal"):
        wrong_way_share([1, 2], [2, 1])


@pytest.mark.parametrize(("win_share", "seeds"), [(0.5, 16), (0.8, 16), (0.8, 32), (0.95, 6)])
def test_the_chance_of_a_verdict_is_what_simulated_comparisons_find(win_share, seeds):
    rng = np.random.default_rng(seeds)
    trials = 2000
    wins = rng.random((trials, seeds)) < win_share
    difference = np.where(wins, 1, -1) * rng.random((trials, seeds))
    found = np.mean([median_interval(row).low > 0 for row in difference])
    assert chance_of_verdict(win_share, seeds) == pytest.approx(found, abs=4 * 0.5 / trials**0.5)


def test_five_seeds_can_never_show_anything():
    assert chance_of_verdict(1.0, 5) == 0
    assert chance_of_verdict(1.0, 6) == 1
    with pytest.raises(ValueError, match="between 0 and 1"):
        chance_of_verdict(1.5, 16)
