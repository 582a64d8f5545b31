"""What kind of question it is, by its wording alone."""

from __future__ import annotations

import re
from typing import Literal

from qa.errors import QuestionError

MAX_CHARACTERS = 2000
"""The longest question. It is read with each passage, and the encoder sees its first 256 word pieces only."""

Kind = Literal["empty", "greeting", "overview", "explanation", "fact"]

_HELLO = r"hi|hello|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|day)"
_THANKS = r"thanks|thank you|thx|ty|cheers"
_COURTESY = (
    r"bye|goodbye|good night|ok|okay|great|cool|nice|good|perfect|awesome|wow|lol|haha|yes|yeah|yep|no|nope|sure|"
    r"really|interesting|sorry|never ?mind|got it|i see|(?:that|it) helps|that helped|"
    r"that['’]s (?:all|it|great|good|nice|interesting)"
)
_TO = r"there|all|everyone|quoth|again|so much|very much|a lot|you|then|for (?:that|now|your help|the help|helping)"
_GREETING = re.compile(
    rf"(?:{_HELLO}|{_THANKS}|{_COURTESY})(?: (?:{_HELLO}|{_THANKS}|{_COURTESY}|{_TO}))*"
    r"|how are you(?: doing)?(?: today)?|who are you|what can you do|what can i ask(?: you)?|help(?: me)?"
)
_THANKING = re.compile(rf"\b(?:{_THANKS})\b", re.IGNORECASE)
_PARTING = re.compile(rf"^\W*(?:{_THANKS}|{_COURTESY})\b", re.IGNORECASE)
_THING = r"(?:articles?|texts?|stor(?:y|ies)|documents?|pages?|pieces?|news|posts?|reports?)"
_THIS = rf"(?:this|these|the|that) {_THING}"
_GIST = (
    r"(?:summar(?:y|ies)|tl;?dr|gist|overview|takeaways?"
    r"|(?:main|key|central) (?:idea|point|topic|message|theme|takeaway)s?)"
)
_SHORT = r"(?:an?|the|your)? ?(?:(?:short|brief|quick|general) )?"
_OVERVIEW = re.compile(
    rf"^(?:(?:please|can you|could you|would you|i (?:want|need|would like)|i['’]d like)\b,? ?)*"
    rf"(?:(?:to )?(?:summari[sz]e|sum up)\b|(?:give|write|show|provide|make|get)(?: me| us)? {_SHORT}{_GIST}\b"
    rf"|{_SHORT}{_GIST}(?: of\b.*| please)?$)"
    rf"|^what(?:['’]s| is| are| was| were) (?:the )?{_GIST}(?: (?:of|in|from) (?:(?:all|this|that|these|those|the) )*"
    rf"{_THING}\b.*)?$"
    rf"|^(?:in a nutshell|tl;?dr)\b|\b(?:in a nutshell|tl;?dr)$"
    rf"|^what(?:['’]s| is| are| was| were) (?:(?:this|that|these|those|the|it|they|all)\b ?)+(?:{_THING} )?"
    rf"(?:all )?about$"
    rf"|^(?:please |can you |could you )*tell (?:me|us) what {_THIS} (?:is|are) (?:all )?about$"
    rf"|^what(?:['’]s| is| are) {_THIS} (?:on|about|of|from) .+ about$"
    rf"|^what (?:does|do|did) {_THIS} (?:say|discuss|talk about|cover|describe)$"
    rf"|^what(?:['’]s| is| are) [\"“].+[\"”] (?:all )?about$"
    rf"|^what(?:['’]s| is)(?: new| happening)?(?: in)? the news(?: today)?$",
    re.IGNORECASE,
)
_MEASURED = (
    r"(?:many|much|long|old|far|often|tall|high|big|large|deep|wide|fast|heavy|late|early|soon|few|little|close)"
)
_EXPLANATION = re.compile(
    rf"\bwhy\b|^how (?!{_MEASURED}\b)(?:do|does|did|can|could|would|will|should|is|are|was|were|has|have|had)\b"
    r"|^(?:please )?(?:explain|describe|list|enumerate|tell me (?:about|more)|give (?:me )?(?:the reasons|a list))\b"
    r"|^what (?:are|were|is|was) the (?:reasons?|causes?|consequences?|effects?|differences?)\b|^what happened\b"
    r"|\bfor what reasons?\b",
    re.IGNORECASE,
)


def clean_question(question: object) -> str:
    """The question without white space around it. Raises `QuestionError` if it is not text or too long."""
    if not isinstance(question, str):
        raise QuestionError(f"A question is a string, not {type(question).__name__}. Ask with words.")
    text = question.strip()
    if len(text) > MAX_CHARACTERS:
        raise QuestionError(
            f"The question has {len(text):,} characters; at most {MAX_CHARACTERS:,} are read. Ask a shorter one."
        )
    return text.encode("utf-8", "replace").decode()  # a lone surrogate is no character that could be searched


def small_talk(question: str) -> str:
    """The reply to a greeting, to thanks, or to a word in passing."""
    if _THANKING.search(question):
        return "You’re welcome. Ask on whenever you like."
    if _PARTING.search(question):
        return "Ask on whenever you like, and I will quote what your articles say."
    return "Hello! Ask me something about your articles, and I will quote the sentences that answer it."


def kind_of(question: str) -> Kind:
    """What the question wants: a fact (a few words), an explanation (sentences), or the gist of a whole article."""
    plain = " ".join(re.sub(r"[.!?…,]+(?=\s|$)", " ", question).split())
    if not any(c.isalnum() for c in plain):
        return "empty"
    if _GREETING.fullmatch(plain.lower()):
        return "greeting"
    if _OVERVIEW.search(plain):
        return "overview"
    return "explanation" if _EXPLANATION.search(plain) else "fact"
