"""The command line: ``python -m idlib --help``."""

import argparse
import re
import statistics
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

from .dimension import d90
from .errors import IdlibError
from .experiments import EXPERIMENTS, table1
from .filesizes import record_file_sizes
from .lines import record_lines
from .projections import PROJECTIONS
from .recorded import full_model, record
from .replays import record_replays
from .store import RunConfig, RunStore
from .sweeps import sweep
from .texts import is_text

OTHERS = {
    "compression": record_file_sizes,
    "generalisation": record_replays,
    "laboratory": record_lines,
}


def main() -> None:
    """Runs the command; an error of the user's is one line, without a traceback."""
    try:
        _main()
    except IdlibError as error:
        sys.exit(f"{type(error).__name__}: {error}")
    except ModuleNotFoundError as error:
        sys.exit(
            f"This needs {error.name}, which is not installed: pip install -r requirements.txt, in "
            "a clone of the repository."
        )


def _sweep(args: argparse.Namespace) -> None:
    grid = product(args.task, args.model, args.d, args.lr, args.seed, args.projection)
    names = ("epochs", "batch_size", "scored_on", "structure_aware")
    rest = {name: getattr(args, name) for name in names}
    configs = [
        RunConfig(*values, normalize=args.normalize or _usual(values[0]), **rest) for values in grid
    ]
    full = {"projection": args.projection[0]}  # which does not matter
    configs = [c if c.d else replace(full_model(c), **full) for c in configs]
    configs = list(dict.fromkeys(configs))
    store = RunStore(args.store, {"command": "python -m idlib " + " ".join(sys.argv[1:])})
    with store.writing():
        missing = sum(store.get(config) is None for config in configs)
        print(f"{missing} of {len(configs)} runs to make, into {args.store}", flush=True)
        for done in sweep(configs, store, args.jobs, dask=args.dask):
            c = done.config
            score = done.status if done.score is None else f"{done.score:.4f}"
            print(f"{c.task} {c.model} d={c.d or 'all'} lr={c.lr:g} seed={c.seed} "
                  f"{c.projection}: {score}")  # fmt: skip


def _usual(task: str) -> str:
    """The normalisation that Li et al. used for images, and Aghajanyan et al. for texts."""
    return "per-tensor" if is_text(task) else "global"


def _table1(args: argparse.Namespace) -> None:
    """Prints d90 for each seed, under DID and under SAID."""
    if not (args.model and args.task):
        raise IdlibError("table1 needs --model and --task, such as roberta-base and mrpc.")
    experiment = table1(args.model, args.task, args.epochs)
    name = f"table1 --model {args.model} --task {args.task} --epochs {args.epochs}"
    label = re.sub(r"[^\w.-]+", "-", args.model).strip("-")
    file = f"table1-{label}-{args.task}.jsonl"
    store = record(name, args.jobs, args.path or Path("runs", file), args.dask, experiment)
    wanted = (args.model, args.task, experiment.epochs, "test")
    runs = [
        r
        for r in store
        if (r.config.model, r.config.task, r.config.epochs, r.config.scored_on) == wanted
    ]
    full = statistics.fmean(r.score for r in runs if r.config.d is None)
    print(f"{args.task} {args.model}: full model {full:.4f}")
    for label, structure_aware in (("DID", False), ("SAID", True)):
        inside = [r for r in runs if r.config.d and r.config.structure_aware == structure_aware]
        found = d90(inside, 0.9 * full) if inside else (
            f"not informative, always giving the commonest label scores {0.9 * full:.3f} or more"
        )  # fmt: skip
        print(f"d90 under {label}: {found}")


