"""Pretraining of a small RoBERTa on plain text: ``python -m idlib pretrain``.

What differs from the usual recipe, because these networks are a hundred times smaller: the
standard deviation of the initial weights is about one over the square root of the hidden size
(RoBERTa's 0.02 belongs to 768), position embeddings start as sines, and 20 % of the tokens are
masked. With RoBERTa's own settings the masked loss stays on the plateau of word frequencies.

References:
    | RoBERTa: A Robustly Optimized BERT Pretraining Approach (Liu et al., 2019),
      https://arxiv.org/abs/1907.11692
"""

import json
import math
import os
import re
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer

from ..errors import IdlibError, needing, no_write_to
from .language import fast_in_bfloat16
from .loading import ATTENTION
from .pretrain_text import (
    BOS,
    EOS,
    MASK,
    PAD,
    SPECIAL,
    VOCABULARY,
    check_same_texts,
    token_ids,
    tokenizer_of,
)

with needing("language", "Pretraining"):
    from transformers import PreTrainedTokenizerFast, RobertaConfig, RobertaForMaskedLM

__all__ = ["Plan", "build", "masked", "pretrain"]

IGNORED = -100  # label of a token that is not to be guessed


@dataclass(frozen=True)
class Plan:
    """How a model is pretrained.

    Args:
        size: layers x hidden size, such as "4x128".
        steps: in all; the learning rate rises over the first `warm_up`, and falls to zero over
            the last fifth.
        lr: highest learning rate.
        batch: sequences in a step.
        length: tokens in a sequence, the first one included.
        share: of the tokens that are masked.
        warm_up: steps.
        seed: of the weights, the order of the text and the masks.
        snapshots: steps after which the model is kept.
        save_every: steps between checkpoints.
    """

    size: str = "4x128"
    steps: int = 25_000
    lr: float = 2e-3
    batch: int = 32
    length: int = 128
    share: float = 0.2
    warm_up: int = 500
    seed: int = 0
    snapshots: tuple[int, ...] = (0, 250, 500, 1000, 2000, 4000, 8000, 16_000)
    save_every: int = 250

    @property
    def layers_and_hidden(self) -> tuple[int, int]:
        """Number of layers and hidden size."""
        match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", self.size)
        if not match or int(match[2]) % 32:
            raise IdlibError(
                f"size {self.size!r} was given, expected LAYERSxHIDDEN with a hidden size that "
                "32 divides, for instance '4x128'."
            )
        return int(match[1]), int(match[2])

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        down = (self.steps - step) / max(1, 0.2 * self.steps)
        return self.lr * min(1.0, (step + 1) / max(1, self.warm_up), down)


