"""The page in a real browser: what a script, a style sheet and a reader do with it."""

import shutil

import pytest

sync_api = pytest.importorskip("playwright.sync_api")

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")

# The least contrast of any text with what lies behind it, by WCAG 2's formula, and where it is.
CONTRAST = """() => {
  const channels = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = channels(color).map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      if (channels(color)[3] !== 0) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const own = (e) => [...e.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const seen = [...document.querySelectorAll("body *:not(svg *, math *)")].filter((e) => own(e) && e.checkVisibility());
  const found = seen.map((e) => {
    const [one, other] = [light(getComputedStyle(e).color), light(behind(e))].sort((a, b) => b - a);
    return [(one + 0.05) / (other + 0.05), e.outerHTML.slice(0, 80)];
  });
  return found.sort((a, b) => a[0] - b[0])[0];
}"""


@pytest.fixture(scope="module")
def browser():
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def show(browser, written):
    """A function that opens a page; in the end nothing was complained of and nothing was asked for elsewhere."""
    complaints, asked, contexts = [], [], []

    def show(name="index", width=1280, height=900, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce", **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto((written / f"{name}.html").as_uri())
        return page

    yield show
    for context in contexts:
        context.close()
    assert complaints == []
    assert all(url.startswith(("data:", written.as_uri())) for url in asked)


def column(table, head):
    """Return what stands in a column, by the first line of its head, without small print."""
    heads = [text.split("\n")[0] for text in table.locator("thead th").all_inner_texts()]
    number = 1 + heads.index(head)
    return [text.split("\n")[0] for text in table.locator(f"tbody tr > :nth-child({number})").all_inner_texts()]


def test_a_column_sorts_by_value_and_back_by_mouse(show):
    table = show("pages/students").locator("table", has_text="Time per step").first
    before = column(table, "Method")
    head = table.locator("th", has_text="Time per step")
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert column(table, "Time per step") == ["1.00\u00a0ms", "3.00\u00a0ms"]
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert column(table, "Method") == before[::-1]


def test_a_column_sorts_by_keyboard_and_one_alone_is_sorted(show):
    page = show("pages/ledger")
    table = page.locator("table:has(tr[data-verdict])").first
    claims = column(table, "Claim")
    for name in ("Claim", "Measured"):
        table.locator("th button", has_text=name).focus()
        page.keyboard.press("Enter")
    (sorted_by,) = table.locator("[aria-sort]").all_inner_texts()
    assert sorted_by.startswith("Measured")
    assert [claims.index(text) for text in column(table, "Claim")][:3] == [0, 2, 1]


def test_claims_filter(show):
    page = show("pages/ledger")
    rows = page.locator("tr[data-verdict]:visible")
    assert rows.count() == 4
    page.locator("select[name=source]").select_option(index=2)
    assert rows.count() == 1
    assert page.locator("output").inner_text() == "1 of 4"


def test_the_page_of_an_experiment_leads_to_its_claims(show):
    page = show("pages/students")
    page.locator(".judged summary", has_text="2 reproduced").click()
    page.locator(".judged a", has_text="claim b").click()
    page.wait_for_url("**/pages/ledger.html#claim-b")
    page.locator("#claim-b").wait_for(state="visible")
    place = "document.getElementById('claim-b').getBoundingClientRect().y"
    page.wait_for_function(f"0 <= {place} && {place} < 900")


@pytest.mark.parametrize("name", ["index", "pages/students", "pages/ledger", "pages/provenance"])
def test_a_phone_shows_a_page_without_scrolling_sideways(show, name):
    page = show(name, 390, 844, has_touch=True, is_mobile=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_keyboard_gets_to_the_text_and_to_the_contents(show):
    page = show("pages/students", 390, 844)
    page.keyboard.press("Tab")
    assert page.locator(".skip").bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    page.wait_for_url("**#text")
    page.locator("footer a", has_text="Back to contents").click()
    page.wait_for_url("**#contents")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index", "pages/students", "pages/ledger"])
def test_text_stands_out_from_what_is_behind_it(show, name, scheme):
    page = show(name, color_scheme=scheme)
    brightness = page.evaluate("parseInt(getComputedStyle(document.body).backgroundColor.slice(4))")
    assert (brightness < 128) == (scheme == "dark")
    contrast, element = page.evaluate(CONTRAST)
    assert contrast >= 4.5, element


def test_paper_has_no_controls(show):
    page = show("pages/students", color_scheme="dark")
    assert page.locator(".control:visible").count() > 0
    page.emulate_media(media="print")
    assert page.locator(".control:visible, nav:visible, .files:visible").count() == 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
