"""Debian's Chromium, driven by Playwright: headless, and it speaks to nobody but the page."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")


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
