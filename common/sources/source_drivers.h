// SPDX-License-Identifier: Apache-2.0
// How each kind of source works: one driver for each row of config/source_kinds.h. Code that needs
// to know something about a source asks its driver; code that does something for every kind goes
// through all drivers.
//
// A new kind is a folder here with its Source and its driver, and one line in source_drivers.cpp.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/event.h"
#include "base/log.h"
#include "base/result.h"
#include "cloud/api/catalogue.h"
#include "cloud/identity/session.h"
#include "cloud/transport/endpoints.h"
#include "config/source_kinds.h"
#include "crypto/certificate/bundle.h"
#include "sources/collection.h"
#include "sources/order_view.h"
#include "sources/source.h"
#include "store/store.h"

namespace ccm::sources {

// The parts of a source, borrowed.
struct SourceParts {
  cloud::Session& session;
  const cloud::Endpoints& endpoints;
  store::Store& store;
  const Clock& clock;
  Log& log;
  Events& events = no_events();
  // The session with further credentials of the settings; nullptr when they cannot be used here.
  // Empty: no further credentials can be used.
  std::function<cloud::Session*(const config::CredentialsSpec&)> session_of = {};
};

// Sources of one kind that need different permissions.
struct SourceVariant {
  std::string_view name;  // "pca-cloud-key"
  std::string_view note;  // "key made by PCA"; empty: the name is enough
  // A sentence about what it needs beyond actions of IAM; empty: nothing.
  std::string_view beyond_actions = {};
};

// An operation of the cloud that a source calls.
struct CloudNeed {
  std::string_view variant;
  std::string_view operation;  // "scm.ListCertificates"
  std::string_view purpose;    // "to find the certificate for a name"
  // Parameters for a trial that changes nothing. An empty `csr` stands for a signing request with a
  // new key.
  std::span<const std::pair<std::string_view, std::string_view>> trial;
  // True: with these parameters the operation reads existing objects. False: they name an object
  // that does not exist, and a caller with the permission gets that answer.
  bool reads = false;
};

// Something in the cloud that the settings of a source name.
struct NamedObject {
  std::string_view title;      // "CA"
  std::string_view operation;  // that shows it
  std::string_view parameter;  // of that operation, for the id
  std::string id;
  std::string_view advice;  // what to do when it does not exist
};

// A trial of another service that a source calls. It changes nothing.
struct SideTrial {
  std::string subject;                                 // "zone of example.com"
  std::optional<config::CredentialsSpec> credentials;  // nullopt: the usual credentials
  std::string remedy;                                  // when it fails
  // Returns a sentence about what works.
  std::function<Result<std::string>(cloud::Session& session, const cloud::Endpoints& endpoints)>
      run;
};

struct SourceDriver {
  const config::SourceKind* kind;
  // The service it calls, and where that is; nullopt and nullptr: none.
  std::optional<cloud::Service> service;
  std::string cloud::Endpoints::*endpoint;
  // The source is thread-safe. Its parts must outlive it.
  std::unique_ptr<Source> (*make)(const SourceParts& parts);
  // True when each certificate is issued for us: one that the gate refuses is lost, and the next
  // attempt has another one issued.
  bool is_costly;
  // Why the settings refuse a bundle, in the form of the gate's refusals (`rejected` with a
  // sentence that begins with the rule's name); `invalid` when the settings cannot be applied.
  // nullptr: the kind has no policy.
  Result<void> (*check_policy)(const config::SourceSpec& source, const crypto::Bundle& bundle,
                               Time now);

  // For ccmctl. The first variant is the usual one and has the kind's word as its name.
  std::span<const SourceVariant> variants;
  std::string_view (*variant_of)(const config::SourceSpec& source);
  // In the order in which a source uses them.
  std::span<const CloudNeed> needs;
  // nullopt: the settings name no object.
  std::optional<NamedObject> (*named)(const config::SourceSpec& source);
  // The states in which such an object can be used, and what to do in another state.
  std::span<const std::string_view> usable_states;
  std::string (*remedy)(const NamedObject& object, std::string_view state);
  // The stored order of a certificate; nullptr: this kind has no orders that take longer than an
  // attempt.
  Result<std::optional<OrderView>> (*order_of)(const store::StoreReader& store,
                                               const std::string& name) = nullptr;
  // The operation that withdraws the application; its parameter is the order's id.
  std::string_view withdrawal = {};
  // The credentials for that; nullopt: the usual ones. nullptr: always the usual ones.
  std::optional<config::CredentialsSpec> (*applies_with)(const config::SourceSpec& source) =
      nullptr;
  // nullptr: it calls no other service.
  std::vector<SideTrial> (*side_trials)(const config::CertificateSpec& spec) = nullptr;
  // Everything in an account, for catalogues (config::SourceKind::fills_catalogues); nullptr: the
  // kind fills none. Everything that it is made of must outlive it.
  std::unique_ptr<Collection> (*collect)(const SourceParts& parts) = nullptr;
};

// The order of this certificate from any kind of source; nullopt when there is none.
Result<std::optional<OrderView>> find_order(const store::StoreReader& store,
                                            const std::string& name);

// In the order of source_kinds().
std::span<const SourceDriver* const> source_drivers() noexcept;
// Every kind has one.
const SourceDriver& driver_of(const config::SourceSpec& source);

// The service from which a certificate with this origin came; nullopt when it came from none.
std::optional<cloud::Service> service_of_origin(std::string_view origin) noexcept;

// One source of each kind.
class Sources {
 public:
  explicit Sources(const SourceParts& parts);
  Source& of(const config::SourceSpec& source) const;
  // The account of a kind that fills catalogues.
  Collection& collection_of(const config::SourceKind& kind) const;
  // Tells every source which certificates of the store do not come from it any more (Source::left).
  void take_leave(const config::Config& config, const store::StoreReader& store,
                  const store::Lease& lease, Log& log) const;

 private:
  std::vector<std::pair<const config::SourceKind*, std::unique_ptr<Source>>> sources_;
  std::vector<std::pair<const config::SourceKind*, std::unique_ptr<Collection>>> collections_;
};

// The driver of a config::AddedSourceKind, for tests. To be made before any thread starts; the last
// one made must be destroyed first.
class AddedSourceDriver {
 public:
  explicit AddedSourceDriver(const SourceDriver& driver) noexcept;
  AddedSourceDriver(const AddedSourceDriver&) = delete;
  AddedSourceDriver& operator=(const AddedSourceDriver&) = delete;
  ~AddedSourceDriver();
};

}  // namespace ccm::sources
