"""Spans in one ranking, each with the sentences around it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from toy_reader import ToyReader

from index import Hit
from qa.evidence import (
    CLOSE_CHARACTERS,
    COMPARED,
    DECISIVE,
    EVEN,
    READ_FIRST,
    compare_best,
    distinct_sentences,
    features,
    find_evidence,
    rank_evidence,
)
from qa.reader import Reading, ScoredSpan
from qa.windows import Group, Passage

TEXT = "The bridge in Lagos cost 4 million. It opened in 1932. The one in Rome cost 9 million."


def hit() -> Hit:
    """The text as a passage that starts at the 100th character of its article."""
    ends = [100 + m.end() for m in re.finditer(r"\.", TEXT)]
    sentences = tuple(zip([100, *(end + 1 for end in ends)], ends, strict=False))
    return Hit(TEXT, "Bridges", "news/1", 1, 100, 100 + len(TEXT), 1.0, 0.5, 1.0, sentences)


def reading(*spans: tuple[str, float], null: float = 0.0) -> Reading:
    found = [ScoredSpan(TEXT.index(words), TEXT.index(words) + len(words), score) for words, score in spans]
    return Reading(tuple(found), null, 0.0)


def test_a_span_stands_in_its_article_with_its_sentence() -> None:
    (found,) = rank_evidence("When did it open?", [hit()], [reading(("1932", 3.0), null=1.0)])
    assert found.words == "1932"
    start, end = found.sentence
    assert TEXT[start - 100 : end - 100] == "It opened in 1932."
    assert found.margin == 2.0


def test_whatever_a_reader_offers_is_kept_within_one_sentence() -> None:
    over, between = TEXT.index("million"), TEXT.index(" It")
    spans = (ScoredSpan(over, over + 20, 3.0), ScoredSpan(between, between + 1, 2.0))
    (found,) = rank_evidence("What did it cost?", [hit()], [Reading(spans, 0.0, 0.0)])
    assert found.words == "million."


def test_what_is_read_alike_is_ranked_by_the_words_it_shares_with_the_question() -> None:
    both = [reading(("4 million", 3.0), ("9 million", 3.1))]
    assert rank_evidence("What did the bridge in Lagos cost?", [hit()], both)[0].words == "4 million"
    assert rank_evidence("What did the one in Rome cost?", [hit()], both)[0].words == "9 million"


def test_the_readers_view_outweighs_the_words_in_common() -> None:
    sure = [reading(("4 million", 3.0), ("9 million", 20.0))]
    assert rank_evidence("What did the bridge in Lagos cost?", [hit()], sure)[0].words == "9 million"


def test_the_words_in_common_are_a_share_of_the_questions() -> None:
    (found,) = rank_evidence("Bridges in Lagos?", [hit()], [reading(("4 million", 3.0))])
    assert found.coverage == 1.0  # "bridg" and "lagos" in the sentence and around it
    (other,) = rank_evidence("Volcanoes?", [hit()], [reading(("4 million", 3.0))])
    assert other.coverage == 0.0
    assert features("Volcanoes?", [other])["coverage"] == 0.0


@pytest.mark.parametrize("lag", [0.0, EVEN, 99.0])
def test_how_far_the_best_sentence_leads_is_its_share(lag: float) -> None:
    spans = [("4 million", 3.0), ("Lagos", 2.9), ("1932", 3.0 - lag)]  # the first two in one sentence
    ranked = [replace(e, coverage=0.0) for e in rank_evidence("What?", [hit()], [reading(*spans)])]
    assert features("What?", ranked)["share"] == pytest.approx(1 / (1 + math.exp(-lag / EVEN)))


def test_a_sentence_is_offered_once() -> None:
    ranked = rank_evidence("What cost what?", [hit()], [reading(("4 million", 3.0), ("Lagos", 2.0), ("1932", 1.0))])
    assert [e.words for e in distinct_sentences(ranked)] == ["4 million", "1932"]


class Comparer(ToyReader):
    """Finds that the sentence which holds `liked` answers, as surely as `sure` says; keeps what it was shown."""

    def __init__(self, liked: str, sure: float = 20.0) -> None:
        super().__init__()
        self.liked, self.sure = liked, sure
        self.shown: list[Group] = []

    def compare(self, question: str, groups: Sequence[Group]) -> list[float]:
        self.shown += groups
        sentences = [sentence for group in groups for sentence in group.sentences]
        return [self.sure if self.liked in sentence else -self.sure for sentence in sentences]


def test_the_best_sentences_are_ranked_anew_side_by_side() -> None:
    spans = [("4 million", 3.0), ("1932", 2.0), ("Lagos", 1.5), ("9 million", 1.0)]
    ranked = rank_evidence("What cost what?", [hit()], [reading(*spans)])
    reader = Comparer("Rome")
    found = compare_best("What cost what?", ranked, reader)
    assert reader.shown == [Group("Bridges", tuple(re.findall(r"\w[^.]*\.", TEXT)))]
    assert found[0].words == "9 million"
    assert {e.words: e.compared for e in found} == {"4 million": -20, "1932": -20, "Lagos": -20, "9 million": 20}
    assert compare_best("What?", [], reader) == []


@pytest.mark.parametrize("lead", [DECISIVE - 0.1, DECISIVE + 0.1])
def test_what_leads_by_far_needs_no_comparison(lead: float) -> None:
    ranked = rank_evidence("What?", [hit()], [reading(("1932", 1.0 + lead), ("9 million", 1.0))])
    reader = Comparer("Rome")
    found = compare_best("What?", ranked, reader)
    compared = lead < DECISIVE
    assert bool(reader.shown) == compared
    assert found[0].words == ("9 million" if compared else "1932")
    assert [e.compared for e in found] == ([20, -20] if compared else [None, None])


def test_a_reader_that_cannot_compare_changes_nothing() -> None:
    ranked = rank_evidence("What?", [hit()], [reading(("1932", 3.0), ("9 million", 2.0))])
    reader = Comparer("Rome", sure=0.0)
    assert compare_best("What?", ranked, reader) == ranked
    assert reader.shown


def test_what_is_too_low_to_be_compared_stays_behind() -> None:
    hits = [replace(hit(), article_id=n, score=1 - n / 100) for n in range(9)]
    ranked = rank_evidence("What?", hits, [reading(("1932", 1.0))] * 9)
    reader = Comparer("Rome")
    found = compare_best("What?", ranked, reader)
    assert [group.sentences for group in reader.shown] == [("It opened in 1932.",)] * COMPARED
    assert [e.hit.article_id for e in found] == list(range(9))
    assert {e.compared for e in found} == {-20}


class Counting(ToyReader):
    """Finds two spans in each passage, the better one of the passage of article `sure` leading by far."""

    def __init__(self, sure: int) -> None:
        super().__init__()
        self.sure = sure

    def read(self, question: str, passages: Sequence[Passage]) -> list[Reading]:
        self.passages += passages
        return [reading(("1932", 30.0 if p.title == f"{self.sure}" else 1.0), ("Rome", 1.0)) for p in passages]


@pytest.mark.parametrize("sure", range(READ_FIRST + 1))
def test_what_is_sure_after_the_first_passages_ends_the_reading(sure: int) -> None:
    hits = [replace(hit(), article_id=n, title=f"{n}") for n in range(READ_FIRST + 3)]
    reader = Counting(sure)
    found = find_evidence("When?", hits, reader)
    assert found[0].hit.article_id == sure
    assert [p.title for p in reader.passages] == [h.title for h in hits[: READ_FIRST if sure < READ_FIRST else None]]


def test_of_a_long_passage_a_little_around_the_best_sentence_is_read_once_more() -> None:
    sentences = [f"Sentence {i:02} of the report is about the weather of one day." for i in range(40)]
    text, length = " ".join(sentences), len(sentences[0]) + 1
    spans = tuple((100 + i * length, 100 + i * length + length - 1) for i in range(40))
    long = replace(hit(), text=text, end=100 + len(text), sentences=spans)

    class Reads(ToyReader):
        def read(self, question: str, passages: Sequence[Passage]) -> list[Reading]:
            self.passages += passages
            return [self._seen(p.text.index("Sentence 20"), len(p.text) > CLOSE_CHARACTERS) for p in passages]

        def _seen(self, at: int, whole: bool) -> Reading:
            if whole:
                return Reading((ScoredSpan(at, at + 8, 5.0), ScoredSpan(0, 8, 1.0)), 1.0, 5.0)
            before, across = ScoredSpan(0, 8, 9.0), ScoredSpan(at - 3, at + 3, 8.0)
            inside = (ScoredSpan(at + 9, at + 11, 7.0), ScoredSpan(at + 15, at + 18, 2.0)) if words else ()
            return Reading((before, across, *inside), 1.0, 7.5)

    for words in (True, False):
        reader = Reads()
        found = find_evidence("What?", [long], reader)
        whole, close = reader.passages
        assert whole.text == text
        assert close.text in text
        assert CLOSE_CHARACTERS - length < len(close.text) <= CLOSE_CHARACTERS
        assert close.text.startswith("Sentence 16")  # as much before it as after it
        assert (found[0].words, found[0].margin) == ("20" if words else "Sentence", 4.0)
        assert [e.relevance for e in found] == [7.5, 5.0]
        assert features("What?", found)["relevance"] == 7.5


def test_a_short_passage_is_not_read_again() -> None:
    reader = Counting(0)
    assert len(find_evidence("When?", [replace(hit(), title="0")], reader)) == 2
    assert len(reader.passages) == 1


def test_no_passages_give_no_evidence() -> None:
    assert rank_evidence("What?", [], []) == []
    reader = ToyReader(broken=True)
    assert find_evidence("What?", [], reader) == []
