// SPDX-License-Identifier: Apache-2.0
#include "cloud/api/scm.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

#include "base/text.h"
#include "cloud/api/api_id.h"
#include "cloud/reply/json.h"
#include "crypto/ascii_name.h"

namespace ccm::cloud {
namespace {

constexpr std::int64_t kScmPageSize = 50;       // the largest the service allows
constexpr std::int64_t kRefusableOffset = 100;  // the service may refuse what lies beyond
constexpr std::int64_t kMostCertificates = 10'000;
constexpr Seconds kLongestList{300};  // all pages and passes; each call has a limit of its own
constexpr std::string_view kScmCertificates = "/v3/scm/certificates";

void add_names(std::vector<std::string>& names, std::string_view list) {
  for (const auto part : split(list, ';')) {
    // What has no A-label form matches nothing, and is still shown in sentences.
    const std::string_view given = trim(part);
    std::string name = crypto::to_ascii_name(given).value_or(to_lower(given));
    const bool is_new = std::find(names.begin(), names.end(), name) == names.end();
    if (!name.empty() && is_new) names.push_back(std::move(name));
  }
}

ScmCertificate read_scm_certificate(const JsonView& value) {
  ScmCertificate out{.id = value["id"].text(),
                     .name = value["name"].text(),
                     .status = value["status"].text(),
                     .names = {},
                     .expire_time = value["expire_time"].text(),
                     .fingerprint = to_lower(value["fingerprint"].text())};
  std::erase(out.fingerprint, ':');
  // The detail answer calls it not_after.
  if (out.expire_time.empty()) out.expire_time = value["not_after"].text();
  add_names(out.names, value["domain"].text());
  add_names(out.names, value["sans"].text());
  return out;
}

// The certificates seen over all pages and passes; a list that moves under the reader shows some
// twice.
struct Collection {
  std::vector<ScmCertificate> certificates;
  std::set<std::string, std::less<>> ids;
  std::int64_t total = 0;

  bool is_complete() const { return std::cmp_greater_equal(ids.size(), total); }
  void add(const JsonDocument& page) {
    total = std::min(page["total_count"].integer().value_or(total), kMostCertificates);
    for (const JsonView value : page["certificates"].elements()) {
      ScmCertificate certificate = read_scm_certificate(value);
      if (!is_api_id(certificate.id) || !ids.insert(certificate.id).second) continue;
      certificates.push_back(std::move(certificate));
    }
  }
};

struct Pass {
  std::string_view direction;
  std::string_view content;
};

Query list_query(const std::string& status, const Pass& pass, std::int64_t offset) {
  Query query = {{"limit", fmt::format("{}", kScmPageSize)},
                 {"offset", fmt::format("{}", offset)},
                 {"owned_by_self", "true"},
                 {"sort_dir", std::string(pass.direction)},
                 {"sort_key", "certExpiredTime"},
                 {"status", status}};
  if (!pass.content.empty()) query.emplace_back("content", pass.content);
  return query;
}

class Lister {
 public:
  Lister(Session& session, const std::string& endpoint, const std::string& status)
      : session_(session),
        endpoint_(endpoint),
        status_(status),
        deadline_(session.clock().steady_now() + kLongestList) {}

  // False when the service refused to go on.
  Result<bool> run(const Pass& pass, Collection& into) {
    std::string previous;
    for (std::int64_t offset = 0; offset < kMostCertificates; offset += kScmPageSize) {
      if (session_.clock().steady_now() > deadline_) {
        return fail(ErrorKind::transient,
                    fmt::format("the list has not come to its end within {} minutes",
                                kLongestList / Seconds(60)));
      }
      auto body = session_.call({.method = "GET",
                                 .endpoint = endpoint_,
                                 .path = std::string(kScmCertificates),
                                 .query = list_query(status_, pass, offset),
                                 .body = {},
                                 .iam_action = "scm:cert:list"});
      if (!body) {
        const bool is_limit =
            offset > kRefusableOffset && body.error().kind() == ErrorKind::rejected;
        if (is_limit) return false;
        return ccm::pass(std::move(body));
      }
      auto page = JsonDocument::parse(body->reveal());
      if (!page) return ccm::pass(std::move(page));
      into.add(*page);
      const auto rows = (*page)["certificates"].elements();
      std::string first = rows.empty() ? std::string() : rows.front()["id"].text();
      // The end, or a service that ignores the offset.
      if (first.empty() || first == previous) return true;
      if (offset + kScmPageSize >= total_of(*page, rows.size())) return true;
      previous = std::move(first);
    }
    return true;
  }

