"""The command line: ``python -m idlib --help``."""

import argparse

from .recorded import EXPERIMENTS, record


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m idlib", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    rec = commands.add_parser("record", help="make the missing runs of a recorded experiment")
    rec.add_argument("name", choices=EXPERIMENTS)
    rec.add_argument("--jobs", type=int, default=1, help="processes, one thread each")
    rec.add_argument("--path", help="the file to complete (default: the package's own)")
    args = parser.parse_args()
    record(args.name, args.jobs, args.path)


if __name__ == "__main__":
    main()
