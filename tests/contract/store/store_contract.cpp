// SPDX-License-Identifier: Apache-2.0
// What every Store must do, run against each implementation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "fleet/store/etcd_store.h"
#include "store/answer.h"
#include "store/forgetting.h"
#include "store/kinds.h"
#include "store/staging.h"
#include "support/admission.h"
#include "support/etcd_cluster.h"
#include "support/memory_log.h"
#include "support/memory_store.h"
#include "support/temp_directory.h"
#include "support/test_bundle.h"

namespace ccm::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::UnorderedElementsAre;

// A store and what only a test does to it.
class Specimen {
 public:
  Specimen() = default;
  Specimen(const Specimen&) = delete;
  Specimen& operator=(const Specimen&) = delete;
  virtual ~Specimen() = default;
  virtual Store& store() = 0;
  // The same store, opened to read.
  virtual const StoreReader& reader() = 0;
  virtual void add_stray() = 0;
  virtual void damage_record(const std::string& name, const std::string& kind) = 0;
  virtual void damage(const std::string& name, VersionNumber version) = 0;
  virtual void add_operator_key(const crypto::KeyPair& key) = 0;
};

class FileSpecimen final : public Specimen {
 public:
  Store& store() override { return *store_; }
  const StoreReader& reader() override { return *reader_; }
  void add_stray() override { directory_.write("certificates/stray", "x"); }
  void damage_record(const std::string& name, const std::string& kind) override {
    directory_.write("certificates/" + name + "/records/" + kind, "scribble");
  }
  void damage(const std::string& name, VersionNumber version) override {
    directory_.write(
        "certificates/" + name + "/versions/" + std::to_string(version) + "/fullchain.pem",
        "scribble");
  }
  void add_operator_key(const crypto::KeyPair& key) override {
    directory_.write("keys/own.pem", key.to_pem().value().reveal());
  }

 private:
  test::TempDirectory directory_{test::memory_backed_parent()};
  std::unique_ptr<Store> store_ = open_store(directory_.path().string()).value();
  std::unique_ptr<const StoreReader> reader_ = open_to_read(directory_.path().string());
};

class MemorySpecimen final : public Specimen {
 public:
  Store& store() override { return store_; }
  const StoreReader& reader() override { return store_; }
  void add_stray() override { store_.add_stray("stray"); }
  void damage_record(const std::string& name, const std::string& kind) override {
    store_.damage_record(name, kind);
  }
  void damage(const std::string& name, VersionNumber version) override {
    store_.damage(name, version);
  }
  void add_operator_key(const crypto::KeyPair& key) override { store_.add_operator_key(key); }

 private:
  test::MemoryStore store_;
};

// On a real etcd, with a fleet of its own for each test.
class EtcdSpecimen final : public Specimen {
 public:
  Store& store() override { return *store_; }
  const StoreReader& reader() override { return *reader_; }
  void add_stray() override { directory_.write("certificates/stray", "x"); }
  void damage_record(const std::string& name, const std::string& kind) override {
    directory_.write("certificates/" + name + "/records/" + kind, "scribble");
  }
  void damage(const std::string& name, VersionNumber version) override {
    directory_.write(
        "certificates/" + name + "/versions/" + std::to_string(version) + "/fullchain.pem",
        "scribble");
  }
  void add_operator_key(const crypto::KeyPair& key) override {
    directory_.write("keys/own.pem", key.to_pem().value().reveal());
  }

 private:
  static test::EtcdCluster& cluster() {
    static test::EtcdCluster cluster;
    return cluster;
  }
  std::unique_ptr<Store> open() {
    const auto key = std::make_shared<crypto::SealingKey>(crypto::make_sealing_key().value());
    const auto read_keys = [key]() -> Result<fleet::FleetKeys> {
      fleet::FleetKeys keys;
      keys.keys.push_back({.id = key->id, .key = key->key.clone()});
      return keys;
    };
    std::shared_ptr<fleet::EtcdClient> etcd =
        fleet::EtcdClient::make({.endpoints = cluster().endpoints()}).value();
    while (!etcd->range({.key = "x"})) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const std::string name = directory_.path().filename();
    auto store =
        fleet::open_etcd_store({.state_path = directory_.path(), .fleet = name, .host = "here"},
                               std::move(etcd), read_keys, log_)
            .value();
    store->start();
    return store;
  }

  test::TempDirectory directory_{test::memory_backed_parent()};
  test::MemoryLog log_;
  std::unique_ptr<Store> store_ = open();
  std::unique_ptr<const StoreReader> reader_ = open_to_read(directory_.path().string());
};

struct Implementation {
  std::string name;
  std::function<std::unique_ptr<Specimen>()> make;
};
void PrintTo(const Implementation& implementation, std::ostream* out) {
  *out << implementation.name;
}

// Shows whatever token it is told to.
class ForgedLease final : public Lease {
 public:
  explicit ForgedLease(std::uint64_t token) : token_(token) {}
  std::uint64_t fencing_token() const noexcept override { return token_; }

 private:
  std::uint64_t token_;
};

