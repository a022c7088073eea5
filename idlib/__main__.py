"""The command line: ``python -m idlib --help``."""

import argparse
import sys

from .recorded import EXPERIMENTS, record


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m idlib", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    rec = commands.add_parser("record", help="make the missing runs of a recorded experiment")
    rec.add_argument("name", choices=EXPERIMENTS)
    rec.add_argument("--jobs", type=int, default=1, help="processes, one thread each")
    rec.add_argument("--path", help="the file to complete (default: the package's own)")
    books = commands.add_parser("notebooks", help="clean notebooks, as they are committed")
    books.add_argument("files", nargs="+")
    books.add_argument("--run", action="store_true", help="run them first, on the embedded digits")
    books.add_argument(
        "--check", action="store_true", help="write nothing; fail if any would change"
    )
    timing = commands.add_parser("bench", help="time the projections, in full training steps")
    timing.add_argument("--threads", type=int, default=2)
    timing.add_argument("--quick", action="store_true", help="few rounds, to see that all works")
    args = parser.parse_args()
    if args.command == "record":
        record(args.name, args.jobs, args.path)
    elif args.command == "notebooks":
        from .notebooks import tidy  # nbformat and nbclient come with the notebooks' tools

        changed = tidy(args.files, execute=args.run, check=args.check)
        for path in changed:
            print(f"{path} {'would change' if args.check else 'changed'}")
        sys.exit(bool(changed and args.check))
    elif args.command == "bench":
        from . import bench

        bench.main(args.threads, args.quick)


if __name__ == "__main__":
    main()
