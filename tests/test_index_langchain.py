"""LangChain's own suite for retrievers and embeddings, over the index and its encoders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_tests.integration_tests import EmbeddingsIntegrationTests, RetrieversIntegrationTests
from langchain_tests.unit_tests import EmbeddingsUnitTests
from toys import ToyEncoder, articles

from index import Index, SentenceEncoder
from index.retriever import EncoderEmbeddings, IndexRetriever

QUESTION = "What did the railway in Lima cost?"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return Index.build(articles(20), tmp_path_factory.mktemp("langchain") / "index", encoder=ToyEncoder())


class TestRetriever(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def _library(self, library: Index) -> None:
        self.library = library

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return IndexRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"index": self.library}

    @property
    def retriever_query_example(self) -> str:
        return QUESTION


class ToyEmbeddings(EncoderEmbeddings):
    def __init__(self) -> None:
        super().__init__(ToyEncoder())


class TestToyEmbeddingsUnit(EmbeddingsUnitTests):
    @property
    def embeddings_class(self) -> type[Embeddings]:
        return ToyEmbeddings


class TestToyEmbeddings(EmbeddingsIntegrationTests):
    @property
    def embeddings_class(self) -> type[Embeddings]:
        return ToyEmbeddings


ENCODER = SentenceEncoder()


class TestRealEmbeddingsUnit(EmbeddingsUnitTests):
    @property
    def embeddings_class(self) -> type[Embeddings]:
        return EncoderEmbeddings


@pytest.mark.real
class TestRealEmbeddings(EmbeddingsIntegrationTests):
    @property
    def embeddings_class(self) -> type[Embeddings]:
        return EncoderEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"encoder": ENCODER}


def test_documents_are_the_hits(library: Index) -> None:
    hits = library.search(QUESTION, 5, since="2010-01-01")
    documents = library.as_retriever(k=5, since="2010-01-01").invoke(QUESTION)
    assert [(d.page_content, d.metadata["score"], d.metadata["source"]) for d in documents] == [
        (hit.text, hit.score, hit.source) for hit in hits
    ]
    assert documents == library.as_retriever().invoke(QUESTION, k=5, since="2010-01-01")
    first: Document = documents[0]
    article = library.article(first.metadata["article_id"])
    assert first.page_content == article.text[first.metadata["start"] : first.metadata["end"]]
    assert library.as_retriever(source="news/7").batch(["report", ""])[1] == []


def test_a_retriever_sees_changes(tmp_path: Path) -> None:
    index = Index.build(articles(2), tmp_path / "index", encoder=ToyEncoder())
    retriever = index.as_retriever(k=100)
    assert len(retriever.invoke("report")) == 4
    Index.open(index.directory, encoder=ToyEncoder()).remove(["news/0"])
    assert len(retriever.invoke("report")) == 2
