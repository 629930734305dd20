// SPDX-License-Identifier: Apache-2.0
#include "sources/source_drivers.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <stdexcept>

#include "sources/pca/pca_driver.h"
#include "sources/scm/scm_driver.h"

namespace ccm::sources {
namespace {

constexpr std::size_t kMostAddedDrivers = 2;

// In the order of the table of kinds (config/sources/table.h).
constexpr auto kDriverTable = std::to_array<const SourceDriver*>({
    &kScmDriver,
    &kPcaDriver,
});

constexpr auto begin_drivers() {
  std::array<const SourceDriver*, kDriverTable.size() + kMostAddedDrivers> drivers{};
  std::copy(kDriverTable.begin(), kDriverTable.end(), drivers.begin());
  return drivers;
}
constinit auto all_drivers = begin_drivers();
constinit std::size_t driver_count = kDriverTable.size();

const SourceDriver* find_driver(const config::SourceKind* kind) noexcept {
  const auto drivers = source_drivers();
  const auto found =
      std::find_if(drivers.begin(), drivers.end(),
                   [kind](const SourceDriver* driver) { return driver->kind == kind; });
  return found == drivers.end() ? nullptr : *found;
}

template <typename Found>
Found& known(Found* found, const config::SourceKind& kind) {
  if (found == nullptr) {
    throw std::logic_error("no driver for sources of the kind " + std::string(kind.word));
  }
  return *found;
}

}  // namespace

std::span<const SourceDriver* const> source_drivers() noexcept {
  return {all_drivers.data(), driver_count};
}

const SourceDriver& driver_of(const config::SourceSpec& source) {
  return known(find_driver(&source.kind()), source.kind());
}

Result<std::optional<OrderView>> find_order(const store::StoreReader& store,
                                            const std::string& name) {
  for (const SourceDriver* driver : source_drivers()) {
    if (driver->order_of == nullptr) continue;
    Result<std::optional<OrderView>> order = driver->order_of(store, name);
    if (!order || *order) return order;
  }
  return std::optional<OrderView>();
}

std::optional<cloud::Service> service_of_origin(std::string_view origin) noexcept {
  const SourceDriver* driver = find_driver(config::kind_of_origin(origin));
  return driver == nullptr ? std::nullopt : driver->service;
}

policy::Candidate as_candidate(const ObtainRequest& request, const Obtained& obtained) {
  const bool is_compared = request.current != nullptr && !obtained.current_must_go;
  const crypto::Bundle* current = is_compared ? &request.current->bundle : nullptr;
  const auto check_policy = driver_of(request.spec.source).check_policy;
  const Result<void> fits = check_policy == nullptr
                                ? Result<void>()
                                : check_policy(request.spec.source, obtained.bundle, request.now);
  return {.spec = request.spec,
          .current = current,
          .bundle = obtained.bundle,
          .is_wanted = request.is_wanted,
          .may_end_sooner = obtained.may_end_sooner,
          .trust = obtained.trust && is_compared
                       ? obtained.trust
                       : policy::trust_of(current, obtained.bundle, request.now),
          .objection = fits ? std::nullopt : std::optional(fits.error())};
}

Sources::Sources(const SourceParts& parts) {
  for (const SourceDriver* driver : source_drivers()) {
    sources_.emplace_back(driver->kind, driver->make(parts));
    if (driver->collect == nullptr) continue;
    collections_.emplace_back(driver->kind, driver->collect(parts));
  }
}

Source& Sources::of(const config::SourceSpec& source) const {
  const auto found = std::find_if(sources_.begin(), sources_.end(),
                                  [&](const auto& each) { return each.first == &source.kind(); });
  return known(found == sources_.end() ? nullptr : found->second.get(), source.kind());
}

Collection& Sources::collection_of(const config::SourceKind& kind) const {
  const auto found = std::find_if(collections_.begin(), collections_.end(),
                                  [&](const auto& each) { return each.first == &kind; });
  return known(found == collections_.end() ? nullptr : found->second.get(), kind);
}

void Sources::take_leave(const config::Config& config, const store::StoreReader& store,
                         const store::Lease& lease, Log& log) const {
  const auto names = store.names();
  if (!names) return;
  for (const std::string& name : *names) {
    const config::CertificateSpec* spec = config.find(name);
    for (const auto& [kind, source] : sources_) {
      if (spec != nullptr && &spec->source.kind() == kind) continue;
      auto done = source->left(name, lease);
      if (!done) log.warn("certificate \"{}\": {}", name, done.error().message());
    }
  }
}

AddedSourceDriver::AddedSourceDriver(const SourceDriver& driver) noexcept {
  assert(driver_count < all_drivers.size());
  all_drivers[driver_count++] = &driver;
}

AddedSourceDriver::~AddedSourceDriver() {
  all_drivers[--driver_count] = nullptr;
}

}  // namespace ccm::sources
