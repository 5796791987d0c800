"""One ticket in a real browser: every action by keyboard, two officials at once, no scripts, a line that breaks."""

from __future__ import annotations

import io
import uuid
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Product, broken_rules, logged_in
from tests.browser.test_product import complain
from tests.processes import HOTLINE, PORTAL

pytestmark = [
    pytest.mark.browser,
    pytest.mark.product,
    pytest.mark.timeout(400),
    pytest.mark.xdist_group("product"),  # one product for the whole file
]
BUSY = ".htmx-request:not([data-presence])"
#: htmx knows the element; before that a press is a plain link's, and the form opens on a page of its own.
TAKEN_OVER = "which => document.querySelector(which)?.['htmx-internal-data']?.initHash !== undefined"


def press(page: Page, *keys: str) -> None:
    """Keys one after the other; each waits until what it began is over."""
    for key in keys:
        page.keyboard.press(key)
        expect(page.locator(BUSY)).to_have_count(0)


def done(page: Page, words: str) -> None:
    """The page has said so, and nothing is open any more."""
    expect(page.locator("#toasts [data-toast]").last).to_contain_text(words)
    expect(page.locator("#drawer")).not_to_be_visible()


def test_every_action_by_keyboard_alone(chromium_browser: Browser, product: Product) -> None:
    with logged_in(chromium_browser, product, "lanhdao") as page:
        complain(page, product, PORTAL)
        press(page, "t")
        done(page, "Đã tiếp nhận")
        press(page, "b")
        done(page, "Đã bắt đầu xử lý")

        press(page, "n")
        page.keyboard.type("@binhthanh")
        expect(page.locator(".mention-list [aria-selected=true]")).to_be_visible()
        page.keyboard.press("Enter")
        page.keyboard.type("xem giúp")
        press(page, "Control+Enter")
        done(page, "Đã lưu ghi chú")
        expect(page.locator(".at").first).to_contain_text("@binhthanh")
        expect(page.locator(".htmx-swapping, .htmx-settling")).to_have_count(0)  # or the note takes the focus again
        page.evaluate("document.activeElement.blur()")

        press(page, "p")
        page.locator("#i-assignee").select_option(index=1)
        press(page, "Control+Enter")
        done(page, "Đã phân công")
        page.evaluate("document.activeElement.blur()")

        press(page, "d")
        page.keyboard.type("Xin ông/bà cho biết số nhà")
        press(page, "Control+Enter")
        done(page, "Đã tạm dừng")
        page.evaluate("document.activeElement.blur()")
        press(page, "d")
        done(page, "chạy lại")
        page.evaluate("document.activeElement.blur()")

        press(page, "e")
        page.locator("#i-until").fill("2031-01-06T09:00")
        page.locator("#i-reason").fill("Chờ vật tư")
        press(page, "Control+Enter")
        done(page, "Đã xin gia hạn")
        page.evaluate("document.activeElement.blur()")

        press(page, "w")
        expect(page.locator("#follow-b")).to_have_attribute("aria-pressed", "true")
        page.evaluate("document.activeElement.blur()")

        page.keyboard.press(".")
        expect(page.locator(".actions .menu-list")).to_be_visible()
        page.keyboard.press("ArrowDown")
        expect(page.locator(".menu-list a:focus, .menu-list button:focus")).to_have_count(1)
        page.keyboard.press("Escape")
        page.evaluate("document.activeElement.blur()")

        press(page, "r")
        expect(page.locator("#i-text")).to_be_focused()
        page.keyboard.type("Đã xử lý xong, bằng bàn phím.")
        press(page, "Control+Enter")
        done(page, "Đã hoàn tất")
        expect(page.locator("body")).not_to_be_focused()  # the next key goes somewhere
        expect(page.locator(".msg-reply p").first).to_have_text("Đã xử lý xong, bằng bàn phím.")


def test_two_officials_on_one_ticket_see_each_other_and_lose_nothing(
    chromium_browser: Browser, product: Product
) -> None:
    with (
        logged_in(chromium_browser, product, "canbo", expected=("409",)) as mine,
        logged_in(chromium_browser, product, "lanhdao") as theirs,
    ):
        code = complain(mine, product, HOTLINE)
        mine.keyboard.press("t")
        expect(mine.locator("[data-verb=resolve]").first).to_be_visible()
        theirs.goto(f"{product.url}/tickets/{code}/")
        expect(theirs.locator("#presence")).to_contain_text("Trần Văn Hùng", timeout=20_000)
        mine.keyboard.press("r")
        mine.locator("#i-text").fill("Câu trả lời của tôi.")
        theirs.locator("#note").fill("Tôi đang gọi cho người dân.")
        theirs.keyboard.press("Control+Enter")
        expect(theirs.locator(".msg-note p").first).to_contain_text("Tôi đang gọi")
        expect(theirs.locator("#presence")).to_contain_text("đang soạn", timeout=20_000)

        mine.locator("#i-text").press("Control+Enter")
        expect(mine.locator(".conflict")).to_contain_text("Huỳnh Tấn Phát")
        expect(mine.locator(".compare")).to_be_visible()
        expect(mine.locator("#drawer .msg-note")).to_contain_text("Tôi đang gọi")
        expect(mine.locator("#i-text")).to_have_value("Câu trả lời của tôi.")
        mine.locator("#i-text").press("Control+Enter")
        expect(mine.locator("#drawer")).not_to_be_visible()
        expect(theirs.locator("#stale")).to_be_visible(timeout=20_000)
        theirs.click("#stale")
        expect(theirs.locator(".msg-reply p").first).to_have_text("Câu trả lời của tôi.")


