"""The reader's network: a small BERT encoder with three heads (answer start, answer end, is the answer here at all),
and a fourth that is only trained: which words of the question the passage does not bear out."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of the encoder; the defaults are all-MiniLM-L6-v2's."""

    vocab_size: int = 30522
    hidden_size: int = 384
    num_hidden_layers: int = 6
    num_attention_heads: int = 12
    intermediate_size: int = 1536
    max_position_embeddings: int = 512


class Layer(nn.Module):
    """One transformer layer, normalised after each residual sum (Devlin et al. 2019)."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.heads = shape.num_attention_heads
        self.dropout = dropout
        wide = shape.hidden_size
        self.qkv = nn.Linear(wide, 3 * wide)
        self.out = nn.Linear(wide, wide)
        self.norm1 = nn.LayerNorm(wide, eps=1e-12)
        self.up = nn.Linear(wide, shape.intermediate_size)
        self.down = nn.Linear(shape.intermediate_size, wide)
        self.norm2 = nn.LayerNorm(wide, eps=1e-12)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """`x` (batch, length, hidden), `bias` (batch, 1, 1, length) added to the scores: 0, or very low if padded."""
        batch, length, wide = x.shape
        qkv = self.qkv(x).reshape(batch, length, 3, self.heads, wide // self.heads)
        q, k, v = (qkv[:, :, i].transpose(1, 2) for i in range(3))
        drop = self.dropout if self.training else 0.0
        if torch.onnx.is_in_onnx_export():  # plain operators, which `export.join_attention` joins
            weights = (q @ k.transpose(2, 3) * (wide // self.heads) ** -0.5 + bias).softmax(-1)
            mixed = weights @ v
        else:
            mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=bias.to(q.dtype))
        mixed = self.out(mixed.transpose(1, 2).reshape(batch, length, wide))
        x = self.norm1(x + F.dropout(mixed, drop, self.training))
        fed = self.down(F.gelu(self.up(x)))
        normed: Tensor = self.norm2(x + F.dropout(fed, drop, self.training))
        return normed


class ReaderNetwork(nn.Module):
    """Token ids -> start, end and relevance logits.

    The fourth head, `unmet`, makes the encoder look for what is wrong with a question that a passage only seems to
    answer, of which the other three would only tell it that something is.
    """

    def __init__(self, shape: Shape | None = None, dropout: float = 0.1) -> None:
        super().__init__()
        self.shape = shape or Shape()
        self.dropout = dropout
        wide = self.shape.hidden_size
        self.words = nn.Embedding(self.shape.vocab_size, wide)
        self.positions = nn.Embedding(self.shape.max_position_embeddings, wide)
        self.types = nn.Embedding(2, wide)
        self.norm = nn.LayerNorm(wide, eps=1e-12)
        self.layers = nn.ModuleList(Layer(self.shape, dropout) for _ in range(self.shape.num_hidden_layers))
        self.span = nn.Linear(wide, 2)
        self.relevance = nn.Linear(wide, 1)
        self.unmet = nn.Linear(wide, 1)
        for head in (self.relevance, self.unmet):
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)

    def forward(self, ids: Tensor, types: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """int64 `ids`, `types`, `mask` (batch, length) -> float32 start and end (batch, length), relevance (batch,).

        Position 0 (`[CLS]`) of start and end is "no answer in this passage". Padded places score very low.
        """
        return self._read(self._encode(ids, types, mask), mask)

    def all_heads(self, ids: Tensor, types: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """As `forward`, and the logits of `unmet` (batch, length), of meaning at the question's tokens only."""
        x = self._encode(ids, types, mask)
        return *self._read(x, mask), self.unmet(x).float()[:, :, 0]

    def _encode(self, ids: Tensor, types: Tensor, mask: Tensor) -> Tensor:
        place = torch.ones_like(ids).cumsum(1) - 1
        x = self.norm(self.words(ids) + self.positions(place) + self.types(types))
        x = F.dropout(x, self.dropout, self.training)
        shut = (1.0 - mask[:, None, None, :].float()) * -1e4
        for layer in self.layers:
            x = layer(x, shut)
        return x

    def _read(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        spans = self.span(x).float()
        closed = (1.0 - mask.float()) * -1e4
        relevance = self.relevance(x[:, 0]).float()[:, 0]
        return spans[:, :, 0] + closed, spans[:, :, 1] + closed, relevance


def freeze(network: ReaderNetwork, layers: int) -> None:
    """Keep the embeddings and the lowest `layers` as they are; what is kept costs no backward pass."""
    kept: list[nn.Module] = [network.words, network.positions, network.types, network.norm, *network.layers[:layers]]
    for module in kept:
        module.requires_grad_(False)


def save(network: ReaderNetwork, folder: Path) -> None:
    """Writes `network.safetensors` and `shape.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous() for k, v in network.state_dict().items()}, folder / "network.safetensors")
    (folder / "shape.json").write_text(json.dumps(asdict(network.shape)), encoding="utf-8")


def load(folder: Path, dropout: float = 0.1) -> ReaderNetwork:
    """The network in `folder`: one written by `save`, the one that `training.export` made a model of (as near as 8 bits
    tell), or a BERT encoder in Hugging Face's layout."""
    if (folder / "network.safetensors").exists():
        network = ReaderNetwork(Shape(**json.loads((folder / "shape.json").read_text(encoding="utf-8"))), dropout)
        network.load_state_dict(load_file(folder / "network.safetensors"))
        return network
    if (folder / "reader.onnx").exists():
        from training.export import read_back

        return read_back(folder, dropout)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    network = ReaderNetwork(Shape(**{name: config[name] for name in Shape.__slots__}), dropout)
    network.load_state_dict(from_bert(load_file(folder / "model.safetensors"), network), strict=True)
    return network


def from_bert(weights: dict[str, Tensor], network: ReaderNetwork) -> dict[str, Tensor]:
    """Hugging Face's names and separate query, key, value matrices -> ours; heads not there stay as they were made."""
    weights = {name.removeprefix("bert."): tensor.float() for name, tensor in weights.items()}
    ours = dict(network.state_dict())
    for new, old in (("words", "word"), ("positions", "position"), ("types", "token_type")):
        ours[f"{new}.weight"] = weights[f"embeddings.{old}_embeddings.weight"]
    names = {"norm": "embeddings.LayerNorm"} | ({"span": "qa_outputs"} if "qa_outputs.weight" in weights else {})
    for i in range(network.shape.num_hidden_layers):
        old = f"encoder.layer.{i}"
        names |= {
            f"layers.{i}.out": f"{old}.attention.output.dense",
            f"layers.{i}.norm1": f"{old}.attention.output.LayerNorm",
        }
        names |= {f"layers.{i}.up": f"{old}.intermediate.dense", f"layers.{i}.down": f"{old}.output.dense"}
        names |= {f"layers.{i}.norm2": f"{old}.output.LayerNorm"}
        for kind in ("weight", "bias"):
            parts = [weights[f"{old}.attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
            ours[f"layers.{i}.qkv.{kind}"] = torch.cat(parts)
    for new, old in names.items():
        for kind in ("weight", "bias"):
            ours[f"{new}.{kind}"] = weights[f"{old}.{kind}"]
    return ours
