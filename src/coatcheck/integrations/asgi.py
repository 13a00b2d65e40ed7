"""Our lifespan around an ASGI application that has none."""

from starlette.applications import Starlette
from starlette.routing import Router
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send

from coatcheck.errors import ConfigurationError


def with_lifespan(app: ASGIApp, lifespan: Lifespan[Starlette]) -> ASGIApp:
    """`app`, and beside it an answer to the server's startup and shutdown.

    Raises ConfigurationError for an application of Starlette's family, whose own lifespan would not be run.
    """
    if isinstance(app, Starlette):
        raise ConfigurationError(
            f"This {type(app).__name__} application has a lifespan, which would not run any more. Give it ours, "
            f"{type(app).__name__}(lifespan=jobs.lifespan), or enter ours in its own: async with jobs.lifespan(app): …"
        )
    life = Router(lifespan=lifespan)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await life.lifespan({"state": {}, **scope, "app": app}, receive, send)
        else:
            await app(scope, receive, send)

    return application
