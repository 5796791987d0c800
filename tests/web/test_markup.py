"""HTML written in Python is escaped as Django escapes it."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy

from inbox.web.markup import joined, markup


@pytest.mark.parametrize(
    "part",
    [
        pytest.param("Rác đầu hẻm", id="plain words"),
        pytest.param("<script>alert('1')</script> & \"2\"", id="what somebody hopes to be run"),
        pytest.param("{other} {0} {{}}", id="braces are not filled again"),
        pytest.param(mark_safe("<b>đậm</b>"), id="marked as safe"),
        pytest.param(format_html("<i>{}</i>", "<"), id="made by Django"),
        pytest.param(gettext_lazy("Not assigned"), id="words that wait for a language"),
        pytest.param(42, id="a number"),
        pytest.param(None, id="nothing"),
        pytest.param(SafeString("<b>") + "<i>", id="no longer safe once unsafe text is added"),
    ],
)
def test_parts_are_escaped_as_by_django(part: Any) -> None:
    shape = '<p title="{part}">{part}</p>'
    assert markup(shape, part=part) == format_html(shape, part=part)
    assert isinstance(markup(shape, part=part), SafeString)
    assert joined([markup("<b>{part}</b>", part=part)] * 2) == format_html("<b>{0}</b><b>{0}</b>", part)
