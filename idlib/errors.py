"""The one exception of the package."""

__all__ = ["IdlibError"]


class IdlibError(ValueError):
    """Bad input: the message says what was received, what was expected, and what to do."""
