// SPDX-License-Identifier: Apache-2.0
// A Huawei Cloud DNS small enough for unit tests: zones, and record sets that are there at once.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/text.h"
#include "cloud/api/dns_zones.h"
#include "cloud/reply/json.h"
#include "support/fake_cloud.h"

namespace ccm::test {

class ZoneCloud final : public FakeCloud {
 public:
  std::set<std::string> zones;  // by name, which is the id with hyphens
  std::string zone_status = "ACTIVE";
  std::vector<cloud::DnsSet> sets;  // names without the dot
  std::vector<std::string> calls;   // "POST", …: those that change something
  std::string refusal = {};         // a code that answers every call

  Result<cloud::HttpResponse> send(const cloud::HttpRequest& request) override {
    if (!refusal.empty()) return dns_refusal(403, refusal);
    if (request.method != "GET") calls.push_back(request.method);
    if (request.url.find("/recordsets") == request.url.npos) return list_zones(request.url);
    if (request.method == "GET") return list_sets(request.url);
    return change(request);
  }

  std::vector<std::string> records(const std::string& name, const std::string& type = "TXT") const {
    for (const cloud::DnsSet& set : sets) {
      if (set.name == name && set.type == type) return set.records;
    }
    return {};
  }

 private:
  static cloud::HttpResponse dns_reply(int status, const std::string& body) {
    return {.status = status, .headers = {}, .body = Secret::copy_of(body)};
  }
  static cloud::HttpResponse dns_refusal(int status, const std::string& code) {
    return dns_reply(status, fmt::format(R"({{"code":"{}","message":"scripted"}})", code));
  }
  static std::string parameter(const std::string& url, const std::string& key) {
    const std::size_t at = url.find(key + "=");
    if (at == url.npos) return {};
    const std::size_t begin = at + key.size() + 1;
    return url.substr(begin, url.find('&', begin) - begin);
  }

  cloud::HttpResponse list_zones(const std::string& url) const {
    // As the service does without search_mode: a part of the name is enough.
    std::string rows;
    for (const std::string& zone : zones) {
      if (zone.find(parameter(url, "name")) == zone.npos) continue;
      std::string id = zone;
      std::replace(id.begin(), id.end(), '.', '-');
      rows += fmt::format(R"({}{{"id":"{}","name":"{}.","status":"{}"}})", rows.empty() ? "" : ",",
                          id, zone, zone_status);
    }
    return dns_reply(200, fmt::format(R"({{"zones":[{}]}})", rows));
  }

  cloud::HttpResponse list_sets(const std::string& url) const {
    std::string wanted = parameter(url, "name");
    wanted.pop_back();
    std::string rows;
    for (const cloud::DnsSet& set : sets) {
      if (set.name.find(wanted) == set.name.npos) continue;
      std::string records;
      for (const std::string& record : set.records) {
        std::string escaped;
        for (const char c : record)
          escaped += (c == '"' || c == '\\') ? fmt::format("\\{}", c) : std::string(1, c);
        records += fmt::format("{}\"{}\"", records.empty() ? "" : ",", escaped);
      }
      rows += fmt::format(
          R"({}{{"id":"{}","name":"{}.","type":"{}","ttl":{},"status":"{}","records":[{}]}})",
          rows.empty() ? "" : ",", set.id, set.name, set.type, set.seconds, set.status, records);
    }
    return dns_reply(200, fmt::format(R"({{"recordsets":[{}]}})", rows));
  }

  cloud::HttpResponse change(const cloud::HttpRequest& request) {
    const std::string id = request.url.substr(request.url.rfind('/') + 1);
    const auto at = std::find_if(sets.begin(), sets.end(),
                                 [&](const cloud::DnsSet& set) { return set.id == id; });
    if (request.method == "DELETE") {
      if (at == sets.end()) return dns_refusal(404, "DNS.0313");
      sets.erase(at);
      return dns_reply(202, "{}");
    }
    const auto body = cloud::JsonDocument::parse(request.body).value();
    std::vector<std::string> records;
    for (const cloud::JsonView record : body["records"].elements())
      records.push_back(record.text());
    std::string name = body["name"].text();
    name.pop_back();
    if (request.method == "PUT") {
      at->records = records;
      at->seconds = body["ttl"].integer().value_or(0);
      return dns_reply(202, "{}");
    }
    const std::string type = body["type"].text();
    const bool conflicts = std::any_of(sets.begin(), sets.end(), [&](const cloud::DnsSet& set) {
      return set.name == name && (set.type == type || set.type == "CNAME" || type == "CNAME");
    });
    if (conflicts) return dns_refusal(400, "DNS.0312");
    sets.push_back({.id = fmt::format("id{}", ++made_),
                    .name = name,
                    .type = type,
                    .records = records,
                    .status = "ACTIVE"});
    return dns_reply(202, "{}");
  }

  int made_ = 0;
};

}  // namespace ccm::test
