"""What is to be known of a model before it is trained: how many parameters, and which it is."""

import hashlib
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from ..errors import IdlibError
from .config import RunConfig
from .form import called, tensors_in
from .runs import build

__all__ = ["count_parameters", "model_label"]


def count_parameters(model_fn: Callable[[], nn.Module]) -> int:
    """How many parameters are trained, D; two models in a row must not share any."""
    models = [build(RunConfig("", "", None, 0.0), model_fn) for _ in range(2)]
    mine, others = ({id(p): p for p in m.parameters() if p.requires_grad} for m in models)
    if mine.keys() & others.keys():
        raise IdlibError(
            "model_fn returned one model twice, and each run would train on where the last one "
            "ended: return a new one, such as copy.deepcopy(model)."
        )
    if not mine:
        raise IdlibError("The model has no trainable parameters: there is nothing to measure.")
    return sum(p.numel() for p in mine.values())


def model_label(model_fn: Callable[[], nn.Module], example: Any) -> str:
    """A label that tells models apart in a store: class, and a digest of structure, theta_0 and
    what the model makes of a fixed input of the example's shape, evaluated and in training."""
    model = build(RunConfig("", "", None, 0.0), model_fn).cpu()
    structure = re.sub(r" at 0x[0-9a-f]+", "", str(model))  # addresses differ in every process
    norm = math.sqrt(sum(float(p.detach().double().square().sum()) for p in model.parameters()))
    shapes = [(name, tuple(p.shape), p.requires_grad) for name, p in model.named_parameters()]
    fixed = _fixed(example)
    seen = []
    with torch.no_grad(), torch.random.fork_rng():
        for training in (False, True):
            torch.manual_seed(0)
            output = called(model.train(training), fixed, torch.device("cpu"))
            outputs = torch.cat([t.double().flatten() for t in tensors_in(output)])
            seen.append(f"{float(outputs @ torch.arange(len(outputs)).cos().double()):.3g}")
    digest = hashlib.blake2b(f"{structure} {shapes} {norm:.4g} {seen}".encode(), digest_size=5)
    return f"{type(model).__name__}-{digest.hexdigest()}"


def _fixed(example: Any) -> Any:
    """Two inputs of the example's form."""
    if isinstance(example, Mapping):
        return {name: _fixed(part) for name, part in example.items()}
    if isinstance(example, tuple):
        return tuple(map(_fixed, example))
    example = torch.as_tensor(example)
    wave = torch.arange(2 * example.numel()).cos().view(2, *example.shape)
    return wave.to(example.dtype) if example.is_floating_point() else example.new_zeros(wave.shape)
