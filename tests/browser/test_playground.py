"""The playground in a browser, from a disk: its mathematics is idlib's, and it can be played."""

import math
import statistics
from contextlib import contextmanager

import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from torch.utils.data import TensorDataset

from idlib.dimension import lattice
from idlib.engine.search import bisect
from idlib.engine.training import accuracy, train
from idlib.problems.networks import fc
from idlib.subspace.space import Subspace
from idlib.tools import api
from idlib.tools.website import PAGES, make_site

# MyST-Parser does what the next version of Sphinx calls otherwise
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*myst_parser.*is deprecated"),
    pytest.mark.filterwarnings("ignore:.*autodoc options objects is deprecated"),
]

SECOND = 1000  # milliseconds
MATRIX = """([name, D, d, seed]) => {
    const math = playgroundMath(), P = math.projections[name](D, d, math.generator(seed, "P"));
    const columns = Array.from({ length: d }, (_, j) => {
        const x = new Float32Array(d), y = new Float32Array(D);
        x[j] = 1;
        P.forward(x, y);
        return [...y];
    });
    const rows = Array.from({ length: D }, (_, i) => {
        const y = new Float32Array(D), x = new Float32Array(d);
        y[i] = 1;
        P.adjoint(y, x);
        return [...x];
    });
    return [columns, rows];
}"""
GRADIENT = """() => {
    const math = playgroundMath(), random = math.generator(1, "test"), n = 7;
    const net = math.network(6, 5, 3);
    const theta = math.he(net, random).map((w) => w + random.normal() / 4);
    const x = Float32Array.from({ length: 6 * n }, random.normal);
    const y = Uint8Array.from({ length: n }, () => random.below(10));
    const outs = math.buffers(net, n), deltas = math.buffers(net, n);
    const loss = (at, grad = new Float32Array(net.D)) =>
        math.lossAndGradient(net, at, x, y, n, outs, deltas, grad);
    const grad = new Float32Array(net.D), h = 0.01;
    loss(theta, grad);
    const differences = [...theta].map((_, i) => {
        const [up, down] = [h, -h].map((step) => loss(theta.map((w, k) => w + (k === i) * step)));
        return (up - down) / (2 * h);
    });
    return [[...grad], differences];
}"""
START = """() => {
    const math = playgroundMath(), net = math.network(64, 100, 2);
    const theta = math.he(net, math.generator(0, "start"));
    return net.layers.map(({ inputs, weights, biases, outputs }) => [inputs,
        [...theta.subarray(weights, biases)], [...theta.subarray(biases, biases + outputs)]]);
}"""
STEPS = """async ([config, steps]) => {
    const math = playgroundMath(), data = await math.decode(playgroundData.digits);
    const run = math.training(data, config), random = math.generator(config.seed, "order");
    const order = Int32Array.from(data.train.labels, (_, i) => i), epochs = [];
    while (run.step < steps) run.advance();
    const perEpoch = run.steps / data.epochs;
    for (let i = 0; i < steps; i += perEpoch) epochs.push([...random.shuffle(order)]);
    return [[...run.theta0], [...run.thetaD], epochs, run.steps];
}"""
SEARCHES = """([first, stride, n]) => Array.from({ length: n + 1 }, (_, smallest) => {
    const search = playgroundMath().bisect(first, stride, n), asked = [];
    let step = search.next();
    while (!step.done) {
        asked.push(step.value);
        step = search.next(step.value >= smallest);
    }
    return [asked, step.value];
})"""
DIGITS = """async () => {
    const { train, test } = await playgroundMath().decode(playgroundData.digits);
    return [train, test].flatMap(({ images, labels }) => [[...images], [...labels]]);
}"""
RUNS = """async ([config, seeds]) => {
    const math = playgroundMath(), data = await math.decode(playgroundData.digits);
    return seeds.map((seed) => {
        const run = math.training(data, { ...config, seed });
        while (run.step < run.steps) run.advance();
        return run.accuracy(run.answers());
    });
}"""
STOPS = """() => {
    const id = document.activeElement.id || document.activeElement.tagName.toLowerCase();
    return id.replace("pg-", "");
}"""


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """The front page of a small site, on a disk."""
    root = tmp_path_factory.mktemp("playground")
    for page in PAGES:
        (root / page).parent.mkdir(parents=True, exist_ok=True)
        (root / page).write_text("# A page\n", encoding="utf-8")
    (root / "README.md").write_text("# Title\n\nSome text.\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api, "PAGES", {"few": ("Few", "Some.", ("idlib.errors",))})
        return make_site(root, root / "site").as_uri()


@contextmanager
def opener(browser, url):
    """What opens a page at the playground, for a width; fails the test if anything was complained
    of, or asked of another place."""
    pages, complaints = [], []

    def watched(request):
        if not request.url.startswith(("file:", "blob:", "data:")):
            complaints.append(f"loads {request.url}")

    def open_page(width=1280):
        page = browser.new_page(viewport={"width": width, "height": 780})
        pages.append(page)
        page.set_default_timeout(120 * SECOND)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(error.stack or str(error)))
        page.on("request", watched)
        page.goto(url)
        page.wait_for_function("document.querySelector('#pg-digits span')?.textContent.trim()")
        return page

    yield open_page
    for page in pages:
        page.close()
    assert complaints == []


