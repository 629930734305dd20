# SPDX-License-Identifier: Apache-2.0
"""What only httpd has: MPMs, child recycling, SIGHUP, modules that come and go, a watch over the monitor."""

import os
import shutil
import socket
import time

import pytest
from conftest import PRIVATE, PUBLIC
from lab import processes, tls
from lab.apache import Apache
from lab.load import Load
from lab.server import Certificate, Site, line_of
from lab.waiting import wait_until


@pytest.fixture(name="apache")
def fixture_apache(make_server, settings, intranet, public, private, cloud):
    """Makes an httpd of these options, configured with one site of each source."""
    cloud.issue(public.names)

    def make(main="", **options):
        server = make_server(Apache, **options)
        server.configure(main, settings=settings, certificates=[intranet], sites=[public, private])
        return server

    return make


@pytest.mark.parametrize("mpm, workers, clients", [("event", 2, 8), ("worker", 2, 8), ("prefork", 4, 2)])
def test_every_mpm_swaps_under_load_and_lives_its_whole_life(
        apache, cloud, public, private, mpm, workers, clients):
    server = apache(mpm=mpm, workers=workers)
    server.start()
    for site in (public, private):
        server.wait_for_certificate(site, cloud.trust())
    agent, children = server.wait_for_agent(), server.workers()
    targets = [(site.name, site.port) for site in (public, private)]
    with Load(targets, cloud.trust(), threads=clients, pause=0.03) as load:
        for name, _ in targets:
            wait_until(lambda name=name: load.serials(name), f"the load on {name}")
        for _ in range(2):
            seen = {name: load.serials(name) for name, _ in targets}
            cloud.renew(max(record["id"] for record in
                            cloud.admin("GET", "/scm/certificates")["certificates"]),
                        days=365 * (2 + len(seen[PUBLIC])))
            cloud.revoke_issued()
            for name, serials in seen.items():
                wait_until(lambda name=name, serials=serials: set(load.serials(name)) - set(serials),
                           f"a new certificate of {name}")
        # Not what one more handshake shows: while one thread of a child reads a new certificate,
        # the others go on with the one before.
        last = {name: load.serials(name)[-1] for name, _ in targets}
        for name, serial in last.items():
            wait_until(lambda name=name, serial=serial:
                       set(load.first_shown(name, serial)) == set(children), "it in every child")
        assert (server.workers(), server.agents()) == (children, [agent])
        server.reload()
    assert not load.failures, load.failures[:3]
    server.wait_for_agent(but_not=[agent])
    server.restart()
    assert {site.name: server.show(site).serial for site in (public, private)} == last
    server.stop_gracefully()
    server.start()
    assert {site.name: server.show(site).serial for site in (public, private)} == last
    server.stop()
    assert not server.monitors()


def test_recycled_children_begin_with_the_newest_certificate(apache, cloud, private):
    server = apache("MaxConnectionsPerChild 40")
    server.start()
    serials, moments = [server.wait_for_certificate(private, cloud.trust())], []
    agent = server.wait_for_agent()
    with Load([(private.name, private.port)], cloud.trust()) as load:
        for _ in range(3):
            cloud.revoke_issued()
            newest = server.wait_for_certificate(private, cloud.trust(), but_not=serials)
            serials.append(newest)
            children, now = processes.children(server.master_pid()), time.monotonic()
            moments.append((now, children, serials[:-1]))
            wait_until(lambda children=children, newest=newest:
                       set(load.first_shown(PRIVATE, newest)) - set(children),
                       "the certificate in another child", timeout=60)
    assert not load.failures, load.failures[:3]
    assert not load.steps_back(PRIVATE, serials)
    for moment, children, older in moments:
        assert not [seen for seen in load.observations if seen.serial in older
                    and seen.began > moment and seen.worker not in children]
    assert server.agents() == [agent]


def test_a_restart_replaces_children_and_agent_at_once(apache, cloud, private):
    server = apache()
    server.start()
    serial = server.wait_for_certificate(private, cloud.trust())
    for _ in range(3):
        agent = server.wait_for_agent()
        server.restart()
        assert server.show(private).serial == serial
        server.wait_for_agent(but_not=[agent])
        wait_until(lambda agent=agent: not processes.is_alive(agent), "its end", timeout=20)
    assert len(server.monitors()) == 1 and len(cloud.issued()) == 1