class StoreContract : public ::testing::TestWithParam<Implementation> {
 protected:
  Result<VersionInfo> install(const crypto::Bundle& bundle, VersionNumber expected,
                              unsigned keep = 2) {
    return store_.install(*lease_, test::let_in("www", bundle),
                          {.bundle = bundle,
                           .origin = "scm:scs1",
                           .expected = expected,
                           .keep = keep,
                           .now = test::kTestNow});
  }
  // Installs on top of whatever is there and returns the leaf's fingerprint.
  std::string install_another(unsigned keep = 2) {
    const crypto::Bundle bundle = test::make_test_bundle();
    EXPECT_TRUE(install(bundle, store_.current_version("www"), keep));
    return bundle.leaf().fingerprint();
  }
  std::string installed() {
    const StoreReader::Loaded loaded = store_.load("www").value();
    return loaded.certificate ? loaded.certificate->bundle.leaf().fingerprint() : "";
  }
  std::vector<VersionNumber> versions() {
    const std::vector<VersionInfo> history = store_.history("www").value();
    std::vector<VersionNumber> numbers;
    for (const VersionInfo& info : history) numbers.push_back(info.number);
    return numbers;
  }

  std::unique_ptr<Specimen> specimen_ = GetParam().make();
  Store& store_ = specimen_->store();
  const StoreReader& reader_ = specimen_->reader();
  std::unique_ptr<Lease> lease_ = store_.try_lead().value();
};

TEST_P(StoreContract, HasNothingAtFirst) {
  const StoreReader::Loaded loaded = store_.load("www").value();
  EXPECT_FALSE(loaded.certificate);
  EXPECT_FALSE(loaded.damage);
  EXPECT_EQ(store_.current_version("www"), 0U);
  EXPECT_THAT(versions(), IsEmpty());
  EXPECT_FALSE(store_.read_record("www", "state").value());
  EXPECT_THAT(store_.operator_keys().value(), IsEmpty());
}

TEST_P(StoreContract, GivesBackWhatWasInstalled) {
  const crypto::Bundle bundle = test::make_test_bundle();
  const Result<VersionInfo> info = install(bundle, 0);
  ASSERT_TRUE(info) << info.error().message();
  EXPECT_EQ(info->number, 1U);
  EXPECT_EQ(info->installed_at, test::kTestNow);
  EXPECT_EQ(info->not_before, bundle.leaf().not_before());
  EXPECT_EQ(info->not_after, bundle.leaf().not_after());
  EXPECT_EQ(info->fingerprint, bundle.leaf().fingerprint());
  EXPECT_EQ(info->serial, bundle.leaf().serial());
  const StoreReader::Loaded loaded = store_.load("www").value();
  ASSERT_TRUE(loaded.certificate);
  EXPECT_FALSE(loaded.damage);
  EXPECT_EQ(loaded.certificate->bundle.chain().size(), 2U);
  EXPECT_EQ(loaded.certificate->bundle.leaf().fingerprint(), info->fingerprint);
  EXPECT_TRUE(loaded.certificate->bundle.key().has_same_public_key(bundle.key()));
  EXPECT_EQ(loaded.certificate->info.number, 1U);
  EXPECT_EQ(loaded.certificate->info.origin, "scm:scs1");
  EXPECT_EQ(store_.current_version("www"), 1U);
}

TEST_P(StoreContract, RefusesAnInstallationBasedOnAnotherVersion) {
  const std::string first = install_another();
  for (const VersionNumber expected : {VersionNumber{0}, VersionNumber{2}}) {
    const Result<VersionInfo> refused = install(test::make_test_bundle(), expected);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::transient);
  }
  EXPECT_EQ(installed(), first);
  EXPECT_THAT(versions(), ElementsAre(1U));
}

TEST_P(StoreContract, KeepsAsManyPreviousVersionsAsAsked) {
  for (int i = 0; i < 4; ++i) install_another(2);
  EXPECT_THAT(versions(), ElementsAre(4U, 3U, 2U));
  const std::string last = install_another(0);
  EXPECT_THAT(versions(), ElementsAre(5U));
  EXPECT_EQ(installed(), last);
}

TEST_P(StoreContract, RemovesWhatIsBeyondTheNumberToKeep) {
  for (int i = 0; i < 5; ++i) install_another(9);
  ASSERT_TRUE(store_.restore(*lease_, test::let_back(store_, "www", 2), 2));
  ASSERT_TRUE(store_.prune(*lease_, "www", 2));
  EXPECT_THAT(versions(), ElementsAre(5U, 4U, 2U)) << "the current one does not count";
  ASSERT_TRUE(store_.prune(*lease_, "www", 0));
  EXPECT_THAT(versions(), ElementsAre(2U));
  EXPECT_TRUE(store_.prune(*lease_, "other", 0));
}

TEST_P(StoreContract, RemovesNothingWhileTheCurrentOneIsDamaged) {
  const std::string first = install_another(9);
  install_another(9);
  specimen_->damage("www", 2);
  ASSERT_TRUE(store_.prune(*lease_, "www", 0));
  EXPECT_EQ(store_.load("www")->certificate->info.fingerprint, first);
}

