"""Throw a saved view away."""

from __future__ import annotations

from inbox.accounts.models import Official
from inbox.actions.save_view import own_view


def delete_view(pk: int, *, actor: Official) -> None:
    """Only its owner may. Raises NotFound, NotAllowed."""
    own_view(pk, actor).delete()
