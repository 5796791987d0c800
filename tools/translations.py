"""Translations without GNU gettext: `python tools/translations.py update | compile | check`.

`update` collects the messages of code and templates into locale/*/LC_MESSAGES/django.po, `compile` makes the .mo files
that Django reads (they are not kept in git), `check` fails when a message is missing, fuzzy, obsolete or has other
placeholders than its translation. Django's own messages come translated with Django.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings

ROOT = Path(__file__).resolve().parent.parent
CODE = ("inbox", "config", "connectors")
TEMPLATES = ("templates", "inbox/templates")
LANGUAGES = ("vi",)  # English is what the messages are written in
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
_PLACEHOLDER = re.compile(r"%\(\w+\)[ds0-9]|%%|\{\w*\}")

Found = tuple[str, int, "str | tuple[str, ...]", "str | None"]


def messages() -> Iterator[Found]:
    """(file, line, message or (singular, plural), context) of everything that can be translated."""
    for folder in CODE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield from _in_python(path, path.read_bytes())
    for folder in TEMPLATES:
        for path in sorted(path for path in (ROOT / folder).rglob("*") if path.suffix in {".html", ".txt"}):
            yield from _in_python(path, _as_python(path).encode())


def _as_python(path: Path) -> str:
    """A template with its translatable parts turned into calls of gettext; indented lines would not be Python."""
    from django.utils.translation.template import templatize

    calls = templatize(path.read_text(encoding="utf-8"), origin=str(path))
    return "\n".join(line.lstrip() for line in calls.splitlines())


def _in_python(path: Path, source: bytes) -> Iterator[Found]:
    for line, message, _comments, context in extract(
        "babel.messages.extract:extract_python", io.BytesIO(source), KEYWORDS, options={"encoding": "utf-8"}
    ):
        yield str(path.relative_to(ROOT)), line, message, context


def template_catalog() -> Catalog:
    """All messages, without translations."""
    catalog = Catalog(project="mot-moi", charset="utf-8", fuzzy=False)
    for name, _line, message, context in messages():
        catalog.add(message, locations=[(name, 0)], context=context)
    return catalog


def po_path(language: str) -> Path:
    """Where the translations of a language are kept."""
    return ROOT / "locale" / language / "LC_MESSAGES" / "django.po"


def read(language: str) -> Catalog:
    """The translations of a language; an empty catalogue when there are none yet."""
    path = po_path(language)
    if not path.exists():
        return Catalog(locale=language, project="mot-moi", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update() -> int:
    """Bring the .po files up to date: new messages come in empty, messages that are gone go."""
    template = template_catalog()
    for language in LANGUAGES:
        catalog = read(language)
        catalog.update(template, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        path = po_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, catalog, width=110, sort_output=True, include_lineno=False, omit_header=False)
        print(f"{path.relative_to(ROOT)}: {len(catalog)} messages, {len(_untranslated(catalog))} without translation")
    return 0


def compile_all() -> int:
    """Make the .mo files. Each appears whole: a process that starts meanwhile reads the old one or the new one."""
    for language in LANGUAGES:
        path = po_path(language).with_suffix(".mo")
        draft = path.with_suffix(f".{os.getpid()}.mo")
        with draft.open("wb") as file:
            write_mo(file, read(language))
        draft.replace(path)
    return 0


def check() -> int:
    """1 when the .po files do not fit the code or are not complete, with a line for each problem."""
    problems = [problem for language in LANGUAGES for problem in _problems(language)]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def _problems(language: str) -> Iterator[str]:
    catalog = read(language)
    wanted = {(message.id, message.context) for message in template_catalog() if message.id}
    known = {(message.id, message.context) for message in catalog if message.id}
    yield from (f"{language}: not in the .po file, run update: {_shown(one)}" for one, _context in wanted - known)
    yield from (f"{language}: no longer used, run update: {_shown(one)}" for one, _context in known - wanted)
    yield from (f"{language}: obsolete: {_shown(message.id)}" for message in catalog.obsolete.values())
    yield from (f"{language}: not translated: {_shown(message.id)}" for message in _untranslated(catalog))
    yield from (f"{language}: fuzzy: {_shown(message.id)}" for message in catalog if message.id and message.fuzzy)
    yield from (
        f"{language}: other placeholders than the message: {_shown(message.id)}"
        for message in catalog
        if message.id and not _same_placeholders(message)
    )


def _untranslated(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id and not all(_texts(message.string))]


def _same_placeholders(message: Message) -> bool:
    allowed = {frozenset(_PLACEHOLDER.findall(text)) for text in _texts(message.id)}
    return all(frozenset(_PLACEHOLDER.findall(text)) in allowed for text in _texts(message.string) if text)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (str(value or ""),)


def _shown(message: object) -> str:
    return " / ".join(_texts(message))[:100]


COMMANDS = {"update": update, "compile": compile_all, "check": check}


def main() -> int:
    """Run the command of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("command", choices=COMMANDS)
    command = parser.parse_args().command
    if not settings.configured:
        settings.configure(USE_I18N=True)
        django.setup()
    return COMMANDS[command]()


if __name__ == "__main__":
    sys.exit(main())
