"""An application whose API server is killed and started again on the same port, while its worker goes on."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2

from coatcheck.testing.harness import Process, coatcheck_process, eventually, free_port


class Restarted:
    """The API server, and where it is."""

    def __init__(self, command: list[str], directory: Path, environment: Mapping[str, str], stack: ExitStack) -> None:
        self._port = free_port()
        self._command = [*command, "--port", str(self._port)]
        self._directory, self._environment, self._stack = directory, environment, stack
        self._api: Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self, **environment: str) -> None:
        """Start it, with this beside its environment; returns once it answers."""
        environment = {**self._environment, **environment}
        self._api = self._stack.enter_context(coatcheck_process(*self._command, directory=self._directory, environment=environment))
        eventually(self._answers)

    def kill(self) -> None:
        """SIGKILL: nobody is told anything. The processes that it had started end with it."""
        assert self._api is not None
        children = self._api.children()
        self._api.kill()
        for child in children:
            eventually(lambda: not Path(f"/proc/{child}").exists())  # noqa: B023  it is awaited here

    def _answers(self) -> bool:
        assert self._api is not None
        assert self._api.status is None, self._api.log
        try:
            return httpx2.get(f"{self.url}/healthz").is_success
        except httpx2.TransportError:
            return False


@contextmanager
def restarted(target: str, directory: Path, *, app_directory: Path, app: str | None = None, **environment: str) -> Iterator[Restarted]:
    """`target`, of a module in `app_directory`, served with a store in `directory`, by an API server and a worker of its own.

    `app`: the application of the host that has its routes.
    """
    environment = {"COATCHECK_STORE": f"sqlite:///{directory / 'jobs.db'}", "PYTHONPATH": str(app_directory), **environment}
    with ExitStack() as stack:
        hosted = [] if app is None else ["--app", app]
        api = Restarted(["serve", target, "--workers", "0", *hosted], directory, environment, stack)
        api.start()
        stack.enter_context(coatcheck_process("worker", target, directory=directory, environment=environment))
        yield api
