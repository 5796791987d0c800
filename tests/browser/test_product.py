"""The whole product in a real browser: complaints of three live sources, one worked, the answer in its source."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Product, broken_rules, logged_in
from tests.processes import HOTLINE, PORTAL, ROOT, SYSTEMS, answers, wait_until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.product,
    pytest.mark.timeout(400),
    pytest.mark.xdist_group("product"),  # one product for the whole file
]
ANSWER = "UBND phường đã xử lý xong việc ông/bà phản ánh. Trân trọng cảm ơn."


def complain(page: Page, product: Product, source: str) -> str:
    """Complain as a citizen of the officer's ward, wait until the inbox has it; returns the ticket's code."""
    words = f"Nắp cống hư {uuid.uuid4().hex[:8]}"
    where = {"address": "42/7 Đinh Bộ Lĩnh", "ward_code": "26929", "ward_name": "Phường Bình Thạnh"}
    product.sandbox.change(source, title=words, text=f"{words}, xin sửa gấp.", lat=10.81114, lng=106.70437, **where)

    def code() -> str:
        page.goto(f"{product.url}/inbox/?{urlencode({'q': words})}")
        link = page.locator(".tk-title")
        return (link.first.get_attribute("href") or "").split("/")[2] if link.count() else ""

    found: str = wait_until(code, seconds=60, what=f"the complaint to come in from {source}")
    page.goto(f"{product.url}/tickets/{found}/")
    return found


def test_complaints_of_three_live_sources_are_in_one_queue(chromium_browser: Browser, product: Product) -> None:
    with logged_in(chromium_browser, product, "canbo") as page:
        for source in SYSTEMS:

            def visible(source: str = source) -> bool:
                page.goto(f"{product.url}/inbox/?source={source}")
                return page.locator(".tk").count() > 0

            wait_until(visible, seconds=60, what=f"complaints of {source}")
        page.goto(f"{product.url}/inbox/")
        assert page.locator(".tk").count() >= 10
        expect(page.locator("html")).to_have_attribute("lang", "vi")


def test_an_answer_goes_from_the_officers_page_to_the_source_once(chromium_browser: Browser, product: Product) -> None:
    with logged_in(chromium_browser, product, "canbo") as page:
        code = complain(page, product, PORTAL)
        page.click("[data-verb=accept]")
        expect(page.locator("[data-verb=resolve]").first).to_be_visible()
        page.goto(f"{product.url}/tickets/{code}/reply/")
        page.fill("textarea[name=text]", "Phường đã cử người đến hiện trường.")
        page.click(".drawer-f button[type=submit]")
        page.wait_for_url(f"**/tickets/{code}/")
        page.click("[data-verb=resolve]")
        page.fill("#drawer textarea[name=text]", ANSWER)
        page.locator("#drawer .drawer-f button[type=submit]").first.click()
        expect(page.locator("#toasts")).to_contain_text(code)

        def complaint() -> dict[str, object] | None:
            for one in product.sandbox.complaints(PORTAL).values():
                if ANSWER in [answer["text"] for answer in one["answers"]]:
                    return one
            return None

        found = wait_until(complaint, seconds=60, what="the answer in the source")
        texts = [answer["text"] for answer in found["answers"] if answer["ours"]]
        assert texts.count(ANSWER) == 1
        keys = [w["key"] for w in product.sandbox.state(PORTAL)["writes"] if w["external_id"] == found["external_id"]]
        assert len(keys) == len(set(keys)) == 3, "accepted, replied, resolved: each once"

        def delivered() -> bool:
            page.goto(f"{product.url}/tickets/{code}/")
            rows = page.locator("#deliveries > li")
            return rows.count() == page.locator("#deliveries > li.wb-ok").count() == 1

        wait_until(delivered, seconds=30, what="the ticket to show its source as delivered")


def test_everything_works_without_scripts(chromium_browser: Browser, product: Product) -> None:
    with logged_in(chromium_browser, product, "lanhdao", java_script_enabled=False) as page:
        code = complain(page, product, HOTLINE)
        page.click("[data-verb=accept]")
        expect(page.locator("body")).to_contain_text(code)
        page.click("[data-verb=resolve]")
        page.fill("textarea[name=text]", "Đã xử lý, không cần JavaScript.")
        page.click(".drawer-f button[type=submit]")
        page.goto(f"{product.url}/tickets/{code}/")
        expect(page.locator("body")).to_contain_text("Đã xử lý, không cần JavaScript.")


def test_a_broken_source_says_what_to_do(chromium_browser: Browser, product: Product) -> None:
    product.sandbox.fault(HOTLINE, kind="password_changed")
    try:
        with logged_in(chromium_browser, product, "quantri") as page:

            def needs_a_person() -> bool:
                page.goto(f"{product.url}/sources/{HOTLINE}/")
                return page.locator("[data-health=needs_person], .pill-late").count() > 0

            wait_until(needs_a_person, seconds=60, what="the source to need a person")
    finally:
        product.sandbox.fault(HOTLINE, clear=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["desktop", "phone"])
def test_no_page_breaks_a_rule_of_accessibility(
    chromium_browser: Browser, product: Product, scheme: str, size: tuple[int, int]
) -> None:
    """axe-core with all its rules, and no page that scrolls sideways."""
    width, height = size
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": height}, "bypass_csp": True}
    with logged_in(chromium_browser, product, "canbo", **options) as page:
        ticket = (page.locator(".tk-title").first.get_attribute("href") or "").partition("?")[0]
    paths = {
        "canbo": (
            "/inbox/",
            f"/inbox/?ticket={ticket.strip('/').split('/')[-1]}",
            "/inbox/?q=khong-co-gi-nhu-the",
            ticket,
            f"{ticket}transfer/",
            "/sources/",
            f"/sources/{PORTAL}/",
            "/dashboard/",
            f"/sources/{PORTAL}/reconciliation/",
            "/deliveries/",
        ),
        "giamsat": ("/dashboard/", "/dashboard/units/26929/"),
        "quantri": (
            "/calendars/",
            "/calendars/office/",
            "/calendars/office/2026-11-24/",
            "/calendars/office/hours/",
            "/policies/",
            "/policies/1/version/",
            "/policies/try/",
        ),
    }
    for who, theirs in paths.items():
        with logged_in(chromium_browser, product, who, **options) as page:
            for path in theirs:
                page.goto(product.url + path)
                assert broken_rules(page) == [], (who, path)


def test_a_second_start_says_that_it_runs_already(product: Product) -> None:
    second = subprocess.run(
        [sys.executable, "tools/run.py"],
        cwd=ROOT,
        env=product.environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert second.returncode == 0
    assert "already runs" in second.stdout
    assert answers(f"{product.url}/healthz")


def test_a_hard_stop_leaves_no_process_behind_and_the_next_start_goes_on(product: Product) -> None:
    before = product.sandbox.complaints(PORTAL)
    product.stop_hard()
    wait_until(lambda: not answers(f"{product.url}/healthz"), seconds=30, what="the web server to end with its parent")
    wait_until(lambda: not answers(f"{product.sandbox.url}/healthz"), seconds=30, what="the sandbox to end")
    started = time.monotonic()
    product.start()
    print(f"second start: {time.monotonic() - started:.1f} s")
    after = product.sandbox.complaints(PORTAL)
    assert set(before) <= set(after)
    for external_id, complaint in before.items():
        assert [a["key"] for a in complaint["answers"]] == [a["key"] for a in after[external_id]["answers"]][
            : len(complaint["answers"])
        ]
    wait_until(lambda: answers(f"{product.url}/readyz"), seconds=90, what="scheduler and worker to be back")
