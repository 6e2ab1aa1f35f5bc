"""A real browser for tests: Debian's Chromium, driven by Playwright. Without it these tests fail; `.ci/run` installs it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, sync_playwright

ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")
SERIOUS = ("serious", "critical")


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser, closed at the end. While it is open its event loop runs in this thread: run workspaces before, since Dagster starts loops of its own.

    Raises:
        FileNotFoundError: if there is no Chromium. A test that needs one fails then: it would prove nothing if it were passed over.
    """
    place = shutil.which("chromium")
    if place is None:
        raise FileNotFoundError("There is no chromium on this machine. On Debian: apt-get install chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=place, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watched:
    """A page, and everything about it that should not happen: what the console said, errors of scripts, requests that leave the disk."""

    page: Page
    complaints: list[str] = field(default_factory=list)


@contextmanager
def watched(browser: Browser, place: Path | str, *, width: int = 1280, height: int = 900, scheme: str = "light") -> Iterator[Watched]:
    """A page of a site, opened from the disk in a context of its own.

    Args:
        browser: The browser.
        place: A file, or a URL with its hash.
        width: Of the window.
        height: Of the window.
        scheme: light or dark.
    """
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme="dark" if scheme == "dark" else "light")
    page = context.new_page()
    seen = Watched(page)

    def asked(request: Request) -> None:
        if not request.url.startswith(("file:", "data:", "blob:")):
            seen.complaints.append(f"request to {request.url}")

    page.on("request", asked)
    page.on("console", lambda message: seen.complaints.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: seen.complaints.append(f"script: {error}"))
    page.on("requestfailed", lambda request: seen.complaints.append(f"failed: {request.url}"))
    page.goto(place.as_uri() if isinstance(place, Path) else place)
    try:
        yield seen
    finally:
        context.close()


def violations(page: Page) -> list[str]:
    """What axe-core finds serious or critical: rule, and the first places."""
    found = Axe().run(page).response["violations"]
    return [f"{item['id']}: {', '.join(node['html'][:120] for node in item['nodes'][:3])}" for item in found if item["impact"] in SERIOUS]
