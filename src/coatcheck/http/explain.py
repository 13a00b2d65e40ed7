"""`GET /problems/{kind}`: the page that a problem's `type` points to."""

from html import escape

from starlette.responses import Response

from coatcheck.domain.problem import Problem
from coatcheck.http.call import Call
from coatcheck.http.problems import problem_response
from coatcheck.wire.problems import KINDS, Kind

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title></head>
<body><main><h1>{title}</h1><p>Status {status}, kind <code>{kind}</code></p><p>{explanation}</p></main></body>
</html>
"""
_HEADERS = {
    "Cache-Control": "public, max-age=3600",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Vary": "Accept",
    "X-Content-Type-Options": "nosniff",
}


async def explain(call: Call) -> Response:
    """What happened and what to do, as HTML for browsers and as text for anybody else."""
    name: str = call.request.path_params["kind"]
    kind = KINDS.get(name)
    if kind is None:
        return problem_response(
            Problem(kind="not-found", title="Not found", status=404, detail="There is no such kind of problem."), call.urls
        )
    if "text/html" in call.request.headers.get("accept", ""):
        return Response(_html(name, kind), 200, _HEADERS, "text/html")
    return Response(f"{kind.title}\nStatus {kind.status}, kind {name}\n\n{kind.explanation}\n", 200, _HEADERS, "text/plain")


def _html(name: str, kind: Kind) -> str:
    return _PAGE.format(title=escape(kind.title), status=kind.status, kind=escape(name), explanation=escape(kind.explanation))