def test_a_monitor_that_was_killed_is_started_again(apache, cloud, private):
    server = apache()
    server.start()
    serial = server.wait_for_certificate(private, cloud.trust())
    children = server.workers()
    [monitor], agent = server.monitors(), server.wait_for_agent()
    processes.kill(monitor)
    wait_until(lambda: server.monitors() not in ([], [monitor]), "a new monitor")
    wait_until(lambda: not processes.is_alive(agent), "the end of the old agent")
    server.wait_for_agent(but_not=[agent])
    assert len(server.monitors()) == 1
    cloud.revoke_issued()
    server.wait_for_certificate(private, cloud.trust(), but_not=[serial])
    assert server.workers() == children
    server.stop()
    assert not server.monitors() and not server.agents()


def test_a_module_file_that_was_replaced_is_loaded_by_a_graceful_restart(apache, cloud, private):
    server = apache(own_module=True)
    server.start()
    serial = server.wait_for_certificate(private, cloud.trust())
    agent = server.wait_for_agent()
    # As a package manager does it: new files, put in place by a rename.
    for path in (server.module(), server.directory / "bin" / "ccm-agent"):
        new = path.with_suffix(".new")
        shutil.copy(path, new)
        os.replace(new, path)
    with Load([(private.name, private.port)], cloud.trust(), threads=1, pause=0.01) as load:
        server.reload()
        agent = server.wait_for_agent(but_not=[agent])
        cloud.revoke_issued()
        server.wait_for_certificate(private, cloud.trust(), but_not=[serial])
    assert not load.failures, load.failures[:3]
    assert os.readlink(f"/proc/{agent}/exe") == str(server.directory / "bin" / "ccm-agent")


def test_a_module_may_go_and_come_back(apache, cloud, settings, intranet, private):
    server = apache()
    server.start()
    serial = server.wait_for_certificate(private, cloud.trust())
    agent = server.wait_for_agent()
    without = f"<VirtualHost 127.0.0.1:{private.port}>\n</VirtualHost>\n"
    server.configure(f"Listen 127.0.0.1:{private.port} http\n" + without, modules=("ssl",),
                     ports=[private.port])
    server.reload()
    wait_until(lambda: not processes.is_alive(agent), "the end of the agent")
    assert not server.monitors()
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    server.reload()
    assert server.show(private).serial == serial
    server.wait_for_agent()
    cloud.revoke_issued()
    server.wait_for_certificate(private, cloud.trust(), but_not=[serial])


def test_a_signal_to_load_a_wrong_configuration_ends_httpd_and_the_agent(
        apache, cloud, settings, intranet, private):
    """What httpd does with a mistake when nobody has run its test; `apachectl graceful` runs it first."""
    server = apache()
    server.start()
    server.wait_for_certificate(private, cloud.trust())
    master, agent = server.master_pid(), server.wait_for_agent()
    private.certificates = ("nowhere",)
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    server.allow("nowhere")
    server.reload_now()
    wait_until(lambda: not processes.is_alive(master), "the end of httpd")
    wait_until(lambda: not processes.is_alive(agent), "the end of the agent", timeout=20)
    server.wait_for_log(line_of("emerg") + '.*unknown certificate "nowhere"')


def test_the_agent_writes_to_a_piped_log(apache, cloud, settings, intranet, private):
    server = apache()
    server.configure(f'ErrorLog "|/usr/bin/tee -a {server.error_log}"',
                     settings=settings, certificates=[intranet], sites=[private])
    server.start()
    serial = server.wait_for_certificate(private, cloud.trust())
    server.wait_for_log(rf'certificate "intranet": version 1 is now served \(serial {serial}')
    server.reload()
    processes.kill(server.wait_for_agent())
    server.wait_for_log("was killed by signal 9; starting it again")


def test_relative_paths_begin_at_the_server_root(apache, cloud, settings, intranet, private):
    server = apache()
    shutil.copy(cloud.facts["credentials_file"], server.directory / "profile")
    shutil.copy(cloud.facts["ca_file"], server.directory / "ca.pem")
    settings.update(state_path="state", credentials="file=profile", ssl_trusted_certificate="ca.pem")
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    server.start()
    server.wait_for_certificate(private, cloud.trust())
    assert (server.directory / "state/certificates/intranet/current/privkey.pem").exists()


