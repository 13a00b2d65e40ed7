"""Webhooks to receivers that misbehave, by dispatchers that are killed: short, and the checker by itself."""

from pathlib import Path

import pytest

from chaos.deliveries import check
from chaos.receivers import Seen
from chaos.violation import Rule
from coatcheck.domain.delivery import Delivery, DeliveryStatus
from coatcheck.domain.endpoint import Occasion
from tests.chaos.test_kill_storm import chaos


def test_each_is_delivered_or_dead_and_none_is_lost(tmp_path: Path) -> None:
    arguments = ("--jobs", "8", "--receivers", "5", "--kills", "2", "--seed", "3")
    status, log, seen = chaos(tmp_path / "seen.json", "deliveries", *arguments)
    assert (status, seen["violations"]) == (0, []), log
    figures = seen["figures"]
    assert (figures["deliveries"], figures["delivered"] + figures["dead"], figures["kills"]) == (40, 40, 2)
    assert figures["requests"] > 40


def delivery(status: DeliveryStatus) -> Delivery:
    return Delivery(id="msg_1", owner="everyone", occasion=Occasion.COMPLETED, url="http://127.0.0.1/", status=status, created_at=0.0)


DELIVERED, PENDING, DEAD = map(delivery, (DeliveryStatus.DELIVERED, DeliveryStatus.PENDING, DeliveryStatus.DEAD))
TAKEN = Seen(id="msg_1", body="a", genuine=True, manner="well")


@pytest.mark.parametrize(
    ("found", "seen", "owed", "rules"),
    [
        ([DELIVERED], [TAKEN, TAKEN._replace(manner="failing")], 1, []),
        ([DEAD], [], 1, []),
        ([DELIVERED], [TAKEN], 2, [Rule.LOST]),
        ([DELIVERED], [TAKEN._replace(manner="hanging")], 1, [Rule.LOST]),
        ([PENDING], [TAKEN], 1, [Rule.UNENDED]),
        ([DELIVERED], [TAKEN, TAKEN._replace(body="b")], 1, [Rule.CHANGED]),
        ([DELIVERED], [TAKEN, TAKEN._replace(genuine=False)], 1, [Rule.ANSWER]),
        ([DELIVERED], [TAKEN, TAKEN._replace(id="msg_2")], 1, [Rule.ANSWER]),
    ],
)
def test_the_checker_finds_what_is_wrong(found: list[Delivery], seen: list[Seen], owed: int, rules: list[Rule]) -> None:
    assert [violation.rule for violation in check(found, seen, owed)] == rules
