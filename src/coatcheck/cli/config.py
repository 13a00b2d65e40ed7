"""`coatcheck config`: the settings in effect, and where each comes from."""

from dataclasses import Field, fields
from typing import Any

import click

from coatcheck.cli.exit import Exit
from coatcheck.cli.mask import mask
from coatcheck.cli.options import json_option, target_argument
from coatcheck.cli.output import print_json, print_rows


@click.command()
@target_argument
@json_option
def config(*, target: str, as_json: bool) -> Exit:
    """Show the settings of TARGET in effect and where each comes from; secrets are masked.

    An argument of Coatcheck(…) beats the environment (COATCHECK_…), which beats the default.
    """
    from coatcheck.cli.target import load
    from coatcheck.settings import Settings

    application = load(target)
    effective, environment, defaults = application.settings, Settings.load(), Settings()
    found = [
        (setting.name, _shown(setting, getattr(effective, setting.name)), _origin(setting.name, effective, environment, defaults))
        for setting in fields(Settings)
    ]
    if as_json:
        print_json({name: {"value": value, "origin": origin} for name, value, origin in found})
    else:
        print_rows([(name, "not set" if value in (None, "") else value, origin) for name, value, origin in found])
    return Exit.OK


def _shown(setting: "Field[object]", value: object) -> object:
    if setting.metadata.get("secret") and value is not None:
        return "***"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return mask(value) if isinstance(value, str) else value


def _origin(name: str, effective: Any, environment: Any, defaults: Any) -> str:
    if getattr(effective, name) != getattr(environment, name):
        return "code"
    return f"COATCHECK_{name.upper()}" if getattr(environment, name) != getattr(defaults, name) else "default"
