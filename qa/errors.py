"""What can go wrong between a question and its answer; the base class is `index.QuothError`.

QuothError
├── QuestionError    the question cannot be asked as it stands (not text, too long)
├── ReaderError      the reading model is missing, damaged, or failed
├── QuoteError       a quote does not equal its source: never shown, always raised
└── EvaluationError  a file of questions cannot be read
"""

from index.errors import QuothError


class QuestionError(QuothError):
    """The question cannot be asked as it stands."""


class ReaderError(QuothError):
    """The reading model is missing, damaged, or failed."""


class QuoteError(QuothError):
    """A quote differs from the article that it names."""


class EvaluationError(QuothError):
    """A file of questions cannot be read."""
