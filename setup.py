"""The part of the build that pyproject.toml cannot say: `assets/` is installed inside the package `engine`."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["app*", "engine*"]), "engine.assets"],
    package_dir={"engine.assets": "assets"},
    include_package_data=False,
    package_data={
        "app": ["*.qss"],
        "engine.assets": ["checkpoints/*", "examples/**/*", "fonts/*", "icons/*"],
        "engine.training": ["recipes/**/*", "tables/*"],
    },
)
