"""The figure that plays, in a real browser."""

import shutil

import matplotlib.pyplot as plt
import pytest

from forwardgrad.plotting.animation import Trace, animation
from forwardgrad.plotting.style import INK

sync_api = pytest.importorskip("playwright.sync_api")

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
POINTS = [(0, 0), (1, 1), (2, 4)]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    figure, axes = plt.subplots()
    axes.set(xlim=(0, 2), ylim=(0, 4))
    traces = [Trace(POINTS, INK), Trace(POINTS, INK, "cloud", [0, 1, 3])]
    file = tmp_path_factory.mktemp("page") / "page.html"
    file.write_text(f"<!DOCTYPE html>{animation(figure, axes, traces, ['start', 'middle', 'end'], 'here')}")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(file.as_uri())
        yield page
        browser.close()


def state(page):
    """The text, the points of the path and the dots of the cloud that are shown."""
    points = page.get_attribute("polyline", "points").split()
    dots = page.eval_on_selector_all("[data-shown]:last-child circle", "all => all.map(dot => dot.style.display)")
    return page.text_content("output"), len(points), dots.count("")


def test_it_rests_on_its_last_frame(page):
    assert state(page) == ("end", 3, 3)
    assert page.is_visible("button")


def test_the_slider_chooses_a_frame(page):
    page.fill("input", "0")
    assert state(page) == ("start", 1, 0)
    page.fill("input", "1")
    assert state(page) == ("middle", 2, 1)


def test_the_button_plays_to_the_end(page):
    page.click("button")
    page.wait_for_function("document.querySelector('output').textContent === 'end'", timeout=5000)
    assert state(page) == ("end", 3, 3)
    assert page.text_content("button") == "Play"
