"""House rules that no linter knows, checked on the source itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ENGINE = Path(__file__).parent.parent / "engine"
CAPABILITIES = ENGINE / "capabilities.py"  # the one place that looks at what a model has
OWNERS = ("model", "reader", "decoder", "forward", "backward", "writer", "translator", "task")
"""What a name of something that is a model ends with."""


def trees() -> list[tuple[Path, ast.Module]]:
    return [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in sorted(ENGINE.rglob("*.py"))]


def probes(tree: ast.Module) -> Iterator[ast.Call]:
    """`hasattr`, and `getattr` with something to fall back on."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            name = node.func.id
            if name == "hasattr" or (name == "getattr" and len(node.args) + len(node.keywords) > 2):
                yield node


def annotations(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """What arguments, variables, attributes and functions are called, and what they are said to be."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.annotation is not None:
            yield node.arg, node.annotation
        elif isinstance(node, ast.AnnAssign):
            target = node.target
            yield target.attr if isinstance(target, ast.Attribute) else ast.unparse(target), node.annotation
        elif isinstance(node, ast.FunctionDef) and node.returns is not None:
            yield node.name, node.returns


def says_any(annotation: ast.expr) -> bool:
    """Whether it is `Any`, or a tuple or union with it; not a table, an array or a model whose state may be any."""
    if isinstance(annotation, ast.Name):
        return annotation.id == "Any"
    if isinstance(annotation, ast.BinOp):
        return says_any(annotation.left) or says_any(annotation.right)
    if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) in ("tuple", "list", "Sequence"):
        parts = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
        return any(says_any(part) for part in parts)
    return False


def is_model(name: str) -> bool:
    return name.lstrip("_").rpartition("_")[2] in OWNERS


def test_nothing_probes_a_model() -> None:
    """What a model can do it says by a capability; two probes of Python and the system itself are let be."""
    found = {
        f"{path.relative_to(ENGINE)}: {ast.unparse(call)}"
        for path, tree in trees()
        for call in probes(tree)
        if path != CAPABILITIES
    }
    assert found <= {"files.py: getattr(os, 'O_BINARY', 0)"}


def test_no_model_is_any() -> None:
    found = [
        f"{path.relative_to(ENGINE)}:{annotation.lineno}: {name}: {ast.unparse(annotation)}"
        for path, tree in trees()
        for name, annotation in annotations(tree)
        if says_any(annotation) and is_model(name)
    ]
    assert not found


def test_no_id_of_a_mark_is_known_outside_the_vocabularies() -> None:
    found = [
        f"{path.relative_to(ENGINE)}: {name.name}"
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "engine.text"
        for name in node.names
        if name.name in ("PAD", "UNK", "BOS", "EOS", "MARKS")
    ]
    assert not found


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("hasattr(model, 'x')", 1),
        ("getattr(model, 'x', None)", 1),
        ("getattr(model, name)", 0),
        ("model.hasattr", 0),
    ],
)
def test_the_check_sees_probes(source: str, count: int) -> None:
    assert len(list(probes(ast.parse(source)))) == count


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("def f(model: Any): ...", True),
        ("def f(forward: tuple[Any, int] | None): ...", True),
        ("self._model: Any = 1", True),
        ("def latent_model() -> tuple[Any, ModelInfo]: ...", True),
        ("def f(model: NextToken[Any], options: Any): ...", False),
        ("def f(model: dict[str, Any]): ...", False),
    ],
)
def test_the_check_sees_models_of_any_kind(source: str, seen: bool) -> None:
    assert any(says_any(a) and is_model(n) for n, a in annotations(ast.parse(source))) is seen
