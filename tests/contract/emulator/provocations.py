# SPDX-License-Identifier: Apache-2.0
"""How to get each error code out of the emulator without arming a fault.

Each provocation is called with a Provoker and returns an answer whose code is the one it is listed under.
"""

from cloud_client import key_pem, make_csr, new_key
from cryptography import x509
from local_pki import Authority, certificate, pem, subject
from story import APPLICANT, ORDER, SUBJECT, YEARS

SCM = "/v3/scm/certificates"
CAS = "/v1/private-certificate-authorities"
ALL = "/v1/private-certificates"
NOBODY = "00000000-0000-4000-8000-000000000000"


class Provoker:
    def __init__(self, cloud):
        self.cloud = cloud
        self.local = Authority()
        self.leaf, self.key = self.local.leaf("provoked.example.com")

    def post(self, path, body=None, **more):
        return self.cloud.call("POST", path, body, **more)

    def get(self, path, **query):
        return self.cloud.call("GET", path, query=list(query.items()))

    # -- SCM ---------------------------------------------------------------------------------------

    def issued(self, *names, **fields):
        return self.cloud.scm_certificate(*names, **fields)["id"]

    def certificate_post(self, verb, body, *names, **fields):
        return self.post(f"{SCM}/{self.issued(*names, **fields)}/{verb}", body)

    def import_(self, **fields):
        return self.post(f"{SCM}/import", {"name": "provoked", "certificate": self.leaf,
                                           "certificate_chain": "", "private_key": self.key, **fields})

    def import_nameless(self):
        key = new_key()
        bare = certificate(x509.Name([]), key.public_key(), (self.local.name, self.local.key), ca=True)
        return self.import_(certificate=pem(bare), private_key=key_pem(key))

    def push_pair(self):
        """A certificate with a second one for the Chinese algorithms."""
        made = self.import_(enc_certificate="x", enc_private_key="x").json["certificate_id"]
        return self.post(f"{SCM}/{made}/push", {"target_service": "CDN", "target_project": ""})

    def bought(self, **fields):
        return self.post(f"{SCM}/buy", {**ORDER, **fields}).json["cert"][0]["cert_id"]

    def buy(self, **fields):
        return self.post(f"{SCM}/buy", {**ORDER, **fields})

    def apply(self, domain="a.example.com", bought=None, **fields):
        return self.post(f"{SCM}/{self.bought(**(bought or {}))}/apply",
                         {"domain": domain, "domain_method": "DNS", **APPLICANT, **fields})

    def tag(self, verb, body):
        return self.post(f"/v3/scm/{self.issued()}/tags{verb}", body)

    def tags(self, tags, action="create"):
        return self.tag("/action", {"action": action, "tags": tags})

    def too_many_tags(self):
        one = self.issued()
        tags = [{"key": f"k{number}", "value": ""} for number in range(20)]
        self.post(f"/v3/scm/{one}/tags/action", {"action": "create", "tags": tags})
        return self.post(f"/v3/scm/{one}/tags", {"tag": PAIR})

    def search(self, **body):
        return self.post("/v3/scm/resource_instances/action", {"action": "filter", **body})

    def deploy(self, region, **resource):
        return self.certificate_post("deploy", {"service_name": "ELB", "project_name": region,
                                                "resources": [resource]})

    def push(self, service, region, *names, **fields):
        return self.certificate_post("push", {"target_service": service, "target_project": region},
                                     *names, **fields)

    def deployed(self, ids, services=("ALL",)):
        return self.post("/v3/scm/deployed-resources",
                         {"certificate_ids": ids, "service_names": list(services)})

    def deployed_certificate(self):
        one = self.issued("www.example.com")
        self.post(f"{SCM}/{one}/deploy", {"service_name": "CDN",
                                          "resources": [{"domain_name": "www.example.com"}]})
        return self.cloud.call("DELETE", f"{SCM}/{one}")

    # -- v2 ----------------------------------------------------------------------------------------

    def v2(self, method, path, body=None, query=()):
        projects = self.get("/v3/projects", name=self.cloud.facts["project_name"]).json["projects"]
        return self.cloud.call(method, f"/v2/{projects[0]['id']}/scm{path}", body, query=query)

    def modify(self, **body):
        return self.v2("PUT", f"/cert/{self.issued()}", body)

    def revoke(self, certificate_id, **body):
        return self.v2("POST", f"/cert/{certificate_id}/revoke", body)

    def supplement(self, *names, **body):
        return self.v2("POST", f"/cert/{self.issued(*names)}/supplement", body)

    def applied(self):
        self.cloud.option(issue_after_ms=-1)
        one = self.bought()
        self.post(f"{SCM}/{one}/apply", {"domain": "b.example.com", "domain_method": "DNS", **APPLICANT})
        return one

    # -- PCA ---------------------------------------------------------------------------------------

    def ca(self, **fields):
        body = {"type": "ROOT", "distinguished_name": SUBJECT, "key_algorithm": "EC256",
                "signature_algorithm": "SHA256", "validity": YEARS, **fields}
        return self.post(CAS, {key: value for key, value in body.items() if value is not None})

    def pending_ca(self):
        made = self.ca(type="SUBORDINATE", signature_algorithm=None, validity=None).json["ca_id"]
        return made, self.get(f"{CAS}/{made}/csr").json["csr"]

    def import_ca(self, kind):
        ca, csr = self.pending_ca()
        good, chain = self.local.sign_ca(csr), self.local.pem
        stranger = pem(certificate(subject("X"), new_key().public_key(), (self.local.name, self.local.key),
                                   ca=True))
        body = {"certificate": good, "certificate": {"garbage": "x", "stranger": stranger}.get(kind, good),
                "certificate_chain": Authority("Other").pem if kind == "chain" else chain}
        return self.post(f"{CAS}/{ca}/import", body)

    def frozen_ca(self):
        ca = self.ca().json["ca_id"]
        self.cloud.admin("POST", f"/pca/authorities/{ca}/state", {"frozen": True})
        return self.cloud.issue(issuer_id=ca)

    def san(self, kind, value):
        return self.cloud.issue(subject_alternative_names=[{"type": kind, "value": value}])

    def other_account(self):
        return self.cloud.admin("POST", "/accounts", {"name": f"other-{id(self)}"})

    def without_agency(self):
        key = self.other_account()["keys"][0]
        return self.cloud.call("GET", f"{CAS}/obs/buckets", key=(key["ak"], key["sk"]))

    # -- gateway -----------------------------------------------------------------------------------

    def apig(self, method, path, body=None, project=None):
        projects = self.get("/v3/projects", name=self.cloud.facts["project_name"]).json["projects"]
        return self.cloud.call(method, f"/v2/{project or projects[0]['id']}/apigw{path}", body)

    def as_other(self, path):
        return self.cloud.call("GET", path, headers={"X-Domain-Id": self.other_account()["domain_id"]})

    def locked_out(self):
        return self.cloud.call("GET", SCM, key=("NOSUCHKEY", "secret"))

    def expired_signature(self):
        return self.cloud.call("GET", SCM, headers={"X-Sdk-Date": "20200101T000000Z"})

    def expired_token(self):
        token = self.cloud.login().headers["x-subject-token"]
        self.cloud.admin("POST", "/tokens/expire")
        return self.cloud.call_with_token(token, "GET", SCM)

    def option(self, **values):
        self.cloud.option(**values)
        return self


