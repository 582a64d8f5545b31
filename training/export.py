"""Makes the files of `qa/model` from a trained network: `python -m training.export --network DIR --out qa/model`.

The ONNX model holds the word vectors in 8 bits with a scale each, the weights of the matrices in 8 bits with a scale
for each column, and computes with these in 8 bits (activations are scaled as they come).
"""

from __future__ import annotations

import argparse
import copy
import json
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from qa.windows import HEAD_TOKENS, OVERLAP_TOKENS, QUESTION_TOKENS, WINDOW_TOKENS
from training.network import ReaderNetwork, load


class EightBitRows(nn.Module):
    """A table of vectors, each in 8 bits with its own scale."""

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        scale = (table.abs().amax(1, keepdim=True) / 127).clamp_min(1e-12)
        self.register_buffer("table", (table / scale).round().to(torch.int8))
        self.register_buffer("scale", scale)

    def forward(self, ids: Tensor) -> Tensor:
        """Ids (any shape) -> float32 vectors."""
        table, scale = self.get_buffer("table"), self.get_buffer("scale")
        return F.embedding(ids, table).float() * F.embedding(ids, scale)


def export(network: ReaderNetwork, tokenizer: Path, out: Path, eight_bit: bool = True) -> None:
    """Writes `reader.onnx`, `tokenizer.json` and `reader.json` to `out`."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "reader.onnx"
        if eight_bit:
            network = copy.deepcopy(network)
            network.words = EightBitRows(network.words.weight.detach())  # type: ignore[assignment]
        write_onnx(network, plain)
        if eight_bit:
            quantize_dynamic(
                plain, out / "reader.onnx", per_channel=True, weight_type=QuantType.QInt8,
                op_types_to_quantize=["MatMul"], nodes_to_exclude=_heads(plain),
            )  # fmt: skip
        else:
            shutil.copy(plain, out / "reader.onnx")
    shutil.copy(tokenizer, out / "tokenizer.json")
    lengths = {"question": QUESTION_TOKENS, "head": HEAD_TOKENS, "window": WINDOW_TOKENS, "overlap": OVERLAP_TOKENS}
    about = {"shape": asdict(network.shape), "tokens": lengths, "bits": 8 if eight_bit else 32}
    (out / "reader.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def write_onnx(network: ReaderNetwork, path: Path) -> None:
    """The network in 32 bits, for any number of inputs of any length."""
    network.eval()
    example = torch.ones((2, 16), dtype=torch.long)
    axes = {name: {0: "batch", 1: "length"} for name in ("ids", "types", "mask", "start", "end")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the newer exporter needs one more package
        torch.onnx.export(
            network,
            (example, torch.zeros_like(example), example),
            str(path),
            dynamo=False,
            opset_version=17,
            input_names=["ids", "types", "mask"],
            output_names=["start", "end", "relevance"],
            dynamic_axes={**axes, "relevance": {0: "batch"}},
        )


def _heads(path: Path) -> list[str]:
    """The nodes of the three heads: tiny, and the last place to lose figures in."""
    import onnx

    return [
        node.name for node in onnx.load(str(path)).graph.node if "/span/" in node.name or "/relevance/" in node.name
    ]


def main(argv: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.export", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", type=Path, required=True, help="folder of the trained network")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--plain", action="store_true", help="32 bits, to compare with")
    args = parser.parse_args(argv)
    export(load(args.network), args.network / "tokenizer.json", args.out, not args.plain)


if __name__ == "__main__":
    main()
