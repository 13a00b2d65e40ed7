"""The commands of `coatcheck`, as `--help` has them."""

import inspect
import re
from collections.abc import Iterator

import click

from coatcheck.cli.command import coatcheck
from coatcheck.cli.exit import Exit
from scripts.reference.markdown import table


def commands() -> str:
    """A section for each command, and the exit statuses."""
    statuses = table(("Exit status", "Meaning"), *((str(status.value), status.meaning) for status in Exit))
    context = click.Context(coatcheck, info_name="coatcheck")
    sections = ["\n\n".join(_section(command, inner)) for command, inner in _commands(coatcheck, context)]
    return "\n\n".join([*sections, "## Exit statuses", statuses])


def _commands(group: click.Group, context: click.Context) -> Iterator[tuple[click.Command, click.Context]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context)
        yield command, inner
        if isinstance(command, click.Group):
            yield from _commands(command, inner)


def _section(command: click.Command, context: click.Context) -> Iterator[str]:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f"## `{context.command_path}`"
    yield f"```text\n{usage}\n```"
    yield inspect.cleandoc(command.help or "")
    options = [_option(option) for option in command.params if isinstance(option, click.Option) and not option.hidden]
    if options:
        yield table(("Option", "Default", "Meaning"), *options)
    if examples := re.search(r"Examples:\n(.*)", command.epilog or "", re.DOTALL):
        yield f"```text\n{inspect.cleandoc(examples[1]).strip()}\n```"


def _option(option: click.Option) -> tuple[str, str, str]:
    names = " ".join(f"`{name}`" for name in sorted(option.opts, key=len, reverse=True))
    value = "" if option.is_flag else f" {option.metavar or option.type.name.split()[0].upper()}"
    if isinstance(option.type, click.Choice):
        value = " " + ", ".join(f"`{choice}`" for choice in option.type.choices)
    variable = f" Variable: `{option.envvar}`." if option.envvar else ""
    default = option.default if option.show_default and not option.is_flag else None
    meaning, _, told = (option.help or "").partition(" [default: ")  # where the default is a setting's
    default = told.removesuffix("]") or default
    return names + value, "" if default is None else f"`{default}`", meaning + variable
