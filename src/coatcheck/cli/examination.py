"""What `coatcheck doctor` looks at. Nothing here changes anything but a file that is created and removed again."""

import os
import resource
import shutil
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_implementation, python_version
from typing import TYPE_CHECKING, Literal

import msgspec

from coatcheck.cli.mask import mask
from coatcheck.errors import CoatcheckError, NotConfigured

if TYPE_CHECKING:
    from coatcheck.app import Coatcheck

_ENOUGH_DESCRIPTORS = 1024
_ENOUGH_DISK = 1024**3
_HARDLY_ANY_DISK = 50 * 1024**2
_SOUND_SQLITE = (3, 51, 3)
"""The first version without the race between a checkpoint and a write-ahead log that begins anew."""
_LIBRARIES = ("starlette", "msgspec", "apsw", "uuid-utils", "uvicorn", "click", "rich", "httpx2")


class Finding(msgspec.Struct, frozen=True):
    """One line of the examination."""

    verdict: Literal["ok", "warn", "fail"]
    subject: str
    says: str


def examine_machine() -> Iterator[Finding]:
    """Python, libraries, clock and limits of this machine."""
    yield Finding("ok", "python", f"{python_implementation()} {python_version()}")
    yield from _libraries()
    yield _clock()
    yield _descriptors()


def examine_application(target: str, store: str | None) -> Iterator[Finding]:
    """The application and its store, as far as there is one."""
    from coatcheck.cli.target import load

    try:
        application = load(target, store=store)
    except CoatcheckError as error:
        yield Finding("fail", "application", mask(str(error)))
        return
    yield Finding("ok", "application", f"{target} can be imported")
    yield _operations(application)
    yield _authentication(application)
    yield _webhooks(application)
    yield from _store(application)


def _libraries() -> Iterator[Finding]:
    for name in _LIBRARIES:
        try:
            yield Finding("ok", name, version(name))
        except PackageNotFoundError:
            yield Finding("fail", name, f"is not installed; pip install 'coatcheck[server]' brings {name}")
    yield _sqlite()


def _sqlite() -> Finding:
    import apsw

    version = apsw.sqlite_lib_version()
    if tuple(map(int, version.split("."))) < _SOUND_SQLITE:
        sound = ".".join(map(str, _SOUND_SQLITE))
        return Finding("warn", "sqlite", f"{version} can damage a file that several processes write; install an apsw with {sound} or newer")
    return Finding("ok", "sqlite", f"{version}, apsw's own")


def _clock() -> Finding:
    from coatcheck.clock import SystemClock

    boot = SystemClock().boot()
    if boot.boot_id == "unknown":
        return Finding("warn", "boot clock", "this system names no boot: after a restart of the host, leases end by time alone (15 s)")
    return Finding("ok", "boot clock", f"{boot.seconds:,.0f} s since boot {boot.boot_id}")


def _descriptors() -> Finding:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit != resource.RLIM_INFINITY and limit < _ENOUGH_DESCRIPTORS:
        return Finding("warn", "descriptors", f"{limit} files and connections at a time; raise it to {_ENOUGH_DESCRIPTORS} with ulimit -n")
    return Finding("ok", "descriptors", "no limit" if limit == resource.RLIM_INFINITY else str(limit))


def _operations(application: "Coatcheck") -> Finding:
    names = application.registry.names()
    if not names:
        return Finding("warn", "operations", "none; decorate a function with @jobs.operation('/path') in a module that TARGET's imports")
    return Finding("ok", "operations", ", ".join(names))


def _authentication(application: "Coatcheck") -> Finding:
    if application.wiring.authenticate is None:
        return Finding("warn", "authentication", "no authenticate hook: everybody sees every job, so `serve` listens on loopback only")
    return Finding("ok", "authentication", "an authenticate hook names the owners")


def _webhooks(application: "Coatcheck") -> Finding:
    try:
        application.wiring.endpoints.require_set_up()
    except NotConfigured as error:
        wanted = any(operation.webhooks for operation in application.registry)
        return Finding("warn" if wanted else "ok", "webhooks", f"none are sent by processes with these settings. {error}")
    return Finding("ok", "webhooks", "set up; whoever runs jobs sends them")


def _store(application: "Coatcheck") -> Iterator[Finding]:
    from coatcheck.store.sqlite.location import sqlite_file

    if not application.settings.store.startswith("sqlite:"):
        yield from _server(application)
        return
    file = sqlite_file(application.settings.store)
    yield _writable(file)
    if file.parent.is_dir():
        yield _disk(file.parent)
        yield _log(file)
    yield _schema(file)


def _server(application: "Coatcheck") -> Iterator[Finding]:
    from coatcheck.cli.postgresql import PostgresDatabase
    from coatcheck.store.postgres.failure import READ_ONLY
    from coatcheck.store.postgres.moment import TOLERATED

    try:
        database = PostgresDatabase(application.settings)
        schema, (writable, ahead), withheld = database.schema(), database.state(), database.withheld()
    except CoatcheckError as error:
        yield Finding("fail", "store", mask(str(error)))
        return
    if not writable:
        yield Finding("fail", "store", f"{database}: {READ_ONLY}")
        return
    if withheld:
        yield Finding(
            "fail", "store", f"{database}: this role may not use {', '.join(withheld)}; grant it all rights on what is in the schema"
        )
        return
    says = "the first start makes its tables" if schema is None else f"schema {schema}"
    yield Finding(
        "ok",
        "store",
        f"{database} answers; {says}" + (f"; the next start brings it to {database.known}" if schema and schema < database.known else ""),
    )
    if abs(ahead) > TOLERATED:
        told = f"the server's is {abs(ahead):,.0f} s {'ahead of' if ahead > 0 else 'behind'} this host's"
        yield Finding("warn", "clocks", f"{told}; jobs go by the server's, and estimates are off by as much")


def _writable(file: Path) -> Finding:
    folder = file.parent.resolve()
    if not folder.is_dir():
        return Finding("fail", "store", f"the directory {folder} does not exist; create it, or name another file with --store")
    if file.exists() and not os.access(file, os.R_OK | os.W_OK):
        return Finding("fail", "store", f"{file.resolve()} is not writable by this user")
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        return Finding("fail", "store", f"the directory {folder} is not writable by this user: {error.strerror}")
    return Finding("ok", "store", f"{file.resolve()} can be written")


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    says = f"{free / 1024**3:,.1f} GiB free where the store is"
    return Finding("fail" if free < _HARDLY_ANY_DISK else "warn" if free < _ENOUGH_DISK else "ok", "disk", says)


def _log(file: Path) -> Finding:
    from coatcheck.cli.database import log_size
    from coatcheck.store.sqlite.wal import MANY_BYTES

    length = log_size(file)
    says = f"{length / 1024**2:,.1f} MiB wait to be copied back into the store"
    if length > MANY_BYTES:
        return Finding(
            "warn", "log", f"{says}: a reader that began long ago keeps them, and they shrink once it ends (fuser {file.resolve()})"
        )
    return Finding("ok", "log", says)


def _schema(file: Path) -> Finding:
    from coatcheck.cli.database import schema_of
    from coatcheck.store.sqlite.migrate import migrations

    known = len(migrations())
    try:
        schema = schema_of(file)
    except CoatcheckError as error:
        return Finding("fail", "schema", str(error))
    if schema is None:
        return Finding("ok", "schema", "the store does not exist yet; the first start creates it")
    if schema > known:
        return Finding("fail", "schema", f"{schema}, and this version of Coatcheck knows {known}: install a newer one")
    return Finding("ok", "schema", str(schema) if schema == known else f"{schema}; the next start brings it to {known}")