TEST_P(StoreContract, KeepsAVersionThatWaitsBesideTheCurrentOne) {
  const std::string first = install_another();
  const crypto::Bundle bundle = test::make_test_bundle();
  const auto waits = store_.install(*lease_, test::let_in("www", bundle),
                                    {.bundle = bundle,
                                     .origin = "scm:scs2",
                                     .expected = 1,
                                     .keep = 0,
                                     .now = test::kTestNow,
                                     .waits = true});
  ASSERT_TRUE(waits);
  EXPECT_EQ(installed(), first);
  EXPECT_EQ(staged_version(reader_, "www"), 0U);
  ASSERT_TRUE(stage(store_, *lease_, "www", waits->number));
  EXPECT_EQ(staged_version(reader_, "www"), waits->number);
  ASSERT_TRUE(store_.prune(*lease_, "www", 0));
  EXPECT_THAT(versions(), ElementsAre(2U, 1U));
  EXPECT_EQ(installed(), first);
  EXPECT_EQ(store_.load_version("www", 2).value().info.fingerprint, bundle.leaf().fingerprint());
  // What is current does not wait, nor what is older.
  ASSERT_TRUE(store_.restore(*lease_, test::let_back(store_, "www", 2), 2));
  EXPECT_EQ(staged_version(reader_, "www"), 0U);
  ASSERT_TRUE(store_.prune(*lease_, "www", 0));
  EXPECT_THAT(versions(), ElementsAre(2U));
  install_another();
  EXPECT_EQ(staged_version(reader_, "www"), 0U);
  ASSERT_TRUE(unstage(store_, *lease_, "www"));
  ASSERT_TRUE(unstage(store_, *lease_, "www"));
}

TEST_P(StoreContract, RestoresAPreviousVersionAndGoesOnFromThere) {
  const std::string first = install_another();
  install_another();
  ASSERT_TRUE(store_.restore(*lease_, test::let_back(store_, "www", 1), 1));
  EXPECT_EQ(store_.current_version("www"), 1U);
  EXPECT_EQ(installed(), first);
  EXPECT_THAT(versions(), ElementsAre(2U, 1U));
  EXPECT_EQ(install(test::make_test_bundle(), 1)->number, 3U);
}

TEST_P(StoreContract, DoesNotRestoreWhatIsNotThereOrDamaged) {
  install_another();
  const std::string second = install_another();
  EXPECT_EQ(store_.restore(*lease_, test::let_back(store_, "www", 7), 7).error().kind(),
            ErrorKind::rejected);
  specimen_->damage("www", 1);
  EXPECT_EQ(store_.restore(*lease_, test::let_back(store_, "www", 1), 1).error().kind(),
            ErrorKind::rejected);
  EXPECT_EQ(installed(), second);
}

TEST_P(StoreContract, FallsBackToTheNewestIntactVersion) {
  const std::string first = install_another();
  install_another();
  install_another();
  specimen_->damage("www", 2);
  specimen_->damage("www", 3);
  const StoreReader::Loaded loaded = store_.load("www").value();
  ASSERT_TRUE(loaded.certificate);
  ASSERT_TRUE(loaded.damage);
  EXPECT_EQ(loaded.certificate->bundle.leaf().fingerprint(), first);
  EXPECT_THAT(loaded.damage->message(), HasSubstr("fullchain.pem"));
  EXPECT_THAT(versions(), ElementsAre(1U));
  // Either view of what is current will do for the installation that heals it.
  EXPECT_TRUE(install(test::make_test_bundle(), loaded.certificate->info.number));
  EXPECT_FALSE(store_.load("www").value().damage);
}

TEST_P(StoreContract, HealsWhenNothingIsIntact) {
  install_another();
  specimen_->damage("www", 1);
  const StoreReader::Loaded loaded = store_.load("www").value();
  EXPECT_FALSE(loaded.certificate);
  EXPECT_TRUE(loaded.damage);
  const crypto::Bundle bundle = test::make_test_bundle();
  ASSERT_TRUE(install(bundle, 0));
  EXPECT_EQ(installed(), bundle.leaf().fingerprint());
}

TEST_P(StoreContract, DescribesWhatIsCurrent) {
  EXPECT_FALSE(store_.describe("www").value().info);
  install_another();
  install_another();
  EXPECT_EQ(store_.describe("www").value().info.value().number, 2U);
  ASSERT_TRUE(store_.restore(*lease_, test::let_back(store_, "www", 1), 1));
  const StoreReader::Described described = store_.describe("www").value();
  EXPECT_EQ(described.info.value().fingerprint,
            store_.load("www").value().certificate->info.fingerprint);
  EXPECT_FALSE(described.damage);
}

