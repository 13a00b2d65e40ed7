"""`coatcheck serve`: the API and its workers, each a process, under one supervisor."""

import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from coatcheck.cli.exit import Exit
from coatcheck.cli.log import log_format_option, write_logs
from coatcheck.cli.options import target_argument, worker_settings

if TYPE_CHECKING:
    from coatcheck.worker.child import Child


@click.command()
@target_argument
@click.option("--app", "host_application", metavar="TARGET", help="Serve this ASGI application, which has the routes of TARGET included.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Port to listen on; 0 chooses a free one.")
@click.option("--workers", type=click.IntRange(0, 256), default=1, show_default=True, help="Worker processes.")
@worker_settings
@click.option("--allow-anonymous", is_flag=True, help="Listen for other machines though the application has no authenticate hook.")
@click.option("--access-log", is_flag=True, help="Log each request.")
@log_format_option
def serve(
    *,
    target: str,
    host_application: str | None,
    host: str,
    port: int,
    workers: int,
    allow_anonymous: bool,
    access_log: bool,
    log_format: str,
    **settings: str | float | None,
) -> Exit:
    """Serve TARGET: the HTTP API, and workers that run its jobs.

    TARGET is a Coatcheck object, which is served as it is, or an ASGI application (FastAPI, Starlette) whose module
    has one Coatcheck object. Where they live in different modules, name the application with --app.

    SIGTERM or Ctrl-C stops claiming, waits for the running jobs (--grace), gives the rest back and ends with 0; a
    second one cuts the grace short.
    """
    from coatcheck.cli.listen import listen, url
    from coatcheck.cli.supervise import supervise, worker_children
    from coatcheck.cli.target import load, load_asgi

    write_logs(log_format)
    application = load(target, embedded_worker=False, **settings)
    load_asgi(host_application or target)
    listener = listen(host, port, anywhere=allow_anonymous or application.wiring.authenticate is not None)

    def tell() -> None:
        click.echo(f"Serving {host_application or target} on {url(listener)} with {_count(workers)}. Ctrl-C stops.", err=True)

    with listener:
        api = _api(host_application or target, listener, application.settings.grace, access_log=access_log, log_format=log_format)
        return supervise(application, worker_children(target, count=workers, operations=None, log_format=log_format), [api], tell)


def _api(target: str, listener: socket.socket, grace: float, *, access_log: bool, log_format: str) -> "Child":
    from coatcheck.cli.supervise import coatcheck_command
    from coatcheck.worker.child import Child

    descriptor = listener.fileno()

    def command(_incarnation: str, alive: int) -> Sequence[str]:
        arguments = [target, "--socket", descriptor, "--alive", alive, "--grace", grace, "--log-format", log_format]
        return coatcheck_command("_api", *arguments, *(["--access-log"] if access_log else []))

    return Child("api", command, descriptors=[descriptor])


def _count(workers: int) -> str:
    return {0: "no worker", 1: "1 worker process"}.get(workers, f"{workers} worker processes")
