"""Compiled kernels: what numba's cache has to notice."""

import ast
from pathlib import Path

import pytest

import rs3l_data

PACKAGE = Path(rs3l_data.__file__).parent
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")}
WITH_KERNELS = [p for p, tree in TREES.items() if "njit" in ast.unparse(tree)]


def taken_from_other_files(tree: ast.Module) -> set[str]:
    """Find what of ours a file's kernels take from other files."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    ours = {
        alias.asname or alias.name
        for node in imports
        for alias in node.names
        if str(node.module).startswith("rs3l_data")
    }
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    statements = [
        line for f in functions if any(map(_compiles, f.decorator_list)) for line in f.body
    ]
    nodes = [node for line in statements for node in ast.walk(line)]
    return ours & {node.id for node in nodes if isinstance(node, ast.Name)}


def _compiles(decorator: ast.expr) -> bool:
    return any(name in ast.unparse(decorator) for name in ("njit", "_compiled"))


@pytest.mark.parametrize("path", WITH_KERNELS, ids=lambda p: p.stem)
def test_kernels_take_nothing_from_other_files(path):
    # A changed constant or function would leave the compiled code of before in numba's cache.
    assert taken_from_other_files(TREES[path]) == set()


def test_what_a_kernel_takes_is_found():
    text = """
from rs3l_data.detect.species import INVISIBLE, classify

@njit(cache=True)
def kernel(category: I8) -> int:
    return category != INVISIBLE
"""
    assert taken_from_other_files(ast.parse(text)) == {"INVISIBLE"}
    assert len(WITH_KERNELS) > 10