TEST_P(StoreContract, KeepsAnOcspResponseWithItsVersion) {
  install_another();
  const std::vector<std::byte> first(700, std::byte{1});
  const std::vector<std::byte> second(600, std::byte{2});
  const auto response = [&] { return store_.load("www").value().certificate->ocsp_response; };
  EXPECT_THAT(response(), IsEmpty());
  ASSERT_TRUE(store_.keep_response(*lease_, "www", 1, first));
  EXPECT_EQ(response(), first);
  ASSERT_TRUE(store_.keep_response(*lease_, "www", 1, second));
  EXPECT_EQ(response(), second);
  install_another();
  EXPECT_THAT(response(), IsEmpty());
  ASSERT_TRUE(store_.restore(*lease_, test::let_back(store_, "www", 1), 1));
  EXPECT_EQ(response(), second);
  ASSERT_TRUE(store_.keep_response(*lease_, "www", 1, {}));
  ASSERT_TRUE(store_.keep_response(*lease_, "www", 1, {}));
  EXPECT_THAT(response(), IsEmpty());
  for (const auto& [name, version] : {std::pair("www", 7U), std::pair("other", 1U)}) {
    EXPECT_EQ(store_.keep_response(*lease_, name, version, first).error().kind(),
              ErrorKind::rejected);
  }
}

TEST_P(StoreContract, WritesRecordsByCompareAndSwap) {
  const Secret value = Secret::copy_of(std::string_view("a\0b\nc", 5));
  const std::uint64_t first = store_.write_record(*lease_, "www", "state", value, 0).value();
  EXPECT_GT(first, 0U);
  const std::optional<StoredRecord> read = store_.read_record("www", "state").value();
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->value.equals(value));
  EXPECT_EQ(read->version, first);
  EXPECT_EQ(store_.write_record(*lease_, "www", "state", value, 0).error().kind(),
            ErrorKind::transient);
  EXPECT_GT(store_.write_record(*lease_, "www", "state", Secret::copy_of("new"), first).value(),
            first);
  EXPECT_EQ(store_.read_record("www", "state").value()->value.reveal(), "new");
}

TEST_P(StoreContract, KeepsRecordsApartAndRemovesThem) {
  const auto write = [&](std::string_view name, std::string_view kind) {
    ASSERT_TRUE(store_.write_record(*lease_, name, kind, Secret::copy_of(kind), 0));
  };
  write("www", "state");
  write("www", "order");
  write("api", "state");
  write(kStoreWide, "state");
  ASSERT_TRUE(store_.remove_record(*lease_, "www", "state"));
  ASSERT_TRUE(store_.remove_record(*lease_, "www", "state"));
  EXPECT_FALSE(store_.read_record("www", "state").value());
  EXPECT_TRUE(store_.read_record("www", "order").value());
  EXPECT_TRUE(store_.read_record("api", "state").value());
  EXPECT_TRUE(store_.read_record(kStoreWide, "state").value());
  EXPECT_GT(store_.write_record(*lease_, "www", "state", Secret(), 0).value(), 0U);
}

TEST_P(StoreContract, ForgetsACertificateWithAllThatIsItsOwn) {
  install_another();
  install_another();
  for (const char* name : {"www", "api"}) {
    ASSERT_TRUE(store_.write_record(*lease_, name, "order", Secret::copy_of("key"), 0));
  }
  ASSERT_TRUE(store_.forget(*lease_, "www", Keep::nothing));
  EXPECT_EQ(store_.current_version("www"), 0U);
  EXPECT_THAT(versions(), IsEmpty());
  EXPECT_FALSE(store_.load("www").value().damage);
  EXPECT_FALSE(store_.read_record("www", "order").value());
  EXPECT_TRUE(store_.read_record("api", "order").value());
  EXPECT_EQ(store_.forget(*lease_, "www", Keep::nothing).error().kind(), ErrorKind::rejected);
  // As new, when a configuration names it again.
  const std::string first = install_another();
  EXPECT_EQ(installed(), first);
  EXPECT_THAT(versions(), ElementsAre(1U));
}

TEST_P(StoreContract, ForgetsTheRecordsAndKeepsTheVersions) {
  install_another();
  const std::string second = install_another();
  for (const char* kind : {"state", "order", "hold"}) {
    ASSERT_TRUE(store_.write_record(*lease_, "www", kind, Secret::copy_of("x"), 0));
  }
  for (int time = 1; time <= 2; ++time) {
    ASSERT_TRUE(store_.forget(*lease_, "www", Keep::versions)) << time;
    for (const char* kind : {"state", "order", "hold"}) {
      EXPECT_FALSE(store_.read_record("www", kind).value()) << kind;
    }
    EXPECT_TRUE(store_.read_record("www", kForgotten).value());
  }
  EXPECT_EQ(installed(), second);
  EXPECT_THAT(versions(), ElementsAre(2U, 1U));
  EXPECT_EQ(store_.forget(*lease_, "other", Keep::versions).error().kind(), ErrorKind::rejected);
}

TEST_P(StoreContract, HasOneLeaderAtATime) {
  EXPECT_EQ(store_.try_lead().value(), nullptr);
  const std::uint64_t first = lease_->fencing_token();
  lease_.reset();
  lease_ = store_.try_lead().value();
  ASSERT_NE(lease_, nullptr);
  EXPECT_GT(lease_->fencing_token(), first);
}

