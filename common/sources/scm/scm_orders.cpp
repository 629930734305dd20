// SPDX-License-Identifier: Apache-2.0
#include "sources/scm/scm_orders.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/sentences.h"
#include "crypto/certificate/names.h"
#include "sources/scm/scm_stock.h"
#include "store/proof_record.h"

namespace ccm::sources {
namespace {

using namespace std::chrono_literals;
using cloud::ScmCertificate;

constexpr Seconds kFirstPoll = 60s;
constexpr Seconds kLastPoll = 15min;
constexpr int kPollShare = 10;  // of the time it has taken so far
constexpr std::size_t kNamesTold = 5;

bool is_fulfilled(const ScmOrder& order, const store::StoredCertificate& installed) {
  if (installed.info.origin == "scm:" + order.certificate_id) return true;
  return order.key && order.key->has_same_public_key(installed.bundle.key());
}

bool covers(const ScmOrder& order, const config::CertificateSpec& spec) {
  return crypto::first_uncovered(order.names, spec.names).empty();
}

// What the authority is doing, or what somebody has to do.
std::string describe_wait(const ScmOrder& order, const std::string& missing) {
  if (!missing.empty()) return missing;
  if (order.status == "CHECKING_ORG") {
    return "the authority examines the organisation, and may call or write to the applicant";
  }
  if (order.status == "ISSUING") return "the authority is about to issue it";
  if (order.placed.empty()) return "SCM has not said yet how the names are to be proved";
  // Two names may share one DNS record.
  std::set<std::string> places;
  for (const cloud::ScmProof& proof : order.placed) places.insert(describe_proof(proof));
  return fmt::format("the authority has yet to look at {}",
                     enumerated({places.begin(), places.end()}, kNamesTold));
}

}  // namespace

Time next_poll(const ScmOrder& order, Seconds check_interval, Time now) {
  const Seconds age = std::max(now - order.step_since, Seconds::zero());
  const Seconds wait = std::clamp(age / kPollShare, kFirstPoll, kLastPoll);
  return now + std::min(wait, check_interval);
}

Result<void> ScmOrders::write(const ObtainRequest& request, ScmOrder& order) {
  return write_scm_order(parts_.store, request.lease, request.spec.name, order);
}

Result<std::optional<ScmOrder>> ScmOrders::open_order(const ObtainRequest& request) {
  const std::string& name = request.spec.name;
  Result<std::optional<ScmOrder>> order = read_scm_order(parts_.store, name);
  if (!order && order.error().kind() == ErrorKind::invalid) {
    parts_.log.warn("certificate \"{}\": {}; what SCM has of it is looked for", name,
                    order.error().message());
    auto removed = remove_scm_order(parts_.store, request.lease, name);
    if (!removed) return pass(std::move(removed));
    return std::optional<ScmOrder>();
  }
  if (!order || !*order) return order;
  if (!request.spec.source.as<config::ScmSource>().issue) {
    // Nobody wants the order now. It goes on when somebody wants it again.
    if ((*order)->placed.empty()) return std::optional<ScmOrder>();
    auto removed = proofs_.remove(request, **order);
    if (removed) removed = write(request, **order);
    if (!removed) return pass(std::move(removed));
    return std::optional<ScmOrder>();
  }
  const bool is_done = request.current != nullptr && is_fulfilled(**order, *request.current);
  if (!is_done && (*order)->step != OrderStep::closing) return order;
  if (auto closed = close(request, **order); !closed) return pass(std::move(closed));
  return std::optional<ScmOrder>();
}

Result<ScmOrders::Progress> ScmOrders::advance(const ObtainRequest& request, ScmOrder& order) {
  switch (order.step) {
    case OrderStep::chosen:
    case OrderStep::sent:
      return send(request, order);
    case OrderStep::applied:
      return look(request, order);
    case OrderStep::stopped:
      return resume_stopped(request, order);
    case OrderStep::closing:
      break;
  }
  if (auto closed = close(request, order); !closed) return pass(std::move(closed));
  return Progress(Over{});
}

Result<ScmOrders::Progress> ScmOrders::look(const ObtainRequest& request, ScmOrder& order) {
  Result<cloud::ScmDetail> detail = parts_.client.show_detail(order.certificate_id);
  if (!detail) {
    if (detail.error().code() != "SCM.0020") return pass(std::move(detail));
    return stop(request, order, "SCM does not know it any more");
  }
  const ScmCertificate& shown = detail->certificate;
  order.status = shown.status;
  if (shown.is_exportable()) return Progress(Issued{shown});
  if (shown.status == "UNPASSED") return refused(request, order, shown);
  if (shown.status == "CANCELCHECKING") {
    return wait(request, order, "somebody has withdrawn it, and the authority has yet to agree");
  }
  if (shown.status == "PAID") {
    return stop(request, order, "somebody has withdrawn the application");
  }
  if (!is_in_progress(shown)) {
    return stop(request, order, fmt::format("SCM says that it is {}", shown.status));
  }
  if (!covers(order, request.spec)) {
    return stop(request, order,
                fmt::format("it is for {} and not for the names that are configured now",
                            enumerated(order.names, kNamesTold)));
  }
  return in_progress(request, order, *detail);
}

Result<ScmOrders::Progress> ScmOrders::in_progress(const ObtainRequest& request, ScmOrder& order,
                                                   const cloud::ScmDetail& detail) {
  std::vector<cloud::ScmProof> wanted;
  for (cloud::ScmProof proof : detail.proofs) {
    if (proof.domain.empty() && !order.names.empty()) proof.domain = order.names.front();
    // The service shows some proofs twice.
    const bool is_new = std::find(wanted.begin(), wanted.end(), proof) == wanted.end();
    if (is_new) wanted.push_back(std::move(proof));
  }
  // The service may show no proof for a while. The authority may be about to look, so the proofs
  // stay.
  if (!wanted.empty()) {
    auto placed = proofs_.place(request, order, wanted);
    if (!placed && placed.error().kind() == ErrorKind::pending) {
      return wait(request, order, placed.error().message());
    }
    if (!placed) {
      order.reason = placed.error().message();
      order.lacks_proof = true;
      if (auto written = write(request, order); !written) return pass(std::move(written));
      return fail_with(std::move(placed), "order " + order.certificate_id);
    }
  }
  say_when_late(request, order, detail.certificate);
  const std::string missing = proofs_.missing(request, order);
  order.lacks_proof = !missing.empty();
  return wait(request, order, describe_wait(order, missing));
}

void ScmOrders::say_when_late(const ObtainRequest& request, ScmOrder& order,
                              const ScmCertificate& shown) {
  const Seconds usual = usual_time(shown);
  // The clock was ahead when the order reached this step.
  order.step_since = std::min(order.step_since, request.now);
  if (order.is_late || request.now - order.step_since < usual) return;
  order.is_late = true;
  parts_.log.warn(
      "certificate \"{}\": order {} has been {} for more than {}; see `ccmctl orders "
      "show {}`, and ask the cloud's technical support",
      request.spec.name, order.certificate_id, order.status, format_duration(usual),
      request.spec.name);
}

Result<ScmOrders::Progress> ScmOrders::wait(const ObtainRequest& request, ScmOrder& order,
                                            std::string reason) {
  order.reason = std::move(reason);
  if (auto written = write(request, order); !written) return pass(std::move(written));
  return Progress(Pending{
      .retry_at = next_poll(order, request.spec.check_interval, request.now),
      .reason = fmt::format("{}: {}: {}", order.certificate_id, order.status, order.reason)});
}

Result<ScmOrders::Progress> ScmOrders::refused(const ObtainRequest& request, ScmOrder& order,
                                               const ScmCertificate& shown) {
  const Result<std::optional<cloud::ScmKinship>> kinship = parts_.client.kinship(shown);
  const bool is_known = kinship && *kinship && !(*kinship)->fail_reason.empty();
  return stop(request, order,
              fmt::format("the authority has refused it{}",
                          is_known ? ": " + (*kinship)->fail_reason
                                   : std::string(", and SCM does not say why")));
}

// The order keeps its key, because the authority may still change its mind.
Failure ScmOrders::stop(const ObtainRequest& request, ScmOrder& order, std::string reason) {
  if (auto removed = proofs_.remove(request, order); !removed) return pass(std::move(removed));
  order.enter(OrderStep::stopped, request.now);
  order.is_set_up = false;
  order.reason = std::move(reason);
  order.spec_fingerprint = request.spec.fingerprint();
  if (auto written = write(request, order); !written) return pass(std::move(written));
  return fail(ErrorKind::rejected,
              fmt::format("order {}: {}; `ccmctl orders retry {}` begins a new one",
                          order.certificate_id, order.reason, request.spec.name));
}

// A stopped order waits for other settings or for an operator. It also goes on if SCM changes its
// state.
Result<ScmOrders::Progress> ScmOrders::resume_stopped(const ObtainRequest& request,
                                                      ScmOrder& order) {
  Result<ScmCertificate> shown = parts_.client.show(order.certificate_id);
  if (!shown && shown.error().kind() != ErrorKind::rejected) return pass(std::move(shown));
  if (shown && covers(order, request.spec)) {
    if (shown->is_exportable()) return Progress(Issued{*shown});
    if (is_in_progress(*shown)) {
      order.enter(OrderStep::applied, request.now);
      return look(request, order);
    }
  }
  const bool may_go = request.is_wanted || order.spec_fingerprint != request.spec.fingerprint();
  if (!may_go) {
    return fail(ErrorKind::rejected,
                fmt::format("order {}: {}; `ccmctl orders retry {}` begins a new one",
                            order.certificate_id, order.reason, request.spec.name));
  }
  if (auto closed = close(request, order); !closed) return pass(std::move(closed));
  return Progress(Over{});
}

Result<void> ScmOrders::close(const ObtainRequest& request, ScmOrder& order) {
  const std::string& name = request.spec.name;
  if (order.step != OrderStep::closing) {
    order.enter(OrderStep::closing, request.now);
    if (auto written = write(request, order); !written) return written;
  }
  if (auto removed = proofs_.remove(request, order); !removed) return removed;
  return remove_scm_order(parts_.store, request.lease, name);
}

Result<void> ScmOrders::rest(const std::string& name, const store::Lease& lease) {
  Result<std::optional<ScmOrder>> order = read_scm_order(parts_.store, name);
  const bool has_order = order && *order;
  if (!has_order || (*order)->placed.empty()) {
    const auto files = store::read_file_proofs(parts_.store, name);
    if (files && files->empty()) return {};
    return store::remove_file_proofs(parts_.store, lease, name);
  }
  const config::CertificateSpec spec{.name = name,
                                     .names = {},
                                     .source = config::ScmSource{},
                                     .key = {},
                                     .renew_before = {},
                                     .origin = {}};
  const ObtainRequest request{
      .spec = spec, .current = nullptr, .is_due = false, .lease = lease, .now = Time{}};
  parts_.log.notice(
      "certificate \"{}\": no configuration has it issued at SCM any more; its proofs are removed, "
      "and order {} rests",
      name, (*order)->certificate_id);
  if (auto removed = proofs_.remove(request, **order); !removed) return removed;
  (*order)->is_set_up = false;
  (*order)->lacks_proof = false;
  (*order)->reason = "no configuration has it issued any more";
  return write(request, **order);
}

Result<void> ScmOrders::settle(const ObtainRequest& request) {
  Result<std::optional<ScmOrder>> order = read_scm_order(parts_.store, request.spec.name);
  if (!order || !*order) return {};
  const auto loaded = parts_.store.load(request.spec.name);
  if (!loaded || !loaded->certificate || !is_fulfilled(**order, *loaded->certificate)) return {};
  return close(request, **order);
}

// The application may be our own, for a certificate that had another name in the configuration.
void ScmOrders::take_over_key(const ObtainRequest& request, ScmOrder& order) const {
  const auto names = parts_.store.names();
  if (!names) return;
  for (const std::string& name : *names) {
    if (name == request.spec.name) continue;
    Result<std::optional<ScmOrder>> other = read_scm_order(parts_.store, name);
    if (!other || !*other || (*other)->certificate_id != order.certificate_id) continue;
    order.key = std::move((*other)->key);
    order.csr = std::move((*other)->csr);
    order.is_ours = (*other)->is_ours;
    return;
  }
}

Result<ScmOrders::Progress> ScmOrders::adopt(const ObtainRequest& request,
                                             const ScmCertificate& theirs) {
  ScmOrder order{.step = OrderStep::applied,
                 .certificate_id = theirs.id,
                 .names = theirs.names,
                 .is_ours = false,
                 .begun = request.now,
                 .step_since = request.now,
                 .status = theirs.status,
                 .spec_fingerprint = request.spec.fingerprint()};
  take_over_key(request, order);
  parts_.log.notice(
      "certificate \"{}\": SCM has an application for {} under way ({}), whose proof "
      "is given",
      request.spec.name, enumerated(theirs.names, kNamesTold), theirs.id);
  return look(request, order);
}

}  // namespace ccm::sources
