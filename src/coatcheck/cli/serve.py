"""`coatcheck serve`: API processes and workers under one supervisor."""

import click

from coatcheck.cli.exit import Exit
from coatcheck.cli.log import log_format_option, write_logs
from coatcheck.cli.options import target_argument, worker_settings


@click.command()
@target_argument
@click.option("--app", "host_application", metavar="TARGET", help="Serve this ASGI application, which has the routes of TARGET included.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Port to listen on; 0 chooses a free one.")
@click.option("--processes", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes that answer HTTP.")
@click.option("--workers", type=click.IntRange(0, 256), default=1, show_default=True, help="Worker processes.")
@worker_settings
@click.option("--allow-anonymous", is_flag=True, help="Listen for other machines though the application has no authenticate hook.")
@click.option("--access-log", is_flag=True, help="Log each request.")
@log_format_option
def serve(  # noqa: PLR0913  one for each option
    *,
    target: str,
    host_application: str | None,
    host: str,
    port: int,
    processes: int,
    workers: int,
    allow_anonymous: bool,
    access_log: bool,
    log_format: str,
    **settings: str | float | None,
) -> Exit:
    """Serve TARGET: the HTTP API, and workers that run its jobs.

    TARGET is a Coatcheck object, which is served as it is, or an ASGI application (FastAPI, Starlette) whose module
    has one Coatcheck object. Where they live in different modules, name the application with --app.

    All --processes answer on one port; whichever gets a request, the answer is the same. Any process that dies is
    replaced. More API servers and workers can run beside it: with SQLite on this host, with PostgreSQL on any.

    SIGTERM or Ctrl-C stops claiming, waits for the running jobs (--grace), gives the rest back and ends with 0; a
    second one cuts the grace short.
    """
    from coatcheck.cli.listen import listen, url
    from coatcheck.cli.supervise import api_children, supervise, worker_children
    from coatcheck.cli.target import load, load_asgi

    write_logs(log_format, "supervisor")
    application = load(target, embedded_worker=False, **settings)
    answering = host_application or target
    load_asgi(answering)
    listener = listen(host, port, anywhere=allow_anonymous or application.wiring.authenticate is not None)

    def tell() -> None:
        running = f"{_count(processes, 'API')} and {_count(workers, 'worker')}"
        click.echo(f"Serving {answering} on {url(listener)} with {running}. Ctrl-C stops.", err=True)

    with listener:
        apis = api_children(
            answering, listener, count=processes, grace=application.settings.grace, access_log=access_log, log_format=log_format
        )
        return supervise(application, worker_children(target, count=workers, operations=None, log_format=log_format), apis, tell)


def _count(number: int, what: str) -> str:
    return f"{number} {what} process" if number == 1 else f"{number} {what} processes"
