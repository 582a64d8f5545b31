"""Makes the files of `qa/model` from a trained network: `python -m training.export --network DIR --out qa/model`, and
with --compare the one of the network that compares.

The ONNX model holds the word vectors in 8 bits with a scale each, the weights of the matrices in 8 bits with a scale
for each column, and computes with these in 8 bits (activations are scaled as they come, all by one factor). A few
columns of the activations are much larger than the rest, which would be rounded away beside them; so each column is
first divided by about its largest value, seen over some of the lists that were trained on (DIR/../lists.jsonl.gz), and
the matrix multiplied by it. Where that is not enough, in the lowest layers' `down`, the columns that are the largest
even so are multiplied apart, in 32 bits.
"""

from __future__ import annotations

import argparse
import copy
import json
import re
import shutil
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from qa.windows import HEAD_TOKENS, OVERLAP_TOKENS, QUESTION_TOKENS, WINDOW_TOKENS
from training.batches import Batch, Coded, code, code_comparison, collate, load_tokenizer
from training.lists import ReadingList, read_lists
from training.network import ReaderNetwork, Shape, load

MATRICES = ("qkv", "out", "up", "down")
SMOOTHING = 0.9
"""How far the activations' spread is moved into the weights: 0 not at all, 1 wholly (Xiao et al. 2023, "SmoothQuant",
https://arxiv.org/abs/2211.10438, equation 4)."""
APART = {(0, "down"), (1, "down")}
"""The matrices, by layer, of which the `OUTLYING` columns whose input is the largest when smoothed stay in 32 bits, as
in Dettmers et al. 2022, "LLM.int8()", https://arxiv.org/abs/2208.07339. With all in 8 bits, a margin of the reader's is
0.60 off on average, so 0.28; the other matrices are given no such extremes."""
OUTLYING = 16
"""Without these columns, the largest input is 2.7 where it was 28, and 2.6 without as many again."""
SEEN = 60
"""How many lists the activations are measured over."""


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


class Smoothed(nn.Module):
    """A linear layer whose input is divided by `scale`, column by column, and whose matrix is multiplied by it. The
    columns of the input in `outlying`, if any, go through a matrix of their own."""

    def __init__(self, linear: nn.Linear, scale: Tensor, outlying: Tensor | None = None) -> None:
        super().__init__()
        self.linear, self.apart = linear, None
        inverse = 1 / scale
        if outlying is not None:
            self.register_buffer("outlying", outlying)
            self.apart = nn.Linear(len(outlying), linear.out_features, bias=False)
            self.apart.weight.data = linear.weight.data[:, outlying].clone()
            linear.weight.data[:, outlying] = 0
            inverse[outlying] = 0
        self.linear.weight.data *= scale
        self.register_buffer("inverse", inverse)

    def forward(self, x: Tensor) -> Tensor:
        """The same as the plain layer gives."""
        y: Tensor = self.linear(x * self.get_buffer("inverse"))
        return y + self.apart(x.index_select(-1, self.get_buffer("outlying"))) if self.apart else y


def smooth(network: ReaderNetwork, seen: Sequence[Batch]) -> None:
    """Puts a `Smoothed` layer in place of each linear one of the transformer; `seen` must not be empty."""
    linears = {(i, name): getattr(layer, name) for i, layer in enumerate(network.layers) for name in MATRICES}
    largest = {linear: torch.zeros(linear.in_features) for linear in linears.values()}

    def measure(linear: nn.Linear, given: tuple[Tensor]) -> None:
        largest[linear] = torch.maximum(largest[linear], given[0].detach().abs().flatten(0, -2).amax(0))

    watching = [linear.register_forward_pre_hook(measure) for linear in largest]
    network.eval()
    with torch.no_grad():
        for batch in seen:
            network(batch.ids, batch.types, batch.mask)
    for watch in watching:
        watch.remove()
    for (i, name), linear in linears.items():
        weights = linear.weight.detach().abs().amax(0).clamp_min(1e-4)
        # a column that is small in these few lists may not be so in others
        least = max(1e-4, float(largest[linear].median()))
        scale = largest[linear].clamp_min(least) ** SMOOTHING / weights ** (1 - SMOOTHING)
        outlying = (largest[linear] / scale).topk(OUTLYING).indices.sort().values if (i, name) in APART else None
        setattr(network.layers[i], name, Smoothed(linear, scale / scale.mean(), outlying))