@pytest.fixture
def page(browser, url):
    with opener(browser, url) as open_page:
        yield open_page()


@pytest.fixture(scope="module", params=[390, 1280])
def played(request, browser, url):
    """A width, and a page of it where a run has ended and all is unfolded."""
    with opener(browser, url) as open_page:
        page = open_page(request.param)
        small(page)
        page.click("#pg-play")
        finished(page)
        for summary in page.locator("summary").all():
            summary.click()
        yield request.param, page


@pytest.fixture(scope="module")
def program(browser, url):
    """A page that stays open, for tests of what it computes."""
    page = browser.new_page()
    page.goto(url)
    yield page
    page.close()


@pytest.fixture(scope="module")
def digits(program):
    """The images (n, 64) and labels (n,) that the page trains with, and those that it tests."""
    lists = program.evaluate(DIGITS)
    images, labels = (map(torch.tensor, lists[k::2]) for k in (0, 1))
    return [(x.view(-1, 64), y) for x, y in zip(images, labels, strict=True)]


def batched(order: list[int], size: int) -> list[list[int]]:
    return [order[i : i + size] for i in range(0, len(order), size)]


def small(page) -> None:
    """Chooses a network whose runs take a moment."""
    page.select_option("#pg-depth", "1")
    page.select_option("#pg-width", "16")


def finished(page) -> None:
    page.wait_for_function("document.querySelector('#pg-play span').textContent === 'Play again'")


def step(page) -> int:
    words = page.inner_text("#pg-step").split()
    return int(words[1]) if words[0] == "step" else 0


