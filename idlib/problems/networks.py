"""Networks for images of digits.

References:
    | Measuring the Intrinsic Dimension of Objective Landscapes (Li et al., 2018), section 3.1
"""

import functools
import re
from collections.abc import Callable
from itertools import pairwise

from torch import Tensor, nn

from ..errors import IdlibError

__all__ = ["MODELS", "fc", "lenet", "network"]


def fc(width: int = 200, depth: int = 2, inputs: int = 784, classes: int = 10) -> nn.Sequential:
    """A fully connected ReLU network with `depth` hidden layers; D = 199,210 by default.

    >>> sum(p.numel() for p in fc().parameters())
    199210
    """
    sizes = [inputs] + [width] * depth
    hidden = [m for a, b in pairwise(sizes) for m in (nn.Linear(a, b), nn.ReLU())]
    return _he(nn.Sequential(nn.Flatten(), *hidden, nn.Linear(sizes[-1], classes)))


def lenet(classes: int = 10) -> nn.Sequential:
    """LeNet for images of shape (1, 28, 28); D = 44,426.

    >>> sum(p.numel() for p in lenet().parameters())
    44426
    """
    return _he(
        _LeNet(
            *(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2)),  # (6, 12, 12)
            *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)),  # (16, 4, 4)
            *(nn.Flatten(), nn.Linear(256, 120), nn.ReLU()),
            *(nn.Linear(120, 84), nn.ReLU()),
            nn.Linear(84, classes),
        )
    )


class _LeNet(nn.Sequential):
    """Lays grey images out with the channel last, which torch convolves and pools faster. With one
    channel the memory is the same."""

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim == 4 and x.shape[1] == 1:
            x = x.flatten().view(len(x), *x.shape[2:], 1).permute(0, 3, 1, 2)
        return super().forward(x)


#: What makes the networks that have a name without numbers.
MODELS: dict[str, Callable[..., nn.Module]] = {"fc": fc, "lenet": lenet}


def network(name: str, inputs: int = 784, classes: int = 10) -> Callable[[], nn.Module]:
    """What makes the network called `name`: a key of `MODELS`, "fc-WIDTH-DEPTH", or "linear", which
    has no hidden layer. Behind the latter two may stand "-side7": it sees 7x7 pixels, the means of
    blocks of 4x4.

    Args:
        name: of it.
        inputs: of "fc-WIDTH-DEPTH", flattened.
        classes: of "fc-WIDTH-DEPTH", its outputs.

    >>> sum(p.numel() for p in network("fc-50-1")().parameters())
    39760
    >>> sum(p.numel() for p in network("linear-side7")().parameters())
    500

    Raises:
        IdlibError: if there is no such network.
    """
    if name in MODELS:
        return MODELS[name]
    form = r"(?:fc-([1-9]\d*)-([1-9]\d*)|linear)(?:-side(1|2|4|7|14))?"
    if match := re.fullmatch(form, name):
        width, depth, side = (int(number or 0) for number in match.groups())
        if side:
            return functools.partial(_coarse, side, width, depth)
        return functools.partial(fc, width, depth, inputs, classes)
    raise IdlibError(
        f"model {name!r} was asked for, expected {', '.join(MODELS)}, fc-WIDTH-DEPTH or linear, "
        "for instance 'fc-100-3', and behind these -side7, or another divisor of 28."
    )


def _coarse(side: int, width: int, depth: int) -> nn.Sequential:
    """A fully connected network for 28x28 pixels of which it sees means of blocks."""
    return nn.Sequential(nn.AvgPool2d(28 // side), fc(width, depth, inputs=side**2))


def _he(model: nn.Sequential) -> nn.Sequential:
    """He initialisation with zero biases, as in the paper."""
    for module in model:
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return model
