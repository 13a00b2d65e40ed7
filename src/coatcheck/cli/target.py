"""TARGET: which application a command is about."""

import os
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from traceback import format_exc
from types import ModuleType
from typing import Any

from coatcheck.app import Coatcheck
from coatcheck.bound import BoundOperation
from coatcheck.errors import CoatcheckError, ConfigurationError
from coatcheck.settings import Settings

_FRAMES = 3
"""Innermost frames that are shown where the application's module cannot be imported."""


def load(target: str, **settings: str | float | None) -> Coatcheck:
    """The Coatcheck object that `target` (`module:attribute`) names.

    An attribute that is another ASGI application stands for the only Coatcheck object of its module, as does a module
    alone. `settings` that are not None replace the environment's, in this process and its children. Raises
    ConfigurationError when there is no such object, or it fixes one of the settings in code.
    """
    wanted = {name: str(value) for name, value in settings.items() if value is not None}
    _set(wanted)
    module, found = _find(target)
    application = found if isinstance(found, Coatcheck) else _only_one(module, target)
    _check_obeyed(application, wanted)
    for host in _hosts(found, *vars(module).values()):
        application.find_prefix(host)
    return application


def load_asgi(target: str, **settings: str) -> Callable[..., Any]:
    """What a server serves for `target`: the ASGI application it names, which a Coatcheck object is, too.

    `settings` replace the environment's, and the application's code beats them.
    """
    _set(settings)
    module, found = _find(target)
    if found is None:
        return _only_one(module, target)
    if isinstance(found, BoundOperation):
        raise ConfigurationError(f"{target} is one operation; name the application it belongs to, for example {module.__name__}:jobs.")
    if not callable(found):
        raise ConfigurationError(f"{target} is a {type(found).__name__}, which is no ASGI application.")
    application: Callable[..., Any] = found
    return application


def _set(settings: Mapping[str, str]) -> None:
    os.environ.update({_variable(name): text for name, text in settings.items()})


def _find(target: str) -> tuple[ModuleType, object]:
    name, colon, path = target.partition(":")
    module = _import(name, target)
    found: object = None
    if colon:
        found = module
        for attribute in path.split("."):
            found = getattr(found, attribute, None)
        if found is None:
            raise ConfigurationError(f"The module {name} has no {path!r}; write TARGET as module:attribute, for example app:jobs.")
    return module, found


def _import(name: str, target: str) -> ModuleType:
    if (here := os.getcwd()) not in sys.path:  # noqa: PTH109  text, as sys.path holds
        sys.path.insert(0, here)
    if not name:
        raise ConfigurationError(f"{target!r} names no module; write TARGET as module:attribute, for example app:jobs.")
    try:
        return import_module(name)
    except CoatcheckError:
        raise
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name and f"{name}.".startswith(f"{error.name}."):
            raise ConfigurationError(
                f"There is no module {error.name!r} to find {target} in; write TARGET as module:attribute, for example app:jobs, "
                f"and run the command where the module can be imported from (now: {here})."
            ) from None
        raise ConfigurationError(f"Importing {name} raised {type(error).__name__}:\n{format_exc(limit=-_FRAMES)}") from error


def _hosts(*values: object) -> list[object]:
    """The host application among them, if one of Starlette's family is there: its import is its module's doing, not ours."""
    starlette = sys.modules.get("starlette.applications")
    return [] if starlette is None else [value for value in values if isinstance(value, starlette.Starlette)][:1]


def _only_one(module: ModuleType, target: str) -> Coatcheck:
    found = {id(value): value for value in vars(module).values() if isinstance(value, Coatcheck)}
    if len(found) == 1:
        return next(iter(found.values()))
    there = "no Coatcheck object" if not found else f"{len(found)} Coatcheck objects"
    raise ConfigurationError(
        f"{target} is no Coatcheck object, and its module has {there}; name the object itself, for example {module.__name__}:jobs, "
        "and a host application with --app."
    )


def _check_obeyed(application: Coatcheck, wanted: dict[str, str]) -> None:
    for name, text in wanted.items():
        value = getattr(application.settings, name)
        if value != getattr(Settings.load(), name):
            raise ConfigurationError(
                f"The application sets {name}={value!r} in its code, which beats {_variable(name)} and the command line: "
                f"take it out of Coatcheck(…) to have {text} here."
            )


def _variable(setting: str) -> str:
    return f"COATCHECK_{setting.upper()}"
