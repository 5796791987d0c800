"""Every reason that connectors, intake and outbox can give has a sentence for the operator, in both languages."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

from connectors import errors
from inbox.intake.files import Refused
from inbox.web import advice

ROOT = Path(__file__).resolve().parents[2]
#: Where reasons come from. The sandbox only imitates, and `testing` only asks.
FOLDERS = ("connectors", "inbox/intake", "inbox/outbox", "inbox/sources", "inbox/actions")
ERRORS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
#: Codes that are worked out when they are needed: what stands there → what it can be.
WORKED_OUT = {
    "reason": (),  # of a bulk retry: one of those that messages were given up for
    "code": (),  # passed on from a table: `_why_not_secure` and `_what_happened`, read below
    "next(iter(effect.refused))": (),  # a code that a record was refused with, passed on
    "problem": (),  # written into the payload by file_drop, where it is read below
    "name": ("refused", "malformed", "unknown_complaint"),  # national_portal goes through these three
    "f'http_{status}'": tuple(f"http_{status}" for status in (400, 401, 403, 404, 409, 410, 422, 429, 500, 503)),
}


def trees() -> Iterator[tuple[str, ast.Module]]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            if not name.startswith(("connectors/sandbox", "connectors/testing")):
                yield name, ast.parse(path.read_text(encoding="utf-8"))


def constants() -> dict[str, str]:
    """Texts that have a name at the top of a module."""
    return {
        ast.unparse(node.targets[0]): str(node.value.value)
        for _, tree in trees()
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    }


CONSTANTS = constants()


def reasons() -> dict[str, str]:
    """Every code, with a place where it is given."""
    found = {kind.default_code: "connectors/errors.py" for kind in _kinds()}
    for name, tree in trees():
        for node in ast.walk(tree):
            for code in _codes_in(node, name):
                found.setdefault(code, f"{name}:{getattr(node, 'lineno', 0)}")
    return found


def _kinds() -> list[type[errors.ConnectorError]]:
    return [vars(errors)[name] for name in ERRORS if issubclass(vars(errors)[name], errors.ConnectorError)]


def _codes_in(node: ast.AST, name: str) -> Iterator[str]:
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func).rpartition(".")[2]
        if called in {"filter", "exclude", "Q"}:
            return  # asks for a code and gives none
        for keyword in node.keywords:
            if keyword.arg in {"reason_code", "error_code"} or (keyword.arg == "code" and called in {*ERRORS, "kind"}):
                yield from _values(keyword.value, name)
        if name == "inbox/intake/files.py" and called in {"Refused", "_refuse"} and node.args:
            yield from _values(node.args[-1], name)
    if isinstance(node, ast.Assign) and any(_is_code(target) for target in node.targets):
        values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        targets = node.targets[0].elts if isinstance(node.targets[0], ast.Tuple) else [node.targets[0]]
        for target, value in zip(targets, values, strict=False):
            if _is_code(target):
                yield from _values(value, name)
    if name == "connectors/http.py":  # pairs of a code and its words
        pairs = [node.value] if isinstance(node, ast.Return) else node.values if isinstance(node, ast.Dict) else []
        for pair in pairs:
            if isinstance(pair, ast.Tuple) and isinstance(pair.elts[0], ast.Constant):
                yield from _values(pair.elts[0], name)
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == "problem":
                yield from _values(value, name)


def _is_code(target: ast.AST) -> bool:
    if isinstance(target, ast.Tuple):
        return any(_is_code(one) for one in target.elts)
    return isinstance(target, ast.Attribute) and target.attr in {"reason_code", "error_code", "last_error_code"}


def _values(node: ast.expr, name: str) -> Iterator[str]:
    """The texts that an expression can be; what cannot be told is on the list above, or the test fails."""
    if isinstance(node, ast.Subscript):
        node = node.value
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and node.value:
            yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _values(node.body, name)
        yield from _values(node.orelse, name)
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from _values(value, name)
    else:
        written = ast.unparse(node)
        if written in CONSTANTS:
            yield CONSTANTS[written]
            return
        if written in WORKED_OUT:
            yield from WORKED_OUT[written]
        elif not written.endswith((".code", "_code", ".default_code")):  # those are passed on from elsewhere
            yield f"say in WORKED_OUT what {written} can be"


REASONS = reasons()
#: Reasons that only a file can have; the others are explained by their source.
OF_FILES = {"damaged", "type_not_allowed", "empty", "unpacks_too_large"}


def test_the_walk_finds_what_it_should() -> None:
    known = {"timeout", "wrong_password", "tls_expired", "dns", "broken_row", "bad_table", "not_storable", "lease_lost"}
    assert known - {"timeout"} <= REASONS.keys()
    assert len(REASONS) > 80


@pytest.mark.parametrize("code", sorted(REASONS))
def test_every_reason_has_its_sentence(code: str) -> None:
    said = {}
    for language in ("en", "vi"):
        with translation.override(language):
            words = advice.file_advice_for(code) if code in OF_FILES else advice.advice_for(code)
            said[language] = (words.what, words.todo)
    general = "an error nobody has described yet"
    assert general not in said["en"][0], f"{REASONS[code]} gives {code!r}, which inbox/web/advice.py does not explain"
    assert all(said["en"]), "what happened, and what to do"
    assert said["en"][0] != said["vi"][0], "not translated"
    assert said["en"][1] != said["vi"][1], "not translated"


@pytest.mark.parametrize("code", sorted(advice._FILES))
def test_every_reason_of_a_file_too(code: str) -> None:
    said = {}
    for language in ("en", "vi"):
        with translation.override(language):
            words = advice.file_advice_for(code)
            said[language] = (words.what, words.todo)
    assert all(said["en"])
    assert all(one != other for one, other in zip(*said.values(), strict=True))


def test_what_nobody_described_still_says_something() -> None:
    for code in ("brand_new", "", "http_599", "http_418"):
        words = advice.advice_for(code)
        assert words.what
        assert words.todo


def test_refusals_of_files_are_codes() -> None:
    assert Refused("empty").code == "empty"
