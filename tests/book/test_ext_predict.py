import pytest

EXTENSIONS = ["callouts", "predict"]
CHOICE = """\
> **Predict.** Sixteen networks. How many learn?
>
> 1. none or *almost* none
> 2. about $n / 2$
> 3. all, "at once"
>
> <details><summary>Answer</summary>
>
> **1.** They toss a coin. *If you said 2, you thought of $x$.* *If you said 2 or 3, so do most.*
>
> And a second paragraph, *with emphasis*.
>
> <!-- answer: claim five-layers-fail = holds -->
>
> </details>
"""
NUMBER = """\
> **Predict.** Which share is left?
>
> between 0 and 100 %
>
> <details><summary>Answer</summary>
>
> **63 %.** So it is. *If you said less than 30, no.* *If you said 30 to 60, nearly.*
>
> <!-- answer: printed share that is left = 62.5 -->
>
> </details>
"""
PLAIN = "> **Predict.** Which of them wins?\n"


@pytest.fixture
def made(small_book):
    def make(text, **options):
        files = {"index.md": f"# A page\n\n{text}\n\nWhat came out.\n"}
        return small_book(files, EXTENSIONS, **options)

    return make


def test_choices_become_radio_buttons_in_a_named_group_with_the_words_kept(made):
    box = made(CHOICE).page().select_one("predict-box")
    group = box.select_one("form fieldset[role=radiogroup]")
    question = box.find(id=group["aria-labelledby"]).get_text(strip=True)
    assert question == "Predict.Sixteen networks. How many learn?"
    radios = group.select("ol > li > label > input[type=radio]")
    assert [radio["value"] for radio in radios] == ["1", "2", "3"]
    assert len({radio["name"] for radio in radios}) == 1
    assert [radio["data-words"] for radio in radios] == [
        "none or almost none",
        "choice 2",
        'all, "at once"',
    ]
    labels = [label.get_text(strip=True) for label in group.select("label")]
    assert labels[0] == "none oralmostnone"
    assert labels[2].startswith("all, ")
    assert [button.get_text() for button in box.select("button")] == ["Commit", "Skip", ""]


def test_only_the_first_question_of_a_page_offers_to_ask_no_more(made):
    first, second = made(CHOICE + "\n" + NUMBER).page().select("predict-box")
    assert first.select_one(".predict-buttons > .predict-fold") is not None
    assert [button.get_text() for button in second.select("button")] == ["Commit", "Skip"]


def test_the_result_that_opens_an_answer_is_marked_and_other_bold_words_are_not(made):
    answer = CHOICE.replace("They toss", "They **toss**")
    page = made(answer + "\n" + NUMBER).page()
    assert [each.get_text() for each in page.select(".predict-result")] == ["1.", "63 %."]


def test_a_number_becomes_a_slider_with_its_bounds_and_its_unit(made):
    box = made(NUMBER).page().select_one("predict-box")
    slider = box.select_one("input[type=range]")
    assert (slider["min"], slider["max"], slider["step"]) == ("0", "100", "1")
    assert box.find(id=slider["aria-labelledby"]) is not None
    assert box.select_one(".predict-number")["aria-hidden"] == "true"  # the slider says it itself
    assert box.select_one(".predict-slider")["data-unit"] == "%"
    assert box.select_one(".predict-bounds").get_text() == "between 0 and 100 %"


def test_the_right_guess_comes_from_the_tie_or_from_the_bold_number(made):
    choice, number = made(CHOICE + "\n" + NUMBER).page().select("predict-box")
    assert (choice["data-right"], choice["data-claim"]) == ("1", "five-layers-fail")
    assert number["data-right"] == "62.5"
    assert "data-claim" not in number.attrs


def test_without_javascript_it_is_a_question_with_its_choices_and_a_closed_fold(made):
    page = made(CHOICE).page()
    box = page.select_one("predict-box")
    for control in box.select("input, .predict-buttons, .predict-slider, predict-veil"):
        assert control.has_attr("hidden")
    fold = box.select_one("details")
    assert not fold.has_attr("open")
    assert fold.select_one("summary").get_text() == "Answer"
    assert "They toss a coin." in fold.get_text()
    assert "And a second paragraph" in fold.get_text()
    assert "<!--" not in str(box)
    assert page.select_one(".predict-tally").has_attr("hidden")


