"""`coatcheck webhooks`, against a server that sends, and a receiver that is a process, too."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from coatcheck.cli.exit import Exit
from coatcheck.testing.harness import eventually, free_port
from coatcheck.wire.signatures import new_secret, parse_secret
from tests.cli.conftest import PATIENT, Coatcheck
from tests.cli.running import TOKEN, Running, running

SENDING = {
    **PATIENT,
    "COATCHECK_SECRET": "s" * 32,
    "COATCHECK_PUBLIC_URL": "https://api.example.com",
    "COATCHECK_WEBHOOK_ALLOW": "127.0.0.0/8",
    "COATCHECK_WEBHOOK_HTTP": "true",
    "COATCHECK_WEBHOOK_SCHEDULE": "0,0",
    "COATCHECK_POLL_INTERVAL": "0.1",
}


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Running]:
    """`coatcheck serve`, which may send to this machine, gives up after two attempts, and goes by another name elsewhere."""
    arguments = ("serve", "shop:jobs", "--port", "0", "--store", "sqlite:///webhooks.db", "--grace", "2")
    with running(*arguments, folder=folder, env=SENDING) as server:
        yield server


def submitted(customer: Coatcheck) -> str:
    """The id of a job that completes."""
    return customer("submit", "/count", '{"steps": 1}').out.strip()


def test_listen_registers_itself_prints_what_comes_and_goes(customer: Coatcheck, server: Running, folder: Path) -> None:
    env = {"COATCHECK_URL": server.url, "COATCHECK_TOKEN": TOKEN}
    with running("webhooks", "listen", "--port", "0", folder=folder, env=env) as receiver:
        webhook = receiver.logged(r"Registered as (ep_\w+)")
        url = receiver.logged(r"Listening on (http://127\.0\.0\.1:\d+/)")
        (listed,) = json.loads(customer("webhooks", "list", "--json").out)
        assert (listed["webhookId"], listed["url"], listed["disabled"]) == (webhook, url, False)
        job = submitted(customer)
        receiver.logged(rf"(job\.completed msg_\w+ {job} count)")
        tested = customer("webhooks", "test", webhook).out.strip()
        receiver.logged(rf"(webhook\.test {tested})")
        assert receiver.end(signal.SIGINT) == Exit.OK
    assert "Refused" not in receiver.log
    assert customer("webhooks", "list").err == "There are no webhooks.\n"


def test_listen_verifies_by_the_secrets_it_is_given(customer: Coatcheck, server: Running, folder: Path) -> None:
    """A message signed with another secret is refused, and one signed with either of two while one is replaced is not."""
    port = str(free_port())
    added = customer("webhooks", "add", f"http://127.0.0.1:{port}/", "--event", "job.completed", "--json")
    webhook = json.loads(added.out)
    with running("webhooks", "listen", "--port", port, "--json", "--secret", new_secret(), folder=folder) as stranger:
        stranger.logged(r"(Listening on)")
        customer("webhooks", "test", webhook["webhookId"])
        stranger.logged(r"(Refused: No signature fits)")
    rotated = customer("webhooks", "rotate", webhook["webhookId"], "--overlap", "60").out.strip()
    assert rotated != webhook["secret"]
    env = {"COATCHECK_WEBHOOK_SECRET": rotated}
    with running("webhooks", "listen", "--port", port, "--json", folder=folder, env=env) as receiver:
        receiver.logged(r"(Listening on)")
        job = submitted(customer)
        received = json.loads(receiver.logged(rf'(\{{.*"{job}".*\}})'))
        assert (received["type"], received["data"]["result"]) == ("job.completed", {"counted": 1})
        assert received["data"]["statusUrl"] == f"https://api.example.com/jobs/{job}"
    assert customer("webhooks", "remove", webhook["webhookId"]).status == Exit.OK


def test_what_was_given_up_is_listed_and_sent_again(customer: Coatcheck, folder: Path) -> None:
    port = str(free_port())
    webhook = json.loads(customer("webhooks", "add", f"http://127.0.0.1:{port}/", "--json").out)
    job = submitted(customer)

    def dead() -> list[dict[str, object]]:
        found = json.loads(customer("webhooks", "dead", "--json").out)
        return [delivery for delivery in found if delivery["jobId"] == job]

    (given_up,) = eventually(dead)
    assert len(given_up["attempts"]) == 2  # type: ignore[arg-type]
    shown = customer("webhooks", "dead").out.splitlines()
    assert shown[0].split() == ["DELIVERY", "TYPE", "JOB", "ATTEMPTS", "LAST", "URL"]
    assert shown[1].split()[:4] == [given_up["deliveryId"], "job.completed", job, "2"]
    with running("webhooks", "listen", "--port", port, "--secret", webhook["secret"], folder=folder) as receiver:
        receiver.logged(r"(Listening on)")
        again = customer("webhooks", "redeliver", job, "--json")
        assert [delivery["deliveryId"] for delivery in json.loads(again.out)] == [given_up["deliveryId"]]
        receiver.logged(rf"(job\.completed {given_up['deliveryId']})")
        assert customer("webhooks", "redeliver", job, str(given_up["deliveryId"])).status == Exit.OK
        eventually(lambda: receiver.log.count(str(given_up["deliveryId"])) == 2)
    assert dead() == []
    customer("webhooks", "remove", webhook["webhookId"])
    assert customer("webhooks", "redeliver", job).status == Exit.OK  # nothing is given up


def test_what_was_given_up_with_its_webhook_is_named_and_the_rest_is_sent(customer: Coatcheck) -> None:
    """Each is a message of its own: one that cannot be sent again is no obstacle to another."""
    webhooks = [json.loads(customer("webhooks", "add", f"http://127.0.0.1:{free_port()}/", "--json").out)["webhookId"] for _ in "12"]
    job = submitted(customer)

    def dead() -> list[str]:
        return [delivery["deliveryId"] for delivery in json.loads(customer("webhooks", "dead", "--json").out) if delivery["jobId"] == job]

    eventually(lambda: len(dead()) == 2)
    customer("webhooks", "remove", webhooks[0])
    again = customer("webhooks", "redeliver", job, "--json")
    (owed,) = json.loads(again.out)
    assert (again.status, owed["webhookId"], owed["status"]) == (Exit.REFUSED, webhooks[1], "pending")
    assert "is not sent again: The webhook that this message was for has been removed" in again.err
    customer("webhooks", "remove", webhooks[1])


def test_a_secret_is_printed_once_and_alone(customer: Coatcheck) -> None:
    made = customer("webhooks", "secret")
    assert len(parse_secret(made.out.strip())) == 32
    assert "not shown again" in made.err
    added = customer("webhooks", "add", "https://hooks.example.com/")
    assert len(parse_secret(added.out.strip())) == 32
    webhook = added.err.split("Registered as ")[1].split(".")[0]
    assert "ep_" in customer("webhooks", "enable", webhook).out
    assert customer("webhooks", "list").out.splitlines()[1].split()[:2] == [webhook, "enabled"]
    customer("webhooks", "remove", webhook)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["add", "https://127.0.0.1:1/x y"], Exit.REFUSED, "422 Destination not allowed"),
        (["add", "https://a.example/", "--event", "job.done"], Exit.USAGE, "job.done"),
        (["rotate", "ep_1"], Exit.NOT_FOUND, "404 Webhook not found"),
        (["test", "../jobs"], Exit.NOT_FOUND, "404"),
        (["redeliver", "00000000-0000-7000-8000-000000000000"], Exit.NOT_FOUND, "404 Job not found"),
        (["list", "--token", "guess"], Exit.REFUSED, "401 Unauthenticated"),
        (["list", "--url", "http://127.0.0.1:1"], Exit.UNREACHABLE, "Is the server running"),
        (["listen", "--secret", "hunter2", "--port", "0"], Exit.USAGE, "no webhook secret"),
    ],
)
def test_what_went_wrong_is_said_and_has_an_exit_status(customer: Coatcheck, arguments: list[str], status: Exit, said: str) -> None:
    ended = customer("webhooks", *arguments)
    assert (ended.status, ended.out) == (status, "")
    assert said in ended.err
