"""Finding an application again in a process that begins with nothing but its name."""

import runpy
import sys
from collections.abc import Collection, Sequence
from importlib import import_module
from types import ModuleType

import msgspec

from coatcheck.errors import ConfigurationError
from coatcheck.operations.operation import Operation

_MAIN = "__main__"
_AS_IMPORTED = "__mp_main__"
"""The name under which a script is imported again, so that its `if __name__ == "__main__":` is not taken; as `multiprocessing` has it."""


class Home(msgspec.Struct, frozen=True):
    """Where an application is found."""

    module: str
    attribute: str
    operations: Sequence[str]
    """Names of the operations that run in processes."""
    imports: Sequence[str]
    """Modules that those functions are in, whose import therefore registers them."""
    path: Sequence[str]
    """`sys.path`."""
    script: str | None = None
    """The file that was run as a script, where one of these modules is it."""
    script_module: str | None = None
    """The module that was run by `python -m`, likewise."""


def home_of(application: object, operations: Collection[Operation[..., object]]) -> Home:
    """Where `application` and the `operations` of it are found. Raises ConfigurationError where that is nowhere."""
    module, attribute = _place(application)
    imports = dict.fromkeys(operation.function.__module__ for operation in operations)
    script = script_module = None
    if _MAIN in (module, *imports):
        main = sys.modules[_MAIN]
        script_module = main.__spec__.name if main.__spec__ else None
        script = getattr(main, "__file__", None)
        if script is None:
            raise ConfigurationError("isolation='process' needs the operation in a module that can be imported, not in a console.")
    return Home(module, attribute, [operation.name for operation in operations], list(imports), sys.path, script, script_module)


def enter(home: Home) -> object:
    """Import everything and give the application. Raises whatever the import raises, and ConfigurationError."""
    sys.path[:] = home.path
    if home.script is not None:
        _import_script(home)
    for name in home.imports:
        import_module(name)
    application = getattr(import_module(home.module), home.attribute, None)
    if application is None:
        raise ConfigurationError(
            f"The module {home.module} has no {home.attribute!r} once it is imported alone; isolation='process' needs the Coatcheck object "
            "at the top of a module, where importing that makes it."
        )
    return application


def _place(application: object) -> tuple[str, str]:
    modules = sorted(sys.modules.items(), key=lambda item: item[0] == _MAIN)  # a script is only run again if it must be
    for name, module in modules:
        for attribute, value in list(getattr(module, "__dict__", {}).items()):
            if value is application:
                return name, attribute
    raise ConfigurationError(
        "isolation='process' needs the Coatcheck object at the top of a module, as in `jobs = Coatcheck()`: "
        "the processes of jobs find it there by import."
    )


def _import_script(home: Home) -> None:
    if home.script_module is not None:
        content = runpy.run_module(home.script_module, run_name=_AS_IMPORTED, alter_sys=True)
    else:
        assert home.script is not None
        content = runpy.run_path(home.script, run_name=_AS_IMPORTED)
    module = ModuleType(_AS_IMPORTED)
    vars(module).update(content)
    sys.modules[_MAIN] = sys.modules[_AS_IMPORTED] = module
