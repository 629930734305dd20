# SPDX-License-Identifier: Apache-2.0
"""A page of the documentation as the steps that its reader takes.

    ```sh                  run by bash -euo pipefail as root; must succeed
    ```sh fails            must fail
    ```nginx (apache, ini, toml, json)
    # /etc/nginx/…         written to that file; without such a first line the block is an excerpt
    ```text                shown only
    <!-- file: /PATH -->   before a block that has no comments, such as JSON: the file to write it to
    <!-- expect: REGEX --> after an sh block: what its output must match
    <!-- wait -->          before an sh block: it is repeated until it succeeds, for a minute at most
    <!-- here: WORD … -->  before an sh block: it is run in the checkout, on this machine, with these words
                           added; the page's own host has no sources
    <!-- setup: NAME … --> what the host must look like before the first step (setups.py)
    <!-- meanwhile: NAME … --> between two blocks: what happens in the meantime (setups.py)
"""

import dataclasses
import pathlib
import re
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONFIGURATION = {"nginx", "apache", "ini", "toml", "json"}
LANGUAGES = CONFIGURATION | {"sh", "sh fails", "text"}

_FENCE = re.compile(r"^( *)(?:- |\d+\. )?```(.*)$")
_REMARK = re.compile(r"^ *<!-- *(expect|wait|here|setup|meanwhile|file)(?:: *(.*?))? *-->$")
_PATH = re.compile(r"\A\s*# (/\S+)\n")


class Malformed(Exception):
    """The page does not follow the conventions."""


@dataclasses.dataclass
class Command:
    line: int
    script: str
    fails: bool = False
    waits: bool = False
    here: str | None = None  # the words that are added
    expected: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class File:
    line: int
    path: str
    text: str


@dataclasses.dataclass
class Event:
    line: int
    name: str
    arguments: list


@dataclasses.dataclass
class Page:
    name: str
    setups: list  # of (name, arguments)
    steps: list  # of Command, File and Event


def pages():
    """The names of all pages, relative to the checkout."""
    found = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    return sorted(str(path.relative_to(ROOT)) for path in found)


def load(name):
    return parse(name, (ROOT / name).read_text())


def blocks_of(text):
    """(line, what the fence says or the remark's kind, content) of every fence and remark, in order."""
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        fence, remark = _FENCE.match(lines[at]), _REMARK.match(lines[at])
        begin = at + 1
        at += 1
        if remark:
            yield begin, "<" + remark.group(1), remark.group(2) or ""
        elif fence:
            while at < len(lines) and lines[at].strip() != "```":
                at += 1
            if at == len(lines):
                raise Malformed(f"line {begin}: this block has no end")
            yield begin, fence.group(2).strip(), textwrap.dedent("\n".join(lines[begin:at]) + "\n")
            at += 1


def parse(name, text):
    page = Page(name, [], [])
    waits, here, path, last = False, None, None, None
    for line, kind, content in blocks_of(text):
        if kind == "<setup":
            page.setups.append((content.split()[0], content.split()[1:]))
        elif kind == "<meanwhile":
            page.steps.append(Event(line, content.split()[0], content.split()[1:]))
        elif kind == "<wait":
            waits = True
        elif kind == "<here":
            here = content
        elif kind == "<file":
            path = content
        elif kind == "<expect":
            if last is None:
                raise Malformed(f"line {line}: there is no command before this")
            last.expected.append(content)
        elif kind.startswith("sh") and kind in LANGUAGES:
            last = Command(line, content, kind == "sh fails", waits, here)
            page.steps.append(last)
            waits, here = False, None
        elif kind in LANGUAGES:
            found = _PATH.match(content)
            path = path or (found and kind in CONFIGURATION and found.group(1))
            if path:
                page.steps.append(File(line, path, content))
            path = None
        else:
            raise Malformed(f"line {line}: a block of \"{kind}\"; there are {', '.join(sorted(LANGUAGES))}")
    if waits or here is not None or path:
        raise Malformed("a remark at the end stands before no block")
    return page
