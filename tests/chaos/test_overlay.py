"""The copy of the package that the storm's processes run."""

import re
from pathlib import Path

import pytest

import coatcheck
from chaos import overlay
from chaos.overlay import FENCED, copied

PACKAGE = Path(coatcheck.__file__).parent
CONDITIONS = b"|".join(
    (
        rb"\s+AND (fence = :fence|worker = :worker)",
        rb"\s+AND ((jobs\.)?fence = (%\(fence\)s|(?:ended|held)\.fence)|held\.worker = %\(worker\)s)",
        rb", fence(?=\)\n)",
    )
)


def texts(package: Path) -> dict[str, bytes]:
    return {str(file.relative_to(package)): file.read_bytes() for file in package.rglob("*") if file.suffix in (".py", ".sql")}


def test_the_copy_is_the_package(tmp_path: Path) -> None:
    assert texts(copied(tmp_path) / "coatcheck") == texts(PACKAGE)


def test_sabotage_takes_the_fence_out_of_the_writes_of_workers_and_touches_nothing_else(tmp_path: Path) -> None:
    ours, copy = texts(PACKAGE), texts(copied(tmp_path, "fence") / "coatcheck")
    changed = {name for name, text in ours.items() if copy[name] != text}
    assert changed == {f"{store}/statements/{name}.sql" for store, statements in FENCED.items() for name in statements}
    for name in changed:
        assert re.sub(CONDITIONS, b"", ours[name]) == copy[name]


def test_sabotage_of_what_is_not_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a storm on whole processes would pass for one on sabotaged ones."""
    monkeypatch.setattr(overlay, "FENCED", {"store/sqlite": {"get": 1}})
    with pytest.raises(ValueError, match=r"get\.sql"):
        copied(tmp_path, "fence")
