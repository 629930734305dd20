// SPDX-License-Identifier: Apache-2.0
// The part of an order that spends something: the choice of a paid certificate, and the application
// for it.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "base/sentences.h"
#include "crypto/certificate/names.h"
#include "crypto/key/signing_request.h"
#include "sources/scm/scm_orders.h"
#include "sources/scm/scm_stock.h"

namespace ccm::sources {
namespace {

using namespace std::chrono_literals;
using cloud::ScmCertificate;

constexpr std::string_view kFileMethod = "FILE";
// The other spelling of what the service calls FILE.
constexpr std::string_view kOtherFileMethod = "File";
constexpr Seconds kSoon = 5s;
constexpr Seconds kOrderUnderWay = 15min;
constexpr std::size_t kNamesShown = 5;

const config::Issue& issue_of(const ObtainRequest& request) {
  return *request.spec.source.as<config::ScmSource>().issue;
}

bool has_code(const Error& error, std::initializer_list<std::string_view> codes) {
  return std::find(codes.begin(), codes.end(), error.code()) != codes.end();
}

// Whether it is unknown if the service has done what was asked.
bool is_unclear(const Error& error) {
  return error.kind() == ErrorKind::transient || error.kind() == ErrorKind::internal;
}

bool has_names(const ScmCertificate& shown, const std::vector<std::string>& names) {
  return std::set<std::string>(shown.names.begin(), shown.names.end()) ==
         std::set<std::string>(names.begin(), names.end());
}

cloud::ScmApplication application_of(const ObtainRequest& request, const ScmOrder& order) {
  const config::Issue& issue = issue_of(request);
  cloud::ScmApplication application{
      .names = order.names,
      .csr = order.csr,
      .domain_method = order.method,
      .auto_dns_auth = !issue.by_file && issue.dns && issue.dns->way == config::DnsWay::service,
      .applicant_name = issue.applicant.name,
      .applicant_phone = issue.applicant.phone,
      .applicant_email = issue.applicant.email};
  if (order.csr.empty()) application.key = request.spec.key.value_or(crypto::KeyType{});
  if (issue.company) {
    application.company_name = issue.company->name;
    application.company_unit = issue.company->unit;
    application.company_province = issue.company->province;
    application.company_city = issue.company->city;
    application.country = issue.company->country;
  }
  return application;
}

}  // namespace

Result<cloud::ScmClient> ScmOrders::applicant(const config::Issue& issue) const {
  if (!issue.credentials) return parts_.client;
  cloud::Session* session = parts_.session_of ? parts_.session_of(*issue.credentials) : nullptr;
  if (session != nullptr) return cloud::ScmClient(*session, parts_.endpoint);
  return fail(ErrorKind::rejected,
              fmt::format("the credentials that apply ({}) are known only to the agent of the "
                          "server whose configuration names them",
                          config::to_string(*issue.credentials)));
}

Result<ScmOrders::Progress> ScmOrders::begin(const ObtainRequest& request) {
  ScmOrder order{.begun = request.now,
                 .step_since = request.now,
                 .spec_fingerprint = request.spec.fingerprint()};
  if (auto chosen = choose(request, order); !chosen) return pass(std::move(chosen));
  return send(request, order);
}

Result<void> ScmOrders::choose(const ObtainRequest& request, ScmOrder& order) {
  const config::Issue& issue = issue_of(request);
  const std::vector<std::string>& names = request.spec.names;
  Result<std::vector<ScmCertificate>> paid = parts_.client.list("PAID", {});
  if (!paid) return pass(std::move(paid));
  const ScmCertificate* stock = choose_stock(*paid, names, issue, order.unfit);
  if (stock == nullptr) {
    auto removed = remove_scm_order(parts_.store, request.lease, request.spec.name);
    if (!removed) return removed;
    return fail(ErrorKind::rejected,
                fmt::format("SCM has nothing to issue for {}: {}; buy one in the console or with "
                            "`ccmctl certificates buy`",
                            enumerated(names, kNamesShown), describe_lack(*paid, names, issue)));
  }
  order.certificate_id = stock->id;
  order.status = stock->status;
  order.names = in_product_order(names, stock->domain_type == "WILDCARD");
  order.method = issue.by_file ? kFileMethod : "DNS";
  if (issue.key_origin == config::KeyOrigin::local && !order.key) {
    Result<crypto::KeyPair> key =
        crypto::KeyPair::generate(request.spec.key.value_or(crypto::KeyType{}));
    if (!key) return fail_with(std::move(key), "make a private key");
    order.key = *std::move(key);
  }
  order.enter(OrderStep::chosen, request.now);
  return write(request, order);
}

// Looks before it sends, because an earlier attempt may have got further than it could record.
Result<ScmOrders::Progress> ScmOrders::send(const ObtainRequest& request, ScmOrder& order) {
  const bool may_be_ours = order.step == OrderStep::sent;
  Result<cloud::ScmDetail> detail = parts_.client.show_detail(order.certificate_id);
  if (!detail && detail.error().code() != "SCM.0020") return pass(std::move(detail));
  if (detail && detail->certificate.status == "PAID") {
    // Nothing has arrived, so settings that have changed can have another order.
    if (order.spec_fingerprint != request.spec.fingerprint()) {
      auto removed = remove_scm_order(parts_.store, request.lease, request.spec.name);
      return removed ? begin(request) : Result<Progress>(pass(std::move(removed)));
    }
    return apply(request, order, detail->multi_domain_type == "primary_wildcard");
  }
  if (!detail) order.unfit.push_back(order.certificate_id);
  if (detail) return found_taken(request, order, may_be_ours, detail->certificate);
  if (auto chosen = choose(request, order); !chosen) return pass(std::move(chosen));
  return wait(request, order, "it takes the place of one that SCM does not know any more");
}

// The certificate is not PAID any more: our application has arrived, or somebody else has taken it.
Result<ScmOrders::Progress> ScmOrders::found_taken(const ObtainRequest& request, ScmOrder& order,
                                                   bool may_be_ours, const ScmCertificate& shown) {
  const bool is_of_names = has_names(shown, order.names);
  if (is_of_names && may_be_ours) return applied(request, order);
  if (auto removed = remove_scm_order(parts_.store, request.lease, request.spec.name); !removed) {
    return pass(std::move(removed));
  }
  // Another host was faster, and one application for the names is enough.
  if (is_of_names && is_in_progress(shown)) return adopt(request, shown);
  return Progress(Pending{
      .retry_at = request.now + std::min(kSoon, request.spec.check_interval),
      .reason = fmt::format("{} was taken from the stock by somebody else; another is chosen",
                            order.certificate_id)});
}

Result<ScmOrders::Progress> ScmOrders::apply(const ObtainRequest& request, ScmOrder& order,
                                             bool wildcard_first) {
  Result<cloud::ScmClient> client = applicant(issue_of(request));
  if (!client) return pass(std::move(client));
  const bool was_unclear = order.step == OrderStep::sent;
  if (!was_unclear) {
    const bool is_wildcard = order.names.size() == 1 && crypto::is_wildcard(order.names.front());
    order.names = in_product_order(request.spec.names, wildcard_first || is_wildcard);
    if (order.key) {
      Result<std::string> csr = crypto::make_signing_request(*order.key, order.names);
      if (!csr) return fail_with(std::move(csr), "make a signing request");
      order.csr = *std::move(csr);
    }
    order.enter(OrderStep::sent, request.now);
    if (auto written = write(request, order); !written) return pass(std::move(written));
  }
  Result<void> done = client->apply(order.certificate_id, application_of(request, order));
  if (!done && done.error().code() == "SCM.0005" && order.method == kFileMethod) {
    order.method = kOtherFileMethod;
    done = client->apply(order.certificate_id, application_of(request, order));
  }
  if (done) return applied(request, order);
  return take_refusal(request, order, was_unclear, std::move(done).error());
}

Result<ScmOrders::Progress> ScmOrders::applied(const ObtainRequest& request, ScmOrder& order) {
  order.enter(OrderStep::applied, request.now);
  if (auto written = write(request, order); !written) return pass(std::move(written));
  parts_.log.notice("certificate \"{}\": applied for {} at SCM ({})", request.spec.name,
                    enumerated(order.names, kNamesShown), order.certificate_id);
  // Looks at once what it waits for. A failure of this look is no failure of the application.
  Result<Progress> progress = look(request, order);
  if (progress || progress.error().kind() == ErrorKind::rejected) return progress;
  return wait(request, order, progress.error().message());
}

Result<ScmOrders::Progress> ScmOrders::take_refusal(const ObtainRequest& request, ScmOrder& order,
                                                    bool was_unclear, Error error) {
  if (is_unclear(error)) return fail(std::move(error));
  if (has_code(error, {"SCM.0010"})) {
    // Its state has changed since we looked. The next look tells to what.
    if (!was_unclear) order.enter(OrderStep::chosen, request.now);
    return wait(request, order, "SCM has changed it meanwhile");
  }
  if (has_code(error, {"SCM.0015", "SCM.0036"})) {
    order.unfit.push_back(order.certificate_id);
    if (auto chosen = choose(request, order); !chosen) {
      return fail_with(std::move(chosen), error.message());
    }
    Result<Progress> next = wait(request, order, "the one before did not fit the names");
    if (next) {
      std::get<Pending>(*next).retry_at =
          request.now + std::min(kSoon, request.spec.check_interval);
    }
    return next;
  }
  if (has_code(error, {"SCM.0064"})) {
    Result<Progress> later = wait(request, order, "SCM still works on its order");
    if (later) {
      std::get<Pending>(*later).retry_at =
          request.now + std::min(kOrderUnderWay, request.spec.check_interval);
    }
    return later;
  }
  if (has_code(error, {"SCM.0005", "SCM.0033", "SCM.0034", "SCM.0035", "SCM.0063"})) {
    return stop(request, order, error.message());
  }
  order.enter(OrderStep::chosen, request.now);
  order.reason = error.message();
  if (auto written = write(request, order); !written) return pass(std::move(written));
  return fail(std::move(error));
}

}  // namespace ccm::sources
