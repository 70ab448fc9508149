import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from utils.stats import (
    Evidence,
    all_of,
    any_of,
    check,
    median_above,
    median_below,
    median_interval,
    negate,
    paired_win,
    share_above,
    share_below,
    share_interval,
    timed,
    wrong_way_share,
)
from utils.stats.intervals import clustered_tail

numbers = st.floats(-1e6, 1e6, allow_nan=False)
samples = st.lists(numbers, min_size=6, max_size=40)
findings = st.sampled_from(
    [(True, True), (True, False), (False, True), (False, False), (None, False)]
)


def found(outcome, firm=None, numbers="n", p=(1.0, 1.0)):
    """Evidence as a comparison could have returned it."""
    return Evidence(outcome, outcome is not None if firm is None else firm, numbers, p_values=p)


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
def test_the_share_interval_solves_the_equations_of_clopper_and_pearson(count_and_total):
    count, total = count_and_total
    interval = share_interval(count, total)
    assert interval.share == count / total
    above = scipy_stats.binom.sf(count - 1, total, interval.low) if count else 0.025
    below = scipy_stats.binom.cdf(count, total, interval.high) if count < total else 0.025
    assert (above, below) == pytest.approx((0.025, 0.025), rel=1e-6)
    assert count or interval.low == 0
    assert count < total or interval.high == 1


def shares_of(kind, rng, size):
    """Shares of clusters with mean 0.8: all or nothing, spread out, nearly alike."""
    if kind == "all or nothing":
        return (rng.random(size) < 0.8).astype(float)
    if kind == "one rare failure":
        return np.where(rng.random(size) < 0.8 / 0.97, 0.97, 0.0)
    return rng.beta(*{"spread": (0.8, 0.2), "alike": (40, 10)}[kind], size)


@pytest.mark.parametrize("clusters", [6, 16])
@pytest.mark.parametrize("kind", ["all or nothing", "one rare failure", "spread", "alike"])
def test_the_true_mean_of_clusters_is_called_unlikely_no_more_often_than_it_may(kind, clusters):
    trials = 1500
    totals = shares_of(kind, np.random.default_rng(clusters), (trials, clusters)).sum(axis=1)
    above = np.array([clustered_tail(total, clusters, 0.8) for total in totals])
    below = np.array([clustered_tail(clusters - total, clusters, 0.2) for total in totals])
    for level in (0.025, 0.0005, 0.2):
        may = level + 3 * np.sqrt(level * (1 - level) / trials)
        assert np.mean(above <= level) <= may
        assert np.mean(below <= level) <= may


@given(st.lists(st.integers(0, 16), min_size=1, max_size=20), st.sampled_from([0.95, 0.999]))
def test_the_interval_over_clusters_ends_where_the_shares_become_unlikely(counts, level):
    interval, n = share_interval(counts, 16, level), len(counts)
    total = sum(counts) / 16
    assert interval.low <= interval.share <= interval.high
    for reached, end in ((total, interval.low), (n - total, 1 - interval.high)):
        inside, outside = (
            clustered_tail(reached, n, max(end + step, 0.0)) for step in (1e-9, -1e-9)
        )
        assert reached == 0 or outside <= (1 - level) / 2 <= inside


def test_runs_that_fall_together_count_as_one():
    alone, together = share_interval(240, 256), share_interval([16] * 15 + [0], 16)
    assert alone.share == together.share == 15 / 16
    assert together.low < share_interval(15, 16).low < 0.7 < alone.low
    assert share_above(240, 256, 0.75).outcome is True
    assert share_above([16] * 15 + [0], 16, 0.75).outcome is None
    assert share_above([16] * 16, 16, 0.75).outcome is True
    assert share_below([0] * 16, 16, 0.25).outcome is True


def test_clusters_that_all_agree_give_the_interval_of_as_many_runs():
    for count in (0, 1):
        one = share_interval(16 * count, 16)
        many = share_interval([9 * count] * 16, 9)
        assert (one.low, one.high) == pytest.approx((many.low, many.high))


def test_the_numbers_of_clustered_runs_name_runs_and_clusters():
    evidence = share_above([16, 16, 15, 14, 16, 16], [16] * 6, 0.5, "named")
    assert evidence.numbers.startswith("named: 93 of 96 in 6 clusters (97%, interval ")
    assert evidence.samples[0].values == (1, 1, 15 / 16, 14 / 16, 1, 1)


