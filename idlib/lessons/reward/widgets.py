"""A policy that moves, and what 90 % is of."""

from ...problems.environments import ENVIRONMENTS
from ...studies.reading import cell, provenance
from ...studies.reward import LABELS, LEARNED
from ..base.d90_plots import d90_marks
from ..base.explorers import Explorer, choice, say, slider
from ..base.svg import Stage
from .compute import BARS, bar, motion, needed, policy_of, untrained
from .moving import cart_svg
from .plots import return_panel, score_panel

__all__ = ["PoleOnCart", "ShareOfWhat"]

SHARES = (50, 60, 70, 80, 85, 90, 95)
CARTPOLE = ENVIRONMENTS["cartpole"]


class PoleOnCart(Explorer):
    """Recorded policies at work, by the number of trained numbers.

    Args:
        d: where the slider starts; 0 is the untrained policy.
        seed: of the state in which the episode starts.
    """

    def __init__(self, d: int = 0, seed: int = 0):
        self.cell = cell("reward", part="cartpole-es")
        runs = self.cell.first_seed
        first = next(iter(runs.values()))
        policies = {0: untrained(first)} | {d: policy_of(run) for d, run in runs.items()}
        self.motions = {d: motion("cartpole", p, seed) for d, p in policies.items()}
        self.stage = Stage(return_panel({"five policies": self.cell.scores}))
        self.title = provenance([self.cell])
        controls = {
            "d": slider("d", tuple(policies), d),
            "moving": choice("picture", {"moments": False, "moving": True}, False),
        }
        super().__init__(controls, self._draw)

    def _draw(self, d: int, moving: bool) -> str:
        states = self.motions[d]
        fell = len(states) < CARTPOLE.longest
        end = "the pole falls or the cart leaves" if fell else "the pole still stands"
        alt = f"A pole on a cart, d = {d}: after {len(states)} steps {end}."
        scores = self.cell.scores

        def mark(ax) -> None:
            if d:
                ax.axvline(d, color="black", linestyle=":", linewidth=1.5)

        places = f"at {d:,} marked" if d else "none marked"
        side = self.stage.to_svg([f"Return against d, {places}."], mark)
        text = f"<b>d = {d:,}</b>: this episode lasts <b>{len(states)}</b> steps of at most "
        text += f"{CARTPOLE.longest}; then {end}. "
        if d:
            mean = sum(scores[d]) / len(scores[d]) * CARTPOLE.longest
            text += f"Mean return over {len(scores[d])} policies: {mean:.0f}."
        still = "" if moving else "A cart for each second, the latest darkest. "
        picture = cart_svg(states, moving, alt, fell)
        return f"{picture}\n{side}\n{say(text)}\n<p>{still}{self.title}.</p>"


class ShareOfWhat(Explorer):
    """How many numbers labels take, and rewards, by what the share is of.

    Args:
        percent: where the slider starts.
    """

    def __init__(self, percent: int = 90):
        self.cells = {
            "labels": cell("reward", part="reader", task=LABELS),
            "rewards": cell("reward", part="reader", task=LEARNED),
        }
        self.stage = Stage(score_panel({name: c.scores for name, c in self.cells.items()}))
        self.title = provenance(self.cells.values())
        controls = {
            "of": choice("a share of", {name: name for name in BARS}, next(iter(BARS))),
            "percent": slider("share, %", SHARES, percent),
        }
        super().__init__(controls, self._draw)

    def _draw(self, of: str, percent: int) -> str:
        labels = self.cells["labels"]
        whose, gain = BARS[of]
        asked = (labels, percent / 100, whose, gain)
        found = {name: needed(c, *asked) for name, c in self.cells.items()}
        heights = {name: bar(c, *asked) for name, c in self.cells.items()}

        def mark(ax) -> None:
            for (name, height), color in zip(heights.items(), ("blue", "orange"), strict=True):
                ax.axhline(height, color="black", linestyle="--", linewidth=1)
                d90_marks(ax, [found[name]], color)

        told = "; ".join(
            f"from {name} d = <b>{e.short()}</b> for {heights[name]:.3f}"
            for name, e in found.items()
        )
        text = f"{percent} % of {of}: {told}."
        alt = "Accuracy against d for labels and rewards; the line of labels lies above. "
        alt += text.replace("<b>", "").replace("</b>", "")
        return f"{self.stage.to_svg([alt], mark)}\n{say(text)}\n<p>{self.title}.</p>"
