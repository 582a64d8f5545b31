"""What the reader learns by: one choice among all tokens of all passages of a list, and "none of them".

Scores of passages read apart are only comparable if they were trained to be (Clark and Gardner 2018, "Simple and
Effective Multi-Paragraph Reading Comprehension", https://arxiv.org/abs/1710.10723: shared normalisation). A token's
score is its logit less its passage's `[CLS]` logit ("no answer here"), and "none of the passages" scores 0.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from training.batches import Batch

LOW = -1e4
WITHIN, RELEVANCE, UNMET = 0.5, 0.5, 1.0
"""Weights of the loss within each passage, of the relevance head and of the question's words that a passage does not
bear out, beside 1 for the loss across passages."""


def list_loss(start: Tensor, end: Tensor, relevance: Tensor, unmet: Tensor, batch: Batch) -> Tensor:
    """The mean loss of a batch's lists."""
    span = _span_loss(start, batch.starts, batch) + _span_loss(end, batch.ends, batch)
    holds = batch.starts.amax(1)
    chosen = _choice(relevance[:, None], holds[:, None], batch)
    told = batch.unmet >= 0
    doubt = F.binary_cross_entropy_with_logits(unmet[told], batch.unmet[told]) if bool(told.any()) else 0.0
    return span / 2 + RELEVANCE * chosen + UNMET * doubt


def _span_loss(logits: Tensor, gold: Tensor, batch: Batch) -> Tensor:
    null = logits[:, :1]
    tokens = torch.where(batch.inside > 0, logits - null, torch.full_like(logits, LOW))
    # within each passage: its tokens against its own "no answer"
    every = torch.logsumexp(torch.cat([torch.zeros_like(null), tokens], 1), 1)
    right = torch.logsumexp(torch.where(gold > 0, tokens, torch.full_like(tokens, LOW)), 1)
    within = every - torch.where(gold.amax(1) > 0, right, torch.zeros_like(right))
    return _choice(tokens, gold, batch) + WITHIN * within.mean()


def _choice(scores: Tensor, gold: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy of one softmax over all scores of each list and a 0 for "none", the gold ones counted together."""
    losses = []
    for i in range(batch.lists):
        rows = batch.of == i
        flat, good = scores[rows].reshape(-1), gold[rows].reshape(-1) > 0
        every = torch.logsumexp(torch.cat([flat.new_zeros(1), flat]), 0)
        losses.append(every - (torch.logsumexp(flat[good], 0) if bool(good.any()) else flat.new_zeros(())))
    return torch.stack(losses).mean()