def test_a_line_that_breaks_keeps_the_text(chromium_browser: Browser, product: Product) -> None:
    """Typed while the network is away: still there after closing, reloading and coming back on another computer."""
    words = f"Chưa gửi được {uuid.uuid4().hex[:6]}"
    away = ("ERR_FAILED", "htmx:sendError", "htmx:afterRequest")
    with logged_in(chromium_browser, product, "canbo", expected=away) as page:
        code = complain(page, product, PORTAL)
        page.keyboard.press("t")
        expect(page.locator("[data-verb=resolve]").first).to_be_visible()
        expect(page.locator(BUSY)).to_have_count(0)
        page.wait_for_function(TAKEN_OVER, arg="[data-verb=resolve]")
        page.keyboard.press("r")
        page.locator("#drawer #i-text").fill("Bản nháp trên máy chủ")
        expect(page.locator("[data-saved]")).to_contain_text("nháp", timeout=15_000)

        page.route("**/resolve/", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
        page.route("**/drafts/**", lambda route: route.abort())
        page.locator("#i-text").fill(words)
        page.locator("#i-text").press("Control+Enter")
        expect(page.locator("#toasts")).to_contain_text("mất kết nối")
        expect(page.locator("#i-text")).to_have_value(words)
        page.keyboard.press("Escape")
        page.unroute("**/drafts/**")
        page.unroute("**/resolve/")
        page.goto(f"{product.url}/tickets/{code}/")
        page.keyboard.press("r")
        expect(page.locator("#i-text")).to_have_value(words)
        expect(page.locator("[data-saved]")).to_contain_text("nháp", timeout=15_000)
        page.evaluate("localStorage.clear()")
        page.goto(f"{product.url}/tickets/{code}/resolve/")
        expect(page.locator("#i-text")).to_have_value(words)


def test_without_scripts_all_of_it_still_works(chromium_browser: Browser, product: Product, tmp_path: Path) -> None:
    photo = tmp_path / "sau.jpg"
    drawn = io.BytesIO()
    Image.new("RGB", (320, 240), "olive").save(drawn, "JPEG")
    photo.write_bytes(drawn.getvalue())
    with logged_in(chromium_browser, product, "canbo", java_script_enabled=False) as page:
        code = complain(page, product, PORTAL)
        page.click("[data-verb=accept]")
        page.fill("#task-new", "Gọi khu phố")
        page.click("#tasks form:last-of-type button[type=submit]")
        page.click(".task >> text=Gọi khu phố")
        expect(page.locator(".task.is-done")).to_contain_text("Gọi khu phố")
        page.fill("#note", "Không cần JavaScript")
        page.click(".composer button[type=submit]")
        page.set_input_files("#photo-file", str(photo))
        page.click(".photo-form button[type=submit]")
        expect(page.locator(".files .photo-stage").last).to_have_text("Sau")
        page.click("#follow-b")
        expect(page.locator("#follow-b")).to_have_attribute("aria-pressed", "true")
        page.click("#context a")
        expect(page.locator("h1")).to_contain_text("Thông tin liên quan")
        page.goto(f"{product.url}/tickets/{code}/")
        page.click("#show-internal")
        expect(page.locator("#happened .msg-note p").first).to_have_text("Không cần JavaScript")
        page.goto(f"{product.url}/tickets/{code}/resolve/")
        page.locator(".canned button").first.click()
        text = page.locator("#i-text").input_value()
        assert code in text or len(text) > 50, "the ready-made reply is in the text"
        page.click("button[name=preview]")
        expect(page.locator(".cz .msg-reply")).to_be_visible()
        page.click(".drawer-f button.btn-primary")
        expect(page.locator(".msg-reply .event-files img").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1366, 768), (683, 384), (390, 844)], ids=str)
def test_no_state_of_a_ticket_breaks_a_rule_of_accessibility(
    chromium_browser: Browser, product: Product, scheme: str, size: tuple[int, int]
) -> None:
    """axe-core with all its rules at every size, 200 % zoom of an office screen too; no sideways scrolling."""
    width, height = size
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": height}, "bypass_csp": True}
    with logged_in(chromium_browser, product, "lanhdao", **options) as page:
        page.goto(f"{product.url}/inbox/?status=accepted&status=in_progress&status=new")
        ticket = (page.locator(".tk-title").first.get_attribute("href") or "").partition("?")[0]

        def check(state: str) -> None:
            assert broken_rules(page) == [], state

        page.goto(product.url + ticket)
        page.wait_for_selector("#context h3")
        check("ticket")
        verb = "resolve" if page.locator("[data-verb=resolve]").count() else "accept"
        if verb == "accept":
            page.goto(f"{product.url}{ticket}")
            page.locator("[data-verb=accept]").locator("visible=true").first.click()
            page.wait_for_selector("[data-verb=resolve]", state="attached")
        page.goto(f"{product.url}{ticket}")
        page.locator("[data-verb=resolve]").locator("visible=true").first.click()
        page.wait_for_selector("#drawer .compose")
        check("composer")
        with page.expect_response("**/compose/**"):
            page.locator(".canned button").first.click()
        expect(page.locator(BUSY)).to_have_count(0)
        page.locator("button[name=preview]").click()
        page.wait_for_selector(".cz")
        check("preview")
        for path in (
            f"{ticket}link/",
            f"{ticket}handover/",
            f"{ticket}context/",
            f"{ticket}assign/",
            "/desk/",
            "/desk/replies/new/",
        ):
            page.goto(product.url + path)
            check(path)
