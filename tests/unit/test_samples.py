import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils import stats
from utils.samples import Sample, figure, figures, in_short, number, sentence, shortened

SIXTEEN = np.linspace(0.2, 0.5, 16)


def told(evidence):
    (sample,) = evidence.samples
    return sentence(sample).replace("\N{NO-BREAK SPACE}", " ")


def test_a_comparison_says_how_much_higher_in_the_median_and_from_where_to_where():
    evidence = stats.paired_win(SIXTEEN, 0 * SIXTEEN, names=("ReLU", "sigmoid"), unit="points")
    assert told(evidence) == (
        "ReLU against sigmoid: higher by 0.35 points (median of 16 seeds; "
        "95 % interval 0.26 to 0.44)"
    )


def test_a_lost_comparison_says_how_much_lower():
    evidence = stats.paired_win(0 * SIXTEEN, SIXTEEN, names=("relu", "elu"))
    assert told(evidence) == (
        "ReLU against ELU: lower by 0.35 (median of 16 seeds; 95 % interval 0.26 to 0.44)"
    )


def test_an_interval_around_zero_says_which_end_is_which():
    evidence = stats.paired_win(SIXTEEN, np.full(16, 0.33), names=("a", "b"))
    assert told(evidence) == (
        "a against b: higher by 0.02 (median of 16 seeds; "
        "95 % interval from 0.07 lower to 0.11 higher)"
    )


def test_equal_arms_and_equal_seeds_are_said_in_words():
    assert told(stats.paired_win(SIXTEEN, SIXTEEN, names=("a", "b"))) == (
        "a against b: no difference in any of 16 seeds"
    )
    assert told(stats.median_above(np.full(16, 0.5), 0.4, "accuracy")) == (
        "accuracy: 0.5 (all 16 seeds)"
    )


def test_a_median_keeps_its_sign_and_rounds_of_timing_are_rounds():
    evidence = stats.timed(stats.median_below(-SIXTEEN, 0, "decades"))
    assert told(evidence) == "decades: −0.35 (median of 16 rounds; 95 % interval −0.44 to −0.26)"


def test_a_share_says_how_many_of_how_many():
    assert told(stats.share_above(46, 48, 0.75, "named rightly")) == (
        "named rightly: 46 of 48 runs (96 %; 95 % interval 86 to 99 %)"
    )
    clustered = stats.share_above(np.arange(16), np.full(16, 15), 0.2, "reached")
    assert told(clustered).startswith("reached: 50 % (16 clusters of runs; ")


def test_what_the_numbers_are_is_said_where_neither_name_nor_unit_says_it():
    def measured(names, unit=""):
        (sample,) = stats.paired_win(SIXTEEN, 0 * SIXTEEN, names=names, unit=unit).samples
        return sentence(sample, "accuracy").split(" (")[0]

    assert measured(("a", "b")) == "a against b: accuracy higher by 0.35"
    assert measured(("accuracy of a", "b")) == "accuracy of a against b: higher by 0.35"
    assert measured(("a", "b"), "ms") == "a against b: higher by 0.35 ms"
    alone = Sample("a", (0.5, 0.5), 0.6, "below", 0.5, 0.5)
    assert sentence(alone, "accuracy") == "a: accuracy 0.5 (all 2 seeds)"


def test_thousandths_suffice_where_an_interval_is_five_of_them_wide():
    assert [figure(0.46851, width) for width in (0.0200, 0.0070, 0.0020)] == [
        "0.469",
        "0.469",
        "0.4685",
    ]


