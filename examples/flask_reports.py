"""Slow reports beside a Flask application's own views.

    uvicorn flask_reports:application
    curl -i localhost:8000/api/rainfall --json '{"year": 2014}'
    curl -i localhost:8000/wettest/2015

The second is a view of the application's own, which waits for a report. Under a WSGI server, `flask_reports:app` is served:
waitress-serve, gunicorn, `flask --app flask_reports run`.
"""

from a2wsgi import WSGIMiddleware
from flask import Flask, Response, jsonify, url_for

from coatcheck import Coatcheck, Job
from coatcheck.demo import weather
from coatcheck.errors import ResultNotReady

jobs = Coatcheck()


@jobs.operation("/rainfall", timeout=600, estimate="1 second")
def rainfall(year: int, job: Job) -> dict[str, float]:
    """A year's rain in Seattle, in millimetres a month."""
    return {month.name: round(month.precipitation, 1) for month in job.track(weather.months(year), unit="month")}


app = Flask(__name__)
app.register_blueprint(jobs.blueprint, url_prefix="/api")


@app.get("/wettest/<int:year>")
def wettest_month(year: int) -> tuple[Response, int, dict[str, str]]:
    handle = jobs.portal.call(rainfall.submit, year)
    try:
        months = jobs.portal.call(handle.result, timeout=20)
    except ResultNotReady:
        return jsonify(), 202, {"Location": url_for("coatcheck.status", job_id=handle.id)}
    return jsonify(wettest=max(months, key=lambda name: months[name])), 200, {}


application = jobs.asgi(WSGIMiddleware(app))  # type: ignore[arg-type]  # its types know no typing.Any in an environment
