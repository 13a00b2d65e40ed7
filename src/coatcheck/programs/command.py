"""What to start."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, kw_only=True)
class Command:
    """A program, its arguments, and what it finds when it starts."""

    arguments: Sequence[str]
    cwd: str | None
    environment: Mapping[str, str] | None
    """Added to that of this process."""
    input: bytes
    timeout: float
    """Seconds until it must have ended; infinite without a limit."""

    @classmethod
    def of(
        cls,
        arguments: Sequence[str | os.PathLike[str]],
        *,
        cwd: str | os.PathLike[str] | None,
        env: Mapping[str, str] | None,
        input: bytes | str | None,
        timeout: float | None,
    ) -> Self:
        """The command as a user writes it. Raises TypeError and ValueError for what is none."""
        if isinstance(arguments, str | bytes | os.PathLike):
            raise TypeError(
                "job.run() takes a program and its arguments as a list, such as ['ffmpeg', '-i', source]: no shell takes them apart. "
                "Where you need one, write ['sh', '-c', script]."
            )
        if not arguments:
            raise ValueError("job.run([]): name the program to run.")
        if timeout is not None and not 0 < timeout < math.inf:
            raise ValueError(f"job.run(timeout={timeout!r}): a limit is a number of seconds above 0.")
        return cls(
            arguments=[os.fspath(argument) for argument in arguments],
            cwd=None if cwd is None else os.fspath(cwd),
            environment=env,
            input=input.encode() if isinstance(input, str) else input or b"",
            timeout=math.inf if timeout is None else timeout,
        )

    @property
    def name(self) -> str:
        """What the program is called in messages. The arguments stay out of them: they may hold secrets."""
        return Path(self.arguments[0]).name or self.arguments[0]
