"""`python -m benchmarks [MEASUREMENT …]`: measure, print, and keep the readings as JSON where `--json` says."""

import argparse
import json
import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import apsw

from benchmarks import completed, deliveries, depth, drain, pickup, streams, submit
from benchmarks.databases import Databases, databases
from benchmarks.reading import Reading

USUAL = ("submit", "completed", "drain", "pickup")


def main() -> None:
    """Run the measurements named, or the usual ones."""
    options, measurements = _options()
    readings = []
    for kind in options.store:
        with databases(kind) as there:
            for name in options.measurements or USUAL:
                for reading in measurements[name](there):
                    print(reading, flush=True)
                    readings.append(asdict(reading))
    if options.json:
        machine = {"python": platform.python_version(), "sqlite": apsw.sqlite_lib_version(), "processors": os.cpu_count()}
        options.json.write_text(json.dumps({"machine": machine, "readings": readings}, indent=2) + "\n")


def _options() -> tuple[argparse.Namespace, dict[str, Callable[[Databases], Iterator[Reading]]]]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "measurements", nargs="*", metavar="MEASUREMENT", help=f"{', '.join(USUAL)} (the default), deliveries, streams, or depth"
    )
    parser.add_argument("--store", nargs=1, choices=("sqlite", "postgresql"), default=["sqlite", "postgresql"], help="default: both")
    parser.add_argument("--jobs", type=int, default=20_000, help="requests and jobs of a measurement (default: 20000)")
    parser.add_argument("--finished", type=int, default=100_000, help="finished jobs in a database with some history (default: 100000)")
    parser.add_argument(
        "--queued", type=int, default=1_000_000, help="queued jobs of `depth`; five times as many finished (default: 1000000)"
    )
    parser.add_argument("--watchers", type=int, nargs="+", default=[1000, 5000], help="of `streams` (default: 1000 5000)")
    parser.add_argument("--json", type=Path, help="write the readings to this file")
    options = parser.parse_args()
    measurements: dict[str, Callable[[Databases], Iterator[Reading]]] = {
        "submit": lambda there: submit.measure(there, requests=options.jobs, finished=options.finished),
        "completed": lambda there: completed.measure(there, jobs=options.jobs // 4),
        "drain": lambda there: drain.measure(there, jobs=options.jobs, finished=options.finished),
        "pickup": lambda there: pickup.measure(there, jobs=options.jobs // 20),
        "deliveries": lambda there: deliveries.measure(there, deliveries=options.jobs // 4, pending=options.finished),
        "streams": lambda there: streams.measure(there, watchers=tuple(options.watchers)),
        "depth": lambda there: depth.measure(there, queued=options.queued),
    }
    if unknown := set(options.measurements) - measurements.keys():
        parser.error(f"there is no measurement {', '.join(sorted(unknown))}")
    return options, measurements


if __name__ == "__main__":
    main()