def test_a_sentence_on_a_guess_says_whose_it_is(made):
    choice, number = made(CHOICE + "\n" + NUMBER).page().select("predict-box")
    said = choice.select(".predict-if")
    assert [each["data-said"] for each in said] == ["2", "2 3"]
    assert said[0].select_one("em").get_text().startswith("If you said 2, ")
    bounds = [(each["data-low"], each["data-high"]) for each in number.select(".predict-if")]
    assert bounds == [("-inf", "30"), ("30", "60")]
    assert [each.has_attr("data-open") for each in number.select(".predict-if")] == [True, False]


def test_what_is_veiled_follows_the_box_as_its_sibling_and_the_next_heading_does_not(small_book):
    text = f"# A page\n\n{CHOICE}\n\nBelow.\n\n## Next\n\nBeyond."
    box = small_book({"index.md": text}, EXTENSIONS).page().select_one("predict-box")
    below = [each for each in box.find_next_siblings() if each.name != "section"]
    assert [each.get_text() for each in below] == ["Below."]


def test_the_key_of_a_question_changes_with_its_words_its_choices_and_its_scale_alone(made):
    def key(text):
        return made(text).page().select_one("predict-box")["data-key"]

    first = key(CHOICE)
    assert first.startswith("index/")
    assert key(CHOICE.replace("How many", "Which share")) != first
    assert key(CHOICE.replace("all, ", "every one, ")) != first
    assert key(CHOICE.replace("They toss a coin.", "They do not.")) == first
    assert key(CHOICE.replace("**1.**", "**2.**").replace("= holds", "= fails")) == first
    assert key(NUMBER.replace("and 100", "and 200")) != key(NUMBER)


def test_a_box_without_an_answer_stays_plain_and_asks_for_no_tally(made):
    page = made(PLAIN).page()
    assert page.select("predict-box, .predict-form, .predict-tally") == []
    assert page.select_one(".callout-predict").get_text(strip=True).endswith("Which of them wins?")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CHOICE.replace("> </details>", ""), "its fold is not closed"),
        (CHOICE.replace("> <!-- answer: claim five-layers-fail = holds -->", ">"), "has 0 ties"),
        (
            CHOICE.replace(">\n> </details>", "> <!-- answer: typed a -->\n>\n> </details>"),
            "2 ties",
        ),
        (CHOICE.replace("claim five-layers-fail = holds", "perhaps"), "is none of `claim <id>"),
        (CHOICE.replace("**1.** ", ""), "opens with no bold number: expected one of the choices"),
        (CHOICE.replace("**1.** ", "**4.** "), r"opens with **4.**: expected one of the choices"),
        (CHOICE.replace("**1.** ", "**1 and 2.** "), r"opens with **1 and 2.**: expected one of"),
        (NUMBER.replace("between 0 and 100 %", "a lot"), "0 lists of choices and 0 scales"),
        (NUMBER.replace("= 62.5", "= 162.5"), "its answer is 162.5: expected a number within"),
        (NUMBER.replace("less than 30", "some 30"), "expected “If you said less than 30, …”"),
        (CHOICE.replace("said 2, you", "said two, you"), "expected “If you said 2, …”"),
    ],
)
def test_a_box_whose_parts_do_not_fit_is_named_and_stays_a_plain_box(made, text, said):
    book = made(text, fails=True)
    assert said in book.complaints
    assert "index.md" in book.complaints
    page = book.page()
    assert page.select("predict-box, .predict-form, .predict-tally") == []
    assert page.select_one(".callout-predict") is not None


@pytest.mark.parametrize(
    ("low", "high", "step"),
    [(0, 100, 1), (0, 16, 1), (0, 1, 0.01), (-3, 3, 0.05), (0, 5000, 50), (10, 35, 1)],
)
def test_a_slider_has_steps_that_a_reader_would_name(low, high, step):
    from predict import step_of

    from tools.ties import Scale

    assert step_of(Scale(float(low), float(high), "")) == pytest.approx(step)
