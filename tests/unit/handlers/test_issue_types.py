"""Errors and warnings of a cell, typed by the kernel's messages and by what Python writes to stderr."""

from __future__ import annotations

from typing import get_args

import pytest

from jmcp.core.ports import Output
from jmcp_api import limits
from jmcp_api.enums import ErrorType, WarningType
from jmcp_handlers.compat.issues import error_of, error_type, warning_of, warning_type


def error(ename: str, evalue: str = "why") -> Output:
    return {"output_type": "error", "ename": ename, "evalue": evalue, "traceback": []}


def stderr(text: str) -> Output:
    return {"output_type": "stream", "name": "stderr", "text": text}


def stdout(text: str) -> Output:
    return {"output_type": "stream", "name": "stdout", "text": text}


# The 21 checks of the older servers' own suite, which looked for these in printed text.


@pytest.mark.parametrize(
    ("ename", "wanted"),
    [
        ("SyntaxError", "syntax_error"),
        ("NameError", "name_error"),
        ("TypeError", "type_error"),
        ("ValueError", "value_error"),
        ("AttributeError", "attribute_error"),
        ("KeyError", "key_error"),
        ("IndexError", "index_error"),
        ("ZeroDivisionError", "zero_division_error"),
        ("FileNotFoundError", "file_not_found_error"),
        ("ModuleNotFoundError", "module_not_found_error"),
    ],
)
def test_an_exception_has_its_type(ename: str, wanted: str) -> None:
    found = error_of([stdout("before\n"), error(ename)])
    assert found is not None
    assert (found.type, found.message) == (wanted, f"{ename}: why")


@pytest.mark.parametrize(
    ("category", "wanted"),
    [
        ("UserWarning", "user_warning"),
        ("DeprecationWarning", "deprecation_warning"),
        ("FutureWarning", "future_warning"),
        ("RuntimeWarning", "runtime_warning"),
        ("SyntaxWarning", "syntax_warning"),
        ("ResourceWarning", "resource_warning"),
    ],
)
def test_a_warning_has_its_type(category: str, wanted: str) -> None:
    text = f"/tmp/ipykernel_7/1.py:3: {category}: look out\n  warnings.warn('look out')\n"
    found = warning_of([stdout("before\n"), stderr(text)])
    assert found is not None
    assert (found.type, found.message) == (wanted, f"{category}: look out")


def test_clean_output_has_neither() -> None:
    outputs = [stdout("42\n"), {"output_type": "execute_result", "data": {"text/plain": "42"}}]
    assert (error_of(outputs), warning_of(outputs)) == (None, None)


def test_no_output_has_neither() -> None:
    assert (error_of([]), warning_of([])) == (None, None)


def test_an_error_and_a_warning_are_both_told() -> None:
    outputs = [stderr("a.py:1: UserWarning: first\n"), error("ValueError")]
    assert error_of(outputs) is not None
    assert warning_of(outputs) is not None


def test_printed_text_is_no_error() -> None:
    printed = "ValueError: x\nTraceback (most recent call last):\n  a.py\nKeyError: 'y'\n"
    assert error_of([stdout(printed), stderr(printed)]) is None


def test_printed_text_is_no_warning() -> None:
    printed = "a.py:1: UserWarning: printed to stdout\n"
    assert warning_of([stdout(printed), stderr("UserWarning: without file and line\n")]) is None


# What that suite did not look for.


@pytest.mark.parametrize("listed", get_args(ErrorType))
def test_each_listed_error_is_an_exception_of_python(listed: str) -> None:
    name = "".join(word.capitalize() for word in listed.split("_"))
    assert error_type(name) == listed


@pytest.mark.parametrize("listed", get_args(WarningType))
def test_each_listed_warning_is_a_category_of_python(listed: str) -> None:
    name = "".join(word.capitalize() for word in listed.split("_"))
    assert warning_type(name) == listed


def test_there_are_as_many_as_the_older_servers_knew() -> None:
    assert (len(get_args(ErrorType)), len(get_args(WarningType))) == (23, 11)


@pytest.mark.parametrize(
    ("ename", "wanted"),
    [
        # Python's own that are derived from a listed one
        ("UnicodeDecodeError", "unicode_error"),
        ("ConnectionResetError", "connection_error"),
        ("UnboundLocalError", "name_error"),
        ("NotImplementedError", "runtime_error"),
        # Python's own that are not
        ("OSError", "os_error"),
        ("StopIteration", "stop_iteration"),
        ("SystemExit", "system_exit"),
        ("ExceptionGroup", "exception_group"),
        # others'
        ("OrderRejected", "order_rejected"),
        ("HTTPError", "http_error"),
        ("JSONDecodeError", "json_decode_error"),
        ("package.module.OddError", "odd_error"),
        ("Ünglück", "ünglück"),
        ("int", "int"),
        ("print", "print"),
        ("Error in f(x)", "error_in_f_x"),
        ("", "error"),
        ("!?", "error"),
    ],
)
def test_any_other_exception_has_its_own_name(ename: str, wanted: str) -> None:
    assert error_type(ename) == wanted


@pytest.mark.parametrize(
    ("category", "wanted"),
    [
        ("SettingWithCopyWarning", "setting_with_copy_warning"),
        ("EncodingWarning", "warning"),
        ("sklearn.exceptions.ConvergenceWarning", "convergence_warning"),
    ],
)
def test_any_other_warning_has_its_own_name(category: str, wanted: str) -> None:
    found = warning_of([stderr(f"a.py:1: {category}: look out\n")])
    assert found is not None
    assert found.type == wanted


def test_an_error_without_a_name_has_its_message() -> None:
    found = error_of([error("", "object 'x' not found")])
    assert found is not None
    assert (found.type, found.message) == ("error", "object 'x' not found")


def test_an_error_without_a_message_has_its_name() -> None:
    found = error_of([error("KeyboardInterrupt", "")])
    assert found is not None
    assert (found.type, found.message) == ("keyboard_interrupt", "KeyboardInterrupt")


def test_the_first_warning_is_told_coloured_or_not() -> None:
    text = "noise\n\x1b[31mC:\\a.py:1: FutureWarning: one\x1b[0m\nb.py:2: UserWarning: two\n"
    found = warning_of([stderr(text)])
    assert found is not None
    assert (found.type, found.message) == ("future_warning", "FutureWarning: one")


def test_what_is_told_is_short() -> None:
    long = "x" * 100_000
    failed, warned = (
        error_of([error(f"E{long}", long)]),
        warning_of([stderr(f"a:1: UserWarning: {long}\n")]),
    )
    assert failed is not None
    assert warned is not None
    assert len(failed.type) <= 100
    for message in (failed.message, warned.message):
        assert len(message) < limits.ERROR_VALUE_CHARACTERS + 100


@pytest.mark.parametrize("piece", ["a:1: ", ":1:1", "a" * 7, ":1: a.", "x:1: Warnin", "\n:1"])
def test_a_text_that_is_made_to_take_long_does_not(piece: str) -> None:
    assert warning_of([stderr(piece * (2_000_000 // len(piece)))]) is None
