r"""Many small runs trained at once, for processors that a single small run leaves idle.

Runs that share task, network and schedule, and differ in d, seed or learning rate, make each
step together: every run has its own :math:`\theta_0`, P, :math:`\theta^d`, learning rate and
order of the data, and `torch.func.vmap` calls the network for all of them. What comes out
equals the runs made one by one (`idlib.engine.runs.run`) to float tolerance.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.utils.data import Dataset, TensorDataset

from ..errors import IdlibError
from ..subspace import Subspace
from .config import Run, RunConfig
from .data import sample
from .runs import (
    Patience,
    Problem,
    build,
    data_of,
    decided,
    is_check,
    patience_with,
    scored_by,
)
from .training import check_labels, check_schedule

__all__ = ["run_batch", "run_batches"]

SIZE = 32  # runs at once


def run_batches(
    missing: Sequence[tuple[RunConfig, bool]],
    problem_of: Callable[[RunConfig], Problem],
    device: str,
) -> Iterator[Run]:
    """Makes runs, those that can be trained together in batches of up to 32.

    Args:
        missing: configurations, each with whether its run is to carry its d numbers.
        problem_of: from a configuration to what it is to learn.
        device: where to train, such as "cuda".
    """
    groups: dict[RunConfig, list[tuple[RunConfig, bool]]] = {}
    for config, keep in missing:
        groups.setdefault(_shared_part(config), []).append((config, keep))
    for shared, members in groups.items():
        problem = problem_of(shared)
        for start in range(0, len(members), SIZE):
            part = members[start : start + SIZE]
            runs = run_batch([config for config, _ in part], problem, device)
            for done, (_, keep) in zip(runs, part, strict=True):
                yield done if keep else replace(done, theta_d=None)


def run_batch(configs: Sequence[RunConfig], problem: Problem, device: str) -> list[Run]:
    """Makes the runs that `configs` describe, all at once.

    Args:
        configs: they may differ in d, lr and seed, nothing else.
        problem: with data in memory: inputs (n, ...) and labels (n,).
        device: where to train.

    Raises:
        IdlibError: if the configurations differ in more, a number in them makes no sense, a
            label has no output, or the network has state or randomness that can't be batched
            (BatchNorm, dropout).
    """
    for config in configs:
        check_schedule(config.lr, config.epochs, config.batch_size)
    if len({_shared_part(config) for config in configs}) != 1:
        raise IdlibError(
            "The configurations of a batch differ in more than d, lr and seed: pass those that "
            "share task, model, projection and schedule, or use idlib.engine.sweeps.sweep."
        )
    model = problem.model_fn().to(device)
    _check_batchable(model)
    train_set, scored_set = (
        _moved(part, device) for part in data_of(configs[0], problem.train_set, problem.test_set)
    )
    members = [_Member.of(config, problem, device) for config in configs]
    batch_size, steps = configs[0].batch_size, _steps(configs[0], len(train_set))
    optimizer = torch.optim.Adam(
        [{"params": list(m.model.parameters()), "lr": m.config.lr} for m in members]
    )
    scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=steps)
    inputs, labels = train_set.tensors
    for m in members if configs[0].scored_on == "test" and not configs[0].d else ():
        m.start = m.scored(scored_set)[0]
    with torch.no_grad():
        check_labels(model(inputs[:1]), labels)
    start = time.perf_counter()
    for step in range(1, steps + 1):
        active = [m for m in members if not m.status]
        if not active:
            break
        index = torch.stack([m.next_batch(len(labels), batch_size) for m in active]).to(device)
        losses = _losses(model, problem, active, inputs[index], labels[index])  # (runs,)
        optimizer.zero_grad()
        losses.sum().backward()
        optimizer.step()
        scheduler.step()
        _look(active, losses.tolist(), step, steps, scored_set)
    seconds = (time.perf_counter() - start) / len(members)  # a run's share
    train_sample = sample(train_set) if configs[0].scored_on == "test" else None
    return [m.outcome(seconds, scored_set, train_sample) for m in members]


@dataclass(eq=False)
class _Member:
    """One run of a batch."""

    config: RunConfig
    problem: Problem
    patience: Patience
    model: nn.Module  # the subspace, or the full model
    generator: torch.Generator  # of the order of the data
    status: str = ""
    score: float | None = None
    loss: float = math.nan
    steps: int = 0
    message: str = ""
    start: float | None = None  # its score before the first step, of a full model
    right: Tensor | None = None
    queue: Tensor | None = None  # what is left of this epoch's order

    @classmethod
    def of(cls, config: RunConfig, problem: Problem, device: str) -> "_Member":
        model = build(config, problem.model_fn).to(device)
        patience = problem.patience or patience_with(problem.train_set)
        generator = torch.Generator().manual_seed(config.seed)
        return cls(config, problem, patience, model, generator)

    @property
    def subspace(self) -> Subspace | None:
        """Its model, where that is one."""
        return self.model if self.config.d and isinstance(self.model, Subspace) else None

    def next_batch(self, n: int, batch_size: int) -> Tensor:
        """Numbers of the next examples, shape (batch,): each epoch in a new order."""
        if self.queue is None or not len(self.queue):
            self.queue = torch.randperm(n, generator=self.generator)
        batch, self.queue = self.queue[:batch_size], self.queue[batch_size:]
        return batch

    def theta(self) -> dict[str, Tensor]:
        return self.subspace.theta() if self.subspace else dict(self.model.named_parameters())

    def scored(self, dataset: Dataset) -> tuple[float, Tensor | None]:
        return scored_by(
            self.problem, self.subspace.merged() if self.subspace else self.model, dataset
        )

    def outcome(self, seconds: float, dataset: Dataset, train_sample: Dataset | None) -> Run:
        if not self.status:
            self.status = "finished"
            self.score, self.right = self.scored(dataset)
        on_train = right = None
        if train_sample is not None and self.score is not None:
            on_train, right = self.scored(train_sample)[0], self.right
        subspace = self.subspace
        D = subspace.D if subspace else sum(p.numel() for p in self.model.parameters())
        theta_d = subspace.theta_d.detach().cpu().clone() if subspace else None
        return Run(
            self.config, self.status, self.score, self.loss, self.steps, seconds, D,
            self.message, theta_d, on_train, self.start, right if right is None else right.cpu(),
        )  # fmt: skip


def _losses(
    model: nn.Module, problem: Problem, members: Sequence[_Member], x: Tensor, y: Tensor
) -> Tensor:
    """The loss of each run on its own batch: x (runs, batch, ...), y (runs, batch)."""
    thetas = [m.theta() for m in members]
    stacked = {name: torch.stack([t[name] for t in thetas]) for name in thetas[0]}

    def loss(theta: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return problem.loss_fn(functional_call(model, theta, (x,)), y)

    return vmap(loss)(stacked, x, y)


def _look(
    members: Sequence[_Member], losses: list[float], step: int, steps: int, dataset: Dataset
) -> None:
    """Notes how each run goes, and ends those that diverged or are decided."""
    for m, loss in zip(members, losses, strict=True):
        m.steps, m.loss = step, loss
        if not math.isfinite(loss):
            m.status = "diverged"
            m.message = (
                f"diverged at step {step}: the loss is {loss} at learning rate "
                f"{m.config.lr:g}: try a smaller one"
            )
        elif m.config.decide and is_check(step, steps):
            score, right = m.scored(dataset)
            if decided(score, step / steps, m.config, m.patience):
                m.status, m.score, m.right = "decided", score, right


def _shared_part(config: RunConfig) -> RunConfig:
    return replace(config, d=config.d and 1, lr=0.0, seed=0)


def _steps(config: RunConfig, n: int) -> int:
    return config.epochs * math.ceil(n / config.batch_size)


def _moved(dataset: Dataset, device: str) -> TensorDataset:
    if not isinstance(dataset, TensorDataset):
        raise IdlibError(
            f"{type(dataset).__name__} was given, expected data in memory: pass a TensorDataset, "
            "or make the runs one by one with idlib.engine.runs.run."
        )
    return TensorDataset(*(t.to(device) for t in dataset.tensors))


def _check_batchable(model: nn.Module) -> None:
    random = [m for m in model.modules() if isinstance(m, nn.modules.dropout._DropoutNd) and m.p]
    if random or any(True for _ in model.buffers()):
        raise IdlibError(
            f"{type(model).__name__} has dropout or buffers, such as BatchNorm's: its runs can't "
            "be trained as a batch. Make them one by one with idlib.engine.runs.run."
        )
