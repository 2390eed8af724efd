"""Text of others where Qt would take it for HTML, and fetch the pictures it names."""

from __future__ import annotations


def plain(text: str) -> str:
    """The text for a tooltip, with an unseen mark behind each "<", so that no tag is read out of it.

    Labels need none of this: the style sheet makes all plain that do not ask for rich text.
    """
    return text.replace("<", "<\u2060")
