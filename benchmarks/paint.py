"""When an official sees the inbox: the product's own web server with one process, and a real Chromium beside it."""

from __future__ import annotations

import os
from collections.abc import Callable

from django.conf import settings
from playwright.sync_api import BrowserContext, Page, sync_playwright

from benchmarks import inbox, world
from benchmarks.server import web_server
from inbox.accounts.vocabulary import Role
from inbox.tickets.models import Ticket
from tools import browser as chromium

ROUNDS = 15
SIZES = {"office PC, 1366x768": (1366, 768), "phone, 390x844": (390, 844)}
_WHAT = ("first", "largest")
#: Seconds from the start of the navigation to the first paint with content and to that of the largest part of it.
PAINTS = """() => new Promise((tell) => new PerformanceObserver((list) => {
  const first = performance.getEntriesByName("first-contentful-paint")[0].startTime;
  tell([first, list.getEntries().at(-1).startTime].map((at) => at / 1000));
}).observe({ type: "largest-contentful-paint", buffered: true }))"""


def run(number: int) -> None:
    """Print when the inbox of the busiest ward is painted, with the files of the pages in the cache and without."""
    path = chromium.find()
    if path is None:
        print("Paint: no Chromium here, not measured\n")
        return
    if not Ticket.objects.exists():
        inbox.fill(number)
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright runs a loop in this thread
    key = inbox.client_of(Role.OFFICER, inbox.busiest()).cookies[settings.SESSION_COOKIE_NAME].value
    print(f"Inbox in Chromium with {Ticket.objects.count():,} tickets (milliseconds from the click on)")
    with web_server() as (url, _), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])

        def visitor(size: tuple[int, int]) -> BrowserContext:
            context = browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="vi-VN")
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": url}])
            return context

        for name, size in SIZES.items():
            with visitor(size) as context:
                page = context.new_page()
                _paints(page, url)
                _print(f"{name}, files cached", [_paints(page, url) for _ in range(ROUNDS)])
            _print(f"{name}, first visit", [_in_new(lambda size=size: visitor(size), url) for _ in range(ROUNDS)])
        browser.close()
    print()


def _in_new(visitor: Callable[[], BrowserContext], url: str) -> tuple[float, float]:
    with visitor() as context:
        return _paints(context.new_page(), url)


def _paints(page: Page, url: str) -> tuple[float, float]:
    page.goto(f"{url}/inbox/")
    page.wait_for_selector(".tk")
    first, largest = page.evaluate(PAINTS)
    return first, largest


def _print(name: str, paints: list[tuple[float, float]]) -> None:
    spreads = [world.spread(column) for column in zip(*paints, strict=True)]
    words = (f"{what} {half:6.0f} median {most:6.0f} p95" for what, (half, most) in zip(_WHAT, spreads, strict=True))
    print(f"  {name:34} {'   '.join(words)}")
