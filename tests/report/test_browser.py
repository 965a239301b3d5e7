"""The HTML report in a real browser: it draws, it asks for nothing, nothing of the run is executed."""

import shutil
from dataclasses import replace

import pytest

from gradwise.diagnosis import Diagnosis
from gradwise.report.html import write_html
from gradwise.trace.model import ModuleInfo, Trace
from tests.report.runs import finding, run_info, sick, sick_trace

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed (pip install playwright)"
    )
    if CHROMIUM is None:
        pytest.skip("no chromium on the path (apt-get install chromium)")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield chromium
        chromium.close()


class Opened:
    """A report opened in the browser, with all that it said, asked for and did wrong."""

    def __init__(self, browser, path, **options):
        self.page = browser.new_page(viewport={"width": 1180, "height": 900}, **options)
        self.said, self.asked, self.failed, self.dialogs = [], [], [], []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.failed.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("html[data-drawn=yes]", timeout=60_000)

    def clean(self, path):
        return (self.said, self.failed, self.dialogs, self.asked) == ([], [], [], [path.as_uri()])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_plot_is_drawn_and_nothing_is_fetched(browser, tmp_path, scheme):
    path = write_html(tmp_path / "r.html", sick_trace(), sick())
    opened = Opened(browser, path, color_scheme=scheme)
    page = opened.page
    assert opened.clean(path), (opened.said, opened.failed, opened.asked)
    places = page.locator(".plot")
    assert places.count() == 8  # 6 of the run, 2 of the finding
    for number in range(places.count()):
        lines = places.nth(number).locator(".scatterlayer .trace path")
        assert lines.count() > 0, places.nth(number).get_attribute("id")
    assert page.locator("#heat-plot .heatmaplayer image").count() == 1


def test_the_evidence_is_highlighted_in_the_colour_of_its_group(browser, tmp_path):
    path = write_html(tmp_path / "r.html", sick_trace(), sick())
    page = Opened(browser, path, color_scheme="light").page
    assert page.locator("article.finding.group-sick h3").inner_text() == "sickA01 dead-relu"
    shade = page.locator("#plot-evidence-0-0 .shapelayer path").first
    assert shade.evaluate("shape => shape.style.fill") == "rgb(179, 92, 0)"
    box, plot = (
        shade.bounding_box(),
        page.locator("#plot-evidence-0-0 .bglayer, #plot-evidence-0-0 .gridlayer").first,
    )
    assert box["width"] > 0.4 * plot.bounding_box()["width"]  # steps 400 to 840 of 840
    frames = page.locator("#heat-plot .shapelayer path")
    assert frames.count() == 1
    page.emulate_media(color_scheme="dark")  # the plots follow the theme
    expect = pytest.importorskip("playwright.sync_api").expect
    expect(shade).to_have_css("fill", "rgb(255, 179, 92)", timeout=30_000)


def test_the_menu_changes_the_heat_map(browser, tmp_path):
    path = write_html(tmp_path / "r.html", sick_trace(), sick())
    opened = Opened(browser, path)
    page = opened.page
    assert any(
        "features.0.weight" in label for label in page.locator("#heat-plot .ytick").all_text_contents()
    )
    page.select_option("#heat-menu", "silent_share")
    page.wait_for_selector("#heat-plot .ytick:has-text('▸ features.3')", timeout=10_000)
    assert not any(".weight" in label for label in page.locator("#heat-plot .ytick").all_text_contents())
    assert opened.clean(path)


def test_folded_pages_open(browser, tmp_path):
    page = Opened(browser, write_html(tmp_path / "r.html", sick_trace(), sick())).page
    fold = page.locator("details", has_text="take smaller steps").first
    assert not fold.get_by_text("What it does").is_visible()
    fold.locator("summary").click()
    assert fold.get_by_text("What it does").is_visible()


def test_a_hostile_run_executes_nothing(browser, tmp_path):
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    base = sick_trace()
    silent = base.tables["silent_share"]
    silent = type(silent)(silent.steps, (*silent.places[:3], evil), silent.values)
    trace = replace(
        base,
        run=run_info(script=evil, error=evil),
        modules=(*base.modules, ModuleInfo(evil, evil)),
        tables={**base.tables, "silent_share": silent},
    )
    bad = finding(message=evil, where=(evil,))
    bad = replace(bad, evidence=(replace(bad.evidence[0], places=(evil,)),))
    path = write_html(tmp_path / "r.html", trace, Diagnosis((bad,), (evil,), 16))
    opened = Opened(browser, path)
    opened.page.select_option("#heat-menu", "silent_share")
    opened.page.wait_for_timeout(300)
    assert opened.clean(path), (opened.said, opened.failed, opened.asked, opened.dialogs)
    assert opened.page.locator("img").count() == 0


def test_a_thousand_layers_and_an_empty_run(browser, tmp_path):
    path = write_html(tmp_path / "deep.html", sick_trace(1000), sick())
    opened = Opened(browser, path)
    assert opened.clean(path)
    assert opened.page.locator("#heat-plot").bounding_box()["height"] < 2500
    path = write_html(tmp_path / "empty.html", Trace(), Diagnosis((), (), 16))
    opened = Opened(browser, path)
    assert opened.clean(path)
    assert "Nothing to judge" in opened.page.locator("#verdict").inner_text()


def test_a_narrow_screen_does_not_scroll_sideways(browser, tmp_path):
    path = write_html(tmp_path / "r.html", sick_trace(), sick())
    opened = Opened(browser, path)
    opened.page.set_viewport_size({"width": 390, "height": 800})
    opened.page.wait_for_timeout(400)
    width = opened.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
