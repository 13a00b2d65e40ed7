"""`coatcheck webhooks listen`: a receiver for development."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from coatcheck.cli.connection import Connection, connection_options
from coatcheck.cli.exit import Exit
from coatcheck.cli.options import json_option
from coatcheck.cli.output import say


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8700, show_default=True, help="Port of 127.0.0.1 to listen on; 0 chooses a free one."
)
@click.option(
    "--secret",
    "secrets",
    envvar="COATCHECK_WEBHOOK_SECRET",
    show_envvar=True,
    multiple=True,
    help="What messages are signed with; may be repeated. Without it, a webhook is registered until Ctrl-C.",
)
@click.option(
    "--answer",
    type=click.IntRange(200, 599),
    default=204,
    show_default=True,
    metavar="STATUS",
    help="What genuine messages are answered with.",
)
@json_option
@connection_options
def listen(*, connection: Connection, port: int, secrets: tuple[str, ...], answer: int, as_json: bool) -> Exit:
    """Receive webhooks on this machine: print what comes, and whether it is genuine.

    The application has to be allowed to send here: COATCHECK_WEBHOOK_ALLOW=127.0.0.0/8 and COATCHECK_WEBHOOK_HTTP=true.
    """
    from coatcheck.cli.hooks.receiver import Receiver, receive
    from coatcheck.cli.listen import listen as bound
    from coatcheck.cli.listen import url

    listener = bound("127.0.0.1", port, anywhere=False)
    with listener, _secrets(connection, f"{url(listener)}/", secrets) as known:
        receive(listener, Receiver(known, answer=answer, as_json=as_json), lambda: say(f"Listening on {url(listener)}/ until Ctrl-C."))
    return Exit.OK


@contextmanager
def _secrets(connection: Connection, url: str, given: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The secrets that were given, or that of a webhook that is registered for the length of the block."""
    if given:
        yield given
        return
    from coatcheck.cli.hooks.ask import ask

    with connection.open() as api:
        webhook = ask(api, "POST", "/webhooks", {"url": url})
        say(f"Registered as {webhook['webhookId']}.")
        try:
            yield (webhook["secret"],)
        finally:
            ask(api, "DELETE", f"/webhooks/{webhook['webhookId']}")
            say(f"Removed {webhook['webhookId']}.")
