"""Policies that learn from rewards, and labels that are only said to be right (notebook 14)."""

from dataclasses import replace

from ..engine.rates import Rates
from .protocols import TEXTS
from .study import Part, Protocol, Study, with_rates

__all__ = [
    "EVOLVED",
    "HEARD",
    "LABELS",
    "LEARNED",
    "POLICY",
    "READER",
    "REWARD",
    "SENTENCES",
]

POLICY = "fc-32-2"  # 4 to 2: D = 1,282
EVOLVED = f"{POLICY}+es"
READER = "fc-20-1"  # D = 15,910
LABELS, LEARNED = "mnist10k", "mnist10k+reward"
FIVE = (0, 1, 2, 3, 4)
DS = (1, 2, 4, 8, 16, 32, 64, 128)
# 1,280 episodes: 40 generations of 32. Step sizes are chosen at each d with another policy, see
# `idlib.problems.policies`.
STEPS = Rates(lrs=(0.3, 1.0, 3.0, 10.0), full_lrs=(0.1, 0.3, 1.0), pilots=DS)
CARTPOLE = Protocol(40, 32, "dense", FIVE, STEPS, keep_up_to=128)
# The same, by a policy gradient: its rates are those of Adam.
GRADIENT = with_rates(CARTPOLE, lrs=(0.1, 0.3, 1.0, 3.0, 10.0), full_lrs=(0.003, 0.01, 0.03, 0.1))
# A pole on a motor, whose longest episode is twice as long: fewer d, for two cores.
MOTOR_DS = DS[:6]
MOTOR = with_rates(CARTPOLE, pilots=MOTOR_DS)
READER_DS = (50, 100, 200, 400, 800)
READING = Protocol(10, 128, "hashed", (0, 1, 2), Rates((0.1, 0.3, 1.0), pilots=READER_DS))

# Sentences: right or wrong, of two labels, tells as much as the label.
SENTENCES, HEARD = "sst2-n19200", "sst2-n19200+reward"
TUNED = "roberta-4x128"
TUNED_DS = (1000, 10_000)
RATES = (0.003, 0.01, 0.03, 0.1, 0.3)
TUNING = with_rates(TEXTS, lrs=RATES, pilots=TUNED_DS, full_lrs=(3e-5, 1e-4, 3e-4, 1e-3))

REWARD = Study(
    "reward",
    "How many numbers does it take to learn from rewards, and fewer than from labels?",
    (
        Part("full-es", ("cartpole",), (EVOLVED,), protocol=CARTPOLE),
        Part("cartpole-es", ("cartpole",), (EVOLVED,), DS, CARTPOLE),
        Part("full-gradient", ("cartpole",), (POLICY,), protocol=GRADIENT),
        Part("cartpole-gradient", ("cartpole",), (POLICY,), DS, GRADIENT),
        Part("full-pendulum", ("pendulum",), (EVOLVED,), protocol=MOTOR),
        Part("pendulum-es", ("pendulum",), (EVOLVED,), MOTOR_DS, MOTOR),
        Part("full-reader", (LABELS, LEARNED), (READER,), protocol=replace(READING, seeds=FIVE)),
        Part("reader", (LABELS, LEARNED), (READER,), READER_DS, READING),
        Part("full-sentences", (HEARD,), (TUNED,), protocol=TUNING),
        Part("sentences", (SENTENCES, HEARD), (TUNED,), TUNED_DS, TUNING),
    ),
)
