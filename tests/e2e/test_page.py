"""The page in a browser: pictures go in by every way, texts come out, and nothing is asked of another address."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.serving_factory import KEY, Colours, picture, running, service_of

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium is installed")
DROP = """([name, data]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type: "image/png" }));
  const event = KIND === "paste"
    ? new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true })
    : new DragEvent("drop", { dataTransfer: transfer, bubbles: true });
  document.body.dispatchEvent(event);
}"""


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as tools:
        found = tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def address():
    with pytest.MonkeyPatch.context() as patch, running(service_of(patch, {"colours": Colours()})) as (address, _):
        yield address


@pytest.fixture
def open_page(browser):
    """A function from an address to a page; what goes wrong on it, and what it asks of others, fails the test."""
    contexts, faults = [], []

    def open_page(address, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.on("request", lambda asked: asked.url.startswith((address, "blob:")) or faults.append(asked.url))
        page.goto(address)
        page.faults = faults
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def given(*pictures):
    return [{"name": name, "mimeType": "image/png", "buffer": data} for name, data in pictures]


def texts(page, number):
    """The texts of all cards, once there are so many."""
    page.locator(".card:not(.waiting)").nth(number - 1).wait_for()
    return page.locator(".card .text").all_inner_texts()


def screenshot(page, name):
    """Kept where SCREENSHOTS names a folder, to be looked at."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_pictures_are_read_and_shown(address, open_page):
    page = open_page(address, viewport={"width": 1100, "height": 800})
    screenshot(page, "empty")
    page.set_input_files("#files", given(("one.png", picture(12, 34, 96, 32)), ("two.png", picture(200, 100, 64, 48))))
    assert texts(page, 2) == ["012034", "200100"]
    first = page.locator(".card").first
    assert first.locator(".facts").inner_text().startswith("90% sure")
    assert " ms" in first.locator(".facts").inner_text()
    assert "one.png" in first.locator(".name").inner_text()
    assert first.locator("figure polygon").count() == 6
    screenshot(page, "results")
    # The first character's box lies on the picture, where it was read: its centre is 3.5 pixels of 96 from the left.
    shown, box = first.locator("figure img").bounding_box(), first.locator("figure polygon").first.bounding_box()
    centre = (box["x"] + box["width"] / 2 - shown["x"]) / shown["width"]
    assert abs(centre - 3.5 / 96) < 0.01
    assert abs(box["height"] - shown["height"]) < 8  # with the line around it


def test_text_is_copied_and_cards_are_cleared(address, open_page):
    page = open_page(address, permissions=["clipboard-read", "clipboard-write"])
    page.set_input_files("#files", given(("one.png", picture(1, 2)), ("two.png", picture(3, 4))))
    assert texts(page, 2) == ["001002", "003004"]
    page.locator(".card .copy").nth(1).click()
    playwright.expect(page.locator(".card .copy").nth(1)).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "003004"
    page.get_by_role("button", name="Copy all").click()
    playwright.expect(page.get_by_role("button", name="Copied")).to_have_count(2)
    assert page.evaluate("navigator.clipboard.readText()") == "001002\n003004"
    page.get_by_role("button", name="Clear").click()
    assert page.locator(".card").count() == 0
    assert page.locator("#summary").is_hidden()


@pytest.mark.parametrize("kind", ["paste", "drop"])
def test_pictures_are_pasted_and_dropped(address, open_page, kind):
    import base64

    page = open_page(address)
    data = base64.b64encode(picture(77, 88)).decode()
    page.evaluate(DROP.replace("KIND", f'"{kind}"'), ["x.png", data])
    assert texts(page, 1) == ["077088"]


def test_an_error_is_shown_and_read_out(address, open_page):
    page = open_page(address)
    page.set_input_files("#files", given(("good.png", picture(5, 6)), ("bad.png", b"no picture")))
    assert texts(page, 2) == ["005006"]
    why = page.locator(".card.failed .why")
    assert why.inner_text().startswith("Cannot be read as an image")
    screenshot(page, "error")
    assert page.locator("#status").inner_text() == "Read: 005006; nothing"
    page.faults[:] = [fault for fault in page.faults if "422" not in fault]  # the browser's own note of the answer