def test_a_site_of_a_conditional_included_and_defined_configuration(
        apache, cloud, settings, intranet, private):
    """What httpd's users do with configuration files is no business of the module's."""
    server = apache()
    included = server.directory / "site.conf"
    included.write_text(
        "<IfDefine SITE>\n<IfModule ccm_module>\n"
        f"<VirtualHost 127.0.0.1:{private.port}>\n    ServerName ${{NAME}}\n    sslengine ON\n"
        "    ccmcertificate ${BLOCK}\n</VirtualHost>\n</IfModule>\n</IfDefine>\n")
    server.configure(f"Define SITE\nDefine NAME {PRIVATE}\nDefine BLOCK intranet\n"
                     f"Listen 127.0.0.1:{private.port} https\nInclude {included}\n",
                     settings=settings, certificates=[intranet], ports=[private.port])
    server.start()
    server.wait_for_certificate(private, cloud.trust())


def test_the_main_server_may_have_a_certificate(apache, cloud, settings, intranet, private):
    server = apache()
    server.configure(f"Listen 127.0.0.1:{private.port} https\nServerName {PRIVATE}\nSSLEngine on\n"
                     "CCMCertificate intranet\n",
                     settings=settings, certificates=[intranet], ports=[private.port])
    server.start()
    server.wait_for_certificate(private, cloud.trust())


def test_a_connection_is_good_for_hosts_of_the_same_certificate_only(
        apache, cloud, settings, intranet, private):
    """mod_ssl's rule, which it goes by when a request names another host than the handshake did."""
    server = apache()
    server.allow("AH02032: Hostname one.intra.example provided via SNI")
    names = ("one.intra.example", "other.intra.example")
    shared = Certificate("shared", intranet.source)
    sites = [private, *(Site(private.port, (name,), ("shared",)) for name in names)]
    server.configure(settings=settings, certificates=[intranet, shared], sites=sites)
    server.start()
    for site in sites:
        server.wait_for_certificate(site, cloud.trust())
    answers = [answer_to(sites[1], host) for host in (*names, PRIVATE)]
    assert answers == [b"200", b"200", b"421"]


def answer_to(site, host):
    """The status of a request for a host over a connection made to a site."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as raw:
        with tls.context().wrap_socket(raw, server_hostname=site.name) as client:
            client.sendall(tls.request_for(host, "/worker"))
            return client.recv(4096).split()[1]


def test_mod_ssls_own_stapling_stays_out_of_the_way(apache, cloud, settings, intranet, private):
    server = apache()
    server.configure(f"SSLUseStapling on\nSSLStaplingCache shmcb:{server.directory}/stapling(32768)\n",
                     settings=settings, certificates=[intranet], sites=[private])
    server.start()
    server.wait_for_certificate(private, cloud.trust())
    server.reload()
    text = tls.openssl_client(private.port, PRIVATE, "-status")
    assert f"CN = {PRIVATE}" in text and "stapling" not in server.log_text()


def test_mod_ssls_chain_file_is_not_read(apache, cloud, settings, intranet, private):
    """mod_ssl would not start with this one, and would look for the placeholder's issuer in a good one."""
    server = apache()
    chain = server.directory / "chain.pem"
    chain.write_text("-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n")
    server.configure(f"SSLCertificateChainFile {chain}\nSSLUseStapling on\n"
                     f"SSLStaplingCache shmcb:{server.directory}/stapling(32768)\n",
                     settings=settings, certificates=[intranet], sites=[private])
    server.start()
    server.wait_for_certificate(private, cloud.trust())


def test_mod_md_beside_it_changes_nothing(apache, cloud, settings, intranet, private):
    server = apache()
    server.configure(settings=settings, certificates=[intranet], sites=[private],
                     modules=("ssl", "md", "ccm"))
    server.start()
    serial = server.wait_for_certificate(private, cloud.trust())
    cloud.revoke_issued()
    server.wait_for_certificate(private, cloud.trust(), but_not=[serial])
