"""The theme of the window's tests."""

from tests.app.conftest import theme

__all__ = ["theme"]
