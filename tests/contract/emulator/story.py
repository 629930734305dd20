# SPDX-License-Identifier: Apache-2.0
"""Calls every operation of the documents, each in a situation in which it succeeds.

Methods and paths come from operations.json; the story supplies what belongs into them. How a call is sent is
the caller's business, so that the same story is told by our own signer and by the vendor's SDK.
"""

import base64
import hashlib
import hmac
import struct
import time

from cloud_client import make_csr, new_key
from documents import EXCEPTIONS, OPERATIONS
from local_pki import Authority

SUBJECT = {"common_name": "Story CA", "country": "CN", "state": "S", "locality": "L",
           "organization": "O", "organizational_unit": "U"}
YEARS = {"type": "YEAR", "value": 2}
APPLICANT = {"applicant_name": "Alice Example", "applicant_phone": "13800000000",
             "applicant_email": "alice@example.com", "agree_privacy_protection": True}
COMPANY = {"company_name": "Example", "company_unit": "IT", "company_province": "GD",
           "company_city": "SZ", "country": "CN"}
ORDER = {"cert_brand": "GEOTRUST", "cert_type": "DV_SSL_CERT", "domain_type": "SINGLE_DOMAIN",
         "effective_time": 1, "domain_numbers": 1, "order_number": 1, "agree_privacy_protection": True}


def one_time_password(secret, now):
    """RFC 6238."""
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", int(now) // 30), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


def missing_fields(fields, body, where):
    """Documented fields that an answer lacks, by their dotted names."""
    if isinstance(body, list):
        return [gap for element in body for gap in missing_fields(fields, element, where)]
    if not isinstance(body, dict):
        return []
    gaps = []
    for field in fields:
        name = f"{where}.{field['name']}"
        if name in EXCEPTIONS["fields"]:
            continue
        if field["name"] not in body:
            gaps.append(name)
        else:
            gaps += missing_fields(field.get("fields", []), body[field["name"]], name)
    return gaps