@pytest.mark.parametrize(
    ("count", "total"),
    [(-1, 4), (5, 4), (0, 0), (1.5, 4), (3, 4.0), (True, 1), ([], 4), ([3, 5], 4), ([[1]], 4)],
)
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
def test_sixteen_seeds_decide_from_thirteen_wins_on_and_firmly_from_fifteen(wins):
    a, b = np.where(np.arange(16) < wins, 1.0, -1.0) * np.arange(1, 17), np.zeros(16)
    evidence = paired_win(a, b)
    p = scipy_stats.binomtest(wins, 16).pvalue
    assert evidence.outcome is (True if wins >= 13 else False if wins <= 3 else None)
    assert evidence.firm == (wins >= 15 or wins <= 1)
    assert evidence.p == pytest.approx(p)
    assert (evidence.outcome is None) == (p > 0.05)
    assert evidence.firm == (p <= 0.001)
    assert f"{wins} of 16 seeds ahead" in evidence.numbers


@pytest.mark.parametrize(("seeds", "firm"), [(6, False), (10, False), (11, True), (16, True)])
def test_fewer_than_eleven_seeds_are_a_close_call_at_best(seeds, firm):
    evidence = paired_win(np.full(seeds, 0.9), np.full(seeds, 0.5))
    assert evidence.outcome is True
    assert evidence.firm is firm


def compared(values, threshold):
    """The same values through every comparison."""
    count = int((np.array(values) > 0).sum())
    share = min(max(abs(threshold) / 1e6, 0.01), 0.99)
    return [
        paired_win(values, np.zeros(len(values)), by=threshold),
        median_above(values, threshold),
        median_below(values, threshold),
        share_above(count, len(values), share),
        share_below(count, len(values), share),
    ]


@settings(max_examples=40)
@given(samples, numbers)
def test_outcome_and_firmness_are_what_the_p_values_say(values, threshold):
    for evidence in compared(values, threshold):
        if any(abs(p - limit) < 1e-6 for p in evidence.p_values for limit in (0.05, 0.001)):
            continue  # the edge of the interval is found by iteration
        yes, no = evidence.p_values
        assert (evidence.outcome is True) == (yes <= 0.05)
        assert (evidence.outcome is False) == (no <= 0.05)
        assert evidence.firm == (min(yes, no) <= 0.001)


@settings(max_examples=40)
@given(samples, numbers)
def test_a_sample_holds_every_seed_with_threshold_side_and_interval(values, threshold):
    for evidence in compared(values, threshold)[:3]:
        (sample,) = evidence.samples
        interval = median_interval(values)
        assert sample.values == tuple(values)
        assert sample.threshold == threshold
        assert (sample.low, sample.high) == (interval.low, interval.high)
    sides = [evidence.samples[0].side for evidence in compared(values, threshold)]
    assert sides == ["above", "above", "below", "above", "below"]


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


def test_the_numbers_of_a_comparison_tell_the_difference_and_the_wins_beyond_the_margin():
    b = np.linspace(0.80, 0.83, 16)
    a = b + np.linspace(0.1, 0.3, 16)
    evidence = paired_win(a, b, 0.12, names=("ReLU", "sigmoid"), unit="points")
    assert evidence.numbers == (
        "ReLU against sigmoid: median difference +0.20 points [+0.14, +0.26]; "
        "14 of 16 seeds beyond the margin of 0.12 points"
    )
    assert evidence.samples[0].name == "ReLU − sigmoid"
    assert evidence.samples[0].unit == "points"


def test_a_margin_below_zero_is_told_as_how_far_behind_may_be():
    b = np.linspace(0.80, 0.83, 16)
    evidence = paired_win(b - np.where(np.arange(16) < 14, 0.001, 0.02), b, -0.01, unit="points")
    assert "14 of 16 seeds less than 0.01 points behind" in evidence.numbers


def test_what_is_timed_counts_rounds_and_is_never_firm():
    evidence = timed(paired_win(np.arange(1, 17), np.zeros(16), names=("fast", "slow")))
    assert "16 of 16 rounds ahead" in evidence.numbers
    assert {sample.each for sample in evidence.samples} == {"round"}
    assert not evidence.firm


def test_the_samples_of_the_opposite_ask_for_the_other_side():
    for evidence in (median_above(np.arange(16), 1.5), share_below(1, 16, 0.5)):
        (before,), (after,) = evidence.samples, negate(evidence).samples
        assert {before.side, after.side} == {"above", "below"}
        assert after.answer is (not before.answer)


def test_a_difference_without_spread_or_of_nothing_is_said_in_words():
    same = np.full(16, 0.5)
    assert "no difference; 0 of 16 seeds ahead" in paired_win(same, same).numbers
    lead = paired_win(same + 0.25, same).numbers
    assert "median difference +0.25 without spread; 16 of 16" in lead
    assert "median 0.5 without spread over 16 seeds" in median_above(same, 0.3).numbers
    around = np.linspace(-3, 3, 16)
    assert "median difference +0.0 [-1.8, +1.8]" in paired_win(around - 0.002, around * 0).numbers


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
            Evidence(outcome, False, "numbers")
    with pytest.raises(ValueError, match="open cannot be firm"):
        Evidence(None, True, "numbers")
    with pytest.raises(TypeError, match="numbers is None; expected a text"):
        check(True, None)


