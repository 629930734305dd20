// SPDX-License-Identifier: Apache-2.0
#include "support/fake_cloud.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "config/sources/pca.h"
#include "config/sources/scm.h"
#include "sources/pca/order.h"

namespace ccm::test {
namespace {

using namespace std::chrono_literals;

// SCM goes no further into a list (docs/design/differences.md, "Paging").
constexpr std::size_t kMostSkipped = 100;

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

cloud::HttpResponse answer(int status, const std::string& body, cloud::Headers headers = {}) {
  return {.status = status, .headers = std::move(headers), .body = Secret::copy_of(body)};
}

cloud::HttpResponse refusal(int status, std::string_view code, cloud::Headers headers = {}) {
  return answer(status, fmt::format(R"({{"error_code":"{}","error_msg":"scripted"}})", code),
                std::move(headers));
}

std::int64_t milliseconds(Time time) {
  return time.time_since_epoch().count() * 1000;
}

std::string list_time(Time time) {
  std::string text = format_time(time);
  text.back() = '0';
  text[10] = ' ';
  return text.insert(text.size() - 1, ".");
}

std::string operation_of(const cloud::HttpRequest& request) {
  const std::string& url = request.url;
  const auto has = [&](std::string_view part) { return url.find(part) != std::string::npos; };
  const std::string service = has("/v3/scm/") ? "scm" : "pca";
  if (has("/export")) return service + ".export";
  if (has("private-certificate-authorities/")) return "pca.ca";
  if (has("/private-certificates/csr")) return "pca.csr";
  if (request.method == "POST") return "pca.issue";
  if (has("certificates/")) return service + ".show";
  return service == "scm" ? "scm.list" : "pca.find";
}

std::string field(const std::string& json, const std::string& key) {
  const std::size_t at = json.find("\"" + key + "\":");
  if (at == std::string::npos) return {};
  const std::size_t begin = json.find_first_not_of("\" :", at + key.size() + 2);
  return json.substr(begin, json.find_first_of("\",}", begin) - begin);
}

std::string query_value(const std::string& url, const std::string& key) {
  const std::size_t at = url.find(key + "=");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + key.size() + 1;
  return url.substr(begin, url.find('&', begin) - begin);
}

config::CertificateSpec spec_with(config::SourceSpec source, std::vector<std::string> names) {
  return {.name = "www",
          .names = std::move(names),
          .source = std::move(source),
          .key = std::nullopt,
          .renew_before = config::LifetimeShare{33},
          .check_interval = 6h,
          .keep = 2,
          .fallback = true,
          .origin = {}};
}

}  // namespace

FakeCloud::FakeCloud() : root_(make_test_root()), issuing_(make_test_intermediate(root_)) {}

void FakeCloud::fail_next(const std::string& operation, Fault fault) {
  const std::lock_guard lock(mutex_);
  once_[operation].push_back(fault);
}

void FakeCloud::fail_always(const std::string& operation, std::optional<Fault> fault) {
  const std::lock_guard lock(mutex_);
  always_.erase(operation);
  if (fault) always_.emplace(operation, *fault);
}

std::size_t FakeCloud::count(const std::string& operation) const {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(operation);
  return found == counts_.end() ? 0 : found->second;
}

std::size_t FakeCloud::count_all() const {
  const std::lock_guard lock(mutex_);
  std::size_t sum = 0;
  for (const auto& [operation, count] : counts_) sum += count;
  return sum;
}

void FakeCloud::put(ScmRecord record) {
  const auto make_leaf = [&] {
    return make_test_leaf(
        record.issuer == nullptr ? issuing_ : *record.issuer,
        {.names = record.names,
         .not_before = record.not_before.value_or(std::min(clock.now(), record.not_after) - 24h),
         .not_after = record.not_after,
         .key_kind = record.key_kind,
         .key = record.key});
  };
  const TestCertificate leaf = record.leaf ? *record.leaf : make_leaf();
  const std::lock_guard lock(mutex_);
  // Looking for each of thousands among thousands would take longer than the test; they are new.
  if (!record.leaf) {
    std::erase_if(scm_, [&](const Issued& other) { return other.id == record.id; });
  }
  scm_.push_back(
      {.id = record.id,
       .status = record.status,
       .common_name = {},
       .created_at = {},
       .leaf = leaf,
       .has_key = record.has_key,
       .has_chain = record.has_chain,
       .names = record.listed_name.empty() ? record.names : std::vector{record.listed_name},
       .expire_time = list_time(record.not_after),
       .show_fault = record.show_fault,
       .export_fault = record.export_fault,
       .has_entire = record.has_entire,
       .chain = record.issuer == nullptr ? "" : record.issuer->certificate.to_pem()});
}

void FakeCloud::set_status(const std::string& id, std::string status) {
  const std::lock_guard lock(mutex_);
  for (auto* list : {&scm_, &pca_}) {
    for (Issued& record : *list) {
      if (record.id == id) record.status = status;
    }
  }
}

void FakeCloud::remove(const std::string& id) {
  const std::lock_guard lock(mutex_);
  for (auto* list : {&scm_, &pca_}) {
    std::erase_if(*list, [&](const Issued& record) { return record.id == id; });
  }
}

TestCertificate FakeCloud::certificate(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  return find("/certificates/" + id)->leaf;
}

void FakeCloud::set_authority(std::string status, std::optional<Time> not_after) {
  const std::lock_guard lock(mutex_);
  authority_status_ = std::move(status);
  authority_end_ = not_after;
}

std::string FakeCloud::newest_id() const {
  const std::lock_guard lock(mutex_);
  return pca_.back().id;
}

std::size_t FakeCloud::issued() const {
  const std::lock_guard lock(mutex_);
  return pca_.size();
}

Result<cloud::HttpResponse> FakeCloud::send(const cloud::HttpRequest& request) {
  const std::lock_guard lock(mutex_);
  const std::string operation = operation_of(request);
  ++counts_[operation];
  std::optional<Fault> fault = next_fault(operation);
  if (!fault) fault = fault_of_record(operation, request.url);
  const auto lost = [] { return fail(ErrorKind::transient, "scripted: connection reset"); };
  if (!fault) return perform(operation, request, fault);
  switch (*fault) {
    case Fault::lost_request:
      return lost();
    case Fault::lost_answer:
      perform(operation, request, fault);
      return lost();
    case Fault::server_error:
      return refusal(500, "SCM.9999");
    case Fault::throttled:
      return refusal(429, "APIGW.0308", {{"Retry-After", "120"}});
    case Fault::unauthorized:
      return refusal(401, "APIGW.0301");
    case Fault::forbidden:
      return refusal(403, "SCM.4003");
    case Fault::garbage:
      return answer(200, "<html>");
    case Fault::no_status:
      return answer(200, "{}");
    case Fault::wrong_key:
    case Fault::wrong_names:
      break;
  }
  return perform(operation, request, fault);
}

std::optional<Fault> FakeCloud::next_fault(const std::string& operation) {
  auto& queue = once_[operation];
  if (!queue.empty()) {
    const Fault fault = queue.front();
    queue.pop_front();
    return fault;
  }
  const auto found = always_.find(operation);
  if (found != always_.end()) return found->second;
  return std::nullopt;
}

std::optional<Fault> FakeCloud::fault_of_record(const std::string& operation,
                                                const std::string& url) const {
  if (operation != "scm.show" && operation != "scm.export") return std::nullopt;
  const Issued* record = find(url);
  if (record == nullptr) return std::nullopt;
  return operation == "scm.show" ? record->show_fault : record->export_fault;
}

FakeCloud::Answer FakeCloud::perform(const std::string& operation,
                                     const cloud::HttpRequest& request,
                                     std::optional<Fault> fault) {
  const std::string& url = request.url;
  if (operation == "scm.list") return list_scm(url);
  if (operation == "pca.find") return find_pca(url);
  if (operation == "pca.csr") return issue(request.body, true, fault == Fault::wrong_names);
  if (operation == "pca.issue") return issue(request.body, false, fault == Fault::wrong_names);
  if (operation == "pca.ca") {
    const std::string end = authority_end_ ? std::to_string(milliseconds(*authority_end_)) : "null";
    return answer(200, fmt::format(R"({{"status":"{}","not_after":{}}})", authority_status_, end));
  }
  const Issued* record = find(url);
  const bool is_scm = operation.starts_with("scm");
  if (record == nullptr) return refusal(404, is_scm ? "SCM.0010" : "PCA.00030102");
  if (operation.ends_with("show")) return is_scm ? show_scm(*record) : show_pca(*record);
  if (!is_scm && record->status != "ISSUED") return refusal(403, "PCA.00030201");
  return export_of(*record, fault == Fault::wrong_key);
}

FakeCloud::Answer FakeCloud::list_scm(const std::string& url) const {
  const std::string status = query_value(url, "status");
  const std::size_t start = parse_unsigned(query_value(url, "offset")).value_or(0);
  const std::size_t limit = parse_unsigned(query_value(url, "limit")).value_or(10);
  if (start > kMostSkipped) return refusal(400, "SCM.0005");
  std::string rows;
  std::size_t count = 0;
  for (const Issued& record : scm_) {
    if (status != "ALL" && record.status != status) continue;
    const std::size_t place = count++;
    if (place < start || place >= start + limit) continue;
    rows += fmt::format(R"({}{{"id":"{}","name":"n","status":"{}","domain":"{}","sans":"{}",)"
                        R"("expire_time":"{}"}})",
                        rows.empty() ? "" : ",", record.id, record.status,
                        record.names.empty() ? "" : record.names.front(), join(record.names, ";"),
                        record.expire_time);
  }
  return answer(200, fmt::format(R"({{"total_count":{},"certificates":[{}]}})", count, rows));
}

FakeCloud::Answer FakeCloud::show_scm(const Issued& record) const {
  return answer(
      200, fmt::format(R"({{"id":"{}","status":"{}","domain":"{}","sans":"{}",)"
                       R"("fingerprint":"{}","not_after":"{}"}})",
                       record.id, record.status, record.names.empty() ? "" : record.names.front(),
                       join(record.names, ";"), record.leaf.certificate.sha1_fingerprint(),
                       record.expire_time));
}

FakeCloud::Answer FakeCloud::issue(const std::string& body, bool by_csr, bool wrong_names) {
  const std::string name = wrong_names ? "wrong.example.com" : "app.intra.example";
  const Seconds unit = field(body, "type") == "HOUR" ? Seconds(1h) : Seconds(24h);
  const Seconds validity = unit * std::stoi(field(body, "value"));
  TestCertificateOptions options{
      .names = {name}, .not_before = clock.now() - 60s, .not_after = clock.now() + validity};
  if (authority_end_) options.not_after = std::min(options.not_after, *authority_end_);
  if (by_csr) {
    auto record = order_.first->read_record(order_.second, "order");
    const bool is_there = record && *record;
    EXPECT_TRUE(is_there) << "a certificate was asked for without a written order";
    if (!is_there) return refusal(500, "PCA.00000001");
    options.key = *sources::parse_order((*record)->value)->key;
  }
  const std::string id = fmt::format("00000000-0000-0000-0000-{:012}", pca_.size() + 1);
  pca_.push_back({.id = id,
                  .status = "ISSUED",
                  .common_name = name,
                  .created_at = clock.now(),
                  .leaf = make_test_leaf(issuing_, options),
                  .has_key = !by_csr,
                  .has_chain = true,
                  .names = {name},
                  .expire_time = {}});
  return answer(200, fmt::format(R"({{"certificate_id":"{}"}})", id));
}

FakeCloud::Answer FakeCloud::find_pca(const std::string& url) const {
  std::string rows;
  std::size_t total = 0;
  for (auto record = pca_.rbegin(); record != pca_.rend(); ++record) {
    if (record->common_name.find(query_value(url, "name")) == std::string::npos) continue;
    ++total;
    rows += fmt::format(R"({}{{"certificate_id":"{}","status":"{}","create_time":{},)"
                        R"("distinguished_name":{{"common_name":"{}"}}}})",
                        rows.empty() ? "" : ",", record->id, record->status,
                        milliseconds(record->created_at), record->common_name);
  }
  return answer(200, fmt::format(R"({{"total":{},"certificates":[{}]}})", total, rows));
}

FakeCloud::Answer FakeCloud::show_pca(const Issued& record) const {
  return answer(
      200, fmt::format(R"({{"certificate_id":"{}","status":"{}"}})", record.id, record.status));
}

FakeCloud::Answer FakeCloud::export_of(const Issued& record, bool wrong_key) const {
  const TestCertificate leaf =
      wrong_key ? make_test_leaf(issuing_, {.names = record.names}) : record.leaf;
  const std::string key = record.has_key ? json_text(record.leaf.key_pem()) : "null";
  const std::string chain = !record.chain.empty() ? record.chain
                            : record.has_chain
                                ? issuing_.certificate.to_pem() + root_.certificate.to_pem()
                                : "";
  if (record.has_entire) {
    return answer(200,
                  fmt::format(R"({{"certificate":{},"certificate_chain":null,"private_key":{},)"
                              R"("entire_certificate":{}}})",
                              json_text(leaf.certificate.to_pem()), key,
                              json_text(leaf.certificate.to_pem() + chain)));
  }
  return answer(200, fmt::format(R"({{"certificate":{},"certificate_chain":{},"private_key":{}}})",
                                 json_text(leaf.certificate.to_pem()), json_text(chain), key));
}

const FakeCloud::Issued* FakeCloud::find(const std::string& url) const {
  const std::size_t begin = url.find("certificates/") + 13;
  const std::string id = url.substr(begin, url.find_first_of("/?", begin) - begin);
  for (const auto* list : {&scm_, &pca_}) {
    for (const Issued& record : *list) {
      if (record.id == id) return &record;
    }
  }
  return nullptr;
}

CloudClients::CloudClients(FakeCloud& cloud) : CloudClients(cloud, lockout) {}

CloudClients::CloudClients(FakeCloud& cloud, cloud::LockoutGuard& guard)
    : credentials(cloud::make_fixed_provider(
          {.identity = cloud::AccessKey{.id = "AK",
                                        .secret = Secret::copy_of(std::string_view("SK")),
                                        .security_token = {},
                                        .expires_at = std::nullopt},
           .domain_id = "domain",
           .project_id = {},
           .iam_endpoint = {}})),
      session({.http = cloud,
               .credentials = *credentials,
               .lockout = guard,
               .clock = cloud.clock,
               .iam_endpoint = "https://iam.test"}),
      scm(session, "https://scm.test"),
      pca(session, "https://pca.test") {}

config::CertificateSpec scm_spec(std::string id, std::vector<std::string> names) {
  return spec_with(config::ScmSource{.certificate_id = std::move(id)}, std::move(names));
}

config::CertificateSpec pca_spec(config::KeyOrigin key_origin) {
  config::CertificateSpec spec =
      spec_with(config::PcaSource{.issuer_id = "2cb2878b-6cd1-460d-bd25-afe655159bdc",
                                  .key_origin = key_origin,
                                  .validity = 30 * kTestDay},
                {"app.intra.example"});
  spec.name = "app";
  spec.key = crypto::KeyType{crypto::KeyAlgorithm::ecdsa, 256};
  return spec;
}

}  // namespace ccm::test