TEST_P(StoreContract, RefusesEveryWriteUnderAnOldLease) {
  const std::string first = install_another();
  install_another();
  const auto written =
      store_.write_record(*lease_, "www", "state", Secret::copy_of("x"), 0).value();
  const ForgedLease old(lease_->fencing_token());
  lease_.reset();
  lease_ = store_.try_lead().value();
  const crypto::Bundle bundle = test::make_test_bundle();
  const Installation installation{
      .bundle = bundle, .origin = "import", .expected = 2, .keep = 2, .now = test::kTestNow};
  EXPECT_EQ(store_.install(old, test::let_in("www", bundle), installation).error().kind(),
            ErrorKind::transient);
  EXPECT_EQ(store_.restore(old, test::let_back(store_, "www", 1), 1).error().kind(),
            ErrorKind::transient);
  EXPECT_EQ(store_.keep_response(old, "www", 2, {}).error().kind(), ErrorKind::transient);
  EXPECT_EQ(store_.write_record(old, "www", "state", Secret(), written).error().kind(),
            ErrorKind::transient);
  EXPECT_EQ(store_.remove_record(old, "www", "state").error().kind(), ErrorKind::transient);
  EXPECT_EQ(store_.prune(old, "www", 0).error().kind(), ErrorKind::transient);
  for (const Keep keep : {Keep::nothing, Keep::versions}) {
    EXPECT_EQ(store_.forget(old, "www", keep).error().kind(), ErrorKind::transient);
  }
  EXPECT_EQ(store_.current_version("www"), 2U);
  EXPECT_TRUE(store_.read_record("www", "state").value());
  EXPECT_TRUE(store_.install(*lease_, test::let_in("www", bundle), installation));
}

TEST_P(StoreContract, ShowsAReaderWhatTheLeaderStores) {
  const std::string first = install_another();
  const std::string second = install_another();
  EXPECT_EQ(reader_.current_version("www"), 2U);
  EXPECT_EQ(reader_.load("www").value().certificate->info.fingerprint, second);
  EXPECT_EQ(reader_.load_version("www", 1).value().info.fingerprint, first);
  EXPECT_FALSE(reader_.load_version("www", 7));
  EXPECT_THAT(reader_.versions("www"), ElementsAre(2U, 1U));
  EXPECT_EQ(reader_.history("www").value().size(), 2U);
  EXPECT_EQ(reader_.glance("www", 1).value().leaf.fingerprint, first);
  EXPECT_EQ(reader_.glance("www", 1).value().info.fingerprint, first);
  EXPECT_FALSE(reader_.glance("www", 7));
  ASSERT_TRUE(store_.write_record(*lease_, "api", "state", Secret::copy_of("x"), 0));
  EXPECT_THAT(reader_.names().value(), ElementsAre("api", "www"));
  EXPECT_EQ(reader_.read_record("api", "state").value()->value.reveal(), "x");
}

TEST_P(StoreContract, TellsOneResponseFromAnotherByItsStamp) {
  install_another();
  EXPECT_EQ(reader_.response_stamp("www"), 0U);
  EXPECT_EQ(reader_.response_stamp("other"), 0U);
  ASSERT_TRUE(store_.keep_response(*lease_, "www", 1, std::vector<std::byte>(3, std::byte{1})));
  const std::uint64_t first = reader_.response_stamp("www");
  EXPECT_NE(first, 0U);
  ASSERT_TRUE(store_.keep_response(*lease_, "www", 1, std::vector<std::byte>(3, std::byte{2})));
  EXPECT_NE(reader_.response_stamp("www"), first);
  ASSERT_TRUE(store_.keep_response(*lease_, "www", 1, {}));
  EXPECT_EQ(reader_.response_stamp("www"), 0U);
}

TEST_P(StoreContract, SaysWhichCertificatesHaveChanged) {
  const Changes first = reader_.changes_since({});
  EXPECT_FALSE(first.names) << "before the first moment anything may have changed";
  EXPECT_THAT(reader_.changes_since(first.revision).names, Optional(IsEmpty()));
  Revision now = first.revision;
  const auto changed = [&] {
    const Changes changes = reader_.changes_since(now);
    now = changes.revision;
    return changes.names;
  };
  install_another();
  EXPECT_THAT(changed(), Optional(ElementsAre("www")));
  EXPECT_THAT(changed(), Optional(IsEmpty()));
  install_another();
  ASSERT_TRUE(store_.restore(*lease_, test::let_back(store_, "www", 1), 1));
  ASSERT_TRUE(store_.write_record(*lease_, "api", "state", Secret(), 0));
  EXPECT_THAT(changed(), Optional(UnorderedElementsAre("api", "www"))) << "each once";
  ASSERT_TRUE(store_.keep_response(*lease_, "www", 1, std::vector<std::byte>(3)));
  EXPECT_THAT(changed(), Optional(ElementsAre("www")));
  ASSERT_TRUE(store_.remove_record(*lease_, "api", "state"));
  EXPECT_THAT(changed(), Optional(ElementsAre("api")));
  ASSERT_TRUE(store_.remove_record(*lease_, "api", "state"));
  ASSERT_TRUE(store_.write_record(*lease_, kStoreWide, "lockout", Secret(), 0));
  EXPECT_THAT(changed(), Optional(IsEmpty()));
  for (const Keep keep : {Keep::versions, Keep::nothing}) {
    ASSERT_TRUE(store_.forget(*lease_, "www", keep));
    EXPECT_THAT(changed(), Optional(ElementsAre("www")));
  }
  EXPECT_THAT(reader_.changes_since(first.revision).names,
              Optional(UnorderedElementsAre("api", "www")));
  EXPECT_EQ(reader_.changes_since(first.revision).revision, now);
}

