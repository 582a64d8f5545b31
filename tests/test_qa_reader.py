"""The reader: spans chosen together, offsets in the passage's own characters, faults that are raised."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_reader import ToyReader

from index import Hit
from qa.errors import ReaderError
from qa.hub_reader import HubReader
from qa.reader import Reader, Reading, TrainedReader, best_spans, combine, whole_words
from qa.reranker import HubReranker
from qa.windows import (
    OVERLAP_TOKENS,
    SENTENCE_TOKENS,
    Group,
    Passage,
    Window,
    make_comparison,
    make_windows,
)

MODEL = Path(__file__).parent.parent / "qa" / "model"


@pytest.fixture(scope="module")
def tokenizer():  # type: ignore[no-untyped-def]
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


@pytest.fixture(scope="module")
def reader() -> TrainedReader:
    return TrainedReader()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 14), st.integers(1, 6), st.integers(1, 5), st.integers(0, 10_000))
def test_best_spans_equal_those_of_a_naive_loop(length: int, longest: int, many: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    start, end = rng.normal(size=(2, length)).astype(np.float32)
    pairs = [(i, j) for i in range(length) for j in range(i, min(length, i + longest))]
    expected: list[tuple[int, int]] = []
    for i, j in sorted(pairs, key=lambda p: -(start[p[0]] + end[p[1]])):
        if len(expected) < many and all(j < a or b < i for a, b in expected):
            expected.append((i, j))
    assert [(i, j) for i, j, _ in best_spans(start, end, many, longest)] == expected


@pytest.mark.parametrize("seed", range(20))
def test_the_best_spans_of_sentences_are_those_of_each(seed: int) -> None:
    rng = np.random.default_rng(seed)
    start, end = rng.normal(size=(2, 24)).astype(np.float32)
    numbers = np.sort(rng.integers(0, 4, 24))
    each = []
    for number in set(numbers):
        own = np.flatnonzero(numbers == number)
        each += [(own[0] + i, own[0] + j, s) for i, j, s in best_spans(start[own], end[own], 24, 5)]
    expected = sorted(each, key=lambda span: -span[2])
    found = best_spans(start, end, 24, 5, numbers)
    assert [(i, j) for i, j, _ in found] == [(i, j) for i, j, _ in expected]


def test_no_span_goes_from_one_item_of_a_list_to_the_next(tokenizer) -> None:  # type: ignore[no-untyped-def]
    text = "- 5 g salt\n- 30 g butter"
    passages = [Passage(text), Passage(text, sentences=(0, text.index("- 30")))]
    windows = make_windows(tokenizer, "How much?", passages)
    length, first = len(windows[0].ids), windows[0].first
    start, end = np.zeros((2, length), dtype=np.float32)
    start[first + 3], end[-3] = 9, 9
    over, within = combine(passages, windows, [(start, end, 0.0)] * 2)
    assert "\n" in text[over.spans[0].start : over.spans[0].end]
    assert all("\n" not in text[span.start : span.end] for span in within.spans)


def test_a_word_that_runs_on_ends_with_its_sentence(tokenizer) -> None:  # type: ignore[no-untyped-def]
    passage = Passage("They said no.it was", sentences=(0, 13))
    windows = make_windows(tokenizer, "What?", [passage])
    flat = np.zeros(len(windows[0].ids), dtype=np.float32)
    (reading,) = combine([passage], windows, [(flat, flat, 0.0)])
    assert all(span.end <= 13 or span.start >= 13 for span in reading.spans)


def test_the_end_never_comes_before_the_start() -> None:
    start, end = np.array([0, 0, 9], dtype=np.float32), np.array([9, 0, 0], dtype=np.float32)
    assert best_spans(start, end, 1)[0] in {(0, 0, 9.0), (2, 2, 9.0)}


@pytest.mark.parametrize(
    ("text", "part", "whole"),
    [
        ("about 1990s music", "1990", "1990s"),
        ("in Ångström units", "ström", "Ångström"),
        ("une e\u0301cole ici", "cole", "e\u0301cole"),
        ("une cafe\u0301 ici", "cafe", "cafe\u0301"),
        ("Mr. Kim, who", "Kim", "Kim"),
        ("it was -12.5 °C", "12.5", "-12.5"),
        ("it was −17 at night", "17", "−17"),
        ("a loss of -$3.1 billion", "3", "-$3.1"),
        ("a loss of $3.1 billion", "$3", "$3.1"),
        ("(-3)", "3", "-3"),
        ("from 10-12 people", "12", "12"),
        ("the Boeing-747", "747", "747"),
        ("at least 1,000 people", "000", "1,000"),
        ("grew by 4.5% a year", "4", "4.5%"),
        ("at 7.30 a.m. on", "7", "7.30"),
        ("at 7.30 a.m. on", "a.m", "a.m."),
        ("in the U.S.A. and", "U.S.A", "U.S.A."),
        ("to the USA.The army", "USA", "USA"),
        ("from 1990–\n1995 he", "1995", "1995"),
        ("write to info@harn.example.", "info", "info@harn.example"),
        ("It ended in 1990. Then", "1990", "1990"),
        ("He left in May.Then", "May", "May"),
        ("plan B. Then", "B", "B"),
    ],
)
def test_spans_are_widened_to_whole_words(text: str, part: str, whole: str) -> None:
    at = text.index(part)
    start, end = whole_words(text, at, at + len(part))
    assert text[start:end] == whole


@pytest.mark.parametrize(
    "front", ["", "İİİ ", "😀 👩‍👩‍👧 ", "e\u0301 A\u030a ", "ﬁ Straße ", "中文字 ", "\u200b\ufeff "]
)
def test_tokens_stand_where_the_offsets_say(tokenizer, front: str) -> None:  # type: ignore[no-untyped-def]
    text = front + "The treaty was signed in 1848 in Paris."
    (window,) = make_windows(tokenizer, "When?", [Passage(text, "Title", "Heading")])
    words = {text[s:e] for s, e in window.offsets}
    assert {"treaty", "1848", "Paris"} <= words
    assert len(window.offsets) == len(window.ids) - window.first - 1


def test_the_input_is_question_head_and_passage(tokenizer) -> None:  # type: ignore[no-untyped-def]
    passages = [Passage("It is red.", "Apples", "Colour"), Passage("It is red.")]
    with_head, without = make_windows(tokenizer, "What colour?", passages)
    assert tokenizer.decode(with_head.ids, False) == "[CLS] what colour? [SEP] apples : colour [SEP] it is red. [SEP]"
    assert tokenizer.decode(without.ids, False) == "[CLS] what colour? [SEP] it is red. [SEP]"
    assert with_head.types == [0] * 5 + [1] * 9


@pytest.mark.parametrize("words", [1, 60, 64, 65, 120, 500])
def test_long_passages_are_read_whole_in_windows(tokenizer, words: int) -> None:  # type: ignore[no-untyped-def]
    text = " ".join(f"word{n}" for n in range(words))
    windows = make_windows(tokenizer, "Which word?", [Passage(text), Passage("short")], limit=100)
    mine = [w for w in windows if w.passage == 0]
    every = tokenizer.encode(text, add_special_tokens=False).offsets
    seen = list(dict.fromkeys(o for w in mine for o in w.offsets))
    assert seen == every
    assert all(len(w.ids) <= 100 for w in windows)
    overlaps = [set(a.offsets) & set(b.offsets) for a, b in itertools.pairwise(mine)]
    assert all(len(o) == OVERLAP_TOKENS for o in overlaps)


def test_sentences_to_compare_stand_side_by_side(tokenizer) -> None:  # type: ignore[no-untyped-def]
    groups = [Group("Apples", ("It is red.", "It is round.")), Group("", ("Pears are green.",))]
    seen = make_comparison(tokenizer, "What colour?", groups)
    expected = "[CLS] what colour? [SEP] apples [SEP] it is red. it is round. [SEP] pears are green. [SEP]"
    assert tokenizer.decode(seen.ids, False) == expected
    told = [tokenizer.decode(seen.ids[start:end]) for start, end in seen.places]
    assert told == ["it is red.", "it is round.", "pears are green."]
    assert [len(offsets) for offsets in seen.offsets] == [end - start for start, end in seen.places]
    assert seen.types == [0] * seen.first + [1] * (len(seen.ids) - seen.first)
    assert tokenizer.decode(seen.ids[: seen.first], False) == "[CLS] what colour? [SEP]"


def test_long_sentences_are_cut_so_that_all_can_be_compared(tokenizer) -> None:  # type: ignore[no-untyped-def]
    groups = [Group("Words " * 99, ("It is red.", "round " * 999)), Group("", ("flat " * 999,))]
    seen = make_comparison(tokenizer, "What colour? " * 99, groups, limit=200)
    assert len(seen.ids) <= 200
    sizes = [end - start for start, end in seen.places]
    assert sizes[0] == 4
    assert sizes[1] == sizes[2] > 30
    whole = make_comparison(tokenizer, "What colour?", [Group("", ("round " * 999,))])
    assert whole.places[0][1] - whole.places[0][0] == SENTENCE_TOKENS


def test_windows_of_one_passage_make_one_reading() -> None:
    text = "alpha beta gamma"
    low = np.zeros(4, dtype=np.float32)
    windows = [Window(0, [1] * 4, [0] * 4, 1, [(0, 5), (6, 10)]), Window(0, [1] * 4, [0] * 4, 1, [(6, 10), (11, 16)])]
    high = low.copy()
    high[2] = 5  # "gamma", in the second window
    (reading,) = combine([Passage(text)], windows, [(low, low, -1.0), (high, high, 2.0)])
    best = reading.spans[0]
    assert (text[best.start : best.end], best.score - reading.null, reading.relevance) == ("gamma", 10.0, 2.0)
    assert_well_formed(reading, text)


def test_a_missing_or_damaged_model_is_a_reader_error(tmp_path: Path) -> None:
    with pytest.raises(ReaderError, match="missing or damaged"):
        TrainedReader(tmp_path).read("Who?", [Passage("Anna did.")])
    for name in ("reader.onnx", "comparer.onnx", "tokenizer.json", "reader.json"):
        folder = tmp_path / name
        shutil.copytree(MODEL, folder)
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: len(data) // 2])
        with pytest.raises(ReaderError, match="missing or damaged"):
            TrainedReader(folder).read("Who?", [Passage("Anna did.")])


class _Broken:
    def __init__(self, fault: Exception | None) -> None:
        self.fault = fault

    def run(self, _: object, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:  # type: ignore[type-arg]
        if self.fault:
            raise self.fault
        nothing = np.full(inputs["ids"].shape, np.nan, dtype=np.float32)
        return [nothing, nothing, nothing[:, 0]]


@pytest.mark.parametrize("fault", [RuntimeError("out of memory"), ValueError("bad shape"), None])
def test_a_fault_while_reading_is_raised_never_an_empty_reading(fault: Exception | None) -> None:
    reader = TrainedReader()
    reader.read("Who?", [])
    reader._load()
    reader._session = reader._comparer = _Broken(fault)
    with pytest.raises(ReaderError, match="reader"):
        reader.read("Who?", [Passage("Anna did.")])
    with pytest.raises(ReaderError, match="reader"):
        reader.compare("Who?", [Group("", ("Anna did.",))])


@pytest.mark.real
def test_the_trained_reader_finds_the_words_that_answer(reader: TrainedReader) -> None:
    text = "İstanbul 😀 kept its name. The security advisors met in Zürich\u0301 on Friday. It rained."
    passages = [Passage("Apples grow on trees in autumn."), Passage(text, "Talks"), Passage("")]
    away, found, nothing = reader.read("Where did the security advisors meet?", passages)
    best = found.spans[0]
    assert "Zürich" in text[best.start : best.end]
    assert best.score - found.null > max(s.score - away.null for s in away.spans)
    assert found.relevance > away.relevance
    assert nothing.spans == ()
    for reading, passage in zip((away, found, nothing), passages, strict=True):
        assert_well_formed(reading, passage.text)


@pytest.mark.real
def test_of_sentences_side_by_side_the_one_that_answers_is_told(reader: TrainedReader) -> None:
    groups = [
        Group("Talks end early", ("The foreign ministers of both countries met in Bern in May.", "It rained.")),
        Group("Advisors agree", ("The security advisors met in Zürich on Friday.", "\u200b")),
    ]
    away, rain, found, nothing = reader.compare("Where did the security advisors meet?", groups)
    assert found > max(away, rain, nothing, 0)
    assert max(reader.compare("Who won the cycling race?", groups)) < 0
    assert reader.compare("Who?", []) == []


@pytest.mark.real
def test_passages_are_read_alike_in_any_company(reader: TrainedReader) -> None:
    passages = [
        Passage(f"In {year} the town of Hill{year} had {year - 900} people. " * 4) for year in range(1900, 1906)
    ]
    together = reader.read("How many people had the town in 1902?", passages)
    alone = [reader.read("How many people had the town in 1902?", [p])[0] for p in passages]
    assert together == alone


def test_the_toy_reader_keeps_the_contract() -> None:
    toy: Reader = ToyReader()
    text = "Rollo led the Normans. They settled in France."
    (reading,) = toy.read("Who led the Normans?", [Passage(text)])
    assert text[reading.spans[0].start : reading.spans[0].end] == "Rollo"
    assert reading.spans[0].score > reading.null > toy.read("Why is it blue?", [Passage(text)])[0].spans[0].score
    assert_well_formed(reading, text)
    assert toy.compare("Who led the Normans?", [Group("", ("Rollo led the Normans.", "They settled."))]) == [0, -2]
    with pytest.raises(ReaderError):
        ToyReader(broken=True).read("Who?", [Passage(text)])


def assert_well_formed(reading: Reading, text: str) -> None:
    scores = [s.score for s in reading.spans]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= s.start < s.end <= len(text) for s in reading.spans)
    for a, b in itertools.combinations(reading.spans, 2):
        assert a.end <= b.start or b.end <= a.start


def tiny_model(folder: Path, kind: str, **config: int) -> str:
    """A model of transformers' class `kind`, with weights that mean nothing, in `folder`."""
    transformers = pytest.importorskip("transformers")
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.?"
    folder.mkdir(exist_ok=True)
    (folder / "vocab.txt").write_text(
        "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *(f"##{c}" for c in letters)])
    )
    transformers.BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    shape = transformers.BertConfig(
        vocab_size=80, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, **config
    )
    getattr(transformers, kind)(shape).save_pretrained(folder)
    return str(folder)


