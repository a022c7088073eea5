"""The command line: ``python -m idlib --help``."""

import argparse
import re
import sys
from contextlib import nullcontext
from itertools import product
from pathlib import Path

from ..engine.config import RunConfig
from ..engine.store import RunStore
from ..errors import IdlibError
from ..problems.names import facts_of, resolved, sweep_named
from ..problems.texts import is_text
from ..projections import PROJECTIONS
from ..studies import command
from ..studies.tables import Table

TABLE1 = "table1"


def main() -> None:
    """Runs the command; an error of the user's is one line, without a traceback."""
    try:
        args = _parser().parse_args()
        args.act(args)
    except IdlibError as error:
        sys.exit(f"{type(error).__name__}: {error}")
    except ModuleNotFoundError as error:
        sys.exit(
            f"This needs {error.name}, which is not installed: pip install -r requirements.txt, in "
            "a clone of the repository."
        )


def _parser() -> argparse.ArgumentParser:
    what = "Records, sweeps, searches, pretrains; makes slides and pages of the course."
    parser = argparse.ArgumentParser(prog="python -m idlib", description=what)
    commands = parser.add_subparsers(dest="command", required=True)
    for add in (_add_record, _add_sweep, _add_course, _add_pretrain, _add_measurements):
        add(commands)
    return parser


def _add_record(commands) -> None:
    record = commands.add_parser("record", help="make the missing runs of a study")
    record.add_argument("name", nargs="?", choices=[*command.ALL, TABLE1])
    record.add_argument("--list", action="store_true", help="what each study asks, holds and took")
    record.add_argument("--path", help="the file to complete (default: the package's, or in runs)")
    record.add_argument("--model", help="for table1: a hub name such as roberta-base, or a folder")
    record.add_argument("--task", help="for table1: such as mrpc")
    record.add_argument("--epochs", type=int, default=5, help="for table1")
    _add_workers(record)
    record.set_defaults(act=lambda args: _record(record, args))


def _add_sweep(commands) -> None:
    sweep = commands.add_parser("sweep", help="make the runs of a grid that a store lacks")
    sweep.add_argument("--task", nargs="+", required=True, help="such as digits or sst2-n19200")
    sweep.add_argument("--model", nargs="+", required=True, help="such as lenet or roberta-4x128")
    sweep.add_argument("--d", nargs="+", required=True, type=_dimension, help="numbers, or all")
    sweep.add_argument("--lr", nargs="+", required=True, type=float)
    sweep.add_argument("--seed", nargs="+", type=int, default=[0])
    sweep.add_argument("--projection", nargs="+", choices=PROJECTIONS, default=["fastfood"])
    sweep.add_argument(
        "--normalize",
        choices=["global", "per-tensor"],
        help="default: per-tensor for tasks of texts, global for images",
    )
    sweep.add_argument("--structure-aware", action="store_true", help="one lambda per layer (SAID)")
    sweep.add_argument("--epochs", type=int, default=5)
    sweep.add_argument("--batch-size", type=int, default=128)
    sweep.add_argument("--scored-on", choices=["test", "validation", "train"], default="test")
    sweep.add_argument("--store", required=True, help="the file that keeps the runs")
    _add_workers(sweep)
    sweep.set_defaults(act=_sweep)


def _add_workers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--jobs", type=int, default=1, help="processes, one thread each")
    parser.add_argument(
        "--dask", nargs="?", const="", metavar="ADDRESS",
        help="run on a Dask cluster; without an address, on a local one of JOBS workers",
    )  # fmt: skip


def _add_course(commands) -> None:
    books = commands.add_parser("notebooks", help="clean notebooks, as they are committed")
    books.add_argument("files", nargs="+")
    books.add_argument("--run", action="store_true", help="run them first, on the embedded digits")
    books.add_argument(
        "--check", action="store_true", help="write nothing; fail if any would change"
    )
    books.set_defaults(act=_notebooks)
    talk = commands.add_parser("slides", help="make reveal.js slides, each in one file")
    talk.add_argument("files", nargs="*", help="default: notebooks/*.ipynb")
    talk.add_argument("--folder", default="build/slides", help="where they go")
    talk.set_defaults(act=_slides)
    edition = commands.add_parser("edition", help="write the notebooks for students or teachers")
    edition.add_argument(
        "kind", choices=("student", "teacher"), help="without outputs; or with all unfolded"
    )
    edition.add_argument("folder", help="where they go")
    edition.add_argument("files", nargs="*", help="default: notebooks/*.ipynb")
    edition.set_defaults(act=_edition)
    pages = commands.add_parser("site", help="make web pages of the course, from a clone of it")
    pages.add_argument("--folder", default="build/site", help="where they go")
    pages.add_argument(
        "--repository", help="its address on GitHub, for links to run a notebook elsewhere"
    )
    pages.set_defaults(act=_site)


def _add_pretrain(commands) -> None:
    pre = commands.add_parser("pretrain", help="pretrain a small RoBERTa; resumes")
    pre.add_argument("--size", default="4x128", help="layers x hidden size")
    pre.add_argument("--steps", type=int, default=25_000, help="of 4,096 tokens")
    pre.add_argument("--lr", type=float, default=2e-3)
    pre.add_argument("--text", required=True, help="plain, documents apart by blank lines, or .xz")
    pre.add_argument("--held-out", required=True, help="other text, for the masked loss")
    pre.add_argument("--folder", required=True, help="where the model goes")
    pre.add_argument("--device", default="cpu")
    pre.set_defaults(act=_pretrain)


