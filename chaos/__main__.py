"""Kill and freeze a real service at random, and check what is left."""

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from chaos import verdict
from chaos.bodies import Bodies, size
from chaos.customers import MIX
from chaos.deliveries import Deliveries, Round
from chaos.deliveries import figures as delivery_figures
from chaos.keys import Haste, Keys
from chaos.keys import figures as key_figures
from chaos.rescue import CASES, Reading, measure
from chaos.restarts import Course, Restarts
from chaos.stores import KINDS, Stormed, stormed
from chaos.storm import Plan, Storm, figures
from chaos.streams import Audience, Streams
from chaos.violation import Violation, broken
from coatcheck.testing.postgresql import private_server

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
    kill9.add_argument("--only", choices=list(MIX), help="the one operation that is asked for (default: a mix)")
    kill9.add_argument("--sabotage", choices=["fence"], help="take the fence out of the processes: the checker must find it out")
    kill9.add_argument("--store", choices=KINDS, default=KINDS[0], help="of PostgreSQL a server of its own is started (default: sqlite)")
    kill9.add_argument("--json", type=Path, help="write all figures to this file")
    restarts = commands.add_parser("restarts", help="PostgreSQL restarts under load, and is away for a while; exit status 1 likewise")
    restarts.add_argument("--jobs", type=int, default=10_000)
    restarts.add_argument("--restarts", type=int, default=20, help="crashes of the server, started again at once")
    restarts.add_argument("--apis", type=int, default=2, help="servers, each with one API process")
    restarts.add_argument("--workers", type=int, default=4, help="worker processes")
    restarts.add_argument("--down", type=float, default=60, metavar="SECONDS", help="how long the server is away after that")
    restarts.add_argument("--around-outage", type=int, default=500, metavar="JOBS", help="further jobs, half of them submitted before it")
    restarts.add_argument("--seed", type=int, help="of the requests")
    restarts.add_argument("--json", type=Path, help="write all figures to this file")
    keys = commands.add_parser("keys", help="one job for each Idempotency-Key, whatever is killed; exit status 1 likewise")
    keys.add_argument("--keys", type=int, default=500)
    keys.add_argument("--at-once", type=int, default=16, help="requests with each key")
    keys.add_argument("--kills", type=int, default=30, help="API processes that are killed")
    keys.add_argument("--processes", type=int, default=2, help="that answer HTTP, on one port")
    keys.add_argument("--seed", type=int, help="of what is random here")
    keys.add_argument("--store", choices=KINDS, default=KINDS[0], help="of PostgreSQL a server of its own is started (default: sqlite)")
    keys.add_argument("--json", type=Path, help="write all figures to this file")
    rescue = commands.add_parser("rescue", help="how soon a job runs again after what ran it died or froze")
    rescue.add_argument("--trials", type=int, default=100, help="of each case")
    struck = "what is struck; of service and embedded, starting them again is told apart (default: all)"
    rescue.add_argument("--cases", nargs="*", choices=list(CASES), default=list(CASES), help=struck)
    rescue.add_argument("--json", type=Path, help="write all figures to this file")
    bodies = commands.add_parser("bodies", help="large bodies and results, and the memory that they take; exit status 1 likewise")
    bodies.add_argument("--size", type=size, default="64MiB", help="of each (default: 64MiB)")
    bodies.add_argument("--store", choices=KINDS, default=KINDS[0], help="(default: sqlite)")
    bodies.add_argument("--json", type=Path, help="write all figures to this file")
    deliveries = commands.add_parser(
        "deliveries", help="webhooks to receivers that misbehave, by dispatchers that are killed; exit status 1 likewise"
    )
    deliveries.add_argument("--jobs", type=int, default=100, help="each told to every receiver")
    deliveries.add_argument("--receivers", type=int, default=20)
    deliveries.add_argument("--kills", type=int, default=20, help="workers that are killed, with the dispatchers in them")
    deliveries.add_argument("--seed", type=int, help="of what is random here")
    deliveries.add_argument("--store", choices=KINDS, default=KINDS[0], help="(default: sqlite)")
    deliveries.add_argument("--json", type=Path, help="write all figures to this file")
    _add_streams(commands)
    options = parser.parse_args()
    commands_run = {
        "kill9": _kill9,
        "restarts": _restarts,
        "keys": _keys,
        "rescue": _rescue,
        "bodies": _bodies,
        "deliveries": _deliveries,
        "streams": _streams,
    }
    return commands_run[options.command](options)


