"""RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-11): what may be sent, and how much of that is left."""


def format_policy(name: str, quota: int, *, seconds: float | None = None, unit: str | None = None) -> str:
    """One value of RateLimit-Policy: so much, in so many seconds.

    >>> format_policy("submissions", 100, seconds=60)
    '"submissions";q=100;w=60'
    >>> format_policy("jobs", 3, unit="concurrent-requests")
    '"jobs";q=3;qu="concurrent-requests"'
    """
    value = f'"{name}";q={quota}'
    if unit is not None:
        value += f';qu="{unit}"'
    return value if seconds is None else f"{value};w={seconds:.0f}"


def format_remaining(name: str, remaining: int, *, seconds: int) -> str:
    """One value of RateLimit: so much is left, for so many seconds.

    >>> format_remaining("submissions", 40, seconds=25)
    '"submissions";r=40;t=25'
    """
    return f'"{name}";r={remaining};t={seconds}'