def pretrain(plan: Plan, text: Path, held_out: Path, folder: Path, device: str = "cpu") -> None:
    """Pretrains, from the last checkpoint in `folder` if there is one.

    Writes ``tokenizer.json`` and the encoded text beside it, ``checkpoint.pt``, ``loss.jsonl``
    (a line for each checkpoint, the first with the plan) and ``step-…/``, the model after the
    plan's snapshots and its last step, to be loaded by `transformers`. An interrupted run
    started again goes on from its last checkpoint, and ends with the same weights.

    Args:
        plan: how.
        text: plain text, or the same compressed (.xz).
        held_out: other text, for the masked loss.
        folder: where all of it goes.
        device: "cpu" or "cuda"; in bfloat16 where that is faster.

    Raises:
        IdlibError: if a text can't be read or is too short for a batch, `folder` holds a run on
            other texts or with another plan, or the weights are no longer finite; what was kept
            before stays.
    """
    with no_write_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
    check_same_texts(folder, text, held_out)
    tokenizer = tokenizer_of(text, folder, plan.length)
    train = token_ids(text, tokenizer, folder / "train.npy")
    valid = token_ids(held_out, tokenizer, folder / "held_out.npy")
    for path, ids in ((text, train), (held_out, valid)):
        if (pieces := _pieces(ids, plan)) < plan.batch:
            raise IdlibError(
                f"{path} has {len(ids):,} tokens, enough for {max(0, pieces)} sequences of "
                f"{plan.length}, expected a batch of {plan.batch} at least: give a longer text."
            )
    model = build(plan).to(device)
    optimizer = torch.optim.AdamW(
        _groups(model), lr=plan.lr, betas=(0.9, 0.98), eps=1e-6, fused=device != "cpu"
    )
    first, seconds = _resume(plan, folder, model, optimizer, device)
    start, losses = time.perf_counter() - seconds, []
    if first == 0:
        _keep(model, tokenizer, folder, 0)
    for step in range(first, plan.steps):
        seen, labels = masked(_sequences(train, plan, step), plan.share, plan.seed + step)
        for group in optimizer.param_groups:
            group["lr"] = plan.rate(step)
        loss = _loss(model, seen.to(device), labels.to(device))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.detach())
        done = step + 1
        kept = done in plan.snapshots or done == plan.steps
        saved = done % plan.save_every == 0 or done == plan.steps
        if (kept or saved) and not all(p.isfinite().all() for p in model.parameters()):
            raise IdlibError(
                f"After step {done} some weights are not finite, at a learning rate of {plan.lr:g}:"
                " give a smaller one, and another folder."
            )
        if kept:
            _keep(model, tokenizer, folder, done)
        if saved:
            seconds, mean = time.perf_counter() - start, torch.stack(losses).mean().item()
            line = {
                "step": done,
                "tokens": done * plan.batch * plan.length,
                "loss": round(mean, 4),
                "held_out": round(_held_out(model, valid, plan, device), 4),
                "seconds": round(seconds, 1),
            }
            losses = []
            _checkpoint(folder, model, optimizer, done, seconds, line)
            print(line, flush=True)


def build(plan: Plan) -> RobertaForMaskedLM:
    """The model at the start, from the plan's seed."""
    layers, hidden = plan.layers_and_hidden
    config = RobertaConfig(
        vocab_size=VOCABULARY,
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 32,
        intermediate_size=4 * hidden,
        max_position_embeddings=plan.length + PAD + 1,
        type_vocab_size=1,
        hidden_dropout_prob=0.0,  # a text this long is hardly seen three times
        attention_probs_dropout_prob=0.0,
        initializer_range=round(0.9 / math.sqrt(hidden), 4),
        bos_token_id=BOS,
        pad_token_id=PAD,
        eos_token_id=EOS,
        **ATTENTION,
    )
    with torch.random.fork_rng():
        torch.manual_seed(plan.seed)
        model = RobertaForMaskedLM(config)
    positions = model.roberta.embeddings.position_embeddings.weight
    with torch.no_grad():
        positions[PAD + 1 :] = _sines(plan.length, hidden) * config.initializer_range
    return model


def masked(ids: Tensor, share: float, seed: int) -> tuple[Tensor, Tensor]:
    """Hides a share of the tokens, as in BERT: 80 % masked, 10 % random, 10 % left as they are.

    Args:
        ids: shape (batch, length).
        share: of the tokens to be guessed, special ones apart.
        seed: which.

    Returns:
        What the model sees, and the labels: the tokens to be guessed, `IGNORED` elsewhere.
    """
    generator = torch.Generator().manual_seed(seed)
    draw = torch.rand(ids.shape, generator=generator)
    guessed = (draw < share) & (ids >= len(SPECIAL))
    other = torch.randint(len(SPECIAL), VOCABULARY, ids.shape, generator=generator)
    seen = torch.where(guessed & (draw < 0.8 * share), MASK, ids)
    seen = torch.where(guessed & (draw >= 0.9 * share), other, seen)
    return seen, torch.where(guessed, ids, IGNORED)


def _sequences(ids: np.ndarray, plan: Plan, step: int) -> Tensor:
    """The sequences of a step, shape (batch, length): pieces of the text, each after ``<s>``.

    Every epoch begins its pieces elsewhere and goes through them in another order.
    """
    piece, n = plan.length - 1, _pieces(ids, plan)
    rows = []
    for i in range(step * plan.batch, (step + 1) * plan.batch):
        epoch, place = divmod(i, n)
        offset, order = _order(plan.seed, epoch, n, piece)
        start = offset + piece * int(order[place])
        rows.append(ids[start : start + piece].astype(np.int64))
    return torch.cat([torch.full((len(rows), 1), BOS), torch.from_numpy(np.stack(rows))], dim=1)


