"""Pictures of every page for docs/screenshots/: `make screenshots`.

Starts the whole product in an empty data directory with sources of its own, makes up a few months of history, lets
complaints come in, works one as an officer would, and takes each page at three sizes, in light and dark. `--only NAME`
takes some of them.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tools import browser as chromium

ROOT = Path(__file__).resolve().parent.parent
WHERE = ROOT / "docs" / "screenshots"
SIZES = {"1440x900": (1440, 900), "1366x768": (1366, 768), "390x844": (390, 844)}
SCHEMES = ("light", "dark")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
#: Complaints that are there before the first picture.
ENOUGH = 25
#: Made-up tickets of the last months, so that the figures have something to show.
HISTORY = 6000


@dataclass(frozen=True, slots=True)
class Shot:
    """One page as one person sees it. `path` may name {ticket}, the ticket that was worked on."""

    name: str
    who: str
    path: str
    then: str = ""  # something to click before the picture


SHOTS = (
    Shot("login", "", "/login/"),
    Shot("inbox", "canbo", "/inbox/?ticket={ticket}"),
    Shot("inbox-search", "canbo", "/inbox/?q=rac"),
    Shot("inbox-empty", "canbo", "/inbox/?q=zzyzx"),
    Shot("ticket", "canbo", "/tickets/{ticket}/?list="),
    Shot("ticket-reply", "canbo", "/tickets/{ticket}/", "[data-verb=resolve]"),
    Shot("ticket-transfer", "canbo", "/tickets/{ticket}/transfer/"),
    Shot("ticket-handover", "canbo", "/tickets/{ticket}/handover/"),
    Shot("new-ticket", "canbo", "/tickets/new/"),
    Shot("dashboard-officer", "canbo", "/dashboard/"),
    Shot("notification-settings", "canbo", "/notifications/settings/"),
    Shot("notifications", "lanhdao", "/notifications/"),
    Shot("dashboard-ward", "lanhdao", "/dashboard/"),
    Shot("desk", "lanhdao", "/desk/"),
    Shot("deliveries", "lanhdao", "/deliveries/"),
    Shot("inbox-supervisor", "giamsat", "/inbox/"),
    Shot("dashboard", "giamsat", "/dashboard/"),
    Shot("reports", "giamsat", "/reports/"),
    Shot("exports", "giamsat", "/exports/"),
    Shot("evidence", "giamsat", "/evidence/"),
    Shot("sources", "quantri", "/sources/"),
    Shot("source", "quantri", "/sources/national-portal/"),
    Shot("calendars", "quantri", "/calendars/"),
    Shot("calendar", "quantri", "/calendars/office/"),
    Shot("policies", "quantri", "/policies/"),
    Shot("policy-try", "quantri", "/policies/try/"),
)


def free_port() -> int:
    """A port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def product() -> Iterator[tuple[str, str]]:
    """Address and password of a product that runs only for this."""
    with tempfile.TemporaryDirectory(prefix="mot-moi-") as data_dir:
        port = free_port()
        environment = os.environ | {"DATA_DIR": data_dir, "PORT": str(port), "SANDBOX_PORT": str(free_port())}
        environment.pop("BASE_URL", None)
        process = subprocess.Popen(
            [sys.executable, "tools/run.py"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        )
        try:
            password = _password(process)
            _command(environment, "fill_tickets", str(HISTORY), "--months", "4")
            _command(environment, "rebuild_rollups")
            yield f"http://127.0.0.1:{port}", password
        finally:
            process.terminate()
            process.wait(60)


def _command(environment: dict[str, str], *words: str) -> None:
    command = [sys.executable, "manage.py", *words]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)  # noqa: S603  our own


def _password(process: subprocess.Popen[str]) -> str:
    """What the product prints once it is up. Raises SystemExit when it ends before."""
    for line in process.stdout or ():
        if found := re.search(r"Password: (\S+)", line):
            return found[1]
    raise SystemExit("The product did not start")


@contextmanager
def page_of(browser: Browser, url: str, who: str, password: str, **options: object) -> Iterator[Page]:
    """A page in which somebody has logged in (nobody where `who` is empty)."""
    context = browser.new_context(locale="vi-VN", **options)  # type: ignore[arg-type]
    page = context.new_page()
    if who:
        page.goto(f"{url}/login/")
        page.fill("#id_username", who)
        page.fill("#id_password", password)
        page.click("main button[type=submit]")
        page.wait_for_url("**/inbox/**")
    yield page
    context.close()


def work_a_ticket(browser: Browser, url: str, password: str) -> str:
    """Wait for complaints, accept, assign and answer one as the officer. Returns its code."""
    with page_of(browser, url, "canbo", password) as page:
        deadline = time.monotonic() + 120
        while page.locator(".tk").count() < ENOUGH and time.monotonic() < deadline:
            time.sleep(2)
            page.goto(f"{url}/inbox/")
        code = (page.locator(".tk-title").nth(3).get_attribute("href") or "").split("/")[2]
        for verb, fields in (
            ("accept", {}),
            ("add_note", {"text": "Đã gọi tổ dân phố, hẹn kiểm tra hiện trường lúc 14:00."}),
            ("reply", {"text": "UBND phường đã tiếp nhận và cử người đến hiện trường. Trân trọng cảm ơn ông/bà."}),
        ):
            page.goto(f"{url}/tickets/{code}/{verb}/")
            form = page.locator("form[method=post]").filter(has=page.locator("[name=version]")).first
            for name, value in fields.items():
                form.locator(f"[name={name}]").fill(value)
            form.locator("button[type=submit]").last.click()
            page.wait_for_load_state()
        return code


def take(browser: Browser, url: str, password: str, code: str, shots: tuple[Shot, ...]) -> None:
    """Every shot at every size in both schemes; one log-in per person, size and scheme."""
    for size, (width, height) in SIZES.items():
        for scheme in SCHEMES:
            for who in dict.fromkeys(shot.who for shot in shots):
                options = {"color_scheme": scheme, "viewport": {"width": width, "height": height}}
                with page_of(browser, url, who, password, **options) as page:
                    for shot in (one for one in shots if one.who == who):
                        page.goto(url + shot.path.format(ticket=code))
                        if shot.then:
                            page.locator(shot.then).locator("visible=true").first.click()
                            page.wait_for_timeout(600)
                        _save(page, WHERE / f"{shot.name}-{size}-{scheme}.webp")


def _save(page: Page, path: Path) -> None:
    picture = Image.open(io.BytesIO(page.screenshot()))
    picture.convert("RGB").save(path, "WEBP", quality=72, method=4)
    print(path.relative_to(ROOT), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="some shots, by name")
    only = parser.parse_args().only
    shots = tuple(shot for shot in SHOTS if not only or shot.name in only)
    executable = chromium.find()
    if executable is None:
        raise SystemExit("There is no Chromium. Get it with: apt-get install chromium")
    WHERE.mkdir(parents=True, exist_ok=True)
    with product() as (url, password), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        take(browser, url, password, work_a_ticket(browser, url, password), shots)
        browser.close()


if __name__ == "__main__":
    main()