class TestMathematics:
    @pytest.mark.parametrize("d", [1, 7, 40])
    @pytest.mark.parametrize("name", ["hashed", "dense", "sparse"])
    def test_the_adjoint_belongs_to_p_and_columns_have_length_one(self, program, name, d):
        columns, rows = program.evaluate(MATRIX, [name, 300, d, 0])
        P = torch.tensor(columns).T
        assert P.shape == (300, d) and torch.equal(P, torch.tensor(rows))
        assert torch.allclose(P.norm(dim=0), torch.ones(d), atol=1e-5)
        others, _ = program.evaluate(MATRIX, [name, 300, d, 1])
        assert not torch.equal(P, torch.tensor(others).T)

    def test_hashed_has_one_entry_a_row_and_columns_alike(self, program):
        P = torch.tensor(program.evaluate(MATRIX, ["hashed", 300, 7, 0])[0]).T
        assert ((P != 0).sum(1) == 1).all()
        assert set((P != 0).sum(0).tolist()) == {42, 43}  # 300 / 7
        assert 0.3 < (P > 0).sum() / 300 < 0.7

    def test_sparse_has_a_share_of_one_in_the_root_of_d(self, program):
        P = torch.tensor(program.evaluate(MATRIX, ["sparse", 900, 100, 0])[0]).T
        assert (P != 0).float().mean() == pytest.approx(1 / 30, rel=0.06)  # three standard errors

    def test_columns_of_dense_are_uncorrelated_normals(self, program):
        P = torch.tensor(program.evaluate(MATRIX, ["dense", 900, 50, 0])[0]).T
        others = (P.T @ P - torch.eye(50)).abs()
        assert others.max() < 6 / 30 and others.mean() == pytest.approx(0.8 / 30, rel=0.1)
        kurtosis = (P * 30).pow(4).mean()
        assert kurtosis == pytest.approx(3, abs=0.15)

    def test_the_gradient_is_that_of_the_loss(self, program):
        gradient, differences = map(torch.tensor, program.evaluate(GRADIENT))
        assert gradient.norm() > 0.5
        assert (gradient - differences).norm() < 0.01 * gradient.norm()

    def test_networks_start_as_he_has_them(self, program):
        for inputs, weights, biases in program.evaluate(START):
            spread = math.sqrt(2 / inputs)
            assert statistics.pstdev(weights) == pytest.approx(spread, rel=0.1)
            assert abs(statistics.fmean(weights)) < 4 * spread / math.sqrt(len(weights))
            assert not any(biases)

    def test_training_takes_the_steps_that_torch_takes(self, program, digits):
        """From the same start, with the same P and the same batches, over the end of an epoch."""
        config = {"width": 16, "depth": 2, "projection": "hashed", "d": 20, "rate": 0.3, "seed": 3}
        start, end, epochs, steps = program.evaluate(STEPS, [config, 30])
        theta_0 = torch.tensor(start)
        P = torch.tensor(program.evaluate(MATRIX, ["hashed", len(start), 20, 3])[0]).T
        images, labels = digits[0]
        batches = [torch.tensor(part) for order in epochs for part in batched(order, 64)][:30]
        theta_d = torch.zeros(20, requires_grad=True)
        adam = torch.optim.Adam([theta_d], lr=0.3)
        rate = torch.optim.lr_scheduler.LinearLR(adam, 1.0, 0.0, total_iters=steps)
        for batch in batches:
            out, rest = images[batch], theta_0 + P @ theta_d
            for inputs, outputs in ((64, 16), (16, 16), (16, 10)):
                weights, biases, rest = rest.split(
                    [inputs * outputs, outputs, len(rest) - (inputs + 1) * outputs]
                )
                out = out.relu() if inputs == 16 else out
                out = out @ weights.view(inputs, outputs) + biases
            adam.zero_grad()
            torch.nn.functional.cross_entropy(out, labels[batch]).backward()
            adam.step()
            rate.step()
        assert theta_d.norm() > 2
        assert torch.allclose(torch.tensor(end), theta_d.detach(), atol=1e-3)

    @pytest.mark.parametrize("D", [1, 20, 1210, 8970, 17_418])
    def test_the_search_is_that_of_idlib(self, program, D):
        ds = program.evaluate("D => playgroundMath().lattice(D)", D)
        assert ds == lattice(D)
        first = program.evaluate("ds => playgroundMath().nearest(ds, 128)", ds)
        searches = program.evaluate(SEARCHES, [first, 4, len(ds)])
        for smallest, found in enumerate(searches):
            asked, steps = [], bisect(first, 4, len(ds))
            try:
                asked.append(next(steps))
                while True:
                    asked.append(steps.send(asked[-1] >= smallest))
            except StopIteration as end:
                assert found == [asked, end.value]

    @pytest.mark.parametrize("d, rate, projection", [(100, 0.3, "hashed"), (None, 0.003, "none")])
    def test_accuracy_lies_within_the_spread_of_idlibs_seeds(
        self, program, digits, d, rate, projection
    ):
        sets = [TensorDataset(images.view(-1, 8, 8), labels) for images, labels in digits]
        ours = []
        for seed in range(5):
            torch.manual_seed(seed)
            model = fc(64, 2, inputs=64)
            D = sum(p.numel() for p in model.parameters())
            model = model if d is None else Subspace(model, d, projection, seed)
            train(model, sets[0], rate, epochs=20, batch_size=64, seed=seed)
            ours.append(accuracy(model, sets[1]))
        config = {"width": 64, "depth": 2, "projection": projection, "d": d or D, "rate": rate}
        theirs = program.evaluate(RUNS, [config, [0, 1]])
        middle, spread = statistics.fmean(ours), 2 * statistics.stdev(ours)
        assert statistics.fmean(theirs) == pytest.approx(middle, abs=spread), (ours, theirs)


