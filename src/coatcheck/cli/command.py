"""`coatcheck …`: finds the command, runs it, and makes an exit status of what came of it."""

import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

import click

from coatcheck.cli.exit import Ended, Exit, of_answer, table
from coatcheck.cli.mask import mask
from coatcheck.errors import CoatcheckError, ConfigurationError

COMMANDS = ("serve", "worker", "submit", "watch", "result", "cancel", "retry", "jobs", "webhooks", "db", "config", "doctor", "demo")
"""What `--help` lists, in this order. Each is a module of this package with a command of the same name."""
_HIDDEN = {"_api": "api_process", "_worker": "worker_process"}


class Commands(click.Group):
    """Loads a command's module when the command is called."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS and cmd_name not in _HIDDEN:
            return None
        module = _HIDDEN.get(cmd_name, cmd_name)
        command = getattr(import_module(f"coatcheck.cli.{module}"), module)
        assert isinstance(command, click.Command)
        return command


@click.command(cls=Commands, epilog=table(), context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="coatcheck")
def coatcheck() -> None:
    """Long-running operations over HTTP: serve them, submit to them, look after them.

    TARGET names the application as module:attribute, for example app:jobs; the current directory is on the path.
    JOB is a job's id or its status URL.
    """


def main() -> NoReturn:
    """Run the command that the process's arguments name, and end the process with its exit status."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run the command that `arguments` name; its exit status."""
    try:
        return coatcheck.main(arguments, prog_name="coatcheck", standalone_mode=False) or Exit.OK
    except Ended as error:
        click.echo(f"coatcheck: {error.message}", err=True)
        return error.status
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return Exit.INTERRUPTED
    except CoatcheckError as error:
        click.echo(f"coatcheck: {mask(str(error))}", err=True)
        return Exit.USAGE if isinstance(error, ConfigurationError) else of_answer(error.status, error.kind)
    except Exception:  # noqa: BLE001  the last line before the interpreter's own
        traceback.print_exc()
        return Exit.BUG
