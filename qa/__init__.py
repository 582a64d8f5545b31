"""Question -> verified, quoted answer."""

from qa.ask import answer
from qa.types import Answer, Quote

__all__ = ["Answer", "Quote", "answer"]