def _refuse_unused(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Options that the named experiment would ignore."""
    unused = ["model", "task", "epochs"] * (args.name != "table1")
    unused += ["jobs", "dask"] * (args.name in OTHERS)
    given = [f"--{name}" for name in unused if getattr(args, name) != parser.get_default(name)]
    if given:
        parser.error(f"{args.name} takes no {' and no '.join(given)}")


def _dimension(text: str) -> int | None:
    if text != "all" and not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} was given, expected a number, or all")
    return None if text == "all" else int(text)


def _main() -> None:
    what = "Records, sweeps, searches, pretrains; makes slides and pages of the course."
    parser = argparse.ArgumentParser(prog="python -m idlib", description=what)
    commands = parser.add_subparsers(dest="command", required=True)
    rec = commands.add_parser("record", help="make the missing runs of a recorded experiment")
    rec.add_argument("name", choices=[*EXPERIMENTS, *OTHERS, "table1"])
    rec.add_argument("--path", help="the file to complete (default: the package's own, or in runs)")
    rec.add_argument("--model", help="for table1: a hub name such as roberta-base, or a folder")
    rec.add_argument("--task", help="for table1: such as mrpc")
    rec.add_argument("--epochs", type=int, default=5, help="for table1")
    many = commands.add_parser("sweep", help="make the runs of a grid that a store lacks")
    many.add_argument("--task", nargs="+", required=True, help="such as digits or sst2-n19200")
    many.add_argument("--model", nargs="+", required=True, help="such as lenet or roberta-4x128")
    many.add_argument("--d", nargs="+", required=True, type=_dimension, help="numbers, or all")
    many.add_argument("--lr", nargs="+", required=True, type=float)
    many.add_argument("--seed", nargs="+", type=int, default=[0])
    many.add_argument("--projection", nargs="+", choices=PROJECTIONS, default=["fastfood"])
    many.add_argument("--normalize", choices=["global", "per-tensor"],
                      help="default: per-tensor for tasks of texts, global for images")  # fmt: skip
    many.add_argument("--structure-aware", action="store_true", help="one lambda per layer (SAID)")
    many.add_argument("--epochs", type=int, default=5)
    many.add_argument("--batch-size", type=int, default=128)
    many.add_argument("--scored-on", choices=["test", "validation", "train"], default="test")
    many.add_argument("--store", required=True, help="the file that keeps the runs")
    for command in (rec, many):
        command.add_argument("--jobs", type=int, default=1, help="processes, one thread each")
        command.add_argument(
            "--dask", nargs="?", const="", metavar="ADDRESS",
            help="run on a Dask cluster; without an address, on a local one of JOBS workers",
        )  # fmt: skip
    books = commands.add_parser("notebooks", help="clean notebooks, as they are committed")
    books.add_argument("files", nargs="+")
    books.add_argument("--run", action="store_true", help="run them first, on the embedded digits")
    books.add_argument(
        "--check", action="store_true", help="write nothing; fail if any would change"
    )
    talk = commands.add_parser("slides", help="make reveal.js slides, each in one file")
    talk.add_argument("files", nargs="*", help="default: notebooks/*.ipynb")
    talk.add_argument("--folder", default="build/slides", help="where they go")
    pages = commands.add_parser("site", help="make web pages of the course, from a clone of it")
    pages.add_argument("--folder", default="build/site", help="where they go")
    pre = commands.add_parser("pretrain", help="pretrain a small RoBERTa; resumes")
    pre.add_argument("--size", default="4x128", help="layers x hidden size")
    pre.add_argument("--steps", type=int, default=25_000, help="of 4,096 tokens")
    pre.add_argument("--lr", type=float, default=2e-3)
    pre.add_argument("--text", required=True, help="plain, documents apart by blank lines, or .xz")
    pre.add_argument("--held-out", required=True, help="other text, for the masked loss")
    pre.add_argument("--folder", required=True, help="where the model goes")
    pre.add_argument("--device", default="cpu")
    timing = commands.add_parser("bench", help="time projections, sweeps and searches")
    timing.add_argument("--threads", type=int, default=2)
    timing.add_argument("--language", action="store_true", help="time steps of BERT-base instead")
    timing.add_argument("--quick", action="store_true", help="few rounds, to see that all works")
    load = commands.add_parser("loadtest", help="time sliders that a whole class drags")
    load.add_argument("--kernels", type=int, default=10, help="students, a kernel each")
    load.add_argument("--notebook", default="notebooks/03_mnist_fc_vs_lenet.ipynb")
    load.add_argument("--seconds", type=float, default=60, help="that they drag")
    args = parser.parse_args()
    if args.command == "record":
        _refuse_unused(rec, args)
    if args.command == "record" and args.name in OTHERS:
        OTHERS[args.name](args.path)
    elif args.command == "record" and args.name == "table1":
        _table1(args)
    elif args.command == "record":
        record(args.name, args.jobs, args.path, args.dask)
    elif args.command == "pretrain":
        from .pretrain import Plan, pretrain  # transformers takes seconds to import

        plan = Plan(args.size, args.steps, args.lr)
        texts = Path(args.text), Path(args.held_out)
        pretrain(plan, *texts, Path(args.folder), args.device)
    elif args.command == "sweep":
        _sweep(args)
    elif args.command == "notebooks":
        from .notebooks import tidy  # nbformat and nbclient come with the notebooks' tools

        changed = tidy(args.files, execute=args.run, check=args.check)
        for path in changed:
            print(f"{path} {'would change' if args.check else 'changed'}")
        sys.exit(bool(changed and args.check))
    elif args.command == "slides":
        from .slides import make_slides  # nbconvert comes with the extra "slides"

        files = args.files or sorted(Path("notebooks").glob("*.ipynb"))
        if not files:
            raise IdlibError("There are no notebooks/*.ipynb here: name files, or go to a clone.")
        for path in make_slides(files, args.folder):
            print(path)
    elif args.command == "site":
        from .website import make_site  # Sphinx comes with the extra "site"

        print(make_site(".", args.folder))
    elif args.command == "loadtest":
        from .loadtest import measure  # nbclient comes with the notebooks' tools

        print(measure(args.notebook, args.kernels, args.seconds))
    elif args.command == "bench" and args.language:
        from . import bench_language

        bench_language.main(args.threads, args.quick)
    elif args.command == "bench":
        from . import bench, bench_sweeps

        bench.main(args.threads, args.quick)
        bench_sweeps.main(args.quick)


if __name__ == "__main__":
    main()
