"""Kinds of question, by wording alone."""

import pytest

from qa.errors import QuestionError
from qa.question import MAX_CHARACTERS, clean_question, kind_of


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("", "empty"),
        ("  ?! …", "empty"),
        ("Hello", "greeting"),
        ("hi there!", "greeting"),
        ("Thank you so much.", "greeting"),
        ("What can you do?", "greeting"),
        ("Hello Kitty was created by whom?", "fact"),
        ("Help the police did what?", "fact"),
        ("What is this about?", "overview"),
        ("what are these articles about", "overview"),
        ("What's the article about?", "overview"),
        ("Summarize the article", "overview"),
        ("Can you give me a summary?", "overview"),
        ('What is "North Korea once again warned" about?', "overview"),
        ("What are the main points?", "overview"),
        ("Could you please summarise the report on bees?", "overview"),
        ("Give me a brief overview of the moon landing", "overview"),
        ("TL;DR", "overview"),
        ("Give me a summary about cod", "overview"),
        ("Give a summary in three sentences", "overview"),
        ("Can you tell me what this article is about?", "overview"),
        ("What is the article on North Korea about?", "overview"),
        ("The overview on page 3 was drawn by whom?", "fact"),
        ("The main points, please", "overview"),
        ("What is the gist of this article?", "overview"),
        ("What are the key points of the article about bees?", "overview"),
        ("Who drew the overview map?", "fact"),
        ("Who wrote the executive summary?", "fact"),
        ("Who coined the key message of the campaign?", "fact"),
        ("What was the main point of the chairman's speech?", "fact"),
        ("When was the summary execution?", "fact"),
        ("What did he lie about?", "fact"),
        ("What is the treaty about nuclear weapons called?", "fact"),
        ("Why did they meet?", "explanation"),
        ("How does the reactor work?", "explanation"),
        ("How many people came?", "fact"),
        ("How long did the talks last?", "fact"),
        ("Describe the meeting", "explanation"),
        ("What were the causes of the war?", "explanation"),
        ("Where did the security advisors meet?", "fact"),
    ],
)
def test_the_kind_of_a_question(question: str, kind: str) -> None:
    assert kind_of(question) == kind


def test_a_question_must_be_text_of_a_readable_length() -> None:
    assert clean_question("  Who?\n") == "Who?"
    with pytest.raises(QuestionError, match="not int"):
        clean_question(3)
    with pytest.raises(QuestionError, match="at most 2,000"):
        clean_question("x" * (MAX_CHARACTERS + 1))


def test_a_lone_surrogate_is_no_fault() -> None:
    assert clean_question("Who \ud800?") == "Who ??"