FREE = {**ORDER, "cert_brand": "SYMANTEC", "cert_type": "DV_SSL_CERT_BASIC"}
MULTI = {"domain_type": "MULTI_DOMAIN", "domain_numbers": 3}
LONG = {"key": "k" * 129, "value": "v"}
PAIR = {"key": "k", "value": "v"}
GUID = "f" * 16

PROVOCATIONS = {
    "SCM.0002": lambda p: p.as_other(SCM),
    "SCM.0005": lambda p: p.get(SCM, limit=7),
    "SCM.0006": lambda p: p.import_(certificate="no PEM"),
    "SCM.0009": lambda p: p.import_nameless(),
    "SCM.0010": lambda p: p.post(f"{SCM}/{p.bought()}/export"),
    "SCM.0011": lambda p: p.option(free_certificate_quota=0).v2("POST", "/cert/purchase", FREE),
    "SCM.0012": lambda p: p.import_(private_key="no key"),
    "SCM.0013": lambda p: p.import_(certificate_chain="no chain"),
    "SCM.0014": lambda p: p.import_(private_key=key_pem(new_key())),
    "SCM.0015": lambda p: p.apply("*.example.com"),
    "SCM.0017": lambda p: p.v2("GET", "/product/none"),
    "SCM.0020": lambda p: p.get(f"{SCM}/scs0000000000000"),
    "SCM.0023": lambda p: p.modify(modify_key="COLOUR", modify_value="red"),
    "SCM.0024": lambda p: p.modify(modify_key="CERT_NAME", modify_value="a b"),
    "SCM.0025": lambda p: p.option(csr_quota=0).post("/v3/scm/csr/upload", {
        "name": "x", "csr": make_csr(new_key(), "x.example.com")}),
    "SCM.0026": lambda p: p.revoke(p.bought(), reason="lost"),
    "SCM.0027": lambda p: p.revoke(p.issued(), reason=""),
    "SCM.0030": lambda p: p.push("OBS", "cn-north-4"),
    "SCM.0032": lambda p: p.import_(name="a b"),
    "SCM.0033": lambda p: p.post("/v3/scm/csr", {
        "name": "x", "domain_name": "", "private_key_algo": "EC_P256", "usage": "PERSONAL"}),
    "SCM.0034": lambda p: p.apply(csr="no CSR"),
    "SCM.0035": lambda p: p.apply(csr=make_csr(new_key(), "other.example.com")),
    "SCM.0036": lambda p: p.apply(sans="b.example.com"),
    "SCM.0040": lambda p: p.option(free_certificate_quota=0).post(f"{SCM}/buy", FREE),
    "SCM.0042": lambda p: p.import_(**dict(zip(("certificate", "private_key"),
                                               p.local.leaf("old.example.com", start=-9, end=-1)))),
    "SCM.0049": lambda p: p.buy(cert_brand="ACME"),
    "SCM.0050": lambda p: p.buy(cert_type="XV"),
    "SCM.0051": lambda p: p.buy(domain_type="HALF_DOMAIN"),
    "SCM.0052": lambda p: p.buy(effective_time=4),
    "SCM.0059": lambda p: p.import_(private_key=""),
    "SCM.0060": lambda p: p.buy(order_number=0),
    "SCM.0061": lambda p: p.certificate_post("batch-push", {"target_service": "ELB", "target_projects": []}),
    "SCM.0063": lambda p: p.apply(sans="a.example.com", bought=MULTI),
    "SCM.0064": lambda p: p.v2("DELETE", f"/privacy-protection/{p.applied()}"),
    "SCM.0065": lambda p: p.option(strict_sizes=True).import_(certificate_chain="x" * 9000),
    "SCM.0066": lambda p: p.supplement("one.example.com", ori_sans="", add_sans="two.example.com"),
    "SCM.0067": lambda p: p.supplement("one.example.com", "two.example.com", ori_sans="", add_sans="x.y"),
    "SCM.0068": lambda p: p.push("ELB", "nowhere"),
    "SCM.0069": lambda p: p.get("/v2/none/scm/certlist"),
    "SCM.0070": lambda p: p.import_(**dict(zip(("certificate", "private_key"),
                                               p.local.leaf("not a domain")))),
    "SCM.0071": lambda p: p.post("/v3/scm/other_instances/action", {"action": "count"}),
    "SCM.0072": lambda p: p.v2("GET", "/certlist", query=[("order_status", "HALF")]),
    "SCM.0075": lambda p: p.push("ELB", "r" * 256),
    "SCM.0079": lambda p: p.import_(certificate_chain=Authority("Other").pem),
    "SCM.0101": lambda p: p.post(f"{SCM}/{p.bought()}/deploy", {
        "service_name": "CDN", "resources": [{"domain_name": "x.example.com"}]}),
    "SCM.0104": lambda p: p.deploy("nowhere", id=GUID),
    "SCM.0105": lambda p: p.deployed_certificate(),
    "SCM.0108": lambda p: p.apply("-?-"),
    "SCM.0204": lambda p: p.push("ELB", "eu-west-101"),
    "SCM.0224": lambda p: p.push("WAF", "eu-west-101"),
    "SCM.0225": lambda p: p.option(waf_quota=0).push("WAF", "cn-north-4"),
    "SCM.0301": lambda p: p.tags([PAIR], action="delete"),
    "SCM.0302": lambda p: p.too_many_tags(),
    "SCM.0303": lambda p: p.search(matches=[{"key": "colour", "value": "red"}]),
    "SCM.0304": lambda p: p.tags([PAIR], action="paint"),
    "SCM.0305": lambda p: p.tags([{"key": "k", "value": "<v>"}]),
    "SCM.0306": lambda p: p.tags([{"key": "<k>", "value": "v"}]),
    "SCM.0309": lambda p: p.tags([{"key": "k", "value": "v" * 256}]),
    "SCM.0310": lambda p: p.tags([LONG]),
    "SCM.0311": lambda p: p.search(tags=[{"key": f"k{i}", "values": []} for i in range(21)]),
    "SCM.0312": lambda p: p.search(tags=[{"key": "k", "values": ["v"] * 21}]),
    "SCM.0313": lambda p: p.tags([]),
    "SCM.0314": lambda p: p.search(matches=[{"key": "resource_id", "value": "x"}]),
    "SCM.0318": lambda p: p.search(limit=7),
    "SCM.0319": lambda p: p.search(offset=-1),
    "SCM.0321": lambda p: p.search(sys_tags=[]),
    "SCM.0323": lambda p: p.tags([PAIR, PAIR]),
    "SCM.0401": lambda p: p.push_pair(),
    "SCM.0501": lambda p: p.deployed([p.issued()], ["OBS"]),
    "SCM.0502": lambda p: p.deployed([]),
    "SCM.0505": lambda p: p.deployed([f"scs{i:013}" for i in range(51)]),
    "SCM.0506": lambda p: p.deployed(["scs0000000000000"]),
    "SCM.0507": lambda p: p.deployed(["scs0000000000000"] * 2),
    "SCM.0508": lambda p: p.deployed([p.bought()]),
    "SCM.0707": lambda p: p.get(f"/v3/scm/csr/{'0' * 32}"),
    "PCA.00020001": lambda p: p.get(ALL, limit=2000),
    "PCA.00020101": lambda p: p.ca(distinguished_name={}),
    "PCA.00020102": lambda p: p.ca(key_algorithm="RSA512"),
    "PCA.00020103": lambda p: p.ca(signature_algorithm="MD5"),
    "PCA.00020109": lambda p: p.ca(validity={"type": "YEAR", "value": 31}),
    "PCA.00020110": lambda p: p.san("DNS", "a b"),
    "PCA.00020111": lambda p: p.san("IP", "1.2.3"),
    "PCA.00020112": lambda p: p.san("ISBN", "1"),
    "PCA.00020201": lambda p: p.get(f"{CAS}/none"),
    "PCA.00020202": lambda p: p.ca(type="LEAF"),
    "PCA.00020203": lambda p: p.ca(path_length=7),
    "PCA.00020204": lambda p: p.ca(crl_configuration={"enabled": True}),
    "PCA.00020301": lambda p: p.get(f"{ALL}/none"),
    "PCA.00020401": lambda p: p.post(f"{ALL}/csr/parse", {"csr": "no CSR"}),
    "PCA.00020402": lambda p: p.import_ca("garbage"),
    "PCA.00020403": lambda p: p.import_ca("chain"),
    "PCA.00020404": lambda p: p.get(CAS, status="HALF"),
    "PCA.00000006": lambda p: p.without_agency(),
    "PCA.00010004": lambda p: p.as_other(CAS),
    "PCA.00030001": lambda p: p.option(ca_quota=0).ca(),
    "PCA.00030102": lambda p: p.get(f"{CAS}/{NOBODY}"),
    "PCA.00030103": lambda p: p.cloud.issue(issuer_id=NOBODY),
    "PCA.00030201": lambda p: p.post(f"{CAS}/{p.cloud.facts['issuer_id']}/enable"),
    "PCA.00030202": lambda p: p.frozen_ca(),
    "PCA.00030301": lambda p: p.import_ca("stranger"),
    "PCA.10010002": lambda p: p.option(not_found_style="live").get(f"{CAS}/{NOBODY}"),
    "CBC.30000067": lambda p: p.ca(ca_id=NOBODY),
    "APIG.3325": lambda p: p.apig("POST", "/certificates", {}),
    "APIG.1005": lambda p: p.apig("GET", "/certificates/x", project="0" * 32),
    "APIG.3030": lambda p: p.apig("GET", "/certificates/x"),
    "APIGW.0101": lambda p: p.get("/v9/nothing"),
    "APIGW.0201": lambda p: p.cloud.plain("GET", SCM),
    "APIGW.0301": lambda p: p.locked_out(),
    "APIGW.0303": lambda p: p.expired_signature(),
    "APIGW.0307": lambda p: p.expired_token(),
}
