"""The path from a question to its answer, with the toy encoder and reader, then with the real ones on the seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from toy_reader import ToyReader
from toys import ToyEncoder

from index import Article, Hit, Index
from index.errors import ArticleGoneError, FilterError
from qa import Answer, answer
from qa.chain import MOST_QUOTES, build_chain
from qa.errors import QuestionError, ReaderError
from qa.reader import Reading, ScoredSpan
from qa.windows import Group, Passage

MODEL = Path(__file__).parent.parent / "qa" / "model"

BRIDGE = Article(
    "The bridge\nThe bridge across the Tana was designed by Amara Okoye. It cost nine million crowns. "
    "Officials opened the bridge in Vadso on Monday.\nReactions\nFishermen praised the harvest of salmon.",
    title="The bridge",
    source="bridge",
    published="2026-03-01",
)
SALMON = Article("Salmon numbers doubled in Lima after the harvest ended.", title="Salmon", source="salmon")


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index.build([BRIDGE, SALMON], tmp_path / "index", encoder=ToyEncoder())


def ask(index: Index, question: str, **options: Any) -> Answer:
    options = {"reader": ToyReader(), "threshold": 0.0} | options
    return build_chain(index, **options).invoke(question)


def test_an_answer_is_a_span_inside_a_quoted_sentence(index: Index) -> None:
    result = ask(index, "Who was the bridge across the Tana designed by?")
    assert result.answered
    assert result.short == "Amara Okoye" == result.text
    assert result.quotes[0].text == "The bridge across the Tana was designed by Amara Okoye."
    assert result.quotes[0].title == "The bridge"
    assert result.quotes[0].published == "2026-03-01"


def test_a_sentence_that_leans_on_the_one_before_is_quoted_with_it(index: Index) -> None:
    result = ask(index, "It cost how many crowns?")
    assert [q.text for q in result.quotes[:2]] == [
        "It cost nine million crowns.",
        "The bridge across the Tana was designed by Amara Okoye.",
    ]


class Backwards:
    """A reranker that takes the search to be wrong."""

    def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        return [replace(hit, score=1.0 - place / len(hits)) for place, hit in enumerate(reversed(hits))]


def test_a_reranker_orders_what_is_read(index: Index) -> None:
    plain, turned = ToyReader(), ToyReader()
    ask(index, "Who opened the bridge?", reader=plain)
    ask(index, "Who opened the bridge?", reader=turned, reranker=Backwards())
    assert len(plain.passages) > 1
    assert turned.passages == plain.passages[::-1]


def test_the_models_can_be_named(index: Index, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("QUOTH_READER", str(tmp_path / "no-reader"))
    with pytest.raises(ReaderError, match="no-reader"):
        answer("Who opened the bridge?", index)
    monkeypatch.setenv("QUOTH_RERANKER", str(tmp_path / "no-reranker"))
    with pytest.raises(ReaderError, match="no-reranker"):
        answer("Who opened the bridge?", index, reader=str(MODEL))
    assert answer("Who opened the bridge?", index, reader=str(MODEL), reranker="").quotes


def test_every_passage_is_read_once(index: Index) -> None:
    reader = ToyReader()
    ask(index, "Who opened the bridge?", reader=reader)
    assert reader.passages
    assert len(reader.passages) == len(set(reader.passages))


def test_below_the_threshold_it_abstains_and_offers_what_is_nearest(index: Index) -> None:
    result = ask(index, "Who opened the bridge in Vadso?", threshold=1.0)
    assert not result.answered
    assert result.reason == "not in the articles"
    assert not result.quotes
    assert result.short is None
    assert 0 < len(result.nearest) <= MOST_QUOTES
    assert result.confidence == ask(index, "Who opened the bridge in Vadso?").confidence


def test_what_two_articles_say_word_for_word_is_offered_once(tmp_path: Path) -> None:
    twice = [BRIDGE, replace(BRIDGE, source="bridge-again"), SALMON]
    index = Index.build(twice, tmp_path / "index", encoder=ToyEncoder())
    result = ask(index, "Who was the bridge across the Tana designed by?", threshold=1.0)
    texts = [quote.text for quote in result.nearest]
    assert "The bridge across the Tana was designed by Amara Okoye." in texts
    assert len(texts) == len(set(texts))


def test_a_fault_of_the_reader_is_raised_and_never_an_abstention(index: Index) -> None:
    with pytest.raises(ReaderError, match="broken"):
        ask(index, "Who opened the bridge?", reader=ToyReader(broken=True))


@pytest.mark.parametrize(("question", "reason"), [("Hello!", "greeting"), (" ", "empty question")])
def test_what_is_no_question_gets_a_short_reply(index: Index, question: str, reason: str) -> None:
    reader = ToyReader()
    result = ask(index, question, reader=reader)
    assert (result.answered, result.reason, result.quotes, reader.calls) == (False, reason, (), 0)
    assert result.text


def test_an_index_without_articles_says_so(index: Index) -> None:
    index.remove(["bridge", "salmon"])
    for question in ("Who opened the bridge?", "What is this about?"):
        result = ask(index, question)
        assert (result.answered, result.reason) == (False, "no articles")
        assert "quoth index" in result.text


def test_a_question_about_an_article_gets_its_central_sentences(index: Index) -> None:
    result = ask(index, "What is 'The bridge' about?".replace("'", '"'))
    assert {q.title for q in result.quotes} == {"The bridge"}
    assert result.quotes[0].text.startswith("The bridge across")
    assert result.short is None
    both = ask(index, "What are these articles about?")
    assert {q.title for q in both.quotes} == {"The bridge", "Salmon"}


@pytest.mark.parametrize(
    "question",
    [
        "Summarize the article about quantum computing",
        'What is "Moby Dick" about?',
        "Give me an overview of the moon landing on Monday",
    ],
)
def test_what_no_article_is_about_is_not_summed_up(index: Index, question: str) -> None:
    result = ask(index, question)
    assert (result.answered, result.reason) == (False, "not in the articles")


def test_an_article_is_meant_by_its_title_or_by_what_it_says(index: Index) -> None:
    for question, title in (
        ("Summarize the bridges article", "The bridge"),
        ("Give me a summary of the story on Okoye and Vadso", "The bridge"),
        ("What is the article about the harvest in Lima about?", "Salmon"),
    ):
        assert {quote.title for quote in ask(index, question).quotes} == {title}


@pytest.mark.parametrize(
    "question",
    [
        "Sum up the articles",
        "I'd like a quick summary",
        "Show me the key points, please",
        "Summarize everything briefly",
    ],
)
def test_the_words_of_asking_for_an_overview_are_no_subject(index: Index, question: str) -> None:
    assert {quote.title for quote in ask(index, question).quotes} == {"The bridge", "Salmon"}


def test_filters_of_an_overview_are_those_of_the_search(index: Index) -> None:
    assert {q.title for q in ask(index, "Summarize the articles", since="1 March 2026").quotes} == {"The bridge"}
    assert {q.title for q in ask(index, "Summarize the articles", source="SALM").quotes} == {"Salmon"}
    for question in ("Summarize the articles", "Who met?"):
        with pytest.raises(FilterError, match="yesterday is not a date"):
            ask(index, question, since="yesterday")


@pytest.mark.parametrize("question", ["Summarize the articles", "Who designed the bridge?"])
def test_a_filter_that_no_article_passes_is_told(index: Index, question: str) -> None:
    result = ask(index, question, since="2026-04-01", source="<bridge>")
    assert (result.answered, result.reason) == (False, "no articles")
    assert result.text == (
        "No article was published on 2026-04-01 or later (one without a date never is) and has “<bridge>” in its "
        "source. See what there is: quoth articles"
    )


def test_of_several_reasons_one_that_stands_before_another_is_quoted_too(tmp_path: Path) -> None:
    text = "Wages were low for years. Cranes were old and unsafe. The sea was cold. Shifts were long for years."
    index = Index.build([Article(text, title="Strike", source="s")], tmp_path / "index", encoder=ToyEncoder())
    sentences = index.sentences(1)
    hit = index.search("Why were the cranes unsafe?")[0]

    class Told:
        name = "told"

        def read(self, question: str, passages: Sequence[Passage]) -> list[Reading]:
            order = [(1, 9.0), (3, 8.9), (0, 8.8)]
            spans = [ScoredSpan(sentences[i][0] - hit.start, sentences[i][1] - hit.start, score) for i, score in order]
            return [Reading(tuple(spans), 0.0, 9.0) for _ in passages]

        def compare(self, question: str, groups: Sequence[Group]) -> list[float]:
            return [0.0 for group in groups for _ in group.sentences]

    result = ask(index, "Why did they strike?", reader=Told())
    assert sorted(quote.text.split()[0] for quote in result.quotes) == ["Cranes", "Shifts", "Wages"]


def test_an_explanation_is_whole_sentences(index: Index) -> None:
    result = ask(index, "Why did officials open the bridge in Vadso?")
    assert result.answered
    assert result.short is None
    assert result.quotes[0].text == "Officials opened the bridge in Vadso on Monday."


def test_filters_reach_the_search(index: Index) -> None:
    assert {q.source for q in ask(index, "harvest of salmon", source="salmon").quotes} == {"salmon"}
    assert {q.source for q in ask(index, "harvest of salmon", since="2026-01-01").quotes} == {"bridge"}


def test_an_article_that_changes_while_it_is_asked_about_is_asked_again(index: Index) -> None:
    class Meddler(ToyReader):
        def read(self, question: str, passages: Any) -> Any:
            if not self.calls:
                index.update([Article(BRIDGE.text.replace("Amara", "Chidi"), title="The bridge", source="bridge")])
            return super().read(question, passages)

    assert ask(index, "Who was the bridge designed by?", reader=Meddler()).short == "Chidi Okoye"

    class Restless(ToyReader):
        def read(self, question: str, passages: Any) -> Any:
            new = Article(BRIDGE.text + f" Version {self.calls}.", title="The bridge", source="bridge")
            index.update([new])
            return super().read(question, passages)

    with pytest.raises(ArticleGoneError):
        ask(index, "Who was the bridge designed by?", reader=Restless())


def test_the_chain_is_a_runnable_that_batches_and_streams(index: Index) -> None:
    chain = build_chain(index, reader=ToyReader(), threshold=0.0)
    questions = ["Who was the bridge designed by?", "Hello", "Where did salmon numbers double?"]
    single = [chain.invoke(q) for q in questions]
    assert chain.batch(questions) == single
    assert list(chain.stream(questions[0])) == single[:1]


def test_a_question_that_cannot_be_asked_is_an_error(index: Index) -> None:
    with pytest.raises(QuestionError, match="shorter"):
        ask(index, "why " * 1000)


@pytest.mark.real
class TestOnTheSeeds:
    """The real encoder and reader on the article that Quoth ships with."""

    @pytest.mark.parametrize(
        ("question", "short", "quoted"),
        [
            ("Where did the security advisors meet?", "Seoul", "convened a meeting in Seoul."),
            ("Who is Japan's national security secretariat secretary general?", "Takeo Akiba", "Takeo Akiba"),
            ("What did they agree to enhance?", "coordination", "They agreed to enhance"),
        ],
    )
    def test_what_the_article_says_is_quoted(self, seeded: Index, question: str, short: str, quoted: str) -> None:
        result = answer(question, seeded)
        assert result.answered
        assert short in (result.short or "")
        assert quoted in result.quotes[0].text

    @pytest.mark.parametrize(
        "question",
        ["What is the capital of France?", "What did China's president say at the meeting?", "Who won the World Cup?"],
    )
    def test_what_it_does_not_say_is_declined(self, seeded: Index, question: str) -> None:
        result = answer(question, seeded)
        assert (result.answered, result.reason) == (False, "not in the articles")

    def test_lines_that_are_no_sentences_are_never_quoted(self, seeded: Index) -> None:
        never = ("North Korea once again warned", "Growing concerns in the region", "More to read")
        chain = build_chain(seeded, threshold=0.0)
        for question in (*never, "What grows in the region?", "What is this about?", "What did Bulgaria approve?"):
            result = chain.invoke(question)
            for quote in (*result.quotes, *result.nearest):
                assert not any(line in quote.text for line in never), (question, quote.text)