TEST_P(StoreContract, HasWhoeverKnowsAnotherLifeLookAtAll) {
  install_another();
  const Revision now = reader_.changes_since({}).revision;
  const Revision other_life{.life = now.life + 2, .number = now.number};
  const Revision later{.life = now.life, .number = now.number + 1};
  EXPECT_FALSE(reader_.changes_since(other_life).names);
  EXPECT_FALSE(reader_.changes_since(later).names);
}

TEST_P(StoreContract, WakesWhoeverWatches) {
  const FileDescriptor watch = reader_.watch().value();
  const auto is_woken = [&] {
    pollfd waiting{watch.get(), POLLIN, 0};
    const bool is_readable = poll(&waiting, 1, 0) == 1;
    std::array<char, 4096> ignored;
    while (read(watch.get(), ignored.data(), ignored.size()) > 0) {
    }
    return is_readable;
  };
  EXPECT_FALSE(is_woken());
  install_another();
  EXPECT_TRUE(is_woken());
  EXPECT_FALSE(is_woken());
  ASSERT_TRUE(store_.keep_response(*lease_, "www", 1, std::vector<std::byte>(3)));
  EXPECT_TRUE(is_woken());
  ASSERT_TRUE(store_.inbox().leave({.wish = Wish::renew, .name = "www"}));
  EXPECT_TRUE(is_woken());
}

TEST_P(StoreContract, SaysWhoseFilesAreTouchedOrThatNobodyWatchesThem) {
  install_another();
  const std::unique_ptr<FileWatch> watch = reader_.watch_files({"none", "www"});
  const auto is_told = [&](std::size_t which) {
    const std::vector<std::size_t> touched = watch->touched();
    const std::vector<std::size_t>& unwatched = watch->unwatched();
    return std::binary_search(touched.begin(), touched.end(), which) ||
           std::binary_search(unwatched.begin(), unwatched.end(), which);
  };
  specimen_->damage("www", reader_.current_version("www"));
  EXPECT_TRUE(is_told(1));
  install_another();
  EXPECT_TRUE(is_told(1));
  specimen_->damage("www", reader_.current_version("www"));
  EXPECT_TRUE(is_told(1)) << "the watch has moved on to the new version";
}

TEST_P(StoreContract, TakesRequestsInTheirOrder) {
  Inbox& inbox = store_.inbox();
  EXPECT_THAT(inbox.list().value(), IsEmpty());
  const std::string renewal = inbox.leave({.wish = Wish::renew, .name = "www"}).value();
  const std::string rollback =
      inbox.leave({.wish = Wish::roll_back, .name = "www", .version = 3}).value();
  EXPECT_NE(renewal, rollback);
  EXPECT_EQ(inbox.list().value().size(), 2U);
  EXPECT_TRUE(inbox.is_waiting({renewal, "www"}));
  EXPECT_FALSE(inbox.is_waiting({renewal, "api"}));
  EXPECT_EQ(inbox.read({renewal, "www"}).value().wish, Wish::renew);
  EXPECT_EQ(inbox.read({rollback, "www"}).value().wish, Wish::roll_back);
  EXPECT_EQ(inbox.read({rollback, "www"}).value().version, 3U);
  EXPECT_EQ(inbox.withdraw({renewal, "www"}), Withdrawal::taken_back);
  EXPECT_EQ(inbox.withdraw({renewal, "www"}), Withdrawal::gone);
  EXPECT_FALSE(inbox.is_waiting({renewal, "www"}));
  EXPECT_FALSE(inbox.read({renewal, "www"}));
  ASSERT_EQ(inbox.list().value().size(), 1U);
  EXPECT_EQ(inbox.list().value().front().id, rollback);
  EXPECT_TRUE(inbox.take(*lease_, {rollback, "www"}, std::nullopt));
  EXPECT_FALSE(inbox.is_waiting({rollback, "www"}));
  for (const std::string& id : {renewal, rollback}) {
    const Result<void> taken = inbox.take(*lease_, {id, "www"}, std::nullopt);
    ASSERT_FALSE(taken) << "it is gone";
    EXPECT_EQ(taken.error().kind(), ErrorKind::rejected);
  }
  EXPECT_FALSE(inbox.leave({.wish = Wish::renew, .name = "../x"}));
}

TEST_P(StoreContract, KeepsTheNoteOfARenewalThatIsTaken) {
  Inbox& inbox = store_.inbox();
  const Ticket renewal{.id = inbox.leave({.wish = Wish::renew, .name = "www"}).value(),
                       .name = "www"};
  EXPECT_TRUE(inbox.take(*lease_, renewal, "id: 1\n"));
  EXPECT_EQ(inbox.granted("www"), "id: 1\n");
  EXPECT_FALSE(inbox.take(*lease_, renewal, "id: 2\n"));
  EXPECT_EQ(inbox.granted("www"), "id: 1\n") << "it is not wanted twice";
}

