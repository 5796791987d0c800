"""Public data for anybody: what they are, and the files. Nobody logs in here and nothing is asked of the database but
which release is the newest.
"""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from inbox.core import clock
from inbox.reports import open_data as data
from inbox.reports.anonymity import K
from inbox.web.limits import may_ask

CONTENT_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
HOUR = 3600


@require_safe
def open_data(request: HttpRequest) -> HttpResponse:
    """What is published, how it was made anonymous, where to get it."""
    context = {"release": data.newest_release(), "k": K, "columns": data.COLUMNS, "now": clock.now()}
    return render(request, "open_data.html", context)


@require_safe
@cache_control(public=True, max_age=HOUR)
def open_data_file(request: HttpRequest, suffix: str) -> HttpResponseBase:
    """One of the files of the newest release."""
    if not may_ask(request):
        return HttpResponse(status=429, headers={"Retry-After": "60"})
    found = data.opened(suffix)
    if found is None:
        raise Http404
    release, file = found
    name = f"phan-anh-{release.first_month:%Y%m}-{release.last_month:%Y%m}.{suffix}"
    answer = FileResponse(file, as_attachment=True, filename=name, content_type=CONTENT_TYPES[suffix])
    answer.headers["ETag"] = f'"{release.csv_hash if suffix == "csv" else release.json_hash}"'
    answer.headers["Access-Control-Allow-Origin"] = "*"  # public, and without anybody's session
    return answer