 private:
  // Without a total, a full page promises another.
  static std::int64_t total_of(const JsonDocument& page, std::size_t size) {
    const bool is_full = std::cmp_greater_equal(size, kScmPageSize);
    return page["total_count"].integer().value_or(is_full ? kMostCertificates : 0);
  }

  Session& session_;
  const std::string& endpoint_;
  const std::string& status_;
  const SteadyTime deadline_;
};

Result<Secret> export_body(Session& session, const std::string& endpoint, const std::string& id) {
  if (auto checked = require_api_id(id, "certificate id"); !checked) {
    return pass(std::move(checked));
  }
  return session.call({.method = "POST",
                       .endpoint = endpoint,
                       .path = fmt::format("{}/{}/export", kScmCertificates, id),
                       .query = {},
                       .body = {},
                       .iam_action = "scm:cert:download"});
}

}  // namespace

bool ScmCertificate::is_exportable() const {
  return status == "ISSUED" || status == "UPLOAD" || status == "SUPPLEMENTCHECKING" ||
         status == "CANCELSUPPLEMENTING";
}

ScmClient::ScmClient(Session& session, std::string endpoint)
    : session_(session), endpoint_(std::move(endpoint)) {}

Result<std::vector<ScmCertificate>> ScmClient::list(const std::string& status,
                                                    const std::string& content) {
  constexpr std::string_view kActivity = "list certificates of SCM";
  Lister lister(session_, endpoint_, status);
  Collection found;
  auto finished = lister.run({.direction = "DESC", .content = {}}, found);
  if (!finished) return fail_with(std::move(finished), kActivity);
  const std::int64_t total = found.total;
  std::vector<Pass> more = {{.direction = "ASC", .content = {}}};
  if (!content.empty()) {
    more.push_back({.direction = "DESC", .content = content});
    more.push_back({.direction = "ASC", .content = content});
  }
  for (const Pass& pass : more) {
    found.total = total;
    if (*finished || found.is_complete()) break;
    auto passed = lister.run(pass, found);
    if (!passed) return fail_with(std::move(passed), kActivity);
  }
  return std::move(found.certificates);
}

Result<ScmCertificate> ScmClient::show(const std::string& id) {
  const std::string activity = fmt::format("details of certificate {} from SCM", id);
  if (auto checked = require_api_id(id, "certificate id"); !checked) {
    return fail_with(std::move(checked), "details from SCM");
  }
  auto body = session_.call({.method = "GET",
                             .endpoint = endpoint_,
                             .path = fmt::format("{}/{}", kScmCertificates, id),
                             .query = {},
                             .body = {},
                             .iam_action = "scm:cert:get"});
  if (!body) return fail_with(std::move(body), activity);
  auto document = JsonDocument::parse(body->reveal());
  if (!document) return fail_with(std::move(document), activity);
  ScmCertificate certificate = read_scm_certificate(document->root());
  if (certificate.status.empty()) {
    return fail(ErrorKind::transient, fmt::format("{}: the answer names no status", activity));
  }
  certificate.id = id;
  return certificate;
}

Result<ScmExport> ScmClient::export_certificate(const std::string& id) {
  const std::string activity = "export from SCM";
  auto body = export_body(session_, endpoint_, id);
  if (!body) return fail_with(std::move(body), activity);
  auto document = JsonDocument::parse(body->reveal());
  if (!document) return fail_with(std::move(document), activity);
  if (!(*document)["enc_certificate"].text().empty()) {
    return fail(ErrorKind::rejected,
                fmt::format("{}: certificate {} is an SM2 pair, which TLS servers here cannot use; "
                            "choose an RSA or ECDSA certificate",
                            activity, id));
  }
  ScmExport out{.certificate = (*document)["certificate"].text(),
                .certificate_chain = (*document)["certificate_chain"].text(),
                .private_key = (*document)["private_key"].secret()};
  // Leaf and chain in one; what is there twice does no harm.
  const std::string entire = (*document)["entire_certificate"].text();
  if (out.certificate.empty()) {
    out.certificate = entire;
  } else if (out.certificate_chain.empty()) {
    out.certificate_chain = entire;
  }
  if (out.certificate.empty()) {
    return fail(ErrorKind::transient, fmt::format("{}: the answer has no certificate", activity));
  }
  return out;
}

}  // namespace ccm::cloud