@pytest.mark.parametrize("margin", [float("nan"), float("inf")])
def test_a_margin_or_a_threshold_that_is_no_number_is_refused(margin):
    for compare in (median_above, median_below):
        with pytest.raises(ValueError, match=r"threshold of loss is (nan|inf); expected a number"):
            compare(np.arange(16), margin, "loss")
    with pytest.raises(ValueError, match=r"threshold of a − b is (nan|inf); expected a number"):
        paired_win(np.ones(16), np.zeros(16), by=margin)


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
    evidence = check(np.bool_(True), "equal to 1e-7")
    assert (evidence.outcome, evidence.firm, evidence.p) == (True, True, 0)
    assert evidence.numbers == "equal to 1e-7"
    with pytest.raises(TypeError, match=r"ndarray.*reduce arrays"):
        check(np.array([True, False]), "equal")


@given(st.lists(findings, min_size=1, max_size=4))
def test_combinations_agree_with_every_way_the_open_parts_could_turn_out(parts):
    evidence = [found(*part, numbers=str(i)) for i, part in enumerate(parts)]
    strict = [outcome if firm else None for outcome, firm in parts]
    for combine, truth in ((all_of, all), (any_of, any)):
        outcome, firm = (
            settled_in_every_world(truth, level) for level in ([o for o, _ in parts], strict)
        )
        combined = combine(*evidence)
        assert combined.outcome is outcome
        assert combined.firm == (firm is not None)
    assert all_of(*evidence).numbers == "; ".join(str(i) for i in range(len(parts)))


def settled_in_every_world(truth, parts):
    """What holds however the open parts turn out; None where that depends."""
    worlds = itertools.product(*[(True, False) if part is None else (part,) for part in parts])
    possible = {truth(world) for world in worlds}
    return possible.pop() if len(possible) == 1 else None


def test_combined_p_values_are_the_largest_where_all_must_hold_and_bonferroni_where_one_may():
    first, second = found(True, p=(0.01, 1.0)), found(True, p=(0.04, 0.8))
    assert all_of(first, second).p_values == (0.04, 1.0)
    assert any_of(first, second).p_values == (0.02, 1.0)
    assert all_of(first, check(True, "exact")).p == 0.01
    assert any_of(first, check(True, "exact")).p == 0
    assert negate(first).p_values == (1.0, 0.01)


@pytest.mark.parametrize("combine", [all_of, any_of])
def test_under_the_null_a_combined_yes_is_no_likelier_than_its_p_value(combine):
    rng = np.random.default_rng(5)
    ps = []
    for draws in rng.normal(size=(400, 3, 16)):
        ps.append(combine(*(median_above(draw, 0.0) for draw in draws)).p_values[0])
    for level in (0.05, 0.2):
        assert np.mean(np.array(ps) <= level) <= level + 3 * np.sqrt(level * (1 - level) / 400)


def test_combinations_keep_the_samples_of_all_parts():
    parts = [median_above(np.arange(16) + i, 3, f"part {i}") for i in range(3)]
    for combined in (all_of(*parts), any_of(*parts), negate(all_of(*parts))):
        assert [sample.name for sample in combined.samples] == ["part 0", "part 1", "part 2"]


@pytest.mark.parametrize("combine", [all_of, any_of, negate])
@pytest.mark.parametrize("wrong", [True, [check(True, "a")], None, "yes"])
def test_what_is_no_evidence_cannot_be_combined(combine, wrong):
    with pytest.raises(TypeError, match=r"expected the Evidence that a comparison returns, each"):
        combine(wrong)


def test_nothing_to_combine_is_an_error():
    with pytest.raises(ValueError, match="all_of got nothing"):
        all_of()


@given(findings)
def test_negation_turns_yes_and_no_and_leaves_the_open_open_and_the_firm_firm(finding):
    outcome, firm = finding
    once = negate(found(outcome, firm))
    assert once.outcome is (None if outcome is None else not outcome)
    assert once.firm is firm
    assert negate(once) == found(outcome, firm)


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


def test_what_was_timed_is_a_close_call_at_best():
    firm = median_above(range(1, 17), 0)
    assert firm.firm
    close = timed(firm)
    assert (close.outcome, close.firm) == (True, False)
    assert timed(median_above(range(-8, 8), 0)).outcome is None


def test_what_was_timed_has_no_small_p_value_and_lends_none_to_what_it_is_part_of():
    firm, on_time = median_above(range(1, 17), 0), timed(median_above(range(1, 17), 0))
    assert firm.p < 1e-4
    assert on_time.p_values == negate(on_time).p_values == (1.0, 1.0)
    assert all_of(firm, on_time).p == 1.0
    assert any_of(firm, on_time).p == 2 * firm.p
