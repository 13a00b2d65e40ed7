"""The routes, as the OpenAPI document has them."""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI

from coatcheck import Coatcheck
from scripts.reference.markdown import table


def routes() -> str:
    """A section for each route: what it takes, and what it answers."""
    sections = (
        _section(method.upper(), path.replace("{job_id}", "{id}").replace("/path", "{path}"), told)
        for path, methods in openapi()["paths"].items()
        for method, told in methods.items()
    )
    return "\n\n".join("\n\n".join(section) for section in sections)


def openapi() -> dict[str, Any]:
    """The document of an application with one operation, which stands for all."""
    jobs = Coatcheck(store="sqlite:///unopened.db")

    @jobs.operation("/path", webhooks=True)
    def operation(request: str) -> str:
        """Submit a request for an operation."""
        return request

    app = FastAPI()
    app.include_router(jobs.router)
    return app.openapi()


def _section(method: str, path: str, told: Mapping[str, Any]) -> Iterator[str]:
    taken = [_parameter(parameter) for parameter in told.get("parameters", ()) if parameter["in"] != "path"]
    yield f"### `{method} {path}`"
    yield f"{told['summary'].removesuffix('.')}. {told.get('description', '')}".strip()
    if taken:
        yield table(("Takes", "In", "Meaning"), *taken)
    yield table(("Answers", "When", "Header fields"), *(_answer(*answer) for answer in sorted(told["responses"].items())))


def _parameter(parameter: Mapping[str, Any]) -> tuple[str, str, str]:
    words = {"minimum": "at least", "maximum": "at most", "default": "by default"}
    bounds = [f"{word} {parameter['schema'][key]}" for key, word in words.items() if key in parameter["schema"]]
    meaning = parameter["description"] + (f" {', '.join(bounds).capitalize()}." if bounds else "")
    return f"`{parameter['name']}`", parameter["in"], meaning


def _answer(status: str, answer: Mapping[str, Any]) -> tuple[str, str, str]:
    return f"**{status}**", answer["description"], ", ".join(f"`{name}`" for name in answer.get("headers", ()))
