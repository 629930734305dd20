# SPDX-License-Identifier: Apache-2.0
"""The generated pages are what the program of this build would write."""

import re
import subprocess

import page
import pytest
from lab import place

PAGES = {"ccmctl.md": "markdown", "errors.md": "errors"}


def generated(form):
    return subprocess.run([place.program("ccmctl"), "generate", form], capture_output=True, text=True,
                          timeout=60, check=True).stdout


@pytest.mark.parametrize("name", PAGES)
def test_page_is_up_to_date(name):
    file = page.ROOT / "docs/reference" / name
    if not file.exists() or file.read_text() != generated(PAGES[name]):
        pytest.fail(f"docs/reference/{name} is out of date: run scripts/generate-reference", pytrace=False)


def test_every_generated_page_is_checked():
    made = [file.name for file in (page.ROOT / "docs/reference").glob("*.md")
            if "Made by scripts/generate-reference" in file.read_text()]
    assert sorted(made) == sorted(PAGES)


def test_exit_status_is_the_same_on_both_pages():
    def statuses(text):
        return dict(re.findall(r"^\| (\d+) \| (.+?) \|$", text, re.MULTILINE))

    by_hand = statuses((page.ROOT / "docs/ccmctl.md").read_text())
    assert by_hand and by_hand == statuses(generated("markdown"))
