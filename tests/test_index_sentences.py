"""Where sentences end, and which lines are none."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import seeds
from index.sentences import LONGEST_SENTENCE, find_sentences

SEED = (Path(seeds.__path__[0]) / "north-korea-warned.txt").read_text(encoding="utf-8")

CASES = [
    ["The U.N. Security Council met on Monday.", "It voted."],
    ["He met U.S. President Joe Biden.", "They talked."],
    ["He moved to the U.S.", "He liked it there."],
    ["The U.S. and Japan agreed.", "U.S. officials said so.", "In the U.S., it is cold."],
    ["He works for the E.U. Commission.", "The U.K. Parliament met in Washington, D.C.", "Then it left."],
    ["Mr. Kim left.", "Mrs. Lee and Prof. Dr. Smith stayed with Lt. Col. Jones.", "Gen. Lee was late."],
    ["Prices rose 3.5 percent.", "It cost $3.5 million vs. $2 million in 2019.", "No one paid."],
    ["J. K. Rowling wrote it.", "George W. Bush and J. R. R. Tolkien read it."],
    ["The book is by Martin Luther King Jr.", "It is good."],
    ['"Are you?" Cho asked.', "Nobody spoke."],
    ['"Stop!" he shouted.', "Then silence."],
    ['"Wow!" exclaimed the man.', '"Really?!"', "She laughed."],
    ["“We won’t go,” he said.", "“Not now.”", "She nodded."],
    ['"Why?" asked Lee.', '"Because," Kim said.'],
    ['He said "No."', 'She said "Yes."', "They agreed."],
    ["Smith LLC. vs. Jones Inc. was heard in May.", "The court ruled."],
    ["Roe v. Wade was decided.", "Sen. Warren spoke."],
    ["It weighs approx. 5 kg.", "We lifted it."],
    ["It opens at 9 a.m. on Monday.", "It closes at 5 p.m.", "He said so."],
    ["It was 10 p.m. EST when he came.", "At 6 a.m. GMT it rose.", "It was 3 p.m. Monday."],
    ["He waited... and waited.", "Then he left...", "Nobody came."],
    ["Yahoo! said profits fell.", "Shares dropped."],
    ["She lives on St. Mark's Place.", "No. 5 is hers.", "On Jan. 6 she moved."],
    ["It was on Dec. 25.", "The year was c. 1500.", "See p. 5 and pp. 6-7."],
    ["See https://example.com/a.b?c=d.e for more.", "Write to a.b@example.com.", "Thanks."],
    ["Node.js is fast.", "Use .NET now.", "Visit example.com."],
    ["The plan (see Fig. 3) works.", "Good."],
    ["It fell 5%.", "3 people died.", "What?", "No!", "Yes."],
    ["He came.[2]", "She left."],
    ["Élan Vital est. 1999 est mort.", "Über alles.", "Ça va."],
    ["東京は大きい。", "彼が来た。"],
    ["Москва большая.", "Он пришёл."],
    ["It broke in May.", "A new one was given to me.", "I was ill.", "“Officials said no.”", "“I went.”"],
    ["1. Clone the repository.", "2. Run it.", "(iv) Stop it.", "Q. Do you write every day?", "A. Yes."],
    ["**Back up first.**", "Then run the tool.", "*It fails.*", "Try again.", "It is _so._", "*Then* it runs."],
    ["It is a dormant volcano.[citation needed]", "It is in the Caucasus.[1][2]", "It is high."],
    ["He came.", "(He left early.)", "She stayed.", "[Laughs.]", "He said so."],
    ["Under art. II of the treaty he was free.", "It was no. V.", "He said no.", "I left."],
    ["The best is plan A\u00a0.", "It was built.", "So\u202fit is."],
    ["Add 1 tbsp. butter.", "It took 8 hrs. a night on Thu. and Fri. next week.", "See ch. 5.", "Cllr. Jones spoke."],
    ["She has a Ph.D.", "He has none, i.e. nothing, e.g. no dog."],
]


def sentences(text: str, title: str = "") -> list[str]:
    return [text[s.start : s.end] for s in find_sentences(text, title) if s.kind == "sentence"]


def kinds(text: str, title: str = "") -> dict[str, str]:
    return {text[s.start : s.end]: s.kind for s in find_sentences(text, title)}


@pytest.mark.parametrize("expected", CASES, ids=lambda case: case[0])
def test_sentences_end_where_they_end(expected: list[str]) -> None:
    glue = "" if expected[0].endswith("。") else " "
    assert sentences(glue.join(expected)) == expected


NEWS = """Storm hits coast

