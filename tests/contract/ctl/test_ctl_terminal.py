# SPDX-License-Identifier: Apache-2.0
"""Colours, progress and questions: only for a person at a terminal."""

import pytest
from typing_at import typed

ESCAPE = "\x1b["


@pytest.fixture(scope="module")
def many(running):
    for number in range(53):
        running.issue([f"n{number}.example.com"])


def test_colours_are_for_terminals(ctl, many):
    words = ctl.options + ["certificates", "list", "--limit", "10"]
    assert "\x1b[1mID" in typed(words).screen
    assert ESCAPE not in ctl.ok("certificates", "list", "--limit", "10").out
    assert ESCAPE not in typed(words + ["--color", "never"]).screen
    assert ESCAPE not in typed(words, environment={"NO_COLOR": "1"}).screen
    assert "\x1b[1mID" in typed(words, environment={"NO_COLOR": ""}).screen
    assert ESCAPE not in typed(words, environment={"TERM": "dumb"}).screen
    always = ("--color", "always", "certificates", "list", "--limit", "10")
    assert "\x1b[1mID" in ctl.ok(*always, environment={"NO_COLOR": "1"}).out


def test_progress_is_drawn_on_a_terminal_and_gone_in_the_end(ctl, many):
    screen = typed(ctl.options + ["--color", "never", "certificates", "list"]).screen
    before, _, after = screen.partition("\r\x1b[K")
    assert before == "" and after.startswith("50 of ")
    assert "\r\x1b[KID" in after, "the line is wiped before the table"
    assert screen.count("\x1b[K") == 2
    dumb = typed(ctl.options + ["certificates", "list"], environment={"TERM": "dumb"}).screen
    assert ESCAPE not in dumb and not dumb.startswith("50 of ")


def test_a_password_is_asked_for_and_not_shown(ctl, cloud, tmp_path):
    made = cloud.issue(["www.example.com"])
    ended = typed(ctl.options + ["certificates", "export", made["id"], "--format", "pkcs12", "-o", tmp_path],
                  answers=["correct horse", "correct horse"])
    assert ended.status == 0, ended.screen
    assert "password for the key store" in ended.screen and "horse" not in ended.screen
    assert (tmp_path / "server.p12").exists()