class Story:
    """`send(wish)` gets method, path, pathParams, query, data, headers and answers (status, body)."""

    def __init__(self, cloud, send):
        self.cloud = cloud
        self.send = send
        self.wishes = {}  # operation -> the request that succeeded
        self.local = Authority()

    def call(self, name, data=None, query=None, headers=None, **path):
        operation = OPERATIONS[name]
        wish = {"operation": name, "method": operation["method"], "path": operation["path"],
                "pathParams": path, "query": query or {}, "headers": headers or {}, "data": data}
        status, body = self.send(wish)
        documented = operation["success_status"]
        assert status == documented if documented else status in (200, 201, 204), (name, status, body)
        if operation["response"]["kind"].startswith("json") and body is not None:
            gaps = missing_fields(operation["response"]["fields"], body, name)
            assert not gaps, (gaps, body)
        self.wishes.setdefault(name, wish)
        return body

    def tell(self):
        self.cloud.option(max_skew_s=10**9, issue_after_ms=0, proof="assumed")
        self.scm_orders()
        self.scm_certificates()
        self.scm_tags()
        self.scm_csrs()
        self.scm_deployment()
        self.scm_history()
        self.scm_history_applications()
        self.pca_authorities()
        self.pca_settings()
        self.pca_certificates()
        self.pca_tags()
        self.gateway()
        self.gateway_bindings()
        self.identity()
        self.tokens()

    # -- SCM ---------------------------------------------------------------------------------------

    def buy(self, **fields):
        made = self.call("scm.SubscribeCertificate", {**ORDER, **fields})
        return made["cert"][0]["cert_id"]

    def apply(self, certificate_id, domain, **fields):
        self.call("scm.ApplyCertificate", {"domain": domain, "domain_method": "DNS", **APPLICANT, **fields},
                  certificate_id=certificate_id)

    def issued(self, *names):
        return self.cloud.scm_certificate(*names)["id"]

    def scm_orders(self):
        self.cloud.option(issue_after_ms=-1)
        bought = self.buy(tags=[{"key": "stage", "value": "test"}])
        self.apply(bought, "apply.example.com")
        self.call("scm.CancelCertificateRequest", certificate_id=bought)
        self.call("scm.UnsubscribeCertificate", cert_id=self.buy())
        self.cloud.option(issue_after_ms=0)
        issued = self.buy()
        self.apply(issued, "issued.example.com", csr=make_csr(new_key(), "issued.example.com"))
        assert self.call("scm.ShowCertificate", certificate_id=issued)["status"] == "ISSUED"

    def scm_certificates(self):
        leaf, key = self.local.leaf("import.example.com")
        made = self.call("scm.ImportCertificate", {
            "name": "imported", "certificate": leaf, "certificate_chain": self.local.pem,
            "private_key": key, "duplicate_check": False, "enterprise_project_id": "0"})
        one = {"certificate_id": made["certificate_id"]}
        page = self.call("scm.ListCertificates", query={"limit": 50, "content": "import"})
        assert [entry["id"] for entry in page["certificates"]] == [made["certificate_id"]]
        assert self.call("scm.ShowCertificate", **one)["status"] == "UPLOAD"
        assert self.call("scm.ExportCertificate", **one)["certificate_chain"] == self.local.pem
        self.call("scm.DeleteCertificate", **one)

    def scm_tags(self):
        one = self.issued("tags.example.com")
        tags = [{"key": "team", "value": "web"}, {"key": "stage", "value": "live"}]
        self.call("scm.CreateCertificateTag", {"tag": {"key": "owner", "value": "me"}}, resource_id=one)
        self.call("scm.BatchCreateOrDeleteTags", {"action": "create", "tags": tags}, resource_id=one)
        self.call("scm.BatchCreateOrDeleteTags", {"action": "delete", "tags": tags[1:]}, resource_id=one)
        listed = self.call("scm.ListTagsByCertificate", resource_id=one)["tags"]
        assert sorted(tag["key"] for tag in listed) == ["owner", "team"]
        assert {"key": "team", "values": ["web"]} in self.call("scm.ListAllTags")["tags"]
        search = {"tags": [{"key": "team", "values": ["web"]}], "action": "filter", "limit": 10,
                  "offset": 0, "matches": [{"key": "resource_name", "value": "scm-"}]}
        found = self.call("scm.ListCertificatesByTag", search, resource_instances="resource_instances")
        assert one in [entry["resource_id"] for entry in found["resources"]]
        notices = [{"resource_id": one, "notice_type": ["CERT_EXPIRING", "CERT_EXPIRED"]}]
        self.call("scm.EnableNotification", notices)
        self.call("scm.DisableNotification", notices)

    def scm_csrs(self):
        made = self.call("scm.CreateCsr", {
            "name": "made", "domain_name": "csr.example.com", "sans": "a.example.com;b.example.com",
            "private_key_algo": "EC_P256", "usage": "ENTERPRISE", "company_country": "CN",
            "company_province": "GD", "company_city": "SZ", "company_name": "Example"})
        one = {"id": made["id"]}
        assert "BEGIN CERTIFICATE REQUEST" in self.call("scm.ShowCsr", **one)["csr"]
        assert self.call("scm.UpdateCsr", {"name": "renamed"}, **one)["name"] == "renamed"
        assert "PRIVATE KEY" in self.call("scm.ShowCsrPrivateKey", **one)["private_key"]
        sent = {"name": "sent", "csr": make_csr(new_key(), "own.example.com")}
        uploaded = self.call("scm.UploadCsr", sent)["id"]
        listed = self.call("scm.ListCsr", query={"limit": 50, "name": "sent"})["csr_list"]
        assert uploaded in [entry["id"] for entry in listed]
        self.call("scm.DeleteCsr", **one)

    def scm_deployment(self):
        one = self.issued("www.example.com")
        self.call("scm.PushCertificate", {"target_project": "ap-southeast-1", "target_service": "ELB"},
                  certificate_id=one)
        pushed = self.call("scm.BatchPushCertificate", {
            "target_projects": ["ap-southeast-1", "nowhere"], "target_service": "WAF"},
            certificate_id=one)["results"]
        assert [result["message"] for result in pushed] == ["success", "Unsupported region. nowhere"]
        deployed = self.call("scm.DeployCertificate", {
            "service_name": "CDN", "resources": [{"domain_name": "www.example.com"},
                                                 {"domain_name": "www.example.org"}]}, certificate_id=one)
        assert [entry["resource"] for entry in deployed["failure_list"]] == ["www.example.org"]
        listed = self.call("scm.ListDeployedResources", {
            "certificate_ids": [one], "service_names": ["ALL"]})["results"][0]
        assert listed["total_num"] == 1
        targets = self.cloud.admin("GET", "/targets")
        assert one in [target["certificate_id"] for target in targets["targets"]]
        assert one in [push["certificate_id"] for push in targets["pushes"]]

    def scm_history(self):
        room = {"project_id": self.project()}
        bought = self.call("scm.V2PurchaseCertificate", ORDER, **room)["cert"][0]["cert_id"]
        listed = self.call("scm.V2ListCertificates", query={"order_status": "PAID", "limit": 50}, **room)
        assert bought in [entry["cert_id"] for entry in listed["order_list"]]
        product = self.call("scm.V2ListProductTypes", **room)["type_list"][0]["product_id"]
        self.call("scm.V2ShowProduct", product_id=product, **room)
        self.call("scm.V2ModifyCertificate", {"modify_key": "CERT_NAME", "modify_value": "renamed"},
                  cert_id=bought, **room)
        assert self.call("scm.V2ShowCertificate", cert_id=bought, **room)["cert_name"] == "renamed"
        self.call("scm.V2DeleteCertificate", cert_id=bought, **room)
        leaf, key = self.local.leaf("v2.example.com")
        uploaded = {"cert_id": self.call("scm.V2UploadCertificate", {
            "cert_name": "uploaded", "cert": leaf, "private_key": key}, **room)["cert_id"], **room}
        self.call("scm.V2PushCertificate", {"service_type": "WAF", "remote_project": "ap-southeast-1"},
                  **uploaded)
        history = self.call("scm.V2ListPushHistory", **uploaded)["push_history_list"]
        assert [entry["push_service"] for entry in history] == ["WAF"]
        self.call("scm.V2DownloadCertificate", **uploaded)
        issued = self.issued("revoke.example.com")
        self.call("scm.V2RevokeCertificate", {"reason": "key lost"}, cert_id=issued, **room)
        assert self.call("scm.ShowCertificate", certificate_id=issued)["status"] == "REVOKED"

    def scm_history_applications(self):
        room = {"project_id": self.project()}
        self.cloud.option(issue_after_ms=-1)
        bought = self.buy(domain_type="MULTI_DOMAIN", domain_numbers=3)
        one = {"cert_id": bought, **room}
        csr = make_csr(new_key(), "multi.example.com", "two.example.com")
        assert self.call("scm.V2CheckCsr", {"csr": csr}, **room)["domain_name"] == "multi.example.com"
        form = {"domain": "multi.example.com", "sans": "two.example.com", "csr": csr, **APPLICANT, **COMPANY}
        self.call("scm.V2SaveApplication", form, **one)
        self.call("scm.V2UploadAuthentication", {"picture": "…"}, type="BL", **one)
        read = self.call("scm.V2ReadApplication", **one)
        assert (read["CSR"], read["bl"], read["tl"]) == (csr, "1", "0")
        self.call("scm.V2ApplyCertificate", {**form, "domain_method": "dns"}, **one)
        assert self.call("scm.V2ShowDomainVerification", **one)["record_type"] == "TXT"
        self.call("scm.V2CancelApplication", **one)
        self.cloud.option(issue_after_ms=0)
        multi = self.buy(domain_type="MULTI_DOMAIN", domain_numbers=3)
        self.apply(multi, "multi.example.com", sans="two.example.com")
        assert self.call("scm.ShowCertificate", certificate_id=multi)["status"] == "ISSUED"
        one = {"cert_id": multi, **room}
        self.call("scm.V2SupplementDomains", {"ori_sans": "two.example.com",
                                              "add_sans": "three.example.com"}, **one)
        names = self.call("scm.ShowCertificate", certificate_id=multi)["sans"]
        assert names == "two.example.com;three.example.com"
        self.call("scm.V2CancelPrivacyConsent", **one)

    # -- PCA ---------------------------------------------------------------------------------------

    def new_ca(self, **fields):
        body = {"type": "ROOT", "distinguished_name": SUBJECT, "key_algorithm": "EC256",
                "signature_algorithm": "SHA256", "validity": YEARS, **fields}
        return self.call("pca.CreateCertificateAuthority", {k: v for k, v in body.items() if v})["ca_id"]

    def pending_ca(self):
        return {"ca_id": self.new_ca(type="SUBORDINATE", signature_algorithm=None, validity=None)}

    def activated_ca(self, root):
        one = self.pending_ca()
        self.call("pca.IssueCertificateAuthorityCertificate", {
            "issuer_id": root, "signature_algorithm": "SHA256", "validity": YEARS, "path_length": 0}, **one)
        return one

    def state(self, one):
        return self.call("pca.ShowCertificateAuthority", **one)["status"]

    def pca_authorities(self):
        root = self.new_ca()
        one = self.activated_ca(root)
        assert self.call("pca.ListCertificateAuthority", query={"type": "ROOT"})["total"] > 0
        self.call("pca.ShowCertificateAuthorityQuota")
        assert self.call("pca.ExportCertificateAuthorityCertificate", **one)["certificate_chain"]
        for verb, state in (("Disable", "DISABLED"), ("Enable", "ACTIVED"), ("Disable", "DISABLED")):
            self.call(f"pca.{verb}CertificateAuthority", **one)
            assert self.state(one) == state
        self.call("pca.DeleteCertificateAuthority", query={"pending_days": "7"}, **one)
        assert self.state(one) == "DELETED"
        self.call("pca.RestoreCertificateAuthority", **one)
        assert self.state(one) == "DISABLED"
        self.call("pca.RevokeCertificateAuthority", {"reason": "SUPERSEDED"}, **one)
        assert self.state(one) == "REVOKED"
        imported = self.pending_ca()
        csr = self.call("pca.ExportCertificateAuthorityCsr", **imported)["csr"]
        self.call("pca.ImportCertificateAuthorityCertificate", {
            "certificate": self.local.sign_ca(csr), "certificate_chain": self.local.pem}, **imported)
        assert self.state(imported) == "ACTIVED"
        ordered = self.call("pca.CreateCertificateAuthorityOrder", {
            "cloud_service_type": "hws.service.type.ccm", "charging_mode": 0, "period_type": 3,
            "period_num": 1, "is_auto_renew": 0, "subscription_num": 1, "product_infos": [
                {"cloud_service_type": "hws.service.type.ccm", "resource_type": "hws.resource.type.pca",
                 "resource_spec_code": "ca.professional"}]})["ca_ids"]
        assert self.new_ca(ca_id=ordered[0]) == ordered[0]

    def pca_settings(self):
        one = self.activated_ca(self.new_ca())
        assert self.call("pca.ShowCertificateAuthorityObsAgency")["agency_granted"] in ("true", "false")
        agency = self.call("pca.CreateCertificateAuthorityObsAgency")["agency_id"]
        assert self.call("pca.CreateAgency")["agency_id"] == agency
        assert self.call("pca.ShowAgency")["agency_granted"] == "true"
        bucket = self.call("pca.ListCertificateAuthorityObsBucket")["obs_buckets"][0]["bucket_name"]
        self.call("pca.EnableCertificateAuthorityCrl", {"obs_bucket_name": bucket, "valid_days": 7}, **one)
        shown = self.call("pca.ShowCertificateAuthority", **one)["crl_configuration"]
        assert shown["enabled"] and shown["crl_dis_point"].endswith(one["ca_id"])
        self.call("pca.DisableCertificateAuthorityCrl", **one)
        self.call("pca.UpdateOcspSwitch", {"ocsp_switch": True}, **one)
        assert self.call("pca.ShowConsoleConfig")["is_support_ocsp"]

    def pca_certificates(self):
        issuer = {"issuer_id": self.cloud.facts["issuer_id"], "validity": {"type": "DAY", "value": 30}}
        made = self.call("pca.CreateCertificate", {
            **issuer, "key_algorithm": "EC256", "signature_algorithm": "SHA256",
            "distinguished_name": {"common_name": "story.intra"},
            "subject_alternative_names": [{"type": "DNS", "value": "story.intra"}],
            "extended_key_usage": {"server_auth": True}, "key_usages": ["digitalSignature"]})
        csr = make_csr(new_key(), "csr.intra")
        self.call("pca.ParseCertificateSigningRequest", {"csr": csr})
        by_csr = self.call("pca.CreateCertificateByCsr", {**issuer, "csr": csr, "type": "ENTITY_CERT"})
        one = {"certificate_id": made["certificate_id"]}
        assert self.call("pca.ListCertificate", query={"name": "story"})["total"] > 0
        self.call("pca.ShowCertificateQuota")
        self.call("pca.ShowCertificate", **one)
        exported = self.call("pca.ExportCertificate", {"is_compressed": "false", "type": "NGINX"}, **one)
        assert "PRIVATE KEY" in exported["private_key"]
        self.call("pca.RevokeCertificate", {"reason": "SUPERSEDED"}, **one)
        assert self.call("pca.ShowCertificate", **one)["status"] == "REVOKED"
        self.call("pca.DeleteCertificate", certificate_id=by_csr["certificate_id"])

    def pca_tags(self):
        certificate = self.cloud.issue().json["certificate_id"]
        for noun, one in (("Ca", {"ca_id": self.new_ca()}), ("Cert", {"certificate_id": certificate})):
            tags = [{"key": "team", "value": noun}, {"key": "stage", "value": "live"}]
            self.call(f"pca.Create{noun}Tag", {"tag": {"key": "owner", "value": "me"}}, **one)
            self.call(f"pca.BatchCreate{noun}Tags", {"tags": tags}, **one)
            self.call(f"pca.BatchDelete{noun}Tags", {"tags": tags[1:]}, **one)
            listed = self.call(f"pca.List{noun}Tags", **one)["tags"]
            assert sorted(tag["key"] for tag in listed) == ["owner", "team"]
            everything = self.call(f"pca.ListDomain{noun}Tags")["tags"]
            assert any(tag["key"] == "team" and noun in tag["values"] for tag in everything)
            search = {"tags": [{"key": "owner", "values": ["me"]}], "limit": 10, "offset": 0,
                      "matches": []}
            found = self.call(f"pca.List{noun}ResourceInstances", search)
            counted = self.call(f"pca.Count{noun}ResourceInstances", search)
            assert found["total_count"] == counted["total_count"] == len(found["resources"]) > 0

    # -- API gateway -------------------------------------------------------------------------------

    def gateway_form(self, name, *names):
        leaf, key = self.local.leaf(*names)
        return {"name": name, "cert_content": leaf, "private_key": key, "type": "global"}

    def gateway(self):
        room = {"project_id": self.project()}
        form = self.gateway_form("story_one", "www.example.com")
        one = {"certificate_id": self.call("apig.CreateCertificateV2", form, **room)["id"], **room}
        query = {"limit": 500, "instance_id": "any", "name": "story_one"}
        listed = self.call("apig.ListCertificatesV2", query=query, **room)
        assert one["certificate_id"] in [entry["id"] for entry in listed["certs"]]
        before = self.call("apig.ShowDetailsOfCertificateV2", **one)["serial_number"]
        self.call("apig.UpdateCertificateV2", self.gateway_form("story_one", "www.example.com"), **one)
        assert self.call("apig.ShowDetailsOfCertificateV2", **one)["serial_number"] != before
        self.call("apig.DeleteCertificateV2", **one)

    def gateway_bindings(self):
        room = {"project_id": self.project()}
        target = self.cloud.admin("GET", "/targets")["gateway_domains"][0]
        place = {"instance_id": target["instance_id"], "group_id": target["group_id"],
                 "domain_id": target["id"], **room}
        form = self.gateway_form("story_two", target["url_domain"])
        made = self.call("apig.CreateCertificateV2", form, **room)["id"]
        one = {"certificate_id": made, **room}
        domains = {"domains": [{"domain": target["url_domain"]}]}
        self.call("apig.BatchAssociateDomainsV2", domains, **one)
        assert self.call("apig.ListAttachedDomainsV2", **one)["total"] == 1
        self.call("apig.BatchDisassociateDomainsV2", domains, **one)
        certificates = {"certificate_ids": [made], "verified_client_certificate_enabled": False}
        self.call("apig.BatchAssociateCertsV2", certificates, **place)
        self.call("apig.BatchDisassociateCertsV2", certificates, **place)
        inline = {key: form[key] for key in ("cert_content", "private_key")}
        bound = self.call("apig.AssociateCertificateV2", {**inline, "name": "inline"}, **place)["ssl_id"]
        self.call("apig.ShowDetailsOfDomainNameCertificateV2", certificate_id=bound, **place)
        self.call("apig.DisassociateCertificateV2", certificate_id=bound, **place)

    # -- IAM ---------------------------------------------------------------------------------------

    def project(self):
        query = {"name": self.cloud.facts["project_name"]}
        return self.call("iam.KeystoneListProjects", query=query)["projects"][0]["id"]

    def identity(self):
        domains = self.call("iam.KeystoneListAuthDomains")["domains"]
        assert domains[0]["id"] == self.cloud.facts["domain_id"]
        assert self.call("iam.KeystoneListAuthProjects")["projects"]
        assert self.call("iam.GetCallerIdentity")["account_id"] == self.cloud.facts["domain_id"]

    def tokens(self):
        facts = self.cloud.facts
        scope = {"domain": {"id": facts["domain_id"]}}
        password = {"user": {"name": facts["user_name"], "password": facts["password"],
                             "domain": {"name": facts["domain_name"]}}}
        self.call("iam.KeystoneCreateUserTokenByPassword", {"auth": {
            "identity": {"methods": ["password"], "password": password}, "scope": scope}})
        account = next(entry for entry in self.cloud.admin("GET", "/accounts")["accounts"]
                       if entry["domain_id"] == facts["domain_id"])
        totp = {"user": {"id": account["user_id"],
                         "passcode": one_time_password(account["totp_secret"], time.time())}}
        self.call("iam.KeystoneCreateUserTokenByPasswordAndMfa", {"auth": {"identity": {
            "methods": ["password", "totp"], "password": password, "totp": totp}, "scope": scope}})
        token = self.cloud.login().headers["x-subject-token"]
        self.call("iam.KeystoneValidateToken", headers={"X-Subject-Token": token})
        self.cloud.admin("POST", "/agencies", {"name": "helpers", "trusted_domain_id": facts["domain_id"]})
        role = {"agency_name": "helpers", "domain_id": facts["domain_id"]}
        assume = {"identity": {"methods": ["assume_role"], "assume_role": role}}
        self.call("iam.KeystoneCreateAgencyToken", {"auth": {**assume, "scope": scope}})
        self.call("iam.CreateTemporaryAccessKeyByAgency", {"auth": assume})
        self.call("iam.CreateTemporaryAccessKeyByToken", {"auth": {"identity": {
            "methods": ["token"], "token": {"id": token, "duration_seconds": 900}}}})
        self.cloud.admin("POST", "/identity-providers", {"id": "cluster", "id_tokens": ["a.b.c"]})
        self.call("iam.CreateTokenWithIdToken", {"auth": {"id_token": {"id": "a.b.c"}, "scope": scope}},
                  headers={"X-Idp-Id": "cluster"})
        self.call("iam.CreateUnscopedTokenWithIdToken", headers={"Authorization": "Bearer a.b.c"},
                  idp_id="cluster", protocol_id="oidc")
