"""A reviewer's journey in a real browser: sign in, work ten cases by keyboard, see who is taken for whom, switch language.

Screenshots of every page go to the directory that SHOTS names, if it does.
"""

import io
import os
import re
import shutil
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="POSIX signals"),
    # MLflow 3.17 on SQLAlchemy 2.1
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning"),
]

WORD = "白日依山尽黄河入海流"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
DESKTOP, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def chromium():
    """Chromium without a window, that of the machine or the one that PAIDAN_CHROMIUM names."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright for this machine")
    found = os.environ.get("PAIDAN_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no Chromium on this machine: install the package chromium, or name one in PAIDAN_CHROMIUM")
    with playwright.sync_playwright() as driver:
        try:
            # a container's root has no user namespace to lock itself into
            browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        except playwright.Error as error:
            pytest.skip(f"Chromium does not start here: {str(error).splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def axe():
    """The source of axe-core."""
    found = pytest.importorskip("axe_playwright_python", reason="no axe-core for this machine")
    return (Path(found.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def look(axe):
    """Look at a page: no serious fault of accessibility, nothing wider than the window; keep a picture of it."""

    def look(page, name):
        # a look from outside: the page's own policy lets no other script in
        page.context.new_cdp_session(page).send("Page.setBypassCSP", {"enabled": True})
        page.evaluate(axe)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        faults = [
            (each["id"], each["impact"], [node["html"][:160] for node in each["nodes"]][:3])
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
        ]
        assert faults == [], (name, faults)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is wider than its window"
        if "SHOTS" in os.environ:
            page.screenshot(path=Path(os.environ["SHOTS"]) / f"{name}.png", full_page=True)

    return look


@pytest.fixture
def account(door, monkeypatch):
    """Make an account as an administrator does."""

    def account(name, role):
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{WORD}\n"))
        assert door("people", "add", name, "--role", role)[0] == 0

    return account


@pytest.fixture
def open_page(chromium):
    """Open a page of a service; what it asks other hosts for, and what it complains of, is gathered in `trouble`."""
    contexts = []

    def open_page(address, trouble, **options):
        context = chromium.new_context(base_url=address, locale="zh-CN", **options)
        contexts.append(context)
        page = context.new_page()
        host = urlsplit(address).netloc

        def asked(request):
            if urlsplit(request.url).netloc != host:
                trouble.append(request.url)

        page.on("request", asked)
        page.on("console", lambda said: trouble.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: trouble.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()


def sign_in(page, name):
    page.goto("/console")
    page.get_by_label("账号").fill(name)
    page.get_by_label("密码").fill(WORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console")


def complain(address, key, complaints):
    """Have complaints answered, and some come back from their offices."""
    with httpx.Client(base_url=address, headers={"authorization": f"Bearer {key}"}, timeout=60) as client:
        for number, (text, *_) in enumerate(complaints):
            card = {"source": "12345热线", "ticket_id": f"2026-{number:06}", "text": text, "title": text[:9]}
            answer = client.post("/v1/predict", json=card).json()
            if number % 5 == 0:
                office = answer["office"]["code"]
                outcome = {"actor": f"office:{office}", "office": office, "occurred_at": "2026-10-03T15:30:00+08:00"}
                outcome |= {"status": "returned", "reason_code": "R02", "note": "店铺不在本所辖区"}
                told = client.post(f"/v1/predictions/{answer['prediction_id']}/outcome", json=outcome)
                assert told.status_code == 201


def test_ten_cases_by_keyboard_and_the_report_they_make(  # noqa: PLR0915 - a journey is one story
    champion, door, account, serving, open_page, look, tiny_complaints, home
):
    account("李审核", "admin")
    key = door("keys", "create", "--label", "intake", "--scope", "predict")[1].split()[-1]
    trouble = []
    with serving(audit_sample_rate=1) as address:
        complain(address, key, tiny_complaints[:24])
        page = open_page(address, trouble, viewport=DESKTOP, color_scheme="light")
        page.goto("/console")
        look(page, "sign-in")
        sign_in(page, "李审核")
        look(page, "queue")
        waiting = page.locator(".queue li").count()
        assert waiting == 24

        # the table of keys, and back
        page.keyboard.press("?")
        assert page.locator("#keys").is_visible()
        look(page, "keys")
        page.keyboard.press("Escape")
        assert not page.locator("#keys").is_visible()

        # down, down, up, open
        for pressed in "jjk":
            page.keyboard.press(pressed)
        first = page.evaluate("document.activeElement.getAttribute('href')")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{first}")
        look(page, "case")
        assert page.locator("mark").count() > 1

        # ten cases: each key says it and shows the next one
        seen = set()
        for number, pressed in enumerate("cccxcrcxcc"):
            case = urlsplit(page.url).path
            assert case not in seen
            seen.add(case)
            if pressed == "x":
                page.keyboard.press("x")
                # the second office from here, by the arrow of a list
                page.keyboard.press("Tab")
                page.keyboard.press("ArrowDown" if number < 5 else "ArrowUp")
                changed = page.evaluate("document.activeElement.name")
                assert changed == "office_code"
                page.keyboard.press("Enter")
            else:
                page.keyboard.press(pressed)
            page.wait_for_url(lambda url, case=case: urlsplit(url).path != case)
            assert page.locator(".flash").is_visible()
        # the last one was a mistake
        page.keyboard.press("u")
        page.wait_for_url(f"**{case}?**")
        assert page.get_by_role("status").inner_text().startswith("已撤销")
        look(page, "case-undone")
        page.keyboard.press("c")
        page.wait_for_url(lambda url: urlsplit(url).path != case)
        page.keyboard.press("q")
        page.wait_for_url("**/console")
        assert page.locator(".queue li").count() < waiting

        # what is due when, and who is responsible for what
        page.get_by_role("link", name="三色看板").click()
        assert page.locator("[data-item]").count() >= 1
        look(page, "board")
        page.get_by_role("link", name="职责章程").click()
        assert page.locator("svg.matrix rect").count() >= 20
        for part in page.locator("details").all():
            part.locator("summary").click()
        look(page, "charter")
        page.keyboard.press("e")
        page.wait_for_url("**/charter/edit")
        page.get_by_role("button", name="核对").click()
        assert "条目没有变化" in page.locator("main").inner_text()
        look(page, "charter-edit")

        # who is taken for whom, down to a case
        page.get_by_role("link", name="错派报告").click()
        assert page.locator("svg.picture").count() >= 2
        look(page, "report")
        link = page.locator("svg.picture a").first
        link.focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/report/cell?**")
        assert page.locator("[data-item]").count() >= 1
        look(page, "cell")
        with page.expect_download() as kept:
            page.goto("/console/report")
            page.get_by_role("link", name="XLSX").click()
        assert kept.value.suggested_filename == "report.xlsx"

        for name, link in (("versions", "模型版本"), ("accesses", "访问记录")):
            page.get_by_role("link", name=link).click()
            look(page, name)
        assert page.get_by_text("导出").count() == 1
        page.get_by_role("link", name="模型版本").click()
        page.get_by_role("button", name="立即查看并换用").press("Enter")
        page.wait_for_url("**/versions?looked=1")
        look(page, "versions-looked")
        page.get_by_role("link", name="访问记录").click()

        # English, dark
        page.get_by_role("link", name="English").click()
        assert page.get_by_role("heading", level=1).inner_text() == "Access log"
        page.locator("[data-switch=theme]").click()
        page.goto("/console")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(251, 251, 250)"
        look(page, "queue-en-dark")
        page.locator(".queue .open").first.click()
        look(page, "case-en-dark")
        page.goto("/console/report")
        look(page, "report-en-dark")
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/sign-in")
    assert trouble == []
    assert door("audit", "verify")[0] == 0


def test_a_phone_shows_it_all_without_a_script(champion, door, account, serving, open_page, look, tiny_complaints):
    account("王审核", "reviewer")
    key = door("keys", "create", "--label", "intake", "--scope", "predict")[1].split()[-1]
    trouble = []
    with serving(audit_sample_rate=1) as address:
        complain(address, key, tiny_complaints[:6])
        page = open_page(address, trouble, viewport=PHONE, color_scheme="dark")
        sign_in(page, "王审核")
        for name, path in (
            ("queue", "/console"),
            ("report", "/console/report"),
            ("versions", "/console/versions"),
            ("board", "/console/board"),
            ("charter", "/console/charter"),
        ):
            page.goto(path)
            look(page, f"phone-{name}-dark")
        page.goto("/console")
        page.locator(".queue .open").first.click()
        look(page, "phone-case-dark")

        page = open_page(address, trouble, viewport=PHONE, color_scheme="light", java_script_enabled=False)
        sign_in(page, "王审核")
        page.locator(".queue .open").first.click()
        if "SHOTS" in os.environ:
            page.screenshot(path=Path(os.environ["SHOTS"]) / "phone-case-light.png", full_page=True)
        assert not page.get_by_role("button", name=re.compile("快捷键")).is_visible()
        page.get_by_role("button", name="确认无误").click()
        assert "已确认" in page.get_by_role("status").inner_text()
        page.get_by_role("button", name="撤销", exact=True).click()
        assert "已撤销" in page.get_by_role("status").inner_text()
    assert trouble == []
