# SPDX-License-Identifier: Apache-2.0
"""`cmake --install`: what is installed works from where it is, and what comes along says what is true."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest
from conftest import SERVERS
from lab import place, unit
from lab.net import free_port
from lab.server import Site
from lab.waiting import wait_until

# The build tree has one place for what an installation makes.
pytestmark = pytest.mark.xdist_group("install")

PACKAGING = place.ROOT / "packaging"
PROGRAMS = {"ccm-agent": "libexec/ccm/ccm-agent", "ccmctl": "bin/ccmctl",
            "nginx module": "lib/nginx/modules/ngx_ccm_module.so", "Apache module": "lib/apache2/modules/mod_ccm.so"}

# On a system whose /etc forgets everything, so that the account and what is put there stay here.
SCRIPT = """
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work"
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1/upper,workdir=$1/work" /etc
sed -i /^ccm:/d /etc/passwd /etc/shadow /etc/group /etc/gshadow
! getent passwd ccm
cmake --install "$2" --prefix "$1/prefix" >/dev/null
getent passwd ccm
test -x "$1/prefix/libexec/ccm/ccm-agent"
grep '^u ccm ' "$1/prefix/lib/sysusers.d/ccm.conf" >/dev/null
grep "^LoadModule ccm_module $1/prefix/lib/apache2/modules/mod_ccm.so" /etc/apache2/mods-available/ccm.load >/dev/null
"""


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


@pytest.fixture(scope="module", name="installed")
def fixture_installed():
    """The folder that stands for / after `cmake --install --prefix /usr`."""
    # Not among what tests must leave empty.
    root = pathlib.Path(tempfile.mkdtemp(prefix="ccm-installed-", dir=os.environ.get("TMPDIR", "/tmp")))
    root.chmod(0o711)
    subprocess.run(["cmake", "--install", place.build_directory(), "--prefix", "/usr"], check=True,
                   env={**os.environ, "DESTDIR": str(root)}, stdout=subprocess.DEVNULL, timeout=120)
    yield root
    shutil.rmtree(root)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes accounts")
def test_installing_makes_the_account_of_the_agent(scratch):
    done = subprocess.run(["unshare", "--mount", "--propagation", "private",
                           "sh", "-ec", SCRIPT, "sh", scratch, place.build_directory()],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    name, _, user, _, _, home, shell = done.stdout.strip().split(":")
    assert (name, home, shell) == ("ccm", "/nonexistent", "/usr/sbin/nologin") and int(user) < 1000


def test_no_symbols_are_installed(installed):
    for path in PROGRAMS.values():
        assert ".symtab" not in output_of("readelf", "--sections", "--wide", installed / "usr" / path), path
    with_symbols = place.program("ccm-agent")
    assert ".symtab" in output_of("readelf", "--sections", "--wide", with_symbols), "the test sees nothing"


@pytest.mark.parametrize("name", SERVERS)
def test_the_module_finds_the_agent_where_both_were_installed(make_server, installed, settings, cloud, intranet,
                                                              private, name):
    server = make_server(SERVERS[name])
    module = installed / "usr" / PROGRAMS[f"{'nginx' if name == 'nginx' else 'Apache'} module"]
    server.module = lambda: module
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    server.start()
    server.wait_for_certificate(private, cloud.trust())
    program = os.readlink(f"/proc/{server.wait_for_agent()}/exe")
    assert program == str(installed / "usr" / PROGRAMS["ccm-agent"])


@pytest.mark.parametrize("name", SERVERS)
def test_without_an_agent_program_the_configuration_test_says_so(make_server, scratch, credentials, name):
    if any(pathlib.Path(prefix, "libexec/ccm/ccm-agent").exists() for prefix in ("/usr", "/usr/local")):
        pytest.skip("an installed agent takes the place of the missing one")
    server = make_server(SERVERS[name], "alone", own_module=True)
    server.module()
    (server.directory / "bin" / "ccm-agent").unlink()
    site = Site(free_port(), ("www.example.com",), ("source=scm",))
    server.configure(settings={"credentials": f"file={credentials}", "region": "ap-southeast-1",
                               "state_path": scratch / "state"}, sites=[site])
    good, said = server.test()
    about = [line for line in said.splitlines() if "no agent program" in line]
    assert good and len(about) == 1, said
    assert re.search(r"no certificate would be obtained or renewed.*/libexec/ccm/ccm-agent.*"
                     r"install it \(package ccm-agent\) or name it", about[0]), about


def test_the_unit_and_the_samples_name_what_was_installed(installed):
    service = (installed / "usr/lib/systemd/system/ccm-agent.service").read_text()
    assert "ExecStart=/usr/bin/ccmctl agent --config /etc/ccm/agent.toml" in service
    load = (installed / "etc/apache2/mods-available/ccm.load").read_text()
    assert "LoadModule ccm_module /usr/lib/apache2/modules/mod_ccm.so" in load
    examples = installed / "usr/share/doc/ccm-tls/examples"
    assert {path.name for path in examples.iterdir()} == {
        "agent.toml", "apache2.conf", "nginx.conf", "apache2-hardening.conf", "nginx-hardening.conf",
        "ccm-alerts.yml", "ccm-dashboard.json"}


@pytest.mark.parametrize("shell, path", [
    ("bash", "bash-completion/completions/ccmctl"), ("zsh", "zsh/site-functions/_ccmctl"),
    ("fish", "fish/vendor_completions.d/ccmctl.fish")])
def test_completion_is_what_ccmctl_prints(installed, shell, path):
    assert (installed / "usr/share" / path).read_text() == output_of(place.program("ccmctl"), "generate", shell)


def manuals(installed):
    made = sorted((installed / "usr/share/man").rglob("*.[158]"))
    return made + ([PACKAGING / "man/ccm-emulator.1"] if made else [])


def test_manuals_are_well_formed(installed):
    if not shutil.which("mandoc"):
        pytest.skip("mandoc is not installed")
    wanted = {"ccmctl.1", "ccm-agent.8", "ccm-emulator.1"}
    if shutil.which("lowdown"):
        wanted |= {"ngx_ccm_module.5", "mod_ccm.5"}
    assert {path.name for path in manuals(installed)} >= wanted
    for path in manuals(installed):
        # Nobody dates what is made at an installation.
        said = subprocess.run(["mandoc", "-Tlint", "-Wwarning", path], capture_output=True, text=True, timeout=60,
                              check=False).stdout
        assert not [line for line in said.splitlines() if "missing date" not in line], said
        assert re.search(rf"^NAME\n +{path.stem} . \w", re.sub(".\b", "", output_of("mandoc", "-Tutf8", path)),
                         re.MULTILINE), path


@pytest.mark.parametrize("page, program", [("ccm-agent.8", "ccm-agent"), ("ccm-emulator.1", "ccm-emulator")])
def test_manuals_name_every_option(page, program):
    said = output_of(place.program(program), "--help")
    options = set(re.findall(r"--[a-z][a-z-]*", said.partition("Options:")[2]))
    text = (PACKAGING / "man" / page).read_text()
    documented = {f"--{name}" for name in re.findall(r"Fl Fl ([a-z-]+)", text)}
    assert options and documented == options


def test_the_notice_names_every_library(installed):
    text = (installed / "usr/share/doc/ccm-tls/NOTICE").read_text()
    table = text[text.index("                  ccm-agent"):text.index("The modules run inside")]
    header, *rows = table.splitlines()
    columns = {name: header.index(name) for name in (*PROGRAMS, "ccm-emulator")}
    named = {name: set() for name in columns}
    for row in filter(str.strip, rows):
        for name, column in columns.items():
            if "x" in row[column:column + len(name)]:
                named[name] |= set(re.match(r" *(.*?)   ", row)[1].split(", "))
    paths = {name: installed / "usr" / path for name, path in PROGRAMS.items()}
    paths["ccm-emulator"] = place.program("ccm-emulator")
    for name, path in paths.items():
        needed = {library.split(".so")[0].replace("libgcc_s", "libgcc") for library in
                  re.findall(r"NEEDED.*\[(.*)\]", output_of("readelf", "--dynamic", path))}
        assert needed - {"ld-linux-x86-64", "ld-linux-aarch64"} == named[name], name


@pytest.mark.parametrize("service", ["nginx", "apache2"])
def test_the_drop_ins_are_those_of_the_page(service):
    page = (place.ROOT / "docs/how-to/hardened-units.md").read_text()
    shipped = (PACKAGING / f"systemd/{service}-hardening.conf").read_text()
    assert re.findall(r"^(\w+)=(.*)$", shipped, re.MULTILINE) == unit.drop_in(
        page, f"/etc/systemd/system/{service}.service.d/hardening.conf")


def test_the_unit_starts_the_agent_again_however_often_it_ended(installed):
    wanted = {"StartLimitIntervalSec": "0", "Restart": "always", "RestartSec": "5"}
    page = (place.ROOT / "docs/how-to/other-programs.md").read_text()
    shipped = (installed / "usr/lib/systemd/system/ccm-agent.service").read_text()
    for settings in (re.findall(r"^(\w+)=(.*)$", shipped, re.MULTILINE),
                     unit.drop_in(page, "/etc/systemd/system/ccm.service")):
        assert wanted.items() <= dict(settings).items()


@pytest.mark.skipif(not unit.is_there(), reason="there is no systemd-analyze, which knows each setting's section")
def test_systemd_understands_all_of_the_unit(installed, scratch):
    text = (installed / "usr/lib/systemd/system/ccm-agent.service").read_text()
    service = scratch / "ccm-agent.service"
    service.write_text(text.replace("/usr/bin/ccmctl", str(place.program("ccmctl"))))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", service], capture_output=True, text=True,
                          timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can take rights away from itself")
@pytest.mark.skipif(not unit.is_there(), reason="there is no systemd-analyze, which knows the sets of system calls")
def test_the_unit_of_the_agent_works_under_its_restrictions(settings, cloud, scratch):
    text = (PACKAGING / "systemd/ccm-agent.service.in").read_text()
    service = dict(re.findall(r"^(\w+)=(.*)$", text.partition("[Service]")[2], re.MULTILINE))
    for name in ("Type", "ExecStartPre", "ExecStart", "ExecReload", "Restart", "RestartSec", "WantedBy"):
        service.pop(name, None)
    file, log = scratch / "agent.toml", scratch / "agent.log"
    lines = [f'{key} = "{value}"' for key, value in settings.items()]
    file.write_text("\n".join([*lines, "[certificate.mail]", f'source = "pca issuer={cloud.facts["issuer_id"]}"',
                               'names = ["mail.intra.example"]']) + "\n")
    (scratch / "state").mkdir(mode=0o700)
    shutil.chown(scratch / "state", "ccm", "ccm")
    command = ["unshare", "--mount", "--propagation", "private",
               "sh", "-ec", unit.protect_system(scratch) + '\nexec "$@"', "sh",
               *unit.launcher(list(service.items())), place.program("ccmctl"), "agent", "--config", str(file)]
    with open(log, "wb") as output:
        checked = subprocess.run([*command, "--check"], stdout=output, stderr=output, timeout=60, check=False)
        assert checked.returncode == 0, log.read_text()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        wait_until(lambda: '"mail": installed version 1' in log.read_text(), "a certificate for mail")
        assert "goes on without it" not in log.read_text()
    finally:
        process.terminate()
        assert process.wait(timeout=20) == 0


def test_packages_are_for_the_processors_of_the_agents_filter():
    source = (place.ROOT / "common/agent/process/call_filter.cpp").read_text()
    filtered = set(re.findall(r"if defined\(__(\w+)__\)\nconstexpr std::uint32_t kArchitecture", source))
    spec, control = ((PACKAGING / name).read_text() for name in ("rpm/ccm-tls.spec", "debian/control"))
    assert set(re.search(r"^ExclusiveArch: +(.*)$", spec, re.MULTILINE)[1].split()) == filtered
    names = {"x86_64": "amd64", "aarch64": "arm64"}
    packages = re.findall(r"^Architecture: (.*)$", control, re.MULTILINE)
    assert packages and all(set(each.split()) == {names[name] for name in filtered} for each in packages)


def test_the_samples_are_accepted(make_server, scratch, credentials):
    def of(name):
        text = (PACKAGING / "examples" / name).read_text()
        assert "/etc/ccm/credentials" in text
        return text.replace("/etc/ccm/credentials", str(credentials))

    state = f"state_path {scratch / 'state'};"
    nginx = make_server(SERVERS["nginx"], "nginx")
    text = re.sub(r"^    #(certificate|    |\})", r"    \1", of("nginx.conf"), flags=re.MULTILINE)
    assert "    certificate intranet {\n" in text
    nginx.configure(text.replace("ccm {", f"ccm {{ {state}", 1))
    good, said = nginx.test()
    assert good, said
    apache = make_server(SERVERS["apache"], "apache")
    text = re.sub(r"^#(</?CCM|    CCM)", r"\1", of("apache2.conf"), flags=re.MULTILINE)
    apache.configure(f"CCMStateDir {scratch / 'state'}\n{text}")
    good, said = apache.test()
    assert good and "<CCMCertificate intranet>\n" in text, said
    file = scratch / "agent.toml"
    file.write_text(f'state_path = "{scratch / "state"}"\n' + of("agent.toml"))
    assert "1 certificate" in subprocess.run([place.program("ccmctl"), "agent", "--config", file, "--check"],
                                             capture_output=True, text=True, timeout=60, check=True).stderr


def test_the_apparmor_profile_compiles():
    if not shutil.which("apparmor_parser"):
        pytest.skip("apparmor_parser is not installed")
    subprocess.run(["apparmor_parser", "--skip-kernel-load", "--skip-cache", PACKAGING / "apparmor/ccm-agent"],
                   check=True, capture_output=True, timeout=120)


def test_a_release_is_the_same_bytes_each_time(scratch):
    if subprocess.run(["git", "-C", place.ROOT, "rev-parse"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this is no checkout")
    sums = {output_of(place.ROOT / "scripts/release", "--output", scratch / folder) for folder in ("a", "b")}
    assert len(sums) == 1
    version = re.search(r"ccm_tls VERSION ([0-9.]+)", (place.ROOT / "CMakeLists.txt").read_text())[1]
    listed = output_of("tar", "--list", "--verbose", "--file", scratch / f"a/ccm-tls-{version}.tar.xz")
    assert f" ccm-tls-{version}/LICENSE\n" in listed
    assert {line.split()[1] for line in listed.splitlines()} == {"0/0"}
