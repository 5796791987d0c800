"""What every page does first and last: ask who is there, and turn refusals into pages. No reading, no deciding."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeAlias

from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from inbox.accounts.models import Official
from inbox.core.errors import Busy, IllegalMove, Invalid, NotAllowed, NotFound, StaleVersion

View: TypeAlias = Callable[..., HttpResponseBase]


class PageRequest(HttpRequest):
    """A request of somebody who is logged in."""

    user: Official
    htmx: Any


def door(view: View) -> View:
    """A page for logged-in people; the errors of `inbox.core.errors` become the pages that explain them."""

    @wraps(view)
    @login_required
    def guarded(request: PageRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except NotFound as error:
            raise Http404 from error
        except NotAllowed as error:
            raise PermissionDenied from error
        except Invalid as error:
            raise BadRequest from error
        except (IllegalMove, StaleVersion, Busy):
            return render(request, "errors/409.html", status=409)

    return guarded
