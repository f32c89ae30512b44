"""How does the suite look today? Takes the documentation's screenshots anew: ``python -m bench.pictures``.

Everything comes from a fresh suite with the demo company, so two runs differ only where times of day are shown.
"""

import io
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from launcher.layout import PROJECT
from tests.journeys.browsing import Desk, ShopChat, running_browser
from tests.journeys.suite import Suite, clear_folder, running_suite

FOLDER = PROJECT / "docs" / "pictures"
LARGEST_BYTES = 120_000
WIDE, PHONE = (1440, 900), (390, 844)
QUESTION = "How long do I have to return something I don't want?"


def main() -> int:
    """Take all pictures and remove those that are no longer taken."""
    folder = PROJECT / "var" / "pictures"
    clear_folder(folder)
    print("Starting a suite …", file=sys.stderr)
    with running_suite(folder) as suite, running_browser() as browser:
        shots = {name: take(browser, suite) for name, take in PICTURES.items()}
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*"):
        if old.stem not in shots:
            old.unlink()
    for name, shot in shots.items():
        path = FOLDER / f"{name}.webp"
        _save(shot, path)
        print(f"{path.relative_to(PROJECT)}  {path.stat().st_size / 1000:.0f} kB")
    return 0


def _page(browser: Browser, size: tuple[int, int], *, dark: bool = False) -> Page:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        device_scale_factor=2 if size == PHONE else 1,
        has_touch=size == PHONE,
        locale="en-GB",
        timezone_id="Europe/London",
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    return context.new_page()


def _shot(page: Page) -> bytes:
    page.mouse.move(0, 0)
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")
    return page.screenshot(animations="disabled", caret="hide")


def _chat(browser: Browser, suite: Suite, size: tuple[int, int]) -> ShopChat:
    shop = ShopChat(_page(browser, size), suite)
    shop.visit().open()
    answer = shop.ask(QUESTION)
    expect(answer.get_by_role("button", name="Source 1").first).to_be_visible()
    return shop


def _take_chat(browser: Browser, suite: Suite) -> bytes:
    return _shot(_chat(browser, suite, WIDE).page)


def _take_chat_page(browser: Browser, suite: Suite) -> bytes:
    """The hosted page; in dark, since the shop has its own colours."""
    shop = ShopChat(_page(browser, WIDE, dark=True), suite)
    shop.page.goto(f"{suite.url}/chat/{suite.inbox_id}/")
    answer = shop.ask(QUESTION)
    expect(answer.get_by_role("button", name="Source 1").first).to_be_visible()
    return _shot(shop.page)


def _take_chat_on_a_phone(browser: Browser, suite: Suite) -> bytes:
    return _shot(_chat(browser, suite, PHONE).page)


def _take_passage(browser: Browser, suite: Suite) -> bytes:
    shop = _chat(browser, suite, WIDE)
    shop.answers.first.get_by_role("button", name="Source 1").last.click()
    expect(shop.sheet).to_be_visible()
    return _shot(shop.page)


def _desk(browser: Browser, suite: Suite, *, dark: bool) -> bytes:
    desk = Desk(_page(browser, WIDE, dark=dark), suite).sign_in()
    desk.rows.nth(1).click()
    expect(desk.messages.first).to_be_visible()
    return _shot(desk.page)


def _take_desk(browser: Browser, suite: Suite) -> bytes:
    return _desk(browser, suite, dark=False)


def _take_desk_dark(browser: Browser, suite: Suite) -> bytes:
    return _desk(browser, suite, dark=True)


def _take_customer(browser: Browser, suite: Suite) -> bytes:
    """Of the demo's visitors nobody knows who they are, so an agent says it."""
    desk = Desk(_page(browser, WIDE), suite).sign_in()
    desk.rows.nth(1).click()
    page = desk.page
    page.locator("#context .who__name").click()
    for kind, value in (("Name", "Mia Okafor"), ("E-mail", "mia@example.org"), ("Telephone", "+44 20 7946 0018")):
        page.get_by_role("button", name="Add…").click()
        page.get_by_role("radio", name=kind).check()
        page.locator("#entry-value").fill(value)
        page.locator("#entry-value").press("Enter")
        expect(page.locator("#decision")).to_be_hidden()
    expect(page.locator("#context .identity")).to_have_count(2)
    expect(page.locator("#toasts .toast")).to_have_count(0)
    return _shot(page)


def _take_start(browser: Browser, suite: Suite) -> bytes:
    page = _page(browser, WIDE)
    page.goto(f"{suite.url}/")
    return _shot(page)


def _save(shot: bytes, path: Path) -> None:
    """Write WebP in the best quality that fits."""
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    for quality in (90, 82, 74, 66, 58, 50):
        buffer = io.BytesIO()
        image.save(buffer, "WEBP", quality=quality, method=6)
        if buffer.tell() <= LARGEST_BYTES:
            path.write_bytes(buffer.getvalue())
            return
    raise SystemExit(f"{path.name} does not fit into {LARGEST_BYTES // 1000} kB.")


PICTURES: dict[str, Callable[[Browser, Suite], bytes]] = {
    "chat": _take_chat,
    "chat-page-dark": _take_chat_page,
    "chat-phone": _take_chat_on_a_phone,
    "passage": _take_passage,
    "desk": _take_desk,
    "desk-dark": _take_desk_dark,
    "customer": _take_customer,
    "start": _take_start,
}

if __name__ == "__main__":
    sys.exit(main())
