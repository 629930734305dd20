// SPDX-License-Identifier: Apache-2.0
// The part of ScmSource that has certificates issued: when an order begins, what it results in, and
// what may be taken while it is in progress.
#include <algorithm>
#include <utility>

#include "policy/schedule.h"
#include "sources/scm/scm_search.h"
#include "sources/scm/scm_source.h"
#include "sources/scm/scm_stock.h"

namespace ccm::sources {
namespace {

using namespace std::chrono_literals;
using cloud::ScmCertificate;

constexpr Seconds kOrderedRetry = 1s;
// Two days after the day on which SCM applies.
constexpr Seconds kSuccessorDue = 28 * 24h;

// SCM applies by itself for the successor of what it issued, 30 days before the end. Whoever
// applies before it had its time pays twice.
bool may_apply(const ScmSituation& situation) {
  if (!situation.is_good) return true;
  const ObtainRequest& request = situation.request;
  const crypto::Certificate& leaf = request.current->bundle.leaf();
  const Time due = policy::renewal_time(request.spec.renew_before, leaf.not_before(),
                                        leaf.not_after(), request.spec.jitter_seed);
  const bool is_of_scm = !installed_id(request).empty();
  return request.now >= due && (!is_of_scm || request.now >= leaf.not_after() - kSuccessorDue);
}

}  // namespace

Result<Outcome> ScmSource::obtain_ordered(const ObtainRequest& request, ScmOrder& order) {
  Result<ScmOrders::Progress> progress = orders_.advance(request, order);
  if (progress && std::holds_alternative<ScmOrders::Over>(*progress)) return search(request);
  if (progress && std::holds_alternative<ScmOrders::Issued>(*progress)) {
    return collect(request, order, std::get<ScmOrders::Issued>(*progress).certificate);
  }
  // What somebody else had issued meanwhile is as good.
  if (request.is_due) {
    Result<std::optional<Obtained>> other = find_other(request);
    if (other && *other) return Outcome(std::move(**other));
  }
  if (!progress) return pass(std::move(progress));
  return Outcome(std::get<Pending>(std::move(*progress)));
}

Result<std::optional<Obtained>> ScmSource::find_other(const ObtainRequest& request) {
  Result<ScmSituation> situation = assess(request, nullptr);
  if (!situation) return pass(std::move(situation));
  Result<ScmCatalogue::List> list = candidates(request.spec);
  if (!list) return pass(std::move(list));
  return pick(*situation, *list);
}

Result<Outcome> ScmSource::collect(const ObtainRequest& request, ScmOrder& order,
                                   const ScmCertificate& issued) {
  Result<ScmSituation> situation = assess(request, nullptr);
  if (!situation) return pass(std::move(situation));
  Result<std::optional<Obtained>> taken = ScmSearch({client_, store_, catalogue_, log_}, *situation)
                                              .take({.certificate = issued}, issued.fingerprint);
  if (taken && *taken) return Outcome(std::move(**taken));
  if (!taken) {
    const bool is_hopeless = taken.error().kind() == ErrorKind::rejected;
    if (is_hopeless) return orders_.stop(request, order, taken.error().message());
    return pass(std::move(taken));
  }
  log_.notice(
      "certificate \"{}\": what order {} was about is of no use here, and another one is "
      "looked for",
      request.spec.name, order.certificate_id);
  if (auto closed = orders_.close(request, order); !closed) return pass(std::move(closed));
  return search(request);
}

Result<Outcome> ScmSource::have_issued(const ScmSituation& situation,
                                       const ScmCatalogue::List& all) {
  const ObtainRequest& request = situation.request;
  const auto outcome_of = [&](Result<ScmOrders::Progress> progress) -> Result<Outcome> {
    if (!progress) return pass(std::move(progress));
    if (auto* pending = std::get_if<Pending>(&*progress)) return Outcome(std::move(*pending));
    return Outcome(Pending{.retry_at = request.now + kOrderedRetry,
                           .reason = "what SCM has issued is about to be fetched"});
  };
  const auto theirs = std::find_if(all.begin(), all.end(), [&](const ScmCertificate& certificate) {
    return is_in_progress(certificate) && !certificate.is_exportable() &&
           covers_all(certificate, request.spec.names);
  });
  if (theirs != all.end()) return outcome_of(orders_.adopt(request, *theirs));
  if (!may_apply(situation)) return Outcome(Unchanged{});
  return outcome_of(orders_.begin(request));
}

}  // namespace ccm::sources
