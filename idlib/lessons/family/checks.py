"""Checks for notebook 10."""

from collections.abc import Callable

from ..base.checks import guarded, verdict

__all__ = ["parameters", "storage"]


@guarded
def parameters(fn: Callable[[int, int], int]) -> bool:
    """``fn(layers, hidden)``: the parameters of the encoder blocks of a RoBERTa.

    Args:
        fn: the reader's function of the number of layers and the hidden size.
    """
    from ...problems.language import classifier  # transformers takes seconds to import

    problem = None
    for layers, hidden in ((4, 128), (4, 256)):
        blocks = classifier(f"roberta-{layers}x{hidden}", 2)().network.roberta.encoder
        right = sum(p.numel() for p in blocks.parameters())
        got = fn(layers, hidden)
        if got != right:
            problem = f"for {layers} x {hidden} the blocks have {right:,}, you say {got}."
            if got == layers * 12 * hidden**2:
                problem += " These are the matrices: add biases and LayerNorm, 13 hidden a layer."
            elif got == right // layers:
                problem += " That is one block."
            break
    hint = (
        "A block: four matrices hidden x hidden, two hidden x 4 hidden, a bias for each, and two "
        "LayerNorms of 2 hidden."
    )
    return verdict(problem, hint, "Twice the width, four times the parameters.")


@guarded
def storage(fn: Callable[[int, int, int], tuple[int, int]]) -> bool:
    """``fn(D, d, tasks)``: bytes for a tuned model for each task, and for d numbers for each.

    Args:
        fn: the reader's function.
    """
    problem = None
    for D, d, tasks in ((1000, 10, 1), (1_875_458, 10_000, 7), (355_000_000, 774, 100)):
        right = 4 * D * tasks, 4 * D + tasks * (4 * d + 8)
        got = tuple(fn(D, d, tasks))
        if got != right:
            problem = f"for D = {D:,}, d = {d:,}, {tasks} tasks: {right} bytes, you say {got}."
            if got[1:] == (tasks * (4 * d + 8),):
                problem += " The pretrained model is kept too, once."
            elif got[1:] == (4 * D + tasks * 4 * d,):
                problem += " Without its seed, nobody can rebuild P."
            elif tuple(4 * x for x in got) == right or got == (D * tasks, d * tasks):
                problem += " A number takes 4 bytes."
            break
    hint = "Whole models: tasks x D numbers. Subspaces: D numbers once, d numbers and a seed each."
    return verdict(problem, hint, "A task then costs kilobytes.")
