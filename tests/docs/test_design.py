# SPDX-License-Identifier: Apache-2.0
"""What comments cite exists: the page, and the section in it. Needs no build.

A comment cites a page by its path below the checkout, and a section by its heading in double quotes or by its
number: docs/design/auth.md, "Limits and lock-out". The rest of the test holds the pages of docs/design to the tree:
the files and functions that they name and the headings that they link to.
"""

import io
import pathlib
import re
import tokenize

import page
import pytest

DESIGN = page.ROOT / "docs/design"
TREES = ("common", "nginx_module", "apache_module", "tests", "scripts")
CPP = {".h", ".cpp", ".inc"}
SHELL = {".sh", ".cmake", ".txt", ""}

_PAGE = re.compile(r"(?<![\w./*-])([\w./-]*\w\.md)\b(?:,? \(?sections? (\d+))?(?:,? \"([^\"]+)\")?")
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
_NUMBER = re.compile(r"^(?:(\d+)|[A-Z])\. +")
_FILE = re.compile(r"`((?:common|nginx_module|apache_module|tests|scripts|docs)/[\w./-]+)`")
# `Class::function` in `file`, `function` (`file`)
_FUNCTION = re.compile(r"`([A-Za-z_]\w*(?:::\w+)*)`\s+(?:in\s+|\()`((?:common|nginx_module|apache_module|tests)/[\w./-]+)`")


def sources():
    for tree in TREES:
        for path in sorted((page.ROOT / tree).rglob("*")):
            known = path.suffix in CPP | SHELL | {".py"}
            if known and path.is_file() and "node_modules" not in path.parts:
                yield path


def comments_of_lines(text, mark):
    """Lines of comment that follow each other are one comment: a citation may be broken over two of them."""
    comment, first = "", 0
    for number, line in enumerate(text.splitlines() + [""], 1):
        before, found, after = line.partition(mark)
        if comment and (not found or before.strip()):
            yield first, comment
            comment = ""
        if found:
            first = number if not comment else first
            comment = f"{comment} {after.strip(mark[0] + ' ')}".strip()
    if comment:
        yield first, comment


def comments_of_python(text):
    yield from comments_of_lines(text, "#")
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.STRING and token.string.startswith('"""'):
            yield token.start[0], " ".join(token.string.split())


def comments_of(path, text):
    is_python = path.suffix == ".py" or text.startswith(("#!/usr/bin/python3", "#!/usr/bin/env python3"))
    if is_python:
        return comments_of_python(text)
    return comments_of_lines(text, "//" if path.suffix in CPP else "#")


def find_page(cited):
    """The page that is meant: a path below the checkout, or the name of the one page that has it."""
    if (page.ROOT / cited).is_file():
        return page.ROOT / cited
    named = [page.ROOT / name for name in page.pages() if pathlib.PurePath(name).name == cited]
    return named[0] if len(named) == 1 else None


def headings_of(path):
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    return _HEADING.findall(text)


def objections(comment):
    """What is wrong with the citations of a comment."""
    for cited, number, name in _PAGE.findall(comment):
        found = find_page(cited)
        if found is None:
            yield f"there is no {cited}"
            continue
        headings = headings_of(found)
        numbers = {match.group(1) for heading in headings if (match := _NUMBER.match(heading))}
        names = set(headings) | {_NUMBER.sub("", heading) for heading in headings}
        if number and number not in numbers:
            yield f"{cited} has no section {number}"
        if name and name not in names:
            yield f'{cited} has no section "{name}"'


def test_what_comments_cite_is_there():
    wrong, cited = [], 0
    for path in sources():
        raw = path.read_bytes()
        if b".md" not in raw or b"\0" in raw:
            continue
        for line, comment in comments_of(path, raw.decode(errors="replace")):
            cited += comment.count("docs/design/")
            wrong += [f"{path.relative_to(page.ROOT)}:{line}: {why}" for why in objections(comment)]
    assert not wrong, "\n".join(wrong)
    assert cited > 20, "the comments cite docs/design; is the search still right?"


def anchor_of(heading):
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def misplaced(text):
    """The functions that a page looks for in files that do not have them."""
    for name, file in _FUNCTION.findall(text):
        path = page.ROOT / file
        if path.is_file() and not re.search(rf"\b{name.split('::')[-1]}\b", path.read_text(encoding="utf-8")):
            yield f"{name} in {file}"


@pytest.mark.parametrize("name", sorted(path.name for path in DESIGN.glob("*.md")))
class TestPage:
    def test_names_files_that_are_there(self, name):
        named = _FILE.findall((DESIGN / name).read_text(encoding="utf-8"))
        missing = sorted({file for file in named if not (page.ROOT / file).exists()})
        assert not missing, f"docs/design/{name} names what is not there: {', '.join(missing)}"

    def test_finds_functions_where_it_says(self, name):
        assert not list(misplaced((DESIGN / name).read_text(encoding="utf-8")))

    def test_links_to_headings_that_are_there(self, name):
        for file, anchor in re.findall(r"\]\(([^)#:\s]*)#([^)\s]+)\)", (DESIGN / name).read_text(encoding="utf-8")):
            target = DESIGN / (file or name)
            assert anchor in map(anchor_of, headings_of(target)), f"docs/design/{name}: {file}#{anchor} leads nowhere"


# Put together, because no source may name a document that is not there.
MISSING = "nowhere" + ".md"


class TestOracle:
    """It notices what is wrong."""

    @pytest.mark.parametrize("comment", [
        f"docs/design/{MISSING}", f"see {MISSING}", 'docs/design/auth.md, "No such heading"', "auth.md section 99",
        "docs/design/auth.md sections 99 to 100"])
    def test_objects(self, comment):
        assert list(objections(comment))

    @pytest.mark.parametrize("comment", [
        "docs/design/auth.md", 'docs/design/auth.md, "Limits and lock-out"', "(auth.md section 7: five)",
        'docs/design/flows.md, "C. PCA with a local key"', "docs/*.md", "README.md"])
    def test_accepts(self, comment):
        assert not list(objections(comment))

    def test_finds_citations_over_two_lines(self):
        text = 'int x;  // see docs/design/auth.md,\n        // "Nothing"\nint y;\n// signing.md\n'
        found = list(comments_of_lines(text, "//"))
        assert found == [(1, 'see docs/design/auth.md, "Nothing"'), (4, "signing.md")]
        assert list(objections(found[0][1]))

    def test_notices_a_function_that_is_not_in_the_file(self):
        here, absent = "tests/docs/test_design.py", "Other::no" + "_such"
        assert list(misplaced(f"`{absent}` in\n`{here}`")) == [f"{absent} in {here}"]
        assert not list(misplaced(f"`find_page` (`{here}`), `TestPage::misplaced` in `{here}`"))

    def test_reads_python(self):
        text = 'x = "a"\n#' + ' b\ndef f():\n    """c\n    d"""\n'
        assert list(comments_of_python(text)) == [(2, "b"), (4, '"""c d"""')]
