"""The command line: one file per command, loaded when it is called."""

from coatcheck.cli.command import main

__all__ = ["main"]
