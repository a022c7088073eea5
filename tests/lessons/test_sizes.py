"""Twenty sizes: the map is what the store holds, and the checks of notebook 05 teach."""

import numpy as np
import pytest

from idlib import IdlibError, plots, widgets
from idlib.lessons.base.measures import slope
from idlib.lessons.sizes.compute import d90_map, recorded_networks
from idlib.problems.networks import network
from idlib.studies.reading import store_of
from idlib.studies.sizes import DEPTHS, WIDTHS


def parameters(width, depth):
    return 784 * width + width + (depth - 1) * (width * width + width) + width * 10 + 10


def test_the_twenty_networks_are_those_of_the_paper():
    Ds = [c.D for c in recorded_networks().values()]
    assert len(set(Ds)) == 20 and (min(Ds), max(Ds)) == (39_760, 959_610)
    for (width, depth), c in recorded_networks().items():
        built = network(f"fc-{width}-{depth}")()
        assert c.D == sum(p.numel() for p in built.parameters()) == parameters(width, depth)


@pytest.mark.parametrize("definition", ["absolute", "relative"])
def test_d90_is_the_smallest_recorded_d_that_reaches_the_threshold(definition):
    """Counted here from the stores themselves, without d90 or cells."""
    values = d90_map(definition)
    for (width, depth), c in recorded_networks().items():
        stored = [*store_of("baselines"), *store_of("sizes")]
        runs = [r for r in stored if r.config.model == f"fc-{width}-{depth}"]
        runs = [r for r in runs if r.config.scored_on == "test"]
        full = [r.score for r in runs if r.config.d is None]
        assert len(full) == 2
        threshold = 0.9 if definition == "absolute" else 0.9 * sum(full) / 2
        inside = [r for r in runs if r.config.d]
        assert len(inside) == 2 * 13
        per_seed = [
            min(r.config.d for r in inside if r.config.seed == seed and r.score >= threshold)
            for seed in (0, 1)
        ]
        assert c.d90(definition).per_seed == tuple(per_seed)
        between = []
        for seed, d in enumerate(per_seed):
            own = {r.config.d: r.score for r in inside if r.config.seed == seed}
            low = max(x for x in own if x < d)
            share = (threshold - own[low]) / (own[d] - own[low])
            between.append(low * (d / low) ** share)
        value = values[DEPTHS.index(depth), WIDTHS.index(width)]
        assert value == pytest.approx(np.sqrt(between[0] * between[1]))
        assert min(per_seed) > 250  # a smaller d was tried, and failed


def test_size_barely_moves_d90():
    nets = recorded_networks()
    for definition in ("absolute", "relative"):
        values = [c.d90(definition).value for c in nets.values()]
        assert max(values) / min(values) < 2 < 24 < nets[400, 5].D / nets[50, 1].D
        assert abs(slope([c.D for c in nets.values()], values)) < 0.1


def test_an_unknown_definition():
    with pytest.raises(IdlibError, match="'best' was given"):
        recorded_networks()[50, 1].d90("best")


def test_slope_is_the_exponent():
    x = [1e3, 1e4, 1e6]
    for power in (-1, 0, 0.5):
        assert slope(x, [7 * v**power for v in x]) == pytest.approx(power, abs=1e-9)


def test_the_widget_shows_the_network_that_is_chosen():
    explorer = widgets.ModelSizes(200, 2)
    for width, depth, definition in ((400, 5, "absolute"), (50, 1, "relative")):
        html = explorer.view(width=width, depth=depth, definition=definition)
        c = recorded_networks()[width, depth]
        assert f"D = {c.D:,}" in html and f"d90 = {c.d90(definition).value:,.0f}" in html
        assert f"width {width}, depth {depth} is marked" in html


def test_the_maps_show_their_numbers():
    values = np.arange(20.0).reshape(5, 4)
    fig = plots.size_maps({"a": values, "b": values + 1}, WIDTHS, DEPTHS)
    texts = [[t.get_text() for t in ax.texts] for ax in fig.axes]
    assert texts[0] == [str(n) for n in range(20)] and texts[1][0] == "1"
    fig = plots.d90_against_size([(1, 10, 5.0), (2, 1000, 5.0)], {"flat": 0.0, "share": 1.0})
    flat, share = (line.get_ydata() for line in fig.axes[0].lines[-2:])
    assert np.allclose(flat, 5) and np.allclose(share, [5, 500])
