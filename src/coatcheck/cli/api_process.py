"""`coatcheck _api`: the process that answers HTTP, started by `coatcheck serve`."""

import gc
import socket

import click

from coatcheck.cli.exit import Exit
from coatcheck.cli.log import log_format_option, write_logs
from coatcheck.cli.options import process_name_option

_YOUNG = 20_000
"""New objects after which unreachable ones are looked for. With CPython's 700, an event told to thousands of streams looked old at once,
and again and again everything was gone through: half a second with 5,000 of them open."""


@click.command(hidden=True)
@click.argument("application")
@click.option("--socket", "descriptor", type=int, required=True)
@click.option("--alive", type=int, required=True)
@click.option("--parent", type=int, required=True)
@click.option("--grace", type=float, required=True)
@click.option("--access-log", is_flag=True)
@process_name_option
@log_format_option
def api_process(
    *,
    application: str,
    descriptor: int,
    alive: int,
    parent: int,
    grace: float,
    access_log: bool,
    process_name: str,
    log_format: str,
) -> Exit:
    """Answer HTTP on an inherited socket until SIGTERM."""
    import uvicorn

    from coatcheck.cli.server import Server
    from coatcheck.cli.target import load_asgi
    from coatcheck.worker.prctl import die_with
    from coatcheck.worker.process import signs_of_life

    die_with(parent)
    write_logs(log_format, process_name)
    gc.set_threshold(_YOUNG)  # before the application is loaded, which may know better
    server = Server(
        uvicorn.Config(
            load_asgi(application, await_server="1"),
            log_config=None,
            access_log=access_log,
            timeout_graceful_shutdown=int(grace),
            server_header=False,
        ),
        ready=signs_of_life(alive),
    )
    server.run(sockets=[socket.socket(fileno=descriptor)])
    return Exit.OK if server.started else Exit.USAGE