By Jane Doe and John Smith Jr.
Published March 3, 2026 at 10:30 a.m. GMT | Updated 2 hours ago

LISBON, Portugal (AP) — A storm hit the coast on Monday. Three people died.

“It was over in a minute”

Mayor Ana Sousa said that help was on its way.[1]
Read more about storms: How to stay safe
Advertisement

The aftermath
“I lost my house,” she said.

• Bring water.
• Stay inside.

Watch: The moment it struck
https://example.com/storm
Sign up for our newsletter
Winds fell on Tuesday.
* * *
(Reporting by Kim Lee.)"""


def test_lines_of_a_news_page_that_are_no_sentences() -> None:
    assert sentences(NEWS, "Storm hits coast") == [
        "LISBON, Portugal (AP) — A storm hit the coast on Monday.",
        "Three people died.",
        "Mayor Ana Sousa said that help was on its way.[1]",
        "“I lost my house,” she said.",
        "• Bring water.",
        "• Stay inside.",
        "Winds fell on Tuesday.",
        "(Reporting by Kim Lee.)",
    ]
    kind = kinds(NEWS, "Storm hits coast")
    assert kind["Storm hits coast"] == "title"
    assert kind["By Jane Doe and John Smith Jr."] == "byline"
    assert kind["Published March 3, 2026 at 10:30 a.m. GMT | Updated 2 hours ago"] == "byline"
    assert kind["“It was over in a minute”"] == kind["The aftermath"] == "heading"
    assert {k for line, k in kind.items() if line[:4] in ("Read", "Adve", "Watc", "http", "Sign", "* * ")} == {"link"}


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("More to read: Bulgaria approved more military aid to Ukraine", "link"),
        ("READ MORE: Why did it fall?", "link"),
        ("See also: Storms of Portugal.", "link"),
        ("Related: Ten storms that changed Europe", "link"),
        ("Related articles", "link"),
        ("By Hyung-Jin Kim, Associated Press", "byline"),
        ("By MARIA DE LA CRUZ | The Guardian", "byline"),
        ("By Anna van der Berg in Amsterdam", "byline"),
        ("By Lee Ho, senior staff writer", "byline"),
        ("Last updated: 2026-03-03 14:05 UTC", "byline"),
        ("Monday, 3 March 2026", "byline"),
        ("## What happened next?", "heading"),
        ("**Growing concerns**", "heading"),
        ("3 things to know", "heading"),
    ],
)
def test_lines_that_are_no_sentences(line: str, kind: str) -> None:
    text = f"The first sentence stands here.\n{line}\nAnother one stands below it."
    assert kinds(text)[line] == kind


@pytest.mark.parametrize(
    "line",
    [
        "He left.",
        "He left early.[12]",
        "Great product! 😀",
        "By God.",
        "By Monday, Kim had gone.",
        "By 2030 it will be gone.",
        "From there he went home.",
        "From 2002 it fell.",
        "From London, Kim and Lee went to Paris.",
        "Published in 1987, it became a hit.",
        "Updated versions appeared in 2003.",
        "Posted to India on 3 May, he learned Hindi.",
        "Watch: it will fall.",
        "Listen: I never said that.",
        "Recommended dosage for adults: two tablets a day.",
        "Related fields: physics and chemistry.",
        "Read this: it is good.",
        "Don't miss the point: it is late.",
        "Share this secret with nobody.",
        "Read more than one book: it helps.",
        "Subscribe to it if you must.",
        "He asked where to go:",
        "- Bring water",
        "May came.",
        "On Monday he left.",
        "#1 is the best seller of the year.",
    ],
)
def test_ordinary_lines_are_sentences(line: str) -> None:
    assert line in sentences(f"The first sentence stands here.\n{line}\nAnother one stands below it.")


def test_the_lines_at_the_top_of_an_article_are_not_taken_for_a_list() -> None:
    text = "Storm hits coast\nWorld news\nMarch 3, 2026\nBy Jane Doe\nA storm hit the coast on Monday.\nIt was strong."
    assert sentences(text, "Storm hits coast") == ["A storm hit the coast on Monday.", "It was strong."]


def test_nothing_but_sentences_of_the_seed_article_can_be_quoted() -> None:
    title = SEED.split("\n")[0]
    kind = kinds(SEED, title)
    assert [line for line, k in kind.items() if k != "sentence"] == [
        title,
        "Growing concerns in the region",
        "More to read: Bulgaria approved more military aid to Ukraine",
    ]
    assert any(line.startswith("On Saturday") and line.endswith("convened a meeting in Seoul.") for line in kind)
    assert len(sentences(SEED, title)) == 16


def test_lines_wrapped_by_hand_are_one_paragraph() -> None:
    wrapped = (
        "Storms on the coast\nThe storm that hit the western coast on Monday was\nthe strongest in years. "
        "It took the roofs off\nmany houses, the mayor said, and left\nthousands without power."
    )
    assert sentences(wrapped, "Storms on the coast") == [
        "The storm that hit the western coast on Monday was\nthe strongest in years.",
        "It took the roofs off\nmany houses, the mayor said, and left\nthousands without power.",
    ]
    broken = "The storm, the first of a\nlong numbered series, hit the western coast, which is long and bare.\nIt fell."
    assert len(sentences(broken)) == 2


def test_lines_wrapped_at_one_width_are_one_paragraph_even_where_a_name_begins_one() -> None:
    paragraphs = [
        "The treaty was signed by the foreign ministers of both countries in\nParis on 3 May 1999.",
        "Nobody had thought that the war would end so soon, least of all the\nGenerals, who had won all battles of "
        "that year and the one before it,\n1998.",
    ]
    assert sentences("\n\n".join(paragraphs)) == paragraphs
    assert len(sentences("It was over\nParis was free\nEverybody sang\nIt was a good day.")) == 4


def test_a_quotation_in_markdown_is_one_paragraph() -> None:
    quoted = (
        "> Four score and seven years ago our fathers brought forth upon this\n> continent, a new nation, conceived in "
        "liberty, and dedicated to the\n> proposition that all men are created equal."
    )
    assert sentences(f"He spoke at noon.\n\n{quoted}\n\nIt was short.")[1] == quoted


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "Where are you located?\nBerlin, Germany\n\nDo you ship abroad?\nWe ship to all countries.",
            ["Berlin, Germany"],
        ),
        ("Who designed it?\n\nJohn Bradfield\n\nWhen do you open?\nMonday at 9 a.m.\n\nCome soon.", ["John Bradfield"]),
        (
            "It was built in 1911.\nLength: 269 m\nOwner: White Star Line\nIt sank.",
            ["Length: 269 m", "Owner: White Star Line"],
        ),
        ("The winners are:\nKim Lee\nAnna Park\nAll agreed.", ["Kim Lee", "Anna Park"]),
        ("I walked the narrow road,\nBeneath a sky of grey,\nAnd on.\nIt was so.", ["Beneath a sky of grey,"]),
        ("It was said.\nA: A novel about my father\nQ: And then?\nNothing came.", ["A: A novel about my father"]),
        ("[09:01] alice: hey.\n[09:05] carlos: The key is here\nIt was so.", ["[09:05] carlos: The key is here"]),
        ("Case: steel\nWatch battery: CR2032\nIt lasts for a year.", ["Case: steel", "Watch battery: CR2032"]),
        ("Run it.\n```\n# a comment\nmake all\n```\nIt is done.", ["# a comment", "make all"]),
        ("The flags.\n| --fast | off | Skip checks. Faster. |\nSo.", ["| --fast | off | Skip checks. Faster. |"]),
    ],
)
def test_lines_that_only_look_like_headings_can_be_quoted(text: str, lines: list[str]) -> None:
    assert set(lines) <= set(sentences(text))


def test_lines_that_are_headings_cannot_be_quoted() -> None:
    text = "It rained.\n\nDay 1: The headache\n\nHe woke.\n\nVoters are angry\n\nThey said so.\n\nThe end\nHe left."
    assert sentences(text) == ["It rained.", "He woke.", "They said so.", "He left."]


def test_a_poem_and_a_list_can_be_quoted() -> None:
    poem = "Shall I compare thee to a summer’s day?\nThou art more lovely and more temperate\nRough winds do shake the buds\nAnd summer’s lease hath all too short a date"  # noqa: E501
    assert sentences(poem) == poem.split("\n")
    assert sentences("Kim\nLee\nCho") == ["Kim", "Lee", "Cho"]
    assert sentences("Kim met Lee.", "Kim met Lee.") == ["Kim met Lee."]


def test_only_a_sentence_beyond_the_encoders_window_is_cut() -> None:
    long = "He saw " + ", ".join(f"thing {i}" for i in range(300)) + "."
    parts = sentences(f"Short. {long} Short again.")
    assert parts[0] == "Short."
    assert parts[-1] == "Short again."
    assert " ".join(parts[1:-1]) == long
    assert all(LONGEST_SENTENCE // 2 < len(part) <= LONGEST_SENTENCE for part in parts[1:-2])
    assert sentences("a" + " " * 3000 + "b.") == ["a", "b."]


PROSE = ["Mr.", "U.S.", "Kim", "said", "a.m.", "p.m.", "vs.", "5", "3.5", "word", "Word", "x" * 300, "é", "İ", "東京。"]
MARKS = ['"', "“", "”", "’", "»", "?", "!", ".", "...", ",", ":", "(", ")", "[1]", "#", "- ", "😀", "\ufeff", "\u200d"]
LINES = ["By", "Read more:", "https://a.b/c.d", "March 3, 2026", ".NET"]
SPACES = ["\n", "\n\n", "\r", "\u2028", "\x0c", "\u3000", " ", "  "]
WORDS = st.sampled_from(PROSE + MARKS + LINES + SPACES)
TEXTS = st.lists(WORDS, max_size=60).flatmap(
    lambda words: st.sampled_from(["", " "]).map(lambda glue: glue.join(words))
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(TEXTS, st.text(max_size=200)), st.sampled_from(["", "Kim", "Word word"]))
def test_stretches_are_in_order_and_lose_nothing(text: str, title: str) -> None:
    at = 0
    for stretch in find_sentences(text, title):
        assert at <= stretch.start < stretch.end <= len(text)
        assert not text[at : stretch.start].strip(), "something was lost"
        assert text[stretch.start : stretch.end] == text[stretch.start : stretch.end].strip()
        assert stretch.kind != "sentence" or stretch.end - stretch.start <= LONGEST_SENTENCE
        at = stretch.end
    assert not text[at:].strip()


SENTENCE = "The U.N. Security Council met on Monday. It voted for 3.5 percent. "
HUGE = {
    "2 MB of prose": (SENTENCE * 40 + "\n") * 750,
    "one line of prose": SENTENCE * 15_000,
    "quotation marks that do not close": "“Hi. " * 200_000,
    "quotations": '"Hi." ' * 160_000,
    "one word": "A" * 1_000_000,
    "a name without end": "By " + "A" * 90 + "!\nText.",
    "white space": "a\n" + " " * 1_000_000 + "\nb",
    "short lines": "ab\n" * 300_000,
    "full stops": "." * 1_000_000,
    "abbreviations": "vs. 5 " * 160_000,
}


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE.keys())
def test_time_grows_with_the_length_of_the_text_only(text: str) -> None:
    start = time.process_time()
    find_sentences(text)
    assert time.process_time() - start < 8  # 1.4 at most when measured; with the square of the length, minutes
