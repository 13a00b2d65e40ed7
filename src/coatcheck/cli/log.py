"""Log lines of the processes that `serve` and `worker` start, and of their own."""

import logging

import click

log_format_option = click.option(
    "--log-format", type=click.Choice(["plain", "json"]), default="plain", show_default=True, help="How log lines look, on standard error."
)


def write_logs(log_format: str) -> None:
    """Write log lines from INFO up to standard error: plain ones, or one JSON object each."""
    from coatcheck.observe.logs import JSONFormatter

    handler = logging.StreamHandler()
    handler.setFormatter(JSONFormatter() if log_format == "json" else logging.Formatter("%(asctime)s %(levelname)-7s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # its milestones say nothing that ours do not