class TestPlaying:
    def test_a_run_by_keyboard(self, page):
        before = page.inner_text("#pg-accuracy")
        assert step(page) == 0 and page.inner_text("#pg-play") == "Play"
        said = {
            n: page.get_attribute(f"#pg-{n}", "aria-label") for n in ("digits", "slice", "change")
        }
        page.focus("#pg-play")
        page.keyboard.press("Enter")
        page.wait_for_function("document.getElementById('pg-step').textContent.match(/step [1-9]/)")
        assert page.inner_text("#pg-play") == "Pause"
        finished(page)
        reached = float(page.inner_text("#pg-accuracy").split()[0])
        assert reached > 70 > float(before.split()[0])
        assert f"108 trained numbers: {reached} %" in page.inner_text("#pg-status")
        assert f"{reached} %" in page.get_attribute("#pg-curve", "aria-label")
        assert f"d = 108: {reached} %" in page.get_attribute("#pg-dots", "aria-label")
        assert page.locator("#pg-dots path[fill-opacity]").count() == 1
        for name, words in said.items():
            assert page.get_attribute(f"#pg-{name}", "aria-label") != words
        painted = """name => document.querySelector(name).getContext("2d")
            .getImageData(0, 0, 10, 10).data.some(value => value)"""
        assert page.evaluate(painted, "#pg-slice canvas") and page.evaluate(painted, "#pg-change")

    def test_find_d90_ends_with_a_number_that_its_neighbour_does_not_reach(self, page):
        small(page)
        page.focus("#pg-find")
        page.keyboard.press("Space")
        assert page.inner_text("#pg-find") == "Stop"
        page.wait_for_function("document.getElementById('pg-status').textContent.match(/^d90 =/)")
        d90 = int(page.inner_text("#pg-status").split()[2].rstrip(":"))
        rows = page.locator("#pg-table tr").evaluate_all(
            "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
        )
        scores = {int(row[1].replace(",", "")): float(row[4].split()[0]) for row in rows}
        D = 64 * 16 + 16 + 16 * 10 + 10
        goal = 0.9 * scores[D]
        assert 20 < d90 < D and scores[d90] >= goal
        below = [d for d in lattice(D) if d < d90][-1]
        assert scores[below] < goal
        assert page.get_by_text(f"d90 = {d90}", exact=True).count() == 1
        assert page.input_value("#pg-d") == str(lattice(D).index(d90))

    def test_every_control_is_reached_by_tab_in_the_order_of_the_page(self, page):
        page.focus("#pg-play")
        stops = [page.evaluate(STOPS)]
        for _ in range(10):
            page.keyboard.press("Tab")
            stops.append(page.evaluate(STOPS))
        order = ["play", "data", "depth", "width", "projection", "rate", "find", "d", "clear"]
        assert stops == [*order, "summary", "summary"]

    def test_d_says_what_it_means(self, page):
        page.focus("#pg-d")
        page.keyboard.press("End")
        assert "8,970 numbers; all of them are trained" in page.inner_text("#pg-meaning")
        assert page.get_attribute("#pg-d", "aria-valuetext") == "8,970: all of them"
        assert page.inner_text("#pg-rate option:checked") == "auto: 0.003"
        page.keyboard.press("Home")
        assert "only 1 is trained" in page.inner_text("#pg-meaning")

    def test_a_run_can_be_halted_and_a_changed_control_begins_anew(self, page):
        page.click("#pg-play")
        page.wait_for_function("document.getElementById('pg-step').textContent.match(/step [1-9]/)")
        page.click("#pg-play")
        assert page.inner_text("#pg-play") == "Go on"
        page.wait_for_timeout(300)  # what was under way
        halted = step(page)
        page.wait_for_timeout(300)
        assert step(page) == halted < 440
        page.click("#pg-play")
        page.wait_for_function(
            f"!document.getElementById('pg-step').textContent.match(/ {halted} /)"
        )
        small(page)
        finished(page)
        assert "1,210 numbers" in page.inner_text("#pg-meaning")
        assert page.locator("#pg-table tr").count() == 1  # what was left unfinished leaves no dot
        assert page.locator("#pg-table td").first.text_content() == "8×8 pixels, 1 × 16, hashed"

    def test_runs_again_are_other_seeds_and_can_be_cleared(self, page):
        small(page)
        for n in (1, 2):
            page.click("#pg-play")
            page.wait_for_function(f"document.querySelectorAll('#pg-table tr').length === {n}")
            finished(page)
        seeds = page.locator("#pg-table td:nth-child(4)")
        assert seeds.evaluate_all("all => all.map(cell => cell.textContent)") == ["0", "1"]
        page.click("#pg-clear")
        page.wait_for_function("!document.querySelector('#pg-table tr')")
        assert page.inner_text("#pg-play") == "Play"

    def test_a_matrix_too_large_for_a_page_is_named(self, page):
        page.select_option("#pg-data", "mnist")
        page.select_option("#pg-projection", "dense")
        page.focus("#pg-d")
        page.keyboard.press("End")
        page.keyboard.press("ArrowLeft")
        page.wait_for_function(
            "document.getElementById('pg-status').textContent.match(/too large/)"
        )
        assert page.inner_text("#pg-play") == "Play"

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_axe_finds_no_serious_violation_and_nothing_sticks_out(self, played, scheme):
        width, page = played
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(page, "#playground", {"preload": False}).response["violations"]
        serious = [v for v in found if v["impact"] in ("serious", "critical")]
        assert [(v["id"], [n["html"][:160] for n in v["nodes"]]) for v in serious] == []
