from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import apsw

from coatcheck.demo import airports
from coatcheck.demo.airports import AirportTable, Line

SOURCE = "airports.ndjson.gz"
GOOD = b'{"iata":"SEA","name":"Seattle-Tacoma Intl","city":"Seattle","state":"WA","country":"USA","latitude":47.45,"longitude":-122.3}'


def test_the_data_is_what_its_readme_says() -> None:
    data = files("coatcheck.demo") / "data"
    readme = (data / "README.md").read_text("utf-8")
    for name in (SOURCE, "seattle-weather.csv"):
        assert f"{sha256((data / name).read_bytes()).hexdigest()}  {name}" in readme


def test_the_odd_rows_are_refused_and_no_others() -> None:
    """42 codes of four characters, 12 unknown cities: all of them so in the original."""
    validated = [airports.validate(batch) for batch in airports.batches(SOURCE)]
    refused = [refusal for _, refusals in validated for refusal in refusals]
    assert sum(len(taken) for taken, _ in validated) == 3322
    assert sum(refusal.reason.endswith("`$.iata`") for refusal in refused) == 42
    assert sum(refusal.reason.endswith("`$.city`") for refusal in refused) == 12
    assert len(refused) == 54


def test_what_is_no_json_is_refused_and_named_by_its_line() -> None:
    taken, refused = airports.validate([Line(1, GOOD), Line(2, b"{"), Line(3, b"\xff")])
    assert [airport.iata for airport in taken] == ["SEA"]
    assert [refusal.line.number for refusal in refused] == [2, 3]


def test_batches_hold_every_line_once_in_order() -> None:
    numbers = [line.number for batch in airports.batches(SOURCE) for line in batch]
    assert numbers == list(range(1, airports.count(SOURCE) + 1))


def test_saving_a_batch_twice_changes_nothing(tmp_path: Path) -> None:
    """A batch may be seen again after a crash."""
    batch = next(airports.batches(SOURCE))
    taken, refused = airports.validate([*batch, Line(51, b"{}")])
    with AirportTable.opened(str(tmp_path / "airports.db")) as table:
        table.save("a-job", taken, refused)
        report = table.refused_as_csv("a-job")
        table.save("a-job", taken, refused)
        assert table.refused_as_csv("a-job") == report
    rows = apsw.Connection(str(tmp_path / "airports.db")).execute("SELECT count(*) FROM airports").get
    assert rows == len(taken) == 50


def test_each_import_reports_its_own_refusals(tmp_path: Path) -> None:
    with AirportTable.opened(str(tmp_path / "airports.db")) as table:
        table.save("one", *airports.validate([Line(7, b"{}")]))
        assert table.refused_as_csv("one").splitlines()[1].startswith(b"7,")
        assert table.refused_as_csv("another") == b"line,reason,row\r\n"
