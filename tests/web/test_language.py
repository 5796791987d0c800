"""Vietnamese first: the browser's own language does not decide, the person does."""

from __future__ import annotations

from django.test import Client


def test_an_english_browser_gets_vietnamese_until_somebody_chooses() -> None:
    client = Client(headers={"Accept-Language": "en-US,en"})
    assert '<html lang="vi"' in client.get("/login/").content.decode()
    client.post("/i18n/setlang/", {"language": "en", "next": "/login/"})
    assert '<html lang="en"' in client.get("/login/").content.decode()