@pytest.mark.parametrize(
    ("long", "short"),
    [
        ("+0.4660 [+0.4650, +0.4670]", "+0.466 [+0.465, +0.467]"),  # zeros say nothing
        ("0.9640 points [0.9620, 0.9690]", "0.964 points [0.962, 0.969]"),
        ("-11.910 [-11.950, -11.880]", "-11.91 [-11.95, -11.88]"),
        ("5.7200 [5.7200, 5.7200]", "5.72 [5.72, 5.72]"),
        ("0.0905 [0.0870, 0.0921]", "0.090 [0.087, 0.092]"),  # thousandths suffice
        ("+0.0085 [+0.0030, +0.0130]", "+0.009 [+0.003, +0.013]"),
        ("+0.0027 [+0.00019, +0.0045]", "+0.0027 [+0.0002, +0.0045]"),
        ("+7.9e-06 [-0.0016, +0.00082]", "+7.9e-06 [-0.0016, +0.0008]"),  # it is not 0
        ("0.3964 [0.3954, 0.3971]", "0.3964 [0.3954, 0.3971]"),  # what the interval carries stays
        ("0.30 [0.10, 0.40]", "0.30 [0.10, 0.40]"),
        ("0.073 [0.036, 0.136]", "0.073 [0.036, 0.136]"),
        ("0.0000 [-0.0020, 0.0050]", "0.000 [-0.002, 0.005]"),
        ("99950 [98000, 1.02e+05]", "99950 [98000, 1.02e+05]"),
        ("7.6e-07 [4.6e-07, 1.11e-06]", "7.6e-07 [4.6e-07, 1.11e-06]"),
        ("-7.4e+22 [-1.09e+23, -5.6e+22]", "-7.4e+22 [-1.09e+23, -5.6e+22]"),
    ],
)
def test_a_median_and_its_interval_have_the_digits_that_the_interval_carries(long, short):
    around = (
        "a: median {} over 16 seeds; b against c: median difference {}; 5.1000 [1.0000, 2.0000]"
    )
    assert shortened(around.format(long, long)) == around.format(short, short)


@given(st.floats(-300, 300), st.floats(0, 1), st.floats(1e-6, 300))
def test_in_short_no_number_is_longer_or_off_by_more_than_the_interval_can_tell(low, part, width):
    values = low + part * width, low, low + width
    long = [number(value, width) for value in values]
    for before, after in zip(long, in_short(*long), strict=True):
        assert len(after) <= max(map(len, long))
        assert abs(float(after) - float(before)) <= max(width / 8, 0.5e-4)


@given(st.lists(st.floats(-2, 2), min_size=6, max_size=30), st.floats(-9, 9))
def test_the_sentence_of_a_comparison_and_its_numbers_have_the_same_figures(values, threshold):
    evidence = stats.median_above([float(f"{value:.3g}") for value in values], threshold, "a")
    (sample,) = evidence.samples
    middle, low, high = figures(sample)
    if sample.low != sample.high:
        assert f"a: median {middle} [{low}, {high}] over " in shortened(evidence.numbers)


@given(st.integers(0, 40), st.integers(1, 40), st.floats(0.01, 0.99))
def test_a_share_is_told_from_a_median_by_its_interval(count, more, threshold):
    (share,) = stats.share_above(count, count + more, threshold).samples
    assert share.is_share
    (median,) = stats.median_above(np.arange(6 + count) % 2, threshold).samples
    assert not median.is_share


@given(st.lists(st.floats(-9, 9), min_size=6, max_size=30), st.floats(-9, 9))
def test_a_samples_own_answer_is_that_of_its_comparison(values, threshold):
    for compare in (stats.median_above, stats.median_below):
        evidence = compare(values, threshold)
        (sample,) = evidence.samples
        if all(abs(end - threshold) > 1e-5 for end in (sample.low, sample.high)):
            assert sample.answer is evidence.outcome


@pytest.mark.parametrize(
    ("value", "width", "shown"),
    [
        (-0.03412, 0.05, "−0.034"),
        (7.6e-7, 1e-7, "7.6 × 10⁻⁷"),
        (-5e22, 0, "−5 × 10²²"),
        (0, 0, "0"),
    ],
)
def test_a_figure_is_written_as_a_reader_writes_it(value, width, shown):
    assert figure(value, width) == shown


def test_a_sample_without_a_name_is_still_a_sentence():
    assert sentence(Sample("", (1.0, 2.0, 3.0), 0, "above", 1, 3)).startswith("Median: 2.0 (")


@given(st.lists(st.integers(-999, 999), min_size=16, max_size=32))
def test_a_number_reads_alike_where_it_was_computed_and_where_it_was_stored(thousandths):
    computed = np.float32(np.array(thousandths) / 1000).astype(float)
    stored = [float(f"{value:.4g}") for value in computed]
    middle = float(np.median(computed)), float(np.median(stored))
    assert figure(middle[0], 0.03) == figure(middle[1], 0.03)
