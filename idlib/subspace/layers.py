"""Which layer a parameter belongs to, as the module tree has it."""

from collections.abc import Iterable, Mapping

from ..errors import IdlibError

__all__ = ["chosen_layers", "layers_by_hand", "layers_of"]


def layers_of(names: Iterable[str]) -> list[str]:
    """The layer of each parameter: one item of a list of modules, or a module beside that list.

    Walking down from the top, a layer begins where the path reaches a number (an encoder
    block, a place in a `Sequential`) or a module without any number below it (embeddings,
    pooler, head).

    >>> layers_of(["bert.embeddings.word.weight", "bert.layer.0.attn.weight", "head.dense.bias"])
    ['bert.embeddings', 'bert.layer.0', 'head']

    Args:
        names: of all parameters, as ``named_parameters`` gives them.
    """
    names = list(names)
    numbered = set()  # modules with a number somewhere below them
    for name in names:
        parts = name.split(".")
        last = max((i for i, part in enumerate(parts) if part.isdigit()), default=0)
        numbered |= {".".join(parts[:i]) for i in range(1, last + 1)}
    return [_layer(name.split("."), numbered) for name in names]


def layers_by_hand(names: Iterable[str], layers: Mapping[str, Iterable[str]]) -> list[str]:
    """The layer of each parameter, given the modules (or parameters) that each layer holds.

    >>> layers_by_hand(["a.weight", "b.weight"], {"both": ["a", "b"]})
    ['both', 'both']

    Raises:
        IdlibError: if a parameter is in no layer, or in two.
    """
    found = []
    for name in names:
        holders = [
            layer
            for layer, modules in layers.items()
            if any(name == module or name.startswith(f"{module}.") for module in modules)
        ]
        if len(holders) != 1:
            raise IdlibError(
                f"The parameter {name!r} is in {len(holders)} of the layers {[*layers]}, expected "
                "one: name the modules of each layer so that every parameter is in exactly one."
            )
        found += holders
    return found


def chosen_layers(
    names: Iterable[str], structure_aware: bool | str | Mapping[str, Iterable[str]]
) -> list[str]:
    """The layer of each parameter, as `idlib.Subspace` takes them; an empty list for False."""
    if isinstance(structure_aware, Mapping):
        return layers_by_hand(names, structure_aware)
    if structure_aware == "tensors":
        return list(names)
    if structure_aware not in (False, True):
        raise IdlibError(
            f"structure_aware={structure_aware!r} was given, expected True, False, 'tensors' or a "
            "mapping from layer names to lists of module names."
        )
    return layers_of(names) if structure_aware else []


def _layer(parts: list[str], numbered: set[str]) -> str:
    for i in range(1, len(parts)):
        prefix = ".".join(parts[:i])
        if parts[i - 1].isdigit() or prefix not in numbered:
            return prefix
    return ".".join(parts)  # a parameter of a module that has lists beside it
