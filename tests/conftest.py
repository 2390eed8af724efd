"""What holds for every test: generated examples are the same each time, and no example has a deadline."""

from hypothesis import settings

settings.register_profile("suite", deadline=None, derandomize=True)
settings.load_profile("suite")
