"""The page of the example in a real Chromium, whose own EventSource follows the job."""

from pathlib import Path

import httpx2
from playwright.sync_api import Page, expect

from tests.restarted import Restarted

PATIENCE = 30_000.0
"""Milliseconds."""
expect.set_options(timeout=PATIENCE)


def let(steps: Path, year: int, *numbers: int) -> None:
    """Let the report of `year` take these steps."""
    folder = steps / str(year)
    folder.mkdir(exist_ok=True)
    for number in numbers:
        (folder / str(number)).touch()


def order(page: Page, url: str, year: int) -> None:
    page.goto(url)
    page.get_by_label("Year").select_option(str(year))
    page.get_by_role("button", name="Make the report").click()


def test_the_page_goes_on_when_the_server_is_killed_and_started_again(page: Page, service: Restarted, steps: Path) -> None:
    """What happened meanwhile is shown, and nothing twice: the browser comes back with the last event that it has.

    The second time the server does not take the ticket any more, and the page asks for another one.
    """
    lines = page.locator("#log li")
    order(page, service.url, 2012)
    let(steps, 2012, 1)
    expect(lines).to_have_text(["step 1"])
    for done, secret in ((3, "s"), (5, "t")):
        service.kill()
        let(steps, 2012, done - 1, done)
        service.start(COATCHECK_SECRET=secret * 32)
        expect(lines).to_have_text([f"step {step}" for step in range(1, done + 1)])
    with page.expect_response(lambda answer: answer.status == 204, timeout=PATIENCE) as last:  # the browser asks once more
        let(steps, 2012, 6)
        expect(page.locator("#status")).to_have_text("completed")
    assert "/events?" in last.value.url
    expect(lines).to_have_text([f"step {step}" for step in range(1, 7)])
    expect(page.locator("#percent")).to_have_text("100 %")
    assert page.locator("#bar").evaluate("bar => bar.value") == 100


def test_an_event_source_does_not_come_back_after_the_end(page: Page, service: Restarted, steps: Path) -> None:
    """204: the browser closes it for good, though the page never did."""
    let(steps, 2013, *range(1, 7))
    accepted = httpx2.post(f"{service.url}/reports", json={"year": 2013}, headers={"Authorization": "Bearer adas-token"})
    answers: list[int] = []
    page.on("response", lambda answer: answers.append(answer.status) if "/events?" in answer.url else None)
    page.goto(f"{service.url}/healthz")
    told = page.evaluate(
        """async (events) => {
            const ticket = await fetch(`${events}/ticket`, { method: "POST", headers: { Authorization: "Bearer adas-token" } });
            const source = new EventSource(`${(await ticket.json()).url}&after=0`);
            const told = [];
            source.onmessage = (event) => told.push([Number(event.lastEventId), JSON.parse(event.data).status]);
            return new Promise((done) => {
                source.onerror = () => source.readyState === EventSource.CLOSED && done(told);
            });
        }""",
        f"{accepted.headers['location']}/events",
    )
    numbers = [number for number, _ in told]
    assert numbers == sorted(set(numbers))
    assert told[-1][1] == "completed"
    assert answers == [200, 204]


def test_a_button_cancels(page: Page, service: Restarted, steps: Path) -> None:
    order(page, service.url, 2014)
    let(steps, 2014, 1)
    expect(page.locator("#status")).to_have_text("running")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#status")).to_have_text("cancelled")
    expect(page.get_by_role("button", name="Cancel")).to_be_disabled()


def test_a_page_that_is_loaded_again_goes_on_with_its_job(page: Page, service: Restarted, steps: Path) -> None:
    lines = page.locator("#log li")
    order(page, service.url, 2015)
    let(steps, 2015, 1, 2)
    expect(lines).to_have_text(["step 1", "step 2"])
    page.reload()
    expect(lines).to_have_text(["step 1", "step 2"])
    let(steps, 2015, *range(3, 7))
    expect(page.locator("#status")).to_have_text("completed")
    expect(lines).to_have_text([f"step {step}" for step in range(1, 7)])


def test_a_link_to_the_page_gets_its_token_sent_nowhere_else(page: Page, service: Restarted) -> None:
    """Whoever makes the link says what stands behind its `#`."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{service.url}/#{service.url.replace('127.0.0.1', 'localhost')}/jobs")
    page.wait_for_function("location.hash === ''", timeout=PATIENCE)
    assert [url for url in asked if not url.startswith(f"{service.url}/")] == []


def test_the_client_follows_a_job_of_another_origin(page: Page, service: Restarted, steps: Path) -> None:
    """The JavaScript client in a page, and the server killed under it."""
    page.goto(service.url)
    page.evaluate(
        """async (url) => {
            const { Client, isLogLine } = await import("/client/index.js");
            const api = new Client(url, { headers: { Authorization: "Bearer adas-token" }, attempts: 10 });
            window.lines = [];
            window.follow = (async () => {
                const job = await api.submit("/reports", { year: 2016 });
                for await (const news of job.events()) if (isLogLine(news)) window.lines.push(news.message);
                return [job.status, await job.result()];
            })();
        }""",
        service.url.replace("127.0.0.1", "localhost"),
    )
    let(steps, 2016, 1)
    page.wait_for_function("window.lines.length === 1", timeout=PATIENCE)
    service.kill()
    let(steps, 2016, 2, 3)
    service.start()
    page.wait_for_function("window.lines.length === 3", timeout=PATIENCE)
    let(steps, 2016, 4, 5, 6)
    assert page.evaluate("window.follow") == ["completed", 2016]
    assert page.evaluate("window.lines") == [f"step {step}" for step in range(1, 7)]
