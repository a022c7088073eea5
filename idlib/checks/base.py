"""How a check speaks."""

__all__ = ["verdict"]


def verdict(problem: str | None, hint: str, praise: str) -> bool:
    """Prints what a check found, and returns whether the answer is right.

    Args:
        problem: what is wrong, with the input and both values; None if nothing is.
        hint: what to think of next; shown with the problem only.
        praise: what the reader has shown, in a sentence.
    """
    if problem is None:
        print(f"Right. {praise}")
        return True
    print(f"Not yet: {problem}\nHint: {hint}")
    return False
