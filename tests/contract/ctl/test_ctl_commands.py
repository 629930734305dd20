# SPDX-License-Identifier: Apache-2.0
"""The commands that are one operation each: certificates, requests, CAs, gateways."""

import json


def test_pushes_and_deploys(ctl, cloud):
    made = cloud.issue(["www.example.com"])["id"]
    region = cloud.facts["project_name"]
    ctl.ok("certificates", "push", made, "--target-service", "elb", "--target-project", region)
    answer = ctl.json("certificates", "batch-push", made, "--target-service", "WAF",
                      "--target-projects", region, "--target-projects", "ap-southeast-3")
    assert len(answer["results"]) == 2
    ctl.ok("certificates", "deploy", made, "--service-name", "CDN", "--resources",
           "domain_name=www.example.com")
    ctl.ok("certificates", "deployed", "--certificate-ids", made, "--service-names", "ALL")
    operations = [each["operation"] for each in cloud.requests()]
    assert operations == ["PushCertificate", "BatchPushCertificate", "DeployCertificate",
                          "ListDeployedResources"]
    assert ctl("certificates", "push", made, "--target-service", "FTP", "--target-project", "x").status == 2


def test_puts_a_certificate_on_a_gateway(ctl, cloud, tmp_path):
    made = cloud.issue(["www.example.com"])
    (tmp_path / "cert.pem").write_text(made["certificate"] + made["certificate_chain"])
    (tmp_path / "key.pem").write_text(made["private_key"])
    answer = ctl.json("apig", "create-certificate", "--name", "www_example", "--cert-content-file",
                      tmp_path / "cert.pem", "--private-key-file", tmp_path / "key.pem")
    assert answer["name"] == "www_example"
    # Its project was found by the region's name.
    assert [each["operation"] for each in cloud.requests()] == ["KeystoneListProjects", "CreateCertificateV2"]


def new_ca(ctl, kind, *more):
    return ctl.json("ca", "create", "--type", kind, "--key-algorithm", "EC256", "--common-name",
                    f"Test {kind}", "--country", "CN", "--state", "S", "--locality", "L",
                    "--organization", "O", "--organizational-unit", "U", *more)["ca_id"]


def state(ctl, ca):
    return ctl.json("ca", "show", ca)["status"]


def test_life_of_a_ca(ctl):
    root = new_ca(ctl, "ROOT", "--signature-algorithm", "SHA256", "--validity-type", "YEAR",
                  "--validity-value", "10")
    child = new_ca(ctl, "SUBORDINATE")
    assert state(ctl, child) == "PENDING"
    assert "BEGIN CERTIFICATE REQUEST" in ctl.ok("ca", "csr", child).out
    ctl.ok("ca", "activate", child, "--issuer-id", root, "--path-length", "0", "--signature-algorithm",
           "SHA256", "--validity-type", "YEAR", "--validity-value", "5")
    assert state(ctl, child) == "ACTIVED"
    assert child in ctl.ok("ca", "list", "--status", "actived").out
    assert "BEGIN CERTIFICATE" in ctl.ok("ca", "export", child).out
    for command, after in (("disable", "DISABLED"), ("enable", "ACTIVED"), ("disable", "DISABLED")):
        ctl.ok("ca", command, child, *(["--yes"] if command == "disable" else []))
        assert state(ctl, child) == after
    ctl.ok("ca", "delete", child, "--pending-days", "7", "--yes")
    assert state(ctl, child) == "DELETED"
    ctl.ok("ca", "restore", child)
    assert state(ctl, child) == "DISABLED"
    refused = ctl("ca", "restore", child)
    assert refused.status == 4 and "PCA.00030201" in refused.err


def test_revokes_a_private_certificate(ctl, cloud):
    made = ctl.json("private-certificates", "create", "--issuer-id", cloud.facts["issuer_id"],
                    "--key-algorithm", "EC256", "--signature-algorithm", "SHA256", "--common-name",
                    "app.intra", "--validity-type", "DAY", "--validity-value", "30",
                    "--subject-alternative-names", "type=DNS,value=app.intra",
                    "--extended-key-usage-server-auth")["certificate_id"]
    ctl.ok("private-certificates", "revoke", made, "--reason", "SUPERSEDED", "--yes")
    assert ctl.json("private-certificates", "show", made)["status"] == "REVOKED"


def test_buys_and_applies_for_a_certificate(ctl):
    bought = ctl.json("certificates", "buy", "--cert-brand", "GEOTRUST", "--cert-type", "DV_SSL_CERT",
                      "--domain-type", "SINGLE_DOMAIN", "--effective-time", "1", "--domain-numbers", "1",
                      "--order-number", "1", "--agree-privacy-protection", "--yes")
    assert json.dumps(bought)
    [paid] = ctl.json("certificates", "list", "--status", "PAID")["certificates"]
    ctl.ok("certificates", "apply", paid["id"], "--domain", "www.example.com", "--domain-method", "dns",
           "--applicant-name", "Wang Wu", "--applicant-phone", "13000000000", "--applicant-email",
           "a@example.com", "--agree-privacy-protection")
    assert ctl.json("certificates", "show", paid["id"])["status"] != "PAID"


def test_a_page_is_not_taken_for_everything(ctl, cloud):
    for _ in range(11):
        cloud.issue(["www.example.com"])
    ended = ctl.ok("certificates", "list", "--limit", "10")
    assert len(ended.out.splitlines()) == 11
    assert ended.err.startswith("10 of ")


def test_says_who_one_is(ctl, cloud):
    assert ctl.json("account", "who-am-i")["account_id"] == cloud.facts["domain_id"]
    assert cloud.facts["project_id"] in ctl.ok("account", "projects").out
