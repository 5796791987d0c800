"""Begin a connector: a source file, its code tables, payloads, and the conformance suite that runs at once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from connectors import registry
from inbox.management.base import Command as BaseCommand
from inbox.management.base import UsageError

_TEMPLATES = Path(__file__).parents[1] / "scaffold"
#: Template → where it goes, below the root of the repository.
_FILES = {
    "source.py.txt": "connectors/sources/{slug}.py",
    "profile.toml.txt": "connectors/profiles/{slug}.toml",
    "test.py.txt": "tests/connectors/test_{slug}.py",
    "good.json.txt": "tests/connectors/payloads/{slug}/good.json",
    "unknown_code.json.txt": "tests/connectors/payloads/{slug}/unknown_code.json",
    "broken.json.txt": "tests/connectors/payloads/{slug}/broken.json",
}


class Command(BaseCommand):
    help = "Write the beginning of a connector for another source system, with payloads and a test that passes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="Lower-case letters, digits and underscores, such as zalo_city.")
        parser.add_argument("--label", default="", help="How officials call the system, in Vietnamese.")
        parser.add_argument("--root", default=str(settings.BASE_DIR), help="Root of the repository to write into.")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["slug"]
        if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", slug) or len(slug) > 40:
            raise UsageError(f"Not a slug: {slug!r}; lower-case letters, digits and single underscores, at most 40")
        if slug in registry.all():
            raise UsageError(f"There is a connector {slug} already")
        label = (
            " ".join(options["label"].replace('"', "").replace("\\", "").split())[:60] or slug.replace("_", " ").title()
        )
        places = {name: Path(options["root"]) / path.format(slug=slug) for name, path in _FILES.items()}
        if taken := [str(place) for place in places.values() if place.exists()]:
            raise UsageError(f"Nothing was written, because there is already: {', '.join(taken)}")
        words = {"@@SLUG@@": slug, "@@CLASS@@": slug.title().replace("_", ""), "@@LABEL@@": label}
        for name, place in places.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(_filled((_TEMPLATES / name).read_text(encoding="utf-8"), words), encoding="utf-8")
        written = [str(place) for place in places.values()]
        test = _FILES["test.py.txt"].format(slug=slug)
        text = "\n".join([*written, "", f"Run it: python -m pytest {test}", "How to go on: docs/connectors.md"])
        self.report({"slug": slug, "files": written, "test": test}, as_json=options["json"], text=text)


def _filled(text: str, words: dict[str, str]) -> str:
    for placeholder, word in words.items():
        text = text.replace(placeholder, word)
    return text
