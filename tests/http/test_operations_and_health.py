"""The catalogue, health, and the pages about problems."""

import html

import pytest

from coatcheck.wire.problems import KINDS
from tests.http.site import Site, assert_problem


class TestCatalogue:
    async def test_the_catalogue_says_what_can_be_asked_for(self, site: Site) -> None:
        items = (await site.api.get("/operations")).json()["items"]
        assert [item["name"] for item in items] == ["echo", "import_rows", "nightly", "pay"]
        echo, rows, _, pay = items
        assert (echo["path"], echo["summary"], echo["description"]) == ("/echo", "Say something back.", "As often as asked.")
        assert echo["requestSchema"]["required"] == ["text"]
        policy = {
            "timeout": 3600.0,
            "retries": 0,
            "queueBound": 1000,
            "ttl": 86400.0,
            "idempotencyKeyRequired": False,
            "syncWindow": 0.0,
            "maxInFlight": None,
            "rate": None,
            "durable": True,
            "losable": None,
        }
        assert echo["policy"].items() >= policy.items()
        assert rows["resultSchema"] == {"type": "integer"}
        assert pay["policy"]["idempotencyKeyRequired"] is True

    async def test_schemas_stand_by_themselves(self, site: Site) -> None:
        answer = await site.api.get("/operations")
        assert "$ref" not in answer.text
        rows = answer.json()["items"][1]["requestSchema"]["properties"]["rows"]
        assert rows["items"]["properties"]["price"] == {"type": "integer"}

    async def test_it_says_how_busy_each_operation_is(self, site: Site) -> None:
        await site.bring_to("completed")
        await site.bring_to("running")
        await site.submit()
        site.clock.ahead += 60  # durations are taken as read for some seconds
        echo = (await site.api.get("/operations")).json()["items"][0]
        assert echo["depth"] == {"queued": 1, "running": 1}
        assert echo["durations"]["median"] >= 0
        assert echo["durations"]["p95"] >= echo["durations"]["median"]

    async def test_an_operation_that_never_ran_has_no_durations(self, site: Site) -> None:
        assert (await site.api.get("/operations")).json()["items"][0]["durations"] == {"median": None, "p95": None}


class TestHealth:
    async def test_a_process_with_its_store_is_alive_and_ready(self, site: Site) -> None:
        for path in ("/healthz", "/readyz"):
            answer = await site.api.get(path)
            assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")

    async def test_without_its_store_it_is_alive_and_not_ready(self, site: Site) -> None:
        await site.store.close()
        try:
            alive, ready = await site.api.get("/healthz"), await site.api.get("/readyz")
        finally:
            await site.store.open()
        assert alive.status_code == 200
        assert_problem(ready, 503, "store-unavailable")


class TestProblemPages:
    @pytest.mark.parametrize("kind", KINDS)
    async def test_every_kind_has_a_page(self, site: Site, kind: str) -> None:
        text = await site.api.get(f"/problems/{kind}")
        assert text.headers["content-type"] == "text/plain; charset=utf-8"
        page = await site.api.get(f"/problems/{kind}", headers={"Accept": "text/html"})
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        for answer in (text, page):
            assert answer.status_code == 200
            assert KINDS[kind].title in html.unescape(answer.text)

    @pytest.mark.parametrize("kind", ["nothing", "<script>alert(1)</script>", "%00"])
    async def test_an_unknown_kind_has_none(self, site: Site, kind: str) -> None:
        answer = await site.api.get("/problems/" + kind.replace("/", "%2F"), headers={"Accept": "text/html"})
        assert_problem(answer, 404, "not-found")
        assert "script" not in answer.text
