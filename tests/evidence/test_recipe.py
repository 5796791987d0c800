"""The script in docs/evidence.md, as somebody would copy it: it needs nothing of ours."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

from inbox.accounts.models import Official
from inbox.actions.add_note import add_note
from inbox.outbox.models import OutboxMessage
from inbox.tickets.models import ChainHead, Ticket
from tests.evidence.conftest import Answer

pytestmark = pytest.mark.django_db
DOCS = Path(__file__).resolve().parents[2] / "docs" / "evidence.md"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (source,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    path = tmp_path / "check.py"
    path.write_text(source, encoding="utf-8")
    return path


@pytest.fixture
def ticket(answer: Answer, leader: Official) -> Ticket:
    message: OutboxMessage = answer()
    add_note(message.ticket_id, actor=leader, text="Đã gọi điện.")
    return message.ticket


def run(script: Path, history: Path) -> subprocess.CompletedProcess[str]:
    """Isolated: no site packages, no path of ours."""
    return subprocess.run([sys.executable, "-I", "-S", script, history], capture_output=True, text=True, check=False)


def test_it_finds_the_same_hashes(script: Path, ticket: Ticket, tmp_path: Path) -> None:
    history = tmp_path / "history.json"
    call_command("export_history", ticket.code, "--out", str(history))
    done = run(script, history)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == f"5 events, 0 wrong, last hash {ChainHead.objects.get(ticket=ticket).hash}\n"


@pytest.mark.parametrize("forge", ["change", "remove", "swap"])
def test_it_finds_what_was_tampered_with(script: Path, ticket: Ticket, tmp_path: Path, forge: str) -> None:
    history = tmp_path / "history.json"
    call_command("export_history", ticket.code, "--out", str(history))
    rows = json.loads(history.read_text(encoding="utf-8"))
    if forge == "change":
        rows[2]["at"] = rows[2]["at"].replace("+00:00", "+01:00")
    elif forge == "remove":
        del rows[2]
    else:
        rows[2], rows[3] = rows[3], rows[2]
    history.write_text(json.dumps(rows), encoding="utf-8")
    done = run(script, history)
    assert done.returncode == 1
    assert "does not fit" in done.stdout