TEST_P(StoreContract, HandsOverAnImportAndWhatToForget) {
  Inbox& inbox = store_.inbox();
  const crypto::Bundle bundle = test::make_test_bundle();
  const std::string import = inbox
                                 .leave({.wish = Wish::install,
                                         .name = "www",
                                         .certificates = bundle.chain(),
                                         .key = bundle.key()})
                                 .value();
  const Request read = inbox.read({import, "www"}).value();
  EXPECT_EQ(read.wish, Wish::install);
  ASSERT_EQ(read.certificates.size(), 2U);
  EXPECT_EQ(read.certificates.front().fingerprint(), bundle.leaf().fingerprint());
  ASSERT_TRUE(read.key);
  EXPECT_TRUE(read.key->has_same_public_key(bundle.key()));
  const std::string forget =
      inbox.leave({.wish = Wish::forget, .name = "old", .keep = Keep::versions}).value();
  EXPECT_EQ(inbox.read({forget, "old"}).value().keep, Keep::versions);
}

TEST_P(StoreContract, RemembersWhichRenewalsWereAskedFor) {
  Inbox& inbox = store_.inbox();
  EXPECT_THAT(inbox.granted(), IsEmpty());
  EXPECT_FALSE(inbox.granted("www"));
  install_another();
  ASSERT_TRUE(inbox.grant("www", "id: 1\n"));
  ASSERT_TRUE(inbox.grant("www", "id: 2\n"));
  ASSERT_TRUE(inbox.grant("api", ""));
  EXPECT_FALSE(inbox.grant("../x", ""));
  EXPECT_THAT(inbox.granted(), UnorderedElementsAre("api", "www"));
  EXPECT_EQ(inbox.granted("www"), "id: 2\n");
  inbox.drop_granted("api");
  inbox.drop_granted("api");
  ASSERT_TRUE(store_.forget(*lease_, "www", Keep::nothing));
  EXPECT_THAT(inbox.granted(), IsEmpty()) << "what is forgotten is not renewed";
}

TEST_P(StoreContract, KeepsTheAnswersForWhoeverAsked) {
  ASSERT_TRUE(keep_answer(store_, *lease_, "1", {.has_changed = true, .version = 4}));
  ASSERT_TRUE(find_answer(reader_, "1"));
  EXPECT_EQ(find_answer(reader_, "1")->version, 4U);
  EXPECT_FALSE(find_answer(reader_, "2"));
}

TEST_P(StoreContract, KeepsWhatWasBegunUntilItIsAnswered) {
  const auto begun = [&] {
    std::vector<std::string> ids;
    for (const Ticket& ticket : find_begun(reader_)) ids.push_back(ticket.id + " " + ticket.name);
    return ids;
  };
  EXPECT_THAT(begun(), IsEmpty());
  for (const char* id : {"1", "2", "3", "1"}) ASSERT_TRUE(note_begun(store_, *lease_, {id, "www"}));
  EXPECT_THAT(begun(), ElementsAre("1 www", "2 www", "3 www"));
  EXPECT_FALSE(find_answer(reader_, "1"));
  ASSERT_TRUE(keep_answer(store_, *lease_, "2", {.version = 4}));
  ASSERT_TRUE(drop_begun(store_, *lease_, "3"));
  ASSERT_TRUE(drop_begun(store_, *lease_, "3"));
  EXPECT_THAT(begun(), ElementsAre("1 www"));
  EXPECT_EQ(find_answer(reader_, "2")->version, 4U);
}

TEST_P(StoreContract, KeepsEventsForWhoeverAsks) {
  EventMark mark;
  EXPECT_THAT(reader_.events_since(mark)->events, IsEmpty());
  const auto event = [](std::uint64_t number) {
    return Event{.type = EventType::served,
                 .at = Time(Seconds(1)),
                 .version = number,
                 .sentence = "a: b\\ c"};
  };
  const auto numbers = [](const EventPage& page) {
    std::vector<std::uint64_t> found;
    for (const Event& each : page.events) found.push_back(each.version);
    return found;
  };
  for (std::uint64_t number = 1; number <= 3; ++number) {
    ASSERT_TRUE(store_.append_event(event(number)));
  }
  auto page = reader_.events_since(mark);
  ASSERT_TRUE(page);
  EXPECT_THAT(numbers(*page), ElementsAre(1U, 2U, 3U));
  EXPECT_EQ(page->events.front().sentence, "a: b\\ c");
  EXPECT_FALSE(page->has_more);
  mark = page->next;
  EXPECT_THAT(reader_.events_since(mark)->events, IsEmpty());
  ASSERT_TRUE(store_.append_event(event(4)));
  page = reader_.events_since(mark);
  EXPECT_THAT(numbers(*page), ElementsAre(4U));
  EXPECT_NE(page->next, mark);
}

