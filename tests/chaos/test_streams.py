"""Many who follow a job, most of whom never read: the others see everything in order, and the server ends at once when told to."""

from pathlib import Path

from chaos.streams import Audience, Streams


def test_who_reads_sees_every_event_in_order_whatever_the_others_do(tmp_path: Path, empty_store: str) -> None:
    """100 clients, of whom 90 never read. `make chaos` has 5,000."""
    audience = Audience(clients=100, readers=10, lines=20, pause=0.05, stall=5.0, seed=1)
    streams = Streams(audience, empty_store)
    streams.run()
    assert streams.wrong == []
    connections = streams.figures["connections of the readers"]
    assert isinstance(connections, int)
    assert connections > audience.readers, "nobody was cut off"
