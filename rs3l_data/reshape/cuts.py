"""Conditions on columns, as ``pt > 500 and softdrop_mass < 200``, read without executing anything.

The text is parsed with Python's grammar and evaluated by a walk over the few kinds of nodes that a
condition needs: numbers, column names, comparisons (also chained), ``and``, ``or``, ``not``, the
four operations and ``abs``. Anything else is refused.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rs3l_data.describe.schema import Column
from rs3l_data.describe.strict import nearest
from rs3l_data.errors import ConfigError
from rs3l_data.store.tables import Columns

_MAX_LENGTH = 1000
_MAX_NODES = 300
_EXAMPLE = (
    "expected columns, numbers without units, < <= > >= == !=, and, or, not, + - * /, abs() and "
    "brackets, as in 'pt > 500 and softdrop_mass < 200'"
)


def _differs(left: Any, right: Any) -> Any:
    """Compare with !=, which numpy takes to be true of NaN."""
    return (left < right) | (left > right)


_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: _differs,
}
_ARITHMETIC: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: np.true_divide,
}


@dataclass(frozen=True, slots=True)
class Cut:
    """A condition on the columns of one table."""

    condition: ast.expr

    def __call__(self, table: Columns) -> npt.NDArray[np.bool_]:
        """Say of each row, (n_rows,), whether it fulfils the condition.

        Comparisons with NaN are false, ``!=`` as the others; a column alone stands for ``!= 0``. So
        ``not pt > 500`` is true for a missing jet: rows without a jet are for the caller to leave
        out.
        """
        with np.errstate(all="ignore"):
            fulfilled: npt.NDArray[np.bool_] = _truth(self.condition, table)
        return fulfilled


def parse(text: str, columns: tuple[Column, ...], table: str) -> Cut:
    """Read a condition.

    Parameters
    ----------
    columns, table
        What the condition may speak of, and what error messages call it.

    Raises
    ------
    ConfigError
        If it is not a valid condition, or names a column that does not exist.

    Examples
    --------
    >>> from rs3l_data.describe.schema import JETS
    >>> cut = parse("400 < pt < 600 and not abs(eta) > 2", JETS, "jets")
    >>> cut({"pt": np.array([500.0, 700.0]), "eta": np.array([-1.0, 0.0])})
    array([ True, False])
    """
    if len(text) > _MAX_LENGTH:
        raise ConfigError(f"a condition of {len(text)} characters, expected {_MAX_LENGTH} at most")
    try:
        condition = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise ConfigError(
            f"'{text}': not a valid condition{_at(text, error)}; {_EXAMPLE}"
        ) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ConfigError(f"'{text}': not a valid condition: {error}; {_EXAMPLE}") from None
    if sum(1 for _ in ast.walk(condition)) > _MAX_NODES:
        raise ConfigError(f"'{text:.80}...': a condition of too many parts; {_EXAMPLE}")
    _check_condition(condition, text, columns, table)
    return Cut(condition)


def _at(text: str, error: SyntaxError) -> str:
    """Say which character of a text Python's grammar stops at, counted from 1, and why if it does.

    Python counts within a line, and gives 0 where the text ends too early.
    """
    why = "" if error.msg == "invalid syntax" else f": {error.msg}"
    if error.lineno is None or not error.offset:
        return f" at its end{why}"
    n_before = len(text) - len(text.lstrip())
    n_before += sum(map(len, text.strip().splitlines(keepends=True)[: error.lineno - 1]))
    rest = text[n_before + error.offset - 1 :].split()
    found = f", '{rest[0]}'" if rest else ""
    return f" at character {n_before + error.offset}{found}{why}"


def _check_condition(node: ast.expr, text: str, columns: tuple[Column, ...], table: str) -> None:
    known = [column.name for column in columns]
    match node:
        case ast.BoolOp():
            for value in node.values:
                _check_condition(value, text, columns, table)
        case ast.UnaryOp(op=ast.Not()):
            _check_condition(node.operand, text, columns, table)
        case ast.Compare() if all(type(op) in _COMPARE for op in node.ops):
            for value in (node.left, *node.comparators):
                _check_value(value, text, known, table)
        case ast.Name():
            _check_value(node, text, known, table)
            flags = [column.name for column in columns if column.numpy_dtype == np.bool_]
            if node.id not in flags:
                raise ConfigError(
                    f"'{text}': '{node.id}' is a number, expected a comparison with it"
                    + (f", or one of {', '.join(flags)}" if flags else "")
                )
        case _:
            raise _refused(node, text, "a comparison, or several with and, or, not")


def _check_value(node: ast.expr, text: str, known: list[str], table: str) -> None:
    match node:
        case ast.Constant(value=int() | float() as number):
            # Beyond, numpy's integers would overflow.
            if not abs(number) < 1e18:
                raise _refused(node, text, "a number below 1e18")
        case ast.Name():
            if node.id not in known:
                hint = nearest(node.id, known)
                raise ConfigError(f"'{text}': the {table} have no column '{node.id}'; {hint}")
        case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
            _check_value(node.operand, text, known, table)
        case ast.BinOp() if type(node.op) in _ARITHMETIC:
            _check_value(node.left, text, known, table)
            _check_value(node.right, text, known, table)
        case ast.Call(func=ast.Name(id="abs"), args=[argument], keywords=[]):
            _check_value(argument, text, known, table)
        case _:
            raise _refused(node, text, "a column, a number, + - * / or abs()")


def _refused(node: ast.expr, text: str, expected: str) -> ConfigError:
    return ConfigError(f"'{text}': found '{ast.unparse(node)}', expected {expected}")


def _truth(node: ast.expr, table: Columns) -> Any:
    if isinstance(node, ast.BoolOp):
        together = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
        return together.reduce([_truth(value, table) for value in node.values])
    if isinstance(node, ast.UnaryOp):
        return ~_truth(node.operand, table)
    if isinstance(node, ast.Compare):
        values = [_value(value, table) for value in (node.left, *node.comparators)]
        length = len(next(iter(table.values())))
        holds = np.ones(length, bool)
        for op, left, right in zip(node.ops, values[:-1], values[1:], strict=True):
            holds &= _COMPARE[type(op)](left, right)
        return holds
    return _differs(_value(node, table), 0)


def _value(node: ast.expr, table: Columns) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        values = table[node.id]
        # Small unsigned integers would wrap around below 0.
        return values.astype(np.int64) if values.dtype.kind in "uib" else values.astype(np.float64)
    if isinstance(node, ast.UnaryOp):
        value = _value(node.operand, table)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp):
        # Whole numbers would overflow.
        left, right = (np.float64(1) * _value(side, table) for side in (node.left, node.right))
        return _ARITHMETIC[type(node.op)](left, right)
    assert isinstance(node, ast.Call)
    return np.abs(_value(node.args[0], table))
