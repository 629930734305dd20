// SPDX-License-Identifier: Apache-2.0
// An SCM with certificates that were paid for, for tests of orders: they can be applied for, ask
// for proofs, and are issued when the test says so. What is issued is FakeCloud's.
#pragma once

#include <fmt/format.h>

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "sources/scm/scm_order.h"
#include "support/fake_cloud.h"

namespace ccm::test {

class StockCloud final : public FakeCloud {
 public:
  struct Bought {
    std::string status = "PAID";
    std::string type = "DV_SSL_CERT_BASIC";
    std::string domain_type = "SINGLE_DOMAIN";
    int domain_count = 1;
    int wildcard_count = 0;
    std::string names = {};  // as the service joins them
    std::vector<cloud::ScmProof> proofs = {};
    std::string fail_reason = {};
    std::string application = {};  // the body of the last one
  };

  std::map<std::string, Bought> stock;
  std::size_t applications = 0;      // that were accepted
  std::deque<std::string> refusals;  // codes for the next applications, none of which is accepted
  bool loses_answer = false;         // of the next application, which is accepted
  bool loses_request = false;        // of the next application

  Result<cloud::HttpResponse> send(const cloud::HttpRequest& request) override {
    const std::string& url = request.url;
    if (url.find("/apply") != url.npos) return apply(request);
    if (url.find("resource_instances/action") != url.npos) return search();
    if (url.find("status=PAID") != url.npos) return list("PAID");
    if (url.find("status=ALL") != url.npos && !stock.empty()) return list("");
    if (request.method == "GET" && url.find("/v3/scm/certificates/") != url.npos) {
      if (const auto found = stock.find(id_in(url)); found != stock.end()) return show(*found);
    }
    return FakeCloud::send(request);
  }

  // The authority is content: for this key, which SCM does not have.
  void issue(const std::string& id, const crypto::KeyPair& key, Time not_after) {
    const Bought bought = stock.at(id);
    std::vector<std::string> names;
    for (const std::string_view name : split(bought.names, ';')) names.emplace_back(name);
    stock.erase(id);
    put({.id = id, .names = names, .not_after = not_after, .has_key = false, .key = key});
  }

 private:
  static cloud::HttpResponse reply(int status, const std::string& body) {
    return {.status = status, .headers = {}, .body = Secret::copy_of(body)};
  }
  static std::string id_in(const std::string& url) {
    const std::size_t begin = url.find("certificates/") + 13;
    return url.substr(begin, url.find_first_of("/?", begin) - begin);
  }
  static std::string text_in(const std::string& body, const std::string& key) {
    const std::size_t at = body.find("\"" + key + "\":\"");
    if (at == body.npos) return {};
    const std::size_t begin = at + key.size() + 4;
    return body.substr(begin, body.find('"', begin) - begin);
  }
  static std::string fields_of(const std::pair<const std::string, Bought>& entry) {
    const auto& [id, bought] = entry;
    const std::size_t end = bought.names.find(';');
    const std::string sans = end == bought.names.npos ? "" : bought.names.substr(end + 1);
    return fmt::format(
        R"("id":"{}","name":"n-{}","status":"{}","type":"{}","domain_type":"{}","domain_count":{},)"
        R"("wildcard_count":{},"domain":"{}","sans":"{}","expire_time":null)",
        id, id, bought.status, bought.type, bought.domain_type, bought.domain_count,
        bought.wildcard_count, bought.names.substr(0, end), sans);
  }

  cloud::HttpResponse apply(const cloud::HttpRequest& request) {
    const auto found = stock.find(id_in(request.url));
    if (!refusals.empty()) {
      const std::string code = refusals.front();
      refusals.pop_front();
      return reply(400, fmt::format(R"({{"error_code":"{}","error_msg":"scripted"}})", code));
    }
    if (std::exchange(loses_request, false)) return reply(503, "{}");
    if (found == stock.end() || found->second.status != "PAID") {
      return reply(400, R"({"error_code":"SCM.0010","error_msg":"scripted"})");
    }
    Bought& bought = found->second;
    const std::string body(request.body);
    const std::string sans = text_in(body, "sans");
    bought.names = text_in(body, "domain") + (sans.empty() ? "" : ";" + sans);
    bought.status = "CHECKING";
    bought.application = body;
    ++applications;
    if (std::exchange(loses_answer, false)) return reply(503, "{}");
    return reply(200, R"({"request_info":"success"})");
  }

  cloud::HttpResponse list(const std::string& status) const {
    std::string rows;
    std::size_t count = 0;
    for (const auto& entry : stock) {
      if (!status.empty() && entry.second.status != status) continue;
      rows += fmt::format("{}{{{}}}", rows.empty() ? "" : ",", fields_of(entry));
      ++count;
    }
    return reply(200, fmt::format(R"({{"total_count":{},"certificates":[{}]}})", count, rows));
  }

  cloud::HttpResponse show(const std::pair<const std::string, Bought>& entry) const {
    std::string proofs;
    for (const cloud::ScmProof& proof : entry.second.proofs) {
      proofs += fmt::format(
          R"({}{{"domain":"{}","record_type":"{}","record_name":"{}","record_value":"{}"}})",
          proofs.empty() ? "" : ",", proof.domain, proof.record_type, proof.record_name,
          proof.record_value);
    }
    return reply(200, fmt::format(R"({{{},"authentification":{}}})", fields_of(entry),
                                  proofs.empty() ? "null" : "[" + proofs + "]"));
  }

  cloud::HttpResponse search() const {
    std::string rows;
    for (const auto& [id, bought] : stock) {
      rows += fmt::format(R"({}{{"resource_id":"{}","resource_detail":{{"fail_reason":"{}"}}}})",
                          rows.empty() ? "" : ",", id, bought.fail_reason);
    }
    return reply(200, fmt::format(R"({{"total_count":{},"resources":[{}]}})", stock.size(), rows));
  }
};

}  // namespace ccm::test