def test_another_model_reads_through_transformers(tmp_path: Path) -> None:
    name = tiny_model(tmp_path, "BertForQuestionAnswering")
    text = "Anna met Bob in Rome. " * 40
    long, short = HubReader(name).read("Where did they meet?", [Passage(text), Passage("In Rome.")])
    assert_well_formed(long, text)
    assert_well_formed(short, "In Rome.")
    assert short.spans
    (asked,) = HubReader(name).read("Where did they meet? " * 90, [Passage("In Rome.")])
    assert asked.spans
    assert HubReader(name).compare("Who?", [Group("", ("Anna.", "Bob.")), Group("", ("Eve.",))]) == [0, 0, 0]
    with pytest.raises(ReaderError, match="cannot be loaded"):
        HubReader(str(tmp_path / "nowhere")).read("Who?", [Passage("Anna.")])
    (weights,) = Path(name).glob("*.safetensors")
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ReaderError, match="cannot be loaded"):
        HubReader(name).read("Who?", [Passage("Anna.")])


def hit(text: str, score: float) -> Hit:
    return Hit(text, "", "", 1, 0, len(text), score, score, score, ((0, len(text)),))


def test_a_cross_encoder_orders_the_passages_anew(tmp_path: Path) -> None:
    reranker = HubReranker(tiny_model(tmp_path, "BertForSequenceClassification", num_labels=1))
    hits = [hit("Anna met Bob in Rome.", 0.9), hit("The bridge was built in 1932.", 0.5), hit("No.", 0.1)]
    ranked = reranker.rerank("Where did Anna meet Bob?", hits)
    assert sorted(h.text for h in ranked) == sorted(h.text for h in hits)
    assert [h.score for h in ranked] == sorted((h.score for h in ranked), reverse=True)
    assert (ranked[0].score, ranked[-1].score) == (1.0, 0.0)
    assert reranker.rerank("Who?", []) == []


def test_a_reranker_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    with pytest.raises(ReaderError, match="cannot be loaded"):
        HubReranker(str(tmp_path / "nowhere")).rerank("Who?", [hit("Anna.", 1.0)])
    two = tiny_model(tmp_path / "two", "BertForSequenceClassification", num_labels=2)
    with pytest.raises(ReaderError, match="2 scores"):
        HubReranker(two).rerank("Who?", [hit("Anna.", 1.0)])
