"""What a network learns from in place of labels: a teacher's outputs, doubt, or rewards.

References:
    | Simple Statistical Gradient-Following Algorithms for Connectionist Reinforcement Learning
      (Williams, 1992): rewards
    | Distilling the Knowledge in a Neural Network (Hinton, Vinyals, Dean, 2015),
      https://arxiv.org/abs/1503.02531
"""

import functools
import re

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from ..engine.config import RunConfig
from ..engine.runs import build
from ..engine.training import train
from ..errors import IdlibError
from .images import load
from .networks import lenet

__all__ = ["cooled_cross_entropy", "reward_loss", "teacher", "with_targets"]

TEACHER = RunConfig("digits", "lenet", None, 3e-3, epochs=4)


def cooled_cross_entropy(temperature: int, outputs: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of the outputs at a temperature, scaled so that gradients keep their size."""
    return temperature**2 * F.cross_entropy(outputs / temperature, targets)


def reward_loss(outputs: Tensor, labels: Tensor) -> Tensor:
    r"""A loss whose gradient is a policy gradient: for each example a label is drawn from the
    outputs' probabilities, and all that is learned of the true one is whether it is the same.

    .. math:: -\frac1n \sum_i (r_i - b_i) \log p(a_i \mid x_i), \qquad r_i = [a_i = y_i]

    The baseline :math:`b_i` is the mean reward of the other examples of the batch, so that
    the gradient's mean is that of the expected reward.

    Args:
        outputs: logits, shape (n, classes).
        labels: shape (n,).
    """
    log_p = F.log_softmax(outputs, 1)
    drawn = torch.multinomial(log_p.detach().exp(), 1)  # (n, 1), from torch's own generator
    rewards = (drawn[:, 0] == labels).float()
    others = (rewards.sum() - rewards) / max(1, len(rewards) - 1)
    return -((rewards - others) * log_p.gather(1, drawn)[:, 0]).mean()


@functools.lru_cache(maxsize=8)
def with_targets(dataset: TensorDataset, targets: str) -> TensorDataset:
    r"""The same inputs with probabilities (n, classes) in place of labels.

    Args:
        dataset: digits.
        targets: "teacher4" or "distill4": what the teacher gives at temperature 4,
            :math:`\mathrm{softmax}(z / 4)`; "smooth4": to the label the mean probability that
            the teacher at temperature 4 gives to a label, and the rest in equal parts to the
            other classes.

    Raises:
        IdlibError: if `targets` is neither.
    """
    match = re.fullmatch(r"(teacher|distill|smooth)([1-9]\d*)", targets)
    if not match:
        raise IdlibError(
            f"targets {targets!r} were given, expected 'teacher4', 'distill4' or 'smooth4'."
        )
    inputs, labels = dataset.tensors
    model = teacher()  # before no_grad: it may have to be trained
    with torch.no_grad():
        p = F.softmax(model(inputs) / int(match[2]), dim=1)
    if match[1] == "smooth":
        sure = float(p.gather(1, labels[:, None]).mean())
        p = torch.full_like(p, (1 - sure) / (p.shape[1] - 1))
        p.scatter_(1, labels[:, None], sure)
    return TensorDataset(inputs, p)


@functools.cache
def teacher() -> nn.Module:
    """LeNet, trained in full on the digits' training images."""
    c = TEACHER
    model = build(c, lenet)
    train(model, load("digits").train, c.lr, c.epochs, c.batch_size, c.seed)
    return model.eval()
