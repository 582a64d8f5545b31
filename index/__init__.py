"""Articles -> a searchable index on disk."""

from index.article import Article, Changes, Failure, Hit
from index.encoder import Encoder, SentenceEncoder
from index.errors import ArticleError, QuothError
from index.library import Index

__all__ = ["Article", "ArticleError", "Changes", "Encoder", "Failure", "Hit", "Index", "QuothError", "SentenceEncoder"]
