"""Kill and freeze a real service at random, and check what is left."""

import argparse
import random
import sys
import tempfile
from pathlib import Path

import msgspec

from chaos.rescue import CASES, Reading, measure
from chaos.storm import Plan, Storm, broken, figures

SHOWN = 20
"""Violations that are printed; the JSON has them all."""


def main() -> int:
    """Run a command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    kill9 = commands.add_parser("kill9", help="the kill storm; exit status 1 if anything was lost, doubled or stale")
    kill9.add_argument("--jobs", type=int, default=5000)
    kill9.add_argument("--kills", type=int, default=300, help="processes that are killed")
    kill9.add_argument("--stops", type=int, default=50, help="workers, or whole hosts, that are frozen past their lease")
    kill9.add_argument("--workers", type=int, default=4, help="worker processes beside the API; half as many run apart from it")
    kill9.add_argument("--seed", type=int, help="of what is random here; the operating system adds its own (default: a new one)")
    kill9.add_argument("--sabotage", choices=["fence"], help="take the fence out of the processes: the checker must find it out")
    kill9.add_argument("--json", type=Path, help="write all figures to this file")
    rescue = commands.add_parser("rescue", help="how soon a job runs again after what ran it died or froze")
    rescue.add_argument("--trials", type=int, default=100, help="of each case")
    rescue.add_argument("--cases", nargs="*", choices=list(CASES), default=list(CASES), help="default: all")
    rescue.add_argument("--json", type=Path, help="write all figures to this file")
    options = parser.parse_args()
    return _kill9(options) if options.command == "kill9" else _rescue(options)


def _kill9(options: argparse.Namespace) -> int:
    seed = random.SystemRandom().randrange(1_000_000) if options.seed is None else options.seed
    plan = Plan(jobs=options.jobs, kills=options.kills, stops=options.stops, workers=options.workers, seed=seed, sabotage=options.sabotage)
    with tempfile.TemporaryDirectory(prefix="coatcheck-chaos-") as directory:
        storm = Storm(plan, Path(directory))
        report = storm.run()
        seen = figures(storm, report)
    rules = dict(broken(report))
    for name, value in (seen | rules).items():
        print(f"{name:<28} {'-' if value is None else value:>8}")
    for violation in report.violations[:SHOWN]:
        print(violation, file=sys.stderr)
    print("All is well." if not report.violations else f"{len(report.violations)} violations.")
    if options.json:
        _write(options.json, {"figures": seen, "broken": rules, "violations": list(map(str, report.violations))})
    return 1 if report.violations else 0


def _rescue(options: argparse.Namespace) -> int:
    readings: list[Reading] = []
    for case in options.cases:
        with tempfile.TemporaryDirectory(prefix="coatcheck-chaos-") as directory:
            readings.append(measure(case, options.trials, Path(directory)))
        print(readings[-1], flush=True)
    if options.json:
        _write(options.json, readings)
    return 0 if all(reading.p99 <= reading.limit for reading in readings) else 1


def _write(file: Path, value: object) -> None:
    file.write_bytes(msgspec.json.format(msgspec.json.encode(value)) + b"\n")


if __name__ == "__main__":
    sys.exit(main())