def export(network: ReaderNetwork, tokenizer: Path, out: Path, seen: Sequence[Batch]) -> None:
    """Writes `reader.onnx`, `tokenizer.json` and `reader.json` to `out`: in 8 bits, the activations measured on `seen`,
    or in 32 bits if nothing was seen."""
    export_onnx(network, out / "reader.onnx", seen)
    shutil.copy(tokenizer, out / "tokenizer.json")
    lengths = {"question": QUESTION_TOKENS, "head": HEAD_TOKENS, "window": WINDOW_TOKENS, "overlap": OVERLAP_TOKENS}
    about = {"shape": asdict(network.shape), "tokens": lengths, "bits": 8 if seen else 32}
    (out / "reader.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def export_onnx(network: ReaderNetwork, path: Path, seen: Sequence[Batch]) -> None:
    """Writes the network alone, in 8 bits or in 32 as `export` does."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    eight_bit = bool(seen)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "reader.onnx"
        if eight_bit:
            network = copy.deepcopy(network)
            smooth(network, seen)
            network.words = EightBitRows(network.words.weight.detach())  # type: ignore[assignment]
        write_onnx(network, plain)
        if eight_bit:
            quantize_dynamic(
                plain, path, per_channel=True, weight_type=QuantType.QInt8,
                op_types_to_quantize=["MatMul"], nodes_to_exclude=_kept(plain),
            )  # fmt: skip
        else:
            shutil.copy(plain, path)
    join_attention(path, network.shape.num_attention_heads)


def join_attention(path: Path, heads: int) -> None:
    """Rewrites the model: of each layer's attention, a dozen operators, one that onnxruntime has, which gives the same
    numbers in about 0.9 of the time if nothing is masked. So the input `mask` goes: a batch must be of one length."""
    import onnx

    model = onnx.load(str(path))
    node_of = onnx.helper.make_node
    one = onnx.helper.make_tensor("one", onnx.TensorProto.INT64, [1], [1])
    nodes = [node_of("Shape", ["ids"], ["size"]), node_of("ConstantOfShape", ["size"], ["mask"], value=one)]
    for node in model.graph.node:
        layer, _, step = node.name.rpartition("/")
        parts = [f"{layer}/{part}" for part in "qkv"]
        if step == "Reshape":  # query, key and value, together, into heads
            nodes.append(node_of("Split", node.input[:1], parts, f"{layer}/Split", axis=2))
        elif step == "Reshape_1":  # the heads' outputs into one
            name = "MultiHeadAttention"
            nodes.append(node_of(name, parts, node.output, f"{layer}/{name}", domain="com.microsoft", num_heads=heads))
        else:
            nodes.append(node)
    wanted = {output.name for output in model.graph.output}
    kept = []
    for node in reversed(nodes):
        if wanted & set(node.output):
            kept.append(node)
            wanted |= set(node.input)
    del model.graph.node[:], model.graph.input[[given.name for given in model.graph.input].index("mask")]
    model.graph.node.extend(reversed(kept))
    model.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))
    onnx.save(model, str(path))


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


def read_back(folder: Path, dropout: float = 0.1) -> ReaderNetwork:
    """The network that an exported model was made from, its weights as the 8 bits give them; the head that is only
    trained (`unmet`), which a model does not hold, is new."""
    import onnx

    about = json.loads((folder / "reader.json").read_text(encoding="utf-8"))
    network = ReaderNetwork(Shape(**about["shape"]), dropout)
    graph = onnx.load(str(folder / "reader.onnx")).graph
    held = {tensor.name: torch.from_numpy(onnx.numpy_helper.to_array(tensor).copy()) for tensor in graph.initializer}
    weights = {name: held.get(name, own) for name, own in network.state_dict().items()}
    if "words.table" in held:
        weights["words.weight"] = held["words.table"].float() * held["words.scale"]
    apart: dict[str, Tensor] = {}
    for node in graph.node:
        named = re.fullmatch(r"/(.+?)(?:/linear)?/(?:Gemm_)?MatMul(?:_quant)?", node.name)
        layer = named[1].replace("/", ".") if named and node.op_type in ("MatMul", "MatMulInteger") else ""
        if layer.endswith(".apart"):
            apart[layer.removesuffix(".apart")] = _matrix(held, node.input[1])
        elif f"{layer}.weight" in weights:
            given = _matrix(held, node.input[1])
            inverse = held.get(f"{layer}.inverse", torch.ones(len(given)))
            weights[f"{layer}.weight"] = (given * inverse[:, None]).T.contiguous()
            weights[f"{layer}.bias"] = held.get(f"{layer}.linear.bias", weights[f"{layer}.bias"])
    for layer, columns in apart.items():
        weights[f"{layer}.weight"][:, held[f"{layer}.outlying"]] = columns.T
    network.load_state_dict(weights)
    return network


def _matrix(held: dict[str, Tensor], name: str) -> Tensor:
    """A matrix of the model in 32 bits, inputs by outputs."""
    if not name.endswith("_quantized"):
        return held[name]
    name = name.removesuffix("_quantized")
    whole, zero = held[f"{name}_quantized"].float(), held[f"{name}_zero_point"].float()
    return (whole - zero) * held[f"{name}_scale"]


def _kept(path: Path) -> list[str]:
    """The nodes that stay in 32 bits: the outlying columns', and the heads', the last place to lose figures in."""
    import onnx

    kept = ("/span/", "/relevance/", "/apart/")
    names = [node.name for node in onnx.load(str(path)).graph.node if any(name in node.name for name in kept)]
    return [*names, *(f"{name}_MatMul" for name in names)]  # as a Gemm's product is named before it is looked at


def main(argv: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.export", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", type=Path, required=True, help="folder of the trained network")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--lists", type=Path, help="lists to measure activations over (default: beside --network)")
    parser.add_argument("--compare", action="store_true", help="it is the network that compares: comparer.onnx")
    parser.add_argument("--plain", action="store_true", help="32 bits, to compare with")
    args = parser.parse_args(argv)
    coded = code_comparison if args.compare else code
    path = args.lists or args.network.parent / "lists.jsonl.gz"
    seen = [] if args.plain else _some_lists(path, args.network, coded)
    if args.compare:
        export_onnx(load(args.network), args.out / "comparer.onnx", seen)
    else:
        export(load(args.network), args.network / "tokenizer.json", args.out, seen)


def _some_lists(path: Path, network: Path, coded: Callable[[ReadingList, Any], Coded]) -> list[Batch]:
    """The first lists of the file, each a batch."""
    if not path.is_file():
        raise SystemExit(f"There is no file {path}. Name the lists that were trained on: --lists FILE")
    tokenizer = load_tokenizer(network)
    return [collate([coded(made, tokenizer)]) for made in read_lists(path)[:SEEN]]


if __name__ == "__main__":
    main()
