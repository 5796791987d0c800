"""Keep a narrowing of the inbox under a name, for oneself or for one's unit too."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.http import QueryDict

from inbox.accounts.models import Official
from inbox.core import clock
from inbox.core.errors import Invalid, NotAllowed, NotFound
from inbox.desk.models import SavedView
from inbox.desk.queries import OF_LISTS
from inbox.tickets.queries import View, narrowed

LONGEST_NAME, LONGEST_PARAMS = 60, 1000
#: As many as one person can keep an overview of.
MOST = 30


def save_view(*, actor: Official, name: str, params: QueryDict, share_with: int | None = None) -> SavedView:
    """Keep `params`, which have to be those of a list. Raises Invalid; a name counts once per person."""
    kept = _checked(params, actor)
    if SavedView.objects.filter(owner=actor).count() >= MOST:
        raise Invalid(f"At most {MOST} saved views", field="name")
    view = SavedView(owner=actor, params=kept, created_at=clock.now())
    return stored(view, actor, name=name, share_with=share_with)


def own_view(pk: int, actor: Official) -> SavedView:
    """A view of this person. Raises NotFound, and NotAllowed for one that a colleague shares."""
    view = SavedView.objects.visible_to(actor).filter(pk=pk).first()
    if view is None:
        raise NotFound("No such view")
    if view.owner_id != actor.pk:
        raise NotAllowed("This view is a colleague's")
    return view


def stored(view: SavedView, actor: Official, *, name: str, share_with: int | None) -> SavedView:
    """Store a view under this name. Raises Invalid."""
    view.name = " ".join(name.split())
    if not view.name or len(view.name) > LONGEST_NAME:
        raise Invalid("A name of 1 to 60 letters is required", field="name")
    if share_with is not None and share_with not in {unit for _role, unit in actor.roles()}:
        raise Invalid("You do not belong to this unit", field="share_with")
    view.shared_with_id = share_with
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError:
        raise Invalid("You have a view of this name already", field="name") from None
    return view


def _checked(params: QueryDict, actor: Official) -> str:
    """The parameters in a fixed order, if the inbox knows all of them. Raises Invalid."""
    kept = QueryDict(mutable=True)
    for name in sorted(params):
        kept.setlist(name, [value for value in params.getlist(name) if value])
    try:
        view = View(kept.get("view") or View.OPEN)
    except ValueError:
        raise Invalid("There is no such view", field="view") from None
    narrowed(kept, view, official=actor, at=clock.now(), also_allowed=OF_LISTS)
    query = kept.urlencode()
    if len(query) > LONGEST_PARAMS:
        raise Invalid("These filters are too long to keep", field="name")
    return query