TEST_P(StoreContract, TakesEventsOfSeveralThreads) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      for (int n = 0; n < 50; ++n) {
        EXPECT_TRUE(store_.append_event({.at = Time(Seconds(1)), .sentence = "so"}));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(reader_.events_since({})->events.size(), 200U);
}

TEST_P(StoreContract, HandsOverAWishForHooks) {
  const auto id = store_.inbox().leave({.wish = Wish::run_hooks, .name = "www", .event = "served"});
  ASSERT_TRUE(id);
  const auto request = store_.inbox().read({*id, "www"});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->wish, Wish::run_hooks);
  EXPECT_EQ(request->event, "served");
  ASSERT_TRUE(keep_answer(store_, *lease_, *id, {.report = "one\ntwo: x\\\n"}));
  EXPECT_EQ(find_answer(reader_, *id)->report, "one\ntwo: x\\\n");
}

TEST_P(StoreContract, ShowsAnExaminationWhatIsWrong) {
  install_another();
  ASSERT_TRUE(store_.write_record(*lease_, "www", "state", Secret(), 0));
  EXPECT_THAT(reader_.strays(), IsEmpty());
  EXPECT_THAT(reader_.damaged_records("www"), IsEmpty());
  specimen_->add_stray();
  specimen_->damage_record("www", "state");
  EXPECT_THAT(reader_.strays(), ElementsAre(HasSubstr("stray")));
  EXPECT_THAT(reader_.names().value(), ElementsAre("www"));
  ASSERT_EQ(reader_.damaged_records("www").size(), 1U);
  EXPECT_THAT(reader_.damaged_records("www").front().place, HasSubstr("state"));
  EXPECT_THAT(reader_.damaged_records("api"), IsEmpty());
  EXPECT_EQ(store_.read_record("www", "state").error().kind(), ErrorKind::invalid);
  ASSERT_TRUE(store_.write_record(*lease_, "www", "state", Secret(), 0));
  EXPECT_THAT(reader_.damaged_records("www"), IsEmpty());
}

TEST_P(StoreContract, KnowsWhatTheOperatorLetGo) {
  install_another();
  EXPECT_FALSE(is_forgotten(reader_, "www"));
  ASSERT_TRUE(store_.forget(*lease_, "www", Keep::versions));
  EXPECT_TRUE(is_forgotten(reader_, "www"));
  ASSERT_TRUE(store_.write_record(*lease_, "www", "state", Secret(), 0));
  EXPECT_FALSE(is_forgotten(reader_, "www")) << "the engine works on it again";
}

TEST_P(StoreContract, StoresOnlyWhatTheGateHasLetIn) {
  const std::string first = install_another();
  install_another();
  const crypto::Bundle other = test::make_test_bundle();
  const auto installed = store_.install(*lease_, test::let_in("www", other),
                                        {.bundle = test::make_test_bundle(),
                                         .origin = "scm:scs1",
                                         .expected = 2,
                                         .keep = 2,
                                         .now = test::kTestNow});
  ASSERT_FALSE(installed);
  EXPECT_EQ(installed.error().kind(), ErrorKind::internal);
  const auto restored = store_.restore(*lease_, test::let_in("www", other), 1);
  ASSERT_FALSE(restored);
  EXPECT_EQ(restored.error().kind(), ErrorKind::internal);
  EXPECT_EQ(store_.current_version("www"), 2U);
}

TEST_P(StoreContract, OffersTheOperatorsKeys) {
  const crypto::KeyPair key = test::make_test_key();
  specimen_->add_operator_key(key);
  const std::vector<crypto::KeyPair> keys = store_.operator_keys().value();
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_TRUE(keys.front().has_same_public_key(key));
}

TEST_P(StoreContract, ServesSeveralThreadsAtOnce) {
  const crypto::Bundle bundle = test::make_test_bundle();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, name = "site" + std::to_string(i)] {
      std::uint64_t written = 0;
      for (VersionNumber version = 0; version < 5; ++version) {
        EXPECT_TRUE(store_.install(*lease_, test::let_in(name, bundle),
                                   {.bundle = bundle,
                                    .origin = "pca:1",
                                    .expected = version,
                                    .keep = 0,
                                    .now = test::kTestNow}));
        EXPECT_TRUE(store_.load(name).value().certificate);
        const auto next = store_.write_record(*lease_, name, "state", Secret(), written);
        ASSERT_TRUE(next);
        written = *next;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(store_.current_version("site" + std::to_string(i)), 5U);
  }
}

std::vector<Implementation> implementations() {
  std::vector<Implementation> all{{"File", [] { return std::make_unique<FileSpecimen>(); }},
                                  {"Memory", [] { return std::make_unique<MemorySpecimen>(); }}};
  if (test::EtcdCluster::is_installed()) {
    all.push_back({"Etcd", [] { return std::make_unique<EtcdSpecimen>(); }});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract, ::testing::ValuesIn(implementations()),
                         [](const auto& tested) { return tested.param.name; });

TEST(StoreContractOnEtcd, IsRun) {
  if (!test::EtcdCluster::is_installed()) GTEST_SKIP() << "there is no /usr/bin/etcd";
}

}  // namespace
}  // namespace ccm::store