def _add_streams(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    streams = commands.add_parser("streams", help="thousands who follow a job, most of whom never read; exit status 1 likewise")
    streams.add_argument("--clients", type=int, default=5000)
    streams.add_argument("--readers", type=int, default=500, help="those of them that read, and hang up now and then")
    streams.add_argument("--lines", type=int, default=100, help="that the job tells")
    streams.add_argument("--pause", type=float, default=0.5, metavar="SECONDS", help="between them")
    streams.add_argument("--stall", type=float, default=30.0, metavar="SECONDS", help="after which who does not read is cut off")
    streams.add_argument("--seed", type=int, help="of when readers hang up")
    streams.add_argument("--store", choices=KINDS, default=KINDS[0], help="(default: sqlite)")
    streams.add_argument("--json", type=Path, help="write all figures to this file")


def _kill9(options: argparse.Namespace) -> int:
    plan = Plan(
        jobs=options.jobs,
        kills=options.kills,
        stops=options.stops,
        workers=options.workers,
        seed=_seed(options),
        sabotage=options.sabotage,
        only=options.only,
    )
    with _ground(options) as (directory, store):
        storm = Storm(plan, store, directory)
        report = storm.run()
        seen = figures(storm, report)
    return _judged(options, seen, report.violations)


@contextmanager
def _ground(options: argparse.Namespace) -> Iterator[tuple[Path, Stormed]]:
    """A directory that is gone afterwards, and an empty store of the kind that was asked for."""
    with tempfile.TemporaryDirectory(prefix="coatcheck-chaos-") as directory, stormed(options.store, Path(directory)) as store:
        yield Path(directory), store


def _restarts(options: argparse.Namespace) -> int:
    course = Course(
        jobs=options.jobs,
        restarts=options.restarts,
        apis=options.apis,
        workers=options.workers,
        down=options.down,
        around_outage=options.around_outage,
        seed=_seed(options),
    )
    with tempfile.TemporaryDirectory(prefix="coatcheck-chaos-") as directory, private_server(durable=True) as server:
        restarts = Restarts(course, server, Path(directory))
        violations = restarts.run()
    return _judged(options, verdict.figures(restarts), violations, list(verdict.missed(restarts)))


def _bodies(options: argparse.Namespace) -> int:
    with _ground(options) as (directory, store):
        bodies = Bodies(options.size, store.url, directory)
        bodies.run()
    return _judged(options, bodies.figures, [], bodies.wrong)


def _keys(options: argparse.Namespace) -> int:
    haste = Haste(keys=options.keys, at_once=options.at_once, kills=options.kills, processes=options.processes, seed=_seed(options))
    with _ground(options) as (directory, store):
        keys = Keys(haste, store, directory)
        report = keys.run()
    return _judged(options, key_figures(keys, report), report.violations)


def _deliveries(options: argparse.Namespace) -> int:
    plan = Round(receivers=options.receivers, jobs=options.jobs, kills=options.kills, seed=_seed(options))
    with _ground(options) as (directory, store):
        deliveries = Deliveries(plan, store, directory)
        violations = deliveries.run()
    return _judged(options, delivery_figures(deliveries), violations)


def _streams(options: argparse.Namespace) -> int:
    audience = Audience(
        clients=options.clients,
        readers=options.readers,
        lines=options.lines,
        pause=options.pause,
        stall=options.stall,
        seed=_seed(options),
    )
    with _ground(options) as (_, store):
        streams = Streams(audience, store.url)
        streams.run()
    return _judged(options, streams.figures, [], [*streams.wrong, *streams.slow])


def _seed(options: argparse.Namespace) -> int:
    return random.SystemRandom().randrange(1_000_000) if options.seed is None else int(options.seed)


def _judged(options: argparse.Namespace, seen: Mapping[str, object], violations: Sequence[Violation], missed: Sequence[str] = ()) -> int:
    """Print and write what happened; the exit status."""
    rules = broken(violations)
    for name, value in {**seen, **rules}.items():
        print(f"{name:<30} {'-' if value is None else value!s:>8}")
    wrong = [*map(str, violations), *missed]
    for said in wrong[:SHOWN]:
        print(said, file=sys.stderr)
    print("All is well." if not wrong else f"{len(wrong)} violations.")
    if options.json:
        _write(options.json, {"figures": seen, "broken": rules, "violations": wrong})
    return 1 if wrong else 0


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