def _add_measurements(commands) -> None:
    timing = commands.add_parser("bench", help="time projections, sweeps and searches")
    timing.add_argument("--threads", type=int, default=2)
    timing.add_argument("--language", action="store_true", help="time steps of BERT-base instead")
    timing.add_argument("--quick", action="store_true", help="few rounds, to see that all works")
    timing.set_defaults(act=_bench)
    load = commands.add_parser("loadtest", help="time a notebook that a whole class runs")
    load.add_argument("--kernels", type=int, default=10, help="students, a kernel each")
    load.add_argument("--notebook", default="notebooks/03_mnist_fc_vs_lenet.ipynb")
    load.set_defaults(act=_loadtest)


def _record(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    if args.list:
        print(command.listing())
    elif args.name is None:
        parser.error("name a study, or --list")
    elif args.name == TABLE1:
        _table1(args)
    else:
        _refuse_unused(parser, args)
        command.record(args.name, args.jobs, args.path, args.dask)


def _refuse_unused(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Options that the named study would ignore."""
    unused = ["model", "task", "epochs"]
    unused += ["jobs", "dask"] * isinstance(command.ALL[args.name], Table)
    given = [f"--{name}" for name in unused if getattr(args, name) != parser.get_default(name)]
    if given:
        parser.error(f"{args.name} takes no {' and no '.join(given)}")


def _table1(args: argparse.Namespace) -> None:
    """Prints d90 for each seed, under DID and under SAID."""
    if not (args.model and args.task):
        raise IdlibError("table1 needs --model and --task, such as roberta-base and mrpc.")
    label = re.sub(r"[^\w.-]+", "-", args.model).strip("-")
    path = args.path or Path("runs", f"table1-{label}-{args.task}.jsonl")
    cells = command.table1(args.model, args.task, args.epochs, path, args.jobs, args.dask)
    print(f"{args.task} {args.model}: full model {cells[0].baseline:.4f}")
    for cell in cells:
        found = cell.d90() if cell.runs else (
            "not informative, always giving the commonest label scores "
            f"{cell.threshold():.3f} or more"
        )  # fmt: skip
        print(f"d90 under {cell.method.name}: {found}")


def _sweep(args: argparse.Namespace) -> None:
    tasks = [resolved(task) for task in args.task]
    grid = product(tasks, args.model, args.d, args.lr, args.seed, args.projection)
    names = ("epochs", "batch_size", "scored_on", "structure_aware")
    rest = {name: getattr(args, name) for name in names}
    configs = [
        RunConfig(*values, normalize=args.normalize or _usual(values[0]), **rest) for values in grid
    ]
    configs = list(dict.fromkeys(configs))
    store = RunStore(args.store, {"command": "python -m idlib " + " ".join(sys.argv[1:])})
    facts = {task: facts_of(task) for task in dict.fromkeys(tasks)}
    for task, found in facts.items():
        store.agree("task", task, found)
    missing = [config for config in configs if store.get(config) is None]
    with store.writing() if missing else nullcontext():
        missing = [config for config in missing if store.get(config) is None]
        print(f"{len(missing)} of {len(configs)} runs to make, into {args.store}", flush=True)
        for task in dict.fromkeys(config.task for config in missing):
            store.agree("task", task, facts[task])  # others may have written
            store.describe("task", task, facts[task])
        for done in sweep_named(configs, store, args.jobs, dask=args.dask):
            c = done.config
            score = done.status if done.score is None else f"{done.score:.4f}"
            print(f"{c.task} {c.model} d={c.d or 'all'} lr={c.lr:g} seed={c.seed} "
                  f"{c.projection}: {score}")  # fmt: skip


def _usual(task: str) -> str:
    """The normalisation that Li et al. used for images, and Aghajanyan et al. for texts."""
    return "per-tensor" if is_text(task) else "global"


def _dimension(text: str) -> int | None:
    if text != "all" and not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} was given, expected a number, or all")
    return None if text == "all" else int(text)


def _notebooks(args: argparse.Namespace) -> None:
    from .notebooks import tidy  # nbformat and nbclient come with the notebooks' tools

    changed = tidy(args.files, execute=args.run, check=args.check)
    for path in changed:
        print(f"{path} {'would change' if args.check else 'changed'}")
    sys.exit(bool(changed and args.check))


def _slides(args: argparse.Namespace) -> None:
    from .slides import make_slides  # nbconvert comes with the extra "site"

    for path in make_slides(_all_notebooks(args), args.folder):
        print(path)


def _edition(args: argparse.Namespace) -> None:
    from .editions import make_edition  # nbformat comes with the notebooks' tools

    for path in make_edition(args.kind, _all_notebooks(args), args.folder):
        print(path)


def _all_notebooks(args: argparse.Namespace) -> list[str | Path]:
    """The files that were named, or all notebooks of the clone."""
    files = args.files or sorted(Path("notebooks").glob("*.ipynb"))
    if not files:
        raise IdlibError("There are no notebooks/*.ipynb here: name files, or go to a clone.")
    return files


def _site(args: argparse.Namespace) -> None:
    from .website import make_site  # Sphinx comes with the extra "site"

    print(make_site(".", args.folder, args.repository))


def _pretrain(args: argparse.Namespace) -> None:
    from ..problems.pretrain import Plan, pretrain  # transformers takes seconds to import

    plan = Plan(args.size, args.steps, args.lr)
    pretrain(plan, Path(args.text), Path(args.held_out), Path(args.folder), args.device)


def _bench(args: argparse.Namespace) -> None:
    if args.language:
        from . import bench_language

        bench_language.main(args.threads, args.quick)
    else:
        from . import bench, bench_sweeps

        bench.main(args.threads, args.quick)
        bench_sweeps.main(args.quick)


def _loadtest(args: argparse.Namespace) -> None:
    from .loadtest import measure  # nbclient comes with the notebooks' tools

    print(measure(args.notebook, args.kernels))