def test_everything_works_by_keyboard(address, open_page):
    page = open_page(address)
    page.set_input_files("#files", given(("one.png", picture(12, 34))))
    texts(page, 1)
    reached = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.className"))
    assert reached >= {"choose", "photograph", "clear", "text", "copy"}
    page.locator(".text").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.locator(".char.current").all_inner_texts() == ["1"]
    assert page.locator("polygon.current").count() == 1
    assert page.locator(".facts .told").inner_text() == "1: 90%"
    page.keyboard.press("End")
    assert page.locator(".char.current").all_inner_texts() == ["4"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_telephone_and_can_be_read(address, open_page, scheme):
    size = {"viewport": {"width": 360, "height": 740}, "color_scheme": scheme, "has_touch": True}
    page = open_page(address, **size)
    page.set_input_files("#files", given(("a rather long name of a picture, " * 5 + ".png", picture(1, 2, 900, 30))))
    texts(page, 1)
    screenshot(page, f"telephone_{scheme}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    contrasts = page.evaluate(CONTRASTS)
    assert {name: ratio for name, ratio in contrasts.items() if ratio < 4.5} == {}
    assert len(contrasts) >= 8


def test_a_turned_picture_has_its_boxes_where_it_shows_them(address, open_page):
    import io

    from PIL import Image

    exif, file = Image.Exif(), io.BytesIO()
    exif[274] = 6  # shown turned to the right: 96 wide, 32 high
    Image.new("RGB", (32, 96), (7, 8, 0)).save(file, "JPEG", exif=exif, quality=100, subsampling=0)
    page = open_page(address)
    page.set_input_files("#files", [{"name": "t.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}])
    texts(page, 1)
    card = page.locator(".card")
    shown, box = card.locator("img").bounding_box(), card.locator("polygon").first.bounding_box()
    assert shown["width"] > 2.5 * shown["height"]
    assert abs((box["x"] + box["width"] / 2 - shown["x"]) / shown["width"] - 3.5 / 96) < 0.01


def test_a_whole_page(address, open_page, monkeypatch):
    places = np.array([[[10, 20], [90, 20], [90, 60], [10, 60]], [[30, 120], [110, 120], [110, 160], [30, 160]]], float)
    monkeypatch.setattr("attention_ocr.serving.page_reading.detector", lambda: lambda _: (places, np.ones(2)))
    page = open_page(address)
    page.get_by_text("A whole page").click()
    page.set_input_files("#files", given(("page.png", picture(4, 5, 300, 200))))
    assert [text.split() for text in texts(page, 1)] == [["004005", "004005"]]
    assert page.locator(".facts .told").inner_text() == "2 lines"
    page.locator("figure polygon").first.hover()
    assert page.locator(".char.current").all_inner_texts() == ["004005"]
    screenshot(page, "page")


def test_the_key_is_asked_for(browser, open_page, monkeypatch):
    with running(service_of(monkeypatch, {"colours": Colours()}), KEY) as (address, _):
        page = open_page(address)
        page.get_by_label("This service needs its key").fill("wrong")
        page.keyboard.press("Enter")
        page.get_by_text("That is not the key.").wait_for()
        page.get_by_label("This service needs its key").fill(KEY)
        page.keyboard.press("Enter")
        page.locator("#key-form").wait_for(state="hidden")
        page.set_input_files("#files", given(("one.png", picture(9, 9))))
        assert texts(page, 1) == ["009009"]
        page.faults[:] = [fault for fault in page.faults if "401" not in fault]


# Of each visible text its contrast with the nearest ground behind it (WCAG 2), by what it says.
CONTRASTS = """() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = numbers(colour).map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if ((numbers(colour)[3] ?? 1) > 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const found = {};
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility() || element.tagName === "NOSCRIPT") continue;
    const [a, b] = [light(getComputedStyle(element).color), light(ground(element))].sort((x, y) => y - x);
    found[element.textContent.trim().slice(0, 30)] = (a + 0.05) / (b + 0.05);
  }
  return found;
}"""
