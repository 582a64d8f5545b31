"""The index as LangChain knows such things: a retriever, and its encoder as embeddings."""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever

from index.encoder import Encoder, SentenceEncoder


class IndexRetriever(BaseRetriever):
    """Up to `k` chunks as documents, best first. `k`, `since` and `source` can be given with a call too."""

    index: Any
    k: int = 8
    since: str | None = None
    source: str | None = None

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **kwargs: Any
    ) -> list[Document]:
        """A document's `page_content` is `article.text[start:end]`; its metadata is the rest of the `Hit`."""
        options = {name: kwargs.get(name, getattr(self, name)) for name in ("k", "since", "source")}
        documents = []
        for hit in self.index.search(query, **options):
            values = hit.to_dict()
            documents.append(Document(page_content=values.pop("text"), metadata=values, id=str(hit.chunk_id)))
        return documents


class EncoderEmbeddings(Embeddings):
    """An encoder of ours as LangChain's embeddings; the default encoder if none is given."""

    def __init__(self, encoder: Encoder | None = None) -> None:
        self.encoder = encoder or SentenceEncoder()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One unit vector for each text."""
        return [[float(x) for x in row] for row in self.encoder.encode_passages(texts)]

    def embed_query(self, text: str) -> list[float]:
        """The unit vector of a question."""
        return [float(x) for x in self.encoder.encode_queries([text])[0]]
