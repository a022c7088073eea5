"""Notebook 14: policies that move, what 90 % is of, and what was recorded."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
import torch

from idlib.lessons.reward.compute import (
    BARS,
    alignment,
    bar,
    motion,
    needed,
    policy_of,
    steps_made,
    untrained,
)
from idlib.lessons.reward.moving import cart_svg
from idlib.lessons.reward.widgets import PoleOnCart, ShareOfWhat
from idlib.problems.environments import ENVIRONMENTS
from idlib.problems.policies import OTHERS, mean_return
from idlib.studies import cell, cells
from idlib.studies.reward import HEARD, LABELS, LEARNED, POLICY, REWARD, SENTENCES

LIMIT = np.radians(12)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def evolved():
    return cell("reward", part="cartpole-es")


@pytest.fixture(scope="module")
def learned():
    return cell("reward", part="cartpole-gradient")


@pytest.fixture(scope="module")
def readers():
    return [cell("reward", part="reader", task=task) for task in (LABELS, LEARNED)]


@pytest.mark.parametrize("part", [p for p in REWARD.parts if p.ds], ids=lambda part: part.name)
def test_every_d_has_all_seeds_and_a_rate_of_its_own(part):
    for c in cells("reward", part.name):
        assert list(c.scores) == list(part.ds)
        assert {len(scores) for scores in c.scores.values()} == {len(part.protocol.seeds)}
        for d, rates in c.rated.items():
            if d is not None:
                assert set(rates) == set(part.protocol.rates.lrs)
                means = {lr: np.mean(scores) for lr, scores in rates.items()}
                assert means[c.rates[d]] == max(means.values())


def test_labels_and_rewards_differ_in_nothing_else(readers):
    one, two = readers
    assert one.D == two.D and one.model == two.model
    assert [(r.config.d, r.config.seed, r.steps) for r in one.runs] == [
        (r.config.d, r.config.seed, r.steps) for r in two.runs
    ]
    assert one.facts["data"] == two.facts["data"]


def test_a_recorded_policy_scores_again_as_recorded(evolved):
    run = evolved.first_seed[max(evolved.first_seed)]
    environment = ENVIRONMENTS["cartpole"]
    assert mean_return(environment, policy_of(run), run.config.seed) == pytest.approx(
        run.score, abs=0.02
    )
    start = mean_return(environment, untrained(run), run.config.seed)
    assert start == pytest.approx(evolved.full[0].start, abs=0.02)
    assert len(evolved.full) < OTHERS


def test_an_episode_begins_upright_and_ends_where_the_rules_say(evolved):
    for policy in (untrained(evolved.full[0]), policy_of(evolved.first_seed[1])):
        states = motion("cartpole", policy, seed=1)
        assert np.abs(states[0]).max() <= 0.05 and states.shape[1] == 4
        assert (np.abs(states[:, 2]) <= LIMIT + 0.01).all() and (np.abs(states[:, 0]) <= 2.4).all()
        assert len(states) <= 500


def test_the_picture_moves_only_if_asked():
    states = np.zeros((120, 4))
    states[:, 2] = np.linspace(0, 0.2, 120)
    still, moving = (ET.fromstring(cart_svg(states, m, 'a "pole"', True)) for m in (False, True))
    assert still.get("aria-label") == moving.get("aria-label") == 'a "pole"'
    assert not [*still.iter(f"{SVG}animateTransform")]
    shift, turn = moving.iter(f"{SVG}animateTransform")
    angles = [float(v) for v in turn.get("values").split(";")]
    assert angles == sorted(angles) and angles[-1] == pytest.approx(np.degrees(0.2), abs=0.1)
    assert shift.get("dur") == turn.get("dur")
    assert len([*still.iter(f"{SVG}rect")]) == 2 * (3 + 1)  # three seconds begun, and the end


def test_a_share_of_its_own_network_is_the_courses_definition(readers):
    labels, learned = readers
    for c in readers:
        for gain, definition in ((False, "relative"), (True, "gain")):
            asked = (c, labels, 0.9, "own", gain)
            assert bar(*asked) == pytest.approx(c.threshold(definition))
            assert needed(*asked).d == c.d90(definition).d
    of_labels = bar(learned, labels, 0.9, "labels", False)
    assert of_labels == pytest.approx(labels.threshold("relative"))


def test_a_step_of_evolution_loses_the_gradient_as_d_grows():
    def bowl(theta):
        return -((theta - 1) ** 2).sum(-1)

    means = [
        np.mean([alignment(bowl, torch.zeros(d), 1e-3, 32, seed) for seed in range(10)])
        for d in (4, 64, 1024)
    ]
    assert means[0] > 0.9 > means[1] > means[2] > 0


@pytest.mark.parametrize(("make", "views"), [(PoleOnCart, 18), (ShareOfWhat, 28)])
def test_an_explorer_has_all_its_views_with_words(make, views):
    shown = make()
    made = [shown.view(**values) for _, values in shown.values()]
    assert len(made) == views == len(set(made))
    assert all(len(re.findall(r'aria-label="[^"]+"', page)) == page.count("<svg") for page in made)


def test_what_is_shown_for_a_bar_is_what_was_recorded(readers):
    shown = ShareOfWhat()
    for of, (whose, gain) in BARS.items():
        page = shown.view(of=of, percent=90)
        for c in readers:
            assert f"<b>{needed(c, readers[0], 0.9, whose, gain).short()}</b>" in page


def test_the_policy_gradient_differs_from_evolution_in_the_way_of_training_alone(evolved, learned):
    assert evolved.D == learned.D and list(evolved.scores) == list(learned.scores)
    assert evolved.floor == learned.floor  # the same untrained policies
    for one, two in zip(evolved.runs, learned.runs, strict=True):
        assert two.config == replace(one.config, model=POLICY, lr=two.config.lr)


def test_a_policy_of_the_policy_gradient_scores_again_as_recorded(learned):
    run = learned.first_seed[16]
    again = mean_return(ENVIRONMENTS["cartpole"], policy_of(run), run.config.seed)
    assert again == pytest.approx(run.score, abs=0.02)


def test_what_is_said_of_the_policy_gradient_was_recorded(evolved, learned, prose):
    text = prose("14", "rw-gradient-explain")
    d90s = [c.d90("absolute") for c in (learned, evolved)]
    low, high = (f"{end:.0f}" for end in d90s[0].interval)
    assert f"d90 is {d90s[0].value:.0f} with an interval from {low} to {high}" in text
    assert f"that of evolution {d90s[1].short()}" in text
    assert d90s[0].interval[0] < d90s[1].value and d90s[0].value < d90s[1].interval[1]
    large = [d for d in learned.scores if d >= 16]
    assert all(min(learned.scores[d]) > 0.99 for d in large) and min(learned.scores[8]) < 0.9
    assert learned.baseline == 1.0
    ways = [[steps_made(c)[d] for d in (*large, None)] for c in (learned, evolved)]
    (a, b), (c, d) = ((min(steps), max(steps)) for steps in ways)
    assert f"the median run takes {a:.0f} to {b:.0f} steps (evolution: {c:.0f} to {d:.0f})" in text
    at_128 = [
        {r.config.seed: r.score for r in c.runs if r.config.d == 128} for c in (evolved, learned)
    ]
    assert [seed for seed, score in at_128[0].items() if score < 0.9] == [2]
    assert at_128[1][2] > 0.99
    stuck = [500 * score for (score,) in learned.rated[1].values()]
    assert max(stuck) - min(stuck) < 0.2  # steps: no rate moved it
    assert learned.rates[2] == max(learned.rated[2])
    assert learned.rates[128] == min(learned.rated[128])


def test_what_is_said_of_the_pendulum_was_recorded(prose):
    motor = cell("reward", part="pendulum-es")
    text = prose("14", "rw-motor-explain")
    assert f"Its d90 is {motor.d90('absolute').short()}. The paper gives **4** as well" in text
    assert motor.d90().value == pytest.approx(4, abs=0.5)
    assert f"of {motor.D:,} numbers" in prose("14", "rw-motor")
    assert sorted(motor.scores[16])[1] < 0.25 and sorted(motor.scores[16])[2] > 0.99
    for d in (8, 16, 32):  # ties, at the highest return
        scores = {lr: score for lr, (score,) in motor.rated[d].items()}
        best = [lr for lr, score in scores.items() if score == max(scores.values())]
        assert motor.rates[d] == min(best) == 0.3
        assert max(scores.values()) == 1.0 and 2 <= len(best) <= 3
    assert len(best) == 2 and max(motor.scores) == 32


def test_what_is_said_of_sentences_was_recorded(prose):
    text = prose("14", "rw-text-told")
    labels, rewards = (cell("reward", part="sentences", task=task) for task in (SENTENCES, HEARD))
    few, many = (np.mean(labels.scores[d]) for d in (1000, 10_000))
    assert f"1,000 numbers get {few:.3f} of the reviews right, 10,000 get {many:.3f}" in text
    assert f"all of them {labels.baseline:.3f}" in text
    learned = [*rewards.full, *rewards.runs]
    assert len(learned) == 6 and {round(run.score, 6) for run in learned} == {rewards.majority}
    assert labels.facts["data"] == rewards.facts["data"]
    full = cell("reward", part="full-sentences")
    chose = full.rated[None][full.rates[None]], rewards.rated[10_000][rewards.rates[10_000]]
    assert "had reached {:.3f} and {:.3f}".format(*(score for (score,) in chose)) in text
    assert sorted(full.rated[None])[1] == full.rates[None] and len(full.rated[None]) == 4
    assert min(rewards.rated[10_000]) == rewards.rates[10_000]
    assert set(labels.rated[1000]) == set(rewards.rated[1000]) and len(rewards.rated[1000]) == 5
