"""Settings: an explicit argument beats the environment, which beats the default."""

from dataclasses import FrozenInstanceError, fields

import pytest

from coatcheck.errors import ConfigurationError
from coatcheck.settings import Settings


def test_an_explicit_argument_beats_the_environment_which_beats_the_default() -> None:
    assert Settings.load({}).concurrency == 8
    assert Settings.load({"COATCHECK_CONCURRENCY": "3"}).concurrency == 3
    assert Settings.load({"COATCHECK_CONCURRENCY": "3"}, concurrency=5).concurrency == 5
    assert Settings.load({"COATCHECK_CONCURRENCY": "3"}, concurrency=None).concurrency == 3


def test_the_processs_own_environment_is_read_where_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COATCHECK_MOUNT", "/api")
    assert Settings.load().mount == "/api"


@pytest.mark.parametrize("setting", [setting.name for setting in fields(Settings)])
def test_every_setting_has_its_variable(setting: str) -> None:
    written = {
        "durability": "process",
        "mount": "/api",
        "jobs_path": "/tasks",
        "public_url": "https://api.example.com",
        "embedded_worker": "no",
        "cors_origins": "https://app.example.com",
        "schema": "billing",
        "pooler": "yes",
        "secret": "7" * 32,
        "webhook_http": "yes",
        "await_server": "yes",
    }.get(setting, "7")
    loaded = Settings.load({f"COATCHECK_{setting.upper()}": written})
    assert getattr(loaded, setting) != getattr(Settings(), setting)


@pytest.mark.parametrize(("text", "value"), [("1", True), ("true", True), ("YES", True), ("0", False), ("False", False), ("no", False)])
def test_a_switch_is_read_as_people_write_it(text: str, value: bool) -> None:  # noqa: FBT001  what is compared
    assert Settings.load({"COATCHECK_EMBEDDED_WORKER": text}).embedded_worker is value


@pytest.mark.parametrize(
    ("variable", "text"), [("CONCURRENCY", "many"), ("CONCURRENCY", "1.5"), ("GRACE", ""), ("EMBEDDED_WORKER", "perhaps")]
)
def test_a_variable_that_cannot_be_read_is_named(variable: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=f"COATCHECK_{variable}={text!r} cannot be read as"):
        Settings.load({f"COATCHECK_{variable}": text})


@pytest.mark.parametrize("name", ["concurrency", "max_body", "grace", "stall_limit", "poll_interval", "lease"])
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_a_number_that_must_be_above_zero_is(name: str, value: float) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} is .* above zero"):
        Settings.load({}, **{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("durability", "none"),
        ("mount", "api"),
        ("mount", "/api/"),
        ("mount", "/"),
        ("jobs_path", "jobs"),
        ("jobs_path", "/jobs/"),
        ("public_url", "api.example.com"),
        ("public_url", "https://api.example.com/"),
        ("public_url", "https://api.example.com/v1"),
        ("tombstone", -1.0),
        ("tombstone", float("nan")),
        ("signed_urls", -1),
        ("signed_urls", 604_801),
    ],
)
def test_a_value_that_cannot_work_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} is {value!r}"):
        Settings.load({}, **{name: value})


@pytest.mark.parametrize("origins", ["https://a.example, http://localhost:5173", ["https://a.example", "http://localhost:5173"]])
def test_several_origins_are_listed_or_written_with_commas(origins: object) -> None:
    expected = ("https://a.example", "http://localhost:5173")
    assert Settings.load({}, cors_origins=origins).cors_origins == expected
    assert Settings.load({"COATCHECK_CORS_ORIGINS": ",".join(expected)}).cors_origins == expected


@pytest.mark.parametrize(
    "origin", ["app.example.com", "https://app.example.com/", "https://App.example.com", "null", "https://*.example.com"]
)
def test_what_no_browser_would_send_as_an_origin_is_refused(origin: str) -> None:
    with pytest.raises(ConfigurationError, match="cors_origins has"):
        Settings.load({}, cors_origins=[origin])


def test_what_is_no_setting_is_named() -> None:
    with pytest.raises(ConfigurationError, match="There is no setting colour, size"):
        Settings.load({}, size=1, colour="red")


def test_settings_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().mount = "/api"  # type: ignore[misc]
