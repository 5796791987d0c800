"""Choose how many tickets stand on one screen."""

from __future__ import annotations

from inbox.accounts.models import Official


def change_list_density(*, actor: Official, dense: bool) -> None:
    """Kept with the person, so that it is the same on every computer."""
    Official.objects.filter(pk=actor.pk).update(dense_list=dense)