def _pieces(ids: np.ndarray, plan: Plan) -> int:
    """In an epoch."""
    return len(ids) // (plan.length - 1) - 1


_orders: dict[tuple, tuple[int, np.ndarray]] = {}


def _order(seed: int, epoch: int, n: int, piece: int) -> tuple[int, np.ndarray]:
    key = (seed, epoch, n, piece)
    if key not in _orders:
        rng = np.random.default_rng([seed, epoch])
        _orders[key] = int(rng.integers(piece)), rng.permutation(n)
    return _orders[key]


def _loss(model: RobertaForMaskedLM, ids: Tensor, labels: Tensor) -> Tensor:
    """The cross entropy of the hidden tokens; the head is computed at these only."""
    device = ids.device.type
    with torch.autocast(device, torch.bfloat16, enabled=fast_in_bfloat16(device)):
        hidden = model.roberta(ids).last_hidden_state  # (batch, length, hidden)
        guessed = labels != IGNORED
        scores = model.lm_head(hidden[guessed])  # (guessed, vocabulary)
    return F.cross_entropy(scores.float(), labels[guessed])


@torch.no_grad()
def _held_out(model: RobertaForMaskedLM, ids: np.ndarray, plan: Plan, device: str) -> float:
    """The masked loss on the same 320 sequences of other text every time."""
    losses = []
    for step in range(max(1, 320 // plan.batch)):
        seen, labels = masked(_sequences(ids, plan, step), plan.share, step)
        losses.append(_loss(model, seen.to(device), labels.to(device)))
    return torch.stack(losses).mean().item()


def _groups(model: RobertaForMaskedLM) -> list[dict]:
    parameters = list(model.parameters())
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": 0.01},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]


def _sines(length: int, hidden: int) -> Tensor:
    angles = torch.arange(length)[:, None] / 10_000 ** (torch.arange(0, hidden, 2) / hidden)
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1) * math.sqrt(2)


def _keep(
    model: RobertaForMaskedLM, tokenizer: PreTrainedTokenizerFast, folder: Path, step: int
) -> None:
    """Writes the model, in float16, and its tokenizer for `transformers`."""
    kept = folder / f"step-{step:06}"
    with no_write_to(kept):
        model.save_pretrained(kept, state_dict={n: p.half() for n, p in model.named_parameters()})
        tokenizer.save_pretrained(kept)


def _checkpoint(
    folder: Path, model: nn.Module, optimizer: Optimizer, step: int, seconds: float, line: dict
) -> None:
    half = folder / "checkpoint.part"
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
    lines = _log(folder)
    text = "".join(json.dumps(entry) + "\n" for entry in [*lines, line])
    with no_write_to(folder):
        torch.save({**state, "step": step, "seconds": seconds, "log": [*lines, line]}, half)
        os.replace(half, folder / "checkpoint.pt")
        (folder / "loss.jsonl").write_text(text, encoding="utf-8")


def _log(folder: Path) -> list[dict]:
    file = folder / "loss.jsonl"
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    return [json.loads(line) for line in text.splitlines()]


def _resume(
    plan: Plan, folder: Path, model: nn.Module, optimizer: Optimizer, device: str
) -> tuple[int, float]:
    """Loads the checkpoint if there is one; returns its step and the seconds spent so far."""
    file = folder / "checkpoint.pt"
    if not file.exists():
        line = {"plan": asdict(plan), "parameters": sum(p.numel() for p in model.parameters())}
        (folder / "loss.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
        return 0, 0.0
    state = torch.load(file, map_location=device, weights_only=True)
    before = {**state["log"][0]["plan"]}
    now = json.loads(json.dumps(asdict(plan)))
    differing = [k for k in now if before.get(k) != now[k] and k != "snapshots"]
    if differing:
        raise IdlibError(
            f"{folder} holds a run with another {', '.join(differing)}: give the same, or another "
            "folder."
        )
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    text = "".join(json.dumps(entry) + "\n" for entry in state["log"])
    (folder / "loss.jsonl").write_text(text, encoding="utf-8")
    return state["step"], state["seconds"]
