# SPDX-License-Identifier: Apache-2.0
"""What the pages have root do in directories that others write to: the agent's account, or anybody.

The state directory belongs to the account `ccm`. Whoever controls that account could put a link or a
set-uid file there and wait for root to come along, so the pages read and write it as that account.
"""

import re

import page
import pytest
from test_pages import prepare, walk

BACKUP = "docs/how-to/backup-and-restore.md"
STATE = re.compile(r"/(?:var/lib|srv)/ccm(?:[/\s\"']|$)")
ANYBODYS = re.compile(r"(?<![\w.])/(?:tmp|var/tmp|dev/shm)/")
# The account's own work, or that of somebody who must not get at it.
AS_ANOTHER = re.compile(r"--reuid (?:ccm|www-data)\b|\bas_ccm\b")
# They only tell what is there, remove without following links, or are this project's own.
HARMLESS = re.compile(r"(?:ls|stat|ccmctl|rm -r|install -d -o ccm -g ccm)\b")


def statements(script):
    """The script's lines, continued ones as one."""
    return script.replace("\\\n", " ").splitlines()


def objection(statement):
    """Why root should not do this; empty when nothing is wrong with it."""
    text = statement.strip()
    if text.startswith("#") or AS_ANOTHER.search(text):
        return ""
    if ANYBODYS.search(text):
        return "a name that anybody could have taken, in a directory that anybody writes to"
    if STATE.search(text) and not HARMLESS.match(text) and "state_path" not in text:
        return "root at work in the agent's state directory; do it as that account"
    return ""


def scripts():
    for name in page.pages():
        for step in page.load(name).steps:
            if isinstance(step, page.Command):
                yield name, step.line, step.script


def test_root_does_not_work_in_directories_of_others():
    found = [f"{name}:{line}: {why}: {statement.strip()}" for name, line, script in scripts()
             for statement in statements(script) if (why := objection(statement))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("statement", [
    "cp -a /var/lib/ccm /srv/ccm", "tar -C /var/lib -xzf /root/x.tar.gz ccm > /tmp/log",
    "openssl x509 -in /var/lib/ccm/certificates/www/current/cert.pem", "chown -R root /var/lib/ccm",
    "ps > /tmp/before", "cat /var/lib/ccm/x | \\\n grep y"])
def test_what_is_objected_to(statement):
    assert objection("\n".join(statements(statement)))


PLANT = """
setpriv --reuid ccm --regid ccm --clear-groups sh -euc '
    cd /var/lib/ccm/keys
    ln -s /etc/shadow link
    ln -s /etc directory
    cp /bin/true program
    chmod 6777 program
    chmod 777 .'
stat -c '%U %a %Y %s' /etc /etc/shadow
"""
LOOK = """
for each in /var/lib/ccm /srv/ccm; do
    test -d $each || continue
    find $each -user root -perm /6000
    find $each -type f -exec cmp -s /etc/shadow {} ';' -print
done
"""


def test_backup_and_restore_are_not_led_astray(host):
    prepare(host, BACKUP)
    before = host.run(PLANT)
    for step in walk(host, BACKUP):
        found = host.run(LOOK)
        assert not found, f"{BACKUP}:{step.line} made root's {found}"
    assert host.run("stat -c '%U %a %Y %s' /etc /etc/shadow") == before
    assert host.run("find /srv/ccm/keys -type l") != ""
