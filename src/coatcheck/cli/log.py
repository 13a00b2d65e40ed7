"""Log lines of the processes that `serve` and `worker` start, and of their own."""

import logging

import click

PLAIN = "%(asctime)s %(levelname)-7s [%(processName)s %(process)d] %(message)s"

log_format_option = click.option(
    "--log-format", type=click.Choice(["plain", "json"]), default="plain", show_default=True, help="How log lines look, on standard error."
)


def write_logs(log_format: str, process: str) -> None:
    """Write log lines from INFO up to standard error: plain ones, or one JSON object each, with the name of this `process`."""
    import multiprocessing

    from coatcheck.observe.logs import JSONFormatter

    multiprocessing.current_process().name = process

    handler = logging.StreamHandler()
    handler.setFormatter(JSONFormatter() if log_format == "json" else logging.Formatter(PLAIN))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # its milestones say nothing that ours do not
