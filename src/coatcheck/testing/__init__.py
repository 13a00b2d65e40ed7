"""For the tests of applications and of backends; nothing in production imports it.

from coatcheck.testing import inline, manual
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coatcheck.testing.attempt import Attempt
    from coatcheck.testing.kit import Kit, NothingDue, inline, manual

__all__ = ["Attempt", "Kit", "NothingDue", "inline", "manual"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: pytest loads our plugin in every project that has us installed."""
    if name not in __all__:
        raise AttributeError(f"module 'coatcheck.testing' has no attribute {name!r}")
    from coatcheck.testing import kit

    return getattr(kit, name)
