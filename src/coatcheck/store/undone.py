"""A transaction that was rolled back because the function in it raised."""


class Undone(Exception):
    """What a function raised that a store ran inside a transaction."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(f"rolled back: {type(error).__name__}")
        self.error = error
