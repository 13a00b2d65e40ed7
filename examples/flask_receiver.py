"""The same receiver in Flask, with its tables in PostgreSQL: which reports are ready, each message counted once.

    uvicorn flask_receiver:application --port 8700
    coatcheck webhooks add http://127.0.0.1:8700/hooks

The second prints the secret, which belongs into this service's environment as WEBHOOK_SECRET, beside DATABASE_URL. Under a
WSGI server, `flask_receiver:app` is served.
"""

import os

import psycopg
from a2wsgi import WSGIMiddleware
from flask import Flask, Response, jsonify, request

from coatcheck.client.inbox import Inbox
from coatcheck.client.webhooks import Unverified, verify

DATABASE = os.environ["DATABASE_URL"]
app = Flask(__name__)
inbox = Inbox()

with psycopg.connect(DATABASE) as db:
    inbox.create(db)
    db.execute("CREATE TABLE IF NOT EXISTS reports (job text, url text)")


@app.post("/hooks")
def hook() -> tuple[str, int]:
    try:
        message = verify(request.get_data(), request.headers, os.environ["WEBHOOK_SECRET"])
    except Unverified as error:
        return str(error), 400
    with psycopg.connect(DATABASE) as db:  # one transaction
        if inbox.take(db, message) and message.type == "job.completed":
            db.execute("INSERT INTO reports VALUES (%s, %s)", (message.job.job_id, message.job.result_url))
    return "", 204


@app.get("/reports")
def reports() -> Response:
    with psycopg.connect(DATABASE) as db:
        return jsonify([url for (url,) in db.execute("SELECT url FROM reports")])


application = WSGIMiddleware(app)  # type: ignore[arg-type]  # its types know no typing.Any in an environment
