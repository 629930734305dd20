// SPDX-License-Identifier: Apache-2.0
#include "server/start/previous.h"

#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/memory_file.h"
#include "publication/canary_board.h"
#include "store/stored_search.h"

namespace ccm::server {
namespace {

using config::CertificateSpec;
using publication::Published;

// An agent ends within milliseconds after its lifeline was closed.
constexpr std::chrono::milliseconds kPatience{2000};
constexpr std::chrono::milliseconds kBetweenLooks{2};

std::optional<Published> fitting(const std::shared_ptr<const publication::Served>& served,
                                 const CertificateSpec& spec, Time now) {
  if (served == nullptr || served->published.is_placeholder) return std::nullopt;
  if (!store::fits(served->published.bundle.leaf(), spec.names, now)) return std::nullopt;
  Published published = served->published;
  if (!spec.stapling) published.ocsp_response.clear();
  return published;
}

}  // namespace

std::vector<std::string> slots_of(const config::Config& config) {
  std::vector<std::string> names;
  for (const CertificateSpec& spec : config.certificates()) {
    names.push_back(spec.name);
    if (spec.canary.is_set()) names.push_back(publication::canary_slot(spec.name));
  }
  return names;
}

Previous::Previous(int segment) : segment_(segment) {
  if (segment < 0) return;
  auto reader = publication::Reader::open(segment);
  if (reader) reader_ = *std::move(reader);
}

std::optional<Published> Previous::shown(const CertificateSpec& spec, Time now) {
  return fitting(value(spec), spec, now);
}

std::optional<Published> Previous::shown_elsewhere(const CertificateSpec& spec, Time now) {
  std::optional<Published> best;
  for (const std::size_t slot : index().covering_any(spec.names)) {
    auto other = fitting(reader_->get(static_cast<std::uint32_t>(slot)), spec, now);
    const auto end = [](const Published& each) { return each.bundle.leaf().not_after(); };
    if (other && (!best || end(*other) > end(*best))) best = std::move(other);
  }
  return best;
}

bool Previous::knows(const CertificateSpec& spec) {
  return !index().covering_any(spec.names).empty();
}

bool Previous::shows_placeholder(const CertificateSpec& spec) {
  const auto served = value(spec);
  return served != nullptr && served->published.is_placeholder;
}

std::optional<std::string> Previous::proofs() const {
  if (!reader_) return std::nullopt;
  return reader_->proofs().value_or(std::string());
}

Secret Previous::ticket_keys() const {
  if (!reader_) return {};
  Result<Secret> keys = reader_->ticket_keys();
  return keys ? *std::move(keys) : Secret();
}

// A segment never has fewer slots than it was made with, so equal numbers and all names found mean
// the same names.
std::optional<publication::Writer> Previous::continued(const config::Config& config) {
  const std::vector<std::string> slots = slots_of(config);
  if (!reader_ || reader_->slot_count() != slots.size() ||
      reader_->catalogue_count() != config.catalogues().size()) {
    return std::nullopt;
  }
  // Without /proc the segment could not be opened for the next workers.
  if (!can_open_again()) return std::nullopt;
  const bool has_all = std::all_of(slots.begin(), slots.end(), [this](const std::string& name) {
    return reader_->find(name).has_value();
  });
  const bool has_catalogues =
      std::all_of(config.catalogues().begin(), config.catalogues().end(),
                  [this](const auto& each) { return reader_->catalogue(each.name) != nullptr; });
  if (!has_all || !has_catalogues) return std::nullopt;
  const auto end = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    FileDescriptor copy(fcntl(segment_, F_DUPFD_CLOEXEC, 0));
    auto writer = publication::Writer::attach(std::move(copy), publication::IfBusy::fail);
    if (writer) return *std::move(writer);
    const bool is_busy = writer.error().kind() == ErrorKind::transient;
    if (!is_busy || std::chrono::steady_clock::now() >= end) return std::nullopt;
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

const crypto::NameIndex& Previous::index() {
  if (index_ || !reader_) return index_ ? *index_ : index_.emplace();
  index_.emplace();
  for (std::uint32_t slot = 0; slot < reader_->slot_count(); ++slot) {
    const auto served = reader_->get(slot);
    if (served == nullptr || served->published.is_placeholder) continue;
    index_->add(served->published.bundle.leaf().names(), slot);
  }
  return *index_;
}

std::shared_ptr<const publication::Served> Previous::value(const CertificateSpec& spec) {
  if (!reader_) return nullptr;
  const auto slot = reader_->find(spec.name);
  return slot ? reader_->get(*slot) : nullptr;
}

}  // namespace ccm::server
