"""A real headless Chromium, a ward's desk without a product around it, and the whole product started the way a stranger
starts it.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect, sync_playwright

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.units.models import Unit
from tests.factories import make_official
from tests.processes import ROOT, Sandbox, answers, free_port, wait_until
from tools import browser as chromium

#: What a headless Chromium needs to start as root and to stay off the network.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


@pytest.fixture(scope="session")
def chromium_browser() -> Iterator[Browser]:
    path = chromium.find()
    if path is None:
        pytest.skip("no Chromium: browser tests did not run; get it with apt-get install chromium")
    # Playwright runs a loop in this thread; tests use the database beside it, never in it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = True  # nobody has gathered the static files
    expect.set_options(timeout=20_000)  # the rest of the suite takes the processors at the same time
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


Desk = Callable[..., Any]
#: All that axe-core has, and the rule of WCAG 2.2 that it leaves out by itself: what one presses is 24 pixels or apart.
RULES = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}


@pytest.fixture
def ward(city: None) -> Unit:
    return Unit.objects.get(code="26929")


@pytest.fixture
def leader(ward: Unit) -> Official:
    return make_official(Role.LEADER, ward, "lanhdao")


@pytest.fixture
def desk(chromium_browser: Browser, live_server: Any) -> Desk:
    """`with desk(official) as page`: somebody's inbox; fails on script errors and refused resources.

    `expected`: words of an error that the test is about, such as a conflict.
    """

    @contextmanager
    def opened(official: Official, *, expected: Sequence[str] = (), **options: Any) -> Iterator[Page]:
        client = Client()
        client.force_login(official)
        context = chromium_browser.new_context(
            locale="vi-VN", base_url=live_server.url, **({"viewport": {"width": 1366, "height": 768}} | options)
        )
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": client.cookies[settings.SESSION_COOKIE_NAME].value}
        context.add_cookies([cookie | {"url": live_server.url}])
        page, problems = context.new_page(), []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.goto("/inbox/")
        yield page
        context.close()
        assert [problem for problem in problems if not any(words in problem for words in expected)] == []

    return opened


#: What stands in a bar and reaches over the edge of the screen, where nobody can press it.
CUT = """() => [...document.querySelectorAll('.topbar, .t-head-in, .phone-actions, .tabbar')]
  .flatMap((bar) => [...bar.children]).filter((part) => part.getBoundingClientRect().right > innerWidth)
  .map((part) => `cut off: ${part.outerHTML.slice(0, 120)}`)"""


def broken_rules(page: Page) -> list[str]:
    """What axe-core, with all its rules, and our own two find: nothing scrolls sideways, no bar is cut off."""
    page.wait_for_timeout(250)  # until what fades in has its colours
    found = Axe().run(page, options=RULES).response["violations"]
    broken = [f"{rule['id']}: {rule['nodes'][0]['html'][:160]}" for rule in found] + page.evaluate(CUT)
    size = page.viewport_size
    if size and page.evaluate("document.documentElement.scrollWidth") > size["width"]:
        broken.append("scrolls sideways")
    return broken


@dataclass
class Product:
    """A running `make run` (its last line: tools/run.py)."""

    url: str
    sandbox: Sandbox
    data_dir: Path
    environment: dict[str, str]
    process: subprocess.Popen[str]
    printed: list[str] = field(default_factory=list)

    @property
    def password(self) -> str:
        found = re.search(r"Password: (\S+)", "".join(self.printed))
        assert found, "".join(self.printed)
        return found[1]

    def stop_hard(self) -> None:
        """What a power cut does to the runner; the kernel ends its children."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def start(self) -> None:
        self.printed.clear()
        self.process = _start(self.environment)
        threading.Thread(target=self._listen, daemon=True).start()
        wait_until(lambda: self._is_up(), seconds=150, what="".join(self.printed[-3:]) or "the product to start")

    def _is_up(self) -> bool:
        assert self.process.poll() is None, "".join(self.printed)
        return any("Password:" in line for line in self.printed) and answers(f"{self.url}/healthz")

    def _listen(self) -> None:
        for line in self.process.stdout or ():
            self.printed.append(line)


def _start(environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "tools/run.py"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@contextmanager
def _own_database() -> Iterator[dict[str, str]]:
    """On PostgreSQL the product under test gets a database of its own; on SQLite its data directory is enough."""
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        yield {}
        return
    name = f"mot_moi_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")  # a name of our own making
        try:
            yield {"DATABASE_URL": f"{url.rpartition('/')[0]}/{name}"}
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The whole product in an empty data directory."""
    data_dir = tmp_path_factory.mktemp("product")
    port, sandbox_port = free_port(), free_port()
    with _own_database() as database:
        environment = os.environ | database
        environment |= {"DATA_DIR": str(data_dir), "PORT": str(port), "SANDBOX_PORT": str(sandbox_port)}
        environment.pop("BASE_URL", None)
        running = Product(
            f"http://127.0.0.1:{port}",
            Sandbox(f"http://127.0.0.1:{sandbox_port}"),
            data_dir,
            environment,
            process=None,  # type: ignore[arg-type]  # start() sets it
        )
        running.start()
        try:
            yield running
        finally:
            running.process.terminate()
            running.process.wait(60)


@contextmanager
def logged_in(
    browser: Browser, product: Product, username: str, *, expected: Sequence[str] = (), **options: object
) -> Iterator[Page]:
    """A page in which somebody has logged in; fails on script errors and refused resources.

    `expected`: words of an error that the test is about, such as a conflict.
    """
    context = browser.new_context(locale="vi-VN", **options)  # type: ignore[arg-type]
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.goto(f"{product.url}/login/")
    page.fill("#id_username", username)
    page.fill("#id_password", product.password)
    page.click("main button[type=submit]")
    page.wait_for_url("**/inbox/**")
    yield page
    context.close()
    assert [problem for problem in problems if not any(words in problem for words in expected)] == []
