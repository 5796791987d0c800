"""Where sources push: `POST /hooks/<source>/`. The signature is the log-in; the answer says only whether it is kept."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from connectors.errors import AuthError
from inbox.core import clock
from inbox.core.errors import NotFound, Overloaded
from inbox.intake.webhooks import receive

LARGEST = 1024 * 1024  # bytes


@csrf_exempt
@require_POST
def hook(request: HttpRequest, slug: str) -> HttpResponse:
    """202 once the message is kept, also for a repeat. Nothing is said about what is wrong with a signature."""
    body = request.read(LARGEST + 1)
    if len(body) > LARGEST:
        return HttpResponse(status=413)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        receive(slug, headers=headers, body=body, at=clock.now())
    except NotFound:
        return HttpResponse(status=404)
    except AuthError:
        return HttpResponse(status=401)
    except Overloaded:
        return HttpResponse(status=429, headers={"Retry-After": "30"})
    return HttpResponse(status=202)
