"""Rename a saved view, share it or stop sharing it."""

from __future__ import annotations

from inbox.accounts.models import Official
from inbox.actions.save_view import own_view, stored
from inbox.desk.models import SavedView


def change_view(pk: int, *, actor: Official, name: str, share_with: int | None) -> SavedView:
    """Only its owner may; with a unit of one's own or with nobody. Raises NotFound, NotAllowed, Invalid."""
    return stored(own_view(pk, actor), actor, name=name, share_with=share_with)
