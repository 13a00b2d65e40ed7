import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from coatcheck import Coatcheck
from coatcheck.cli.target import load, load_asgi
from coatcheck.errors import ConfigurationError
from tests.cli.running import forget_modules


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name, text in {
        "shop": """
jobs = Coatcheck()
app = print
name = 'shop'

@jobs.operation('/sales')
def sell() -> None: ...

class stock:
    jobs = jobs
""",
        "two": "a, b = Coatcheck(), Coatcheck()\napp = print\n",
        "none": "",
        "broken": "1 / 0\n",
        "needy": "import nowhere\n",
        "hosted": """
from fastapi import FastAPI

jobs = Coatcheck()
app = FastAPI()
app.include_router(jobs.router, prefix='/api')
""",
        "fixed": "jobs = Coatcheck(store='sqlite:///fixed.db', grace=9)\n",
    }.items():
        (tmp_path / f"{name}.py").write_text(f"from coatcheck import Coatcheck\n{text}")
    yield
    forget_modules(tmp_path)


@pytest.mark.parametrize("target", ["shop:jobs", "shop:stock.jobs", "shop:app", "shop"])
def test_a_target_leads_to_its_coatcheck_object(target: str) -> None:
    """By its name; by a host application, or a module, that has no other one."""
    found = load(target)
    assert isinstance(found, Coatcheck)
    assert found is sys.modules["shop"].jobs


@pytest.mark.parametrize("target", ["hosted:jobs", "hosted:app", "hosted"])
def test_the_prefix_of_a_host_beside_it_is_known(target: str) -> None:
    """For whoever speaks of URLs while no request is answered: a worker that sends webhooks."""
    assert load(target).wiring.prefix == "/api"


def test_a_server_serves_what_the_target_names() -> None:
    assert load_asgi("shop:app") is print
    assert load_asgi("shop:jobs") is load_asgi("shop") is load("shop")


def test_settings_given_here_beat_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COATCHECK_STORE", "sqlite:///other.db")
    settings = load("shop:jobs", store="sqlite:///jobs.db", concurrency=3, grace=None, embedded_worker=False).settings
    assert (settings.store, settings.concurrency, settings.grace, settings.embedded_worker) == ("sqlite:///jobs.db", 3, 30.0, False)


def test_a_setting_that_the_code_fixes_is_not_silently_ignored() -> None:
    assert load("fixed:jobs", grace=9).settings.grace == 9
    with pytest.raises(ConfigurationError, match=r"sets store='sqlite:///fixed[.]db' in its code"):
        load("fixed:jobs", store="sqlite:///other.db")


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("nowhere:jobs", "There is no module 'nowhere'"),
        ("shop.nowhere:jobs", "There is no module 'shop.nowhere'"),
        ("shop:stack", "The module shop has no 'stack'"),
        (":jobs", "names no module"),
        ("broken:jobs", "Importing broken raised ZeroDivisionError"),
        ("needy:jobs", "Importing needy raised ModuleNotFoundError"),
        ("two:app", "its module has 2 Coatcheck objects"),
        ("none", "its module has no Coatcheck object"),
    ],
)
def test_a_target_that_is_no_application_is_explained(target: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load(target)
    assert said in str(raised.value)


def test_an_operation_is_not_served_in_place_of_its_application() -> None:
    """It can be called, as an ASGI application can."""
    with pytest.raises(ConfigurationError, match=r"shop:sell is one operation; .* shop:jobs"):
        load_asgi("shop:sell")


def test_what_is_no_asgi_application_is_not_served() -> None:
    with pytest.raises(ConfigurationError, match="is no ASGI application"):
        load_asgi("shop:name")
