import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils import claims
from utils.typeset import as_html, tidy


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("differs by 0e+00", "differs by 0"),
        ("1e-08 and -2.5e+05", "10⁻⁸ and −2.5 × 10⁵"),
        ("10^-11.9 or less", "10⁻¹¹·⁹ or less"),
        ("y - yhat, mean of y_i - yhat_i", "y − ŷ, mean of y<sub>i</sub> − ŷ<sub>i</sub>"),
        ("-sqrt(6/n) to +sqrt(6/n)", "−√(6/n) to +√(6/n)"),
        ("w_new = w_old - eta", "w<sub>new</sub> = w<sub>old</sub> − η"),
        ("w_t is w_{t-1}", "w<sub>t</sub> is w<sub>t−1</sub>"),
        ("beta_2*S + (1-beta_2)*g^2", "β<sub>2</sub>·S + (1−β<sub>2</sub>)·g<sup>2</sup>"),
        ("eta0 * 0.1^(t/s)", "η<sub>0</sub> · 0.1<sup>t/s</sup>"),
        ("Gamma and beta scale", "γ and β scale"),
        ("the weights W* that", "the weights W<sup>∗</sup> that"),
        ("leaky_relu against relu", "leaky ReLU against ReLU"),
        ("a < b, a <= b", "a &lt; b, a ≤ b"),
        ("today's recipe, the gradients' arm, Can't", "today’s recipe, the gradients’ arm, Can’t"),
        ("f'(10), f' < 1, max tanh'/max sigmoid'", "f′(10), f′ &lt; 1, max tanh′/max sigmoid′"),
        ("eta' = eta, the sigmoid's", "η′ = η, the sigmoid’s"),
        ('the "no" on the moons', "the “no” on the moons"),
    ],
)
def test_what_a_keyboard_or_a_program_wrote_is_typeset(given, shown):
    assert as_html(given) == shown


@pytest.mark.parametrize(
    "code",
    ["keras.activations.relu", "SGD(rho=beta)", "he_normal", "global_clipnorm", "batch-size"],
)
def test_names_in_code_and_hyphens_in_words_stay(code):
    assert as_html(code) == code


@given(st.text())
def test_no_text_becomes_markup_of_its_own(text):
    tags = set(re.findall(r"<[^>]*>", as_html(text)))
    assert tags <= {"<sub>", "</sub>", "<sup>", "</sup>"}
    assert as_html(text).count("<sub>") == as_html(text).count("</sub>")


@given(st.text("abcdefghij klmn.,"))
def test_plain_words_stay_as_they_are(text):
    if not re.search(r"\b(eta|beta|gamma|eps|elu)", text):
        assert html.unescape(as_html(text)) == tidy(text) == text


def test_no_claim_shows_what_only_a_keyboard_writes():
    for claim in claims.ledger().values():
        for text in (claim.says, claim.why, claim.plan):
            residue = re.search(r"['\"]|sqrt|yhat|\^|\d[eE][-+]\d|\beta\b", as_html(text))
            assert residue is None, (claim.id, as_html(text))
