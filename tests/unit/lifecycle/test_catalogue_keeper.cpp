// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "config/input/settings.h"
#include "lifecycle/catalogue/catalogue_keeper.h"
#include "support/fake_clock.h"
#include "support/memory_log.h"
#include "support/memory_store.h"
#include "support/test_bundle.h"

namespace ccm::lifecycle {
namespace {

using namespace std::chrono_literals;
using sources::CollectedItem;
using sources::Standing;
using test::kTestDay;
using test::kTestNow;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FakeAccount final : public sources::Collection {
 public:
  void issue(const std::string& id, const std::string& name, Seconds lasts = 90 * kTestDay) {
    bundles_.insert_or_assign(id, test::make_test_bundle(name, {.not_after = kTestNow + lasts}));
    items_[id] = {.id = id, .origin = "scm:" + id, .names = {name}, .mark = name};
  }
  void end(const std::string& id, Standing as) {
    items_.erase(id);
    hidden_.erase(id);
    standings_[id] = as;
  }
  // Lists leave it out.
  void hide(const std::string& id) { hidden_.insert(id); }

  Result<std::string> glance(const config::CatalogueSpec&) override {
    if (problem) return fail(*problem);
    std::string text;
    for (const auto& [id, item] : items_) {
      if (!hidden_.contains(id)) text += id + " ";
    }
    return text;
  }
  Result<sources::Inventory> list(const config::CatalogueSpec&) override {
    ++lists;
    sources::Inventory inventory{.items = {}, .hidden = static_cast<std::int64_t>(hidden_.size())};
    for (const auto& [id, item] : items_) {
      if (!hidden_.contains(id)) inventory.items.push_back(item);
    }
    return inventory;
  }
  Result<std::vector<CollectedItem>> find(const config::CatalogueSpec&,
                                          const std::string& name) override {
    ++searches;
    std::vector<CollectedItem> found;
    for (const auto& [id, item] : items_) {
      if (item.names.front() == name) found.push_back(item);
    }
    return found;
  }
  Result<Standing> standing(const std::string& id) override {
    const auto found = standings_.find(id);
    return found == standings_.end() ? Standing::usable : found->second;
  }
  Result<crypto::Bundle> fetch(const CollectedItem& item, Time) override {
    fetched.push_back(item.id);
    return bundles_.at(item.id);
  }

  const crypto::Bundle& bundle(const std::string& id) const { return bundles_.at(id); }

  std::optional<Error> problem;
  int lists = 0;
  int searches = 0;
  std::vector<std::string> fetched;

 private:
  std::map<std::string, CollectedItem> items_;
  std::map<std::string, crypto::Bundle> bundles_;
  std::map<std::string, Standing> standings_;
  std::set<std::string> hidden_;
};

config::Config with_catalogue() {
  config::Settings settings;
  const config::Origin here{"test.conf", 1};
  EXPECT_TRUE(settings.set("credentials", {"file=/etc/ccm/credentials"}, here));
  EXPECT_TRUE(settings.set("region", {"ap-southeast-1"}, here));
  EXPECT_TRUE(settings.set("catalogue", {"edge", "source=scm"}, here));
  return settings.finalize().value();
}

class CatalogueKeeperTest : public ::testing::Test {
 protected:
  std::unique_ptr<CatalogueKeeper> make_keeper() {
    return std::make_unique<CatalogueKeeper>(CatalogueKeeper::Parts{
        config_, store_,
        [this](const config::SourceKind&) -> sources::Collection& { return account_; }, clock_,
        log_, no_events(), [this](const std::string& entry) { return asked_.contains(entry); },
        [this](const std::string& entry) -> std::optional<LastCopy> {
          const auto found = copies_.find(entry);
          return found == copies_.end() ? std::nullopt : std::optional(found->second);
        }});
  }
  void work(Seconds later = 0s) {
    clock_.advance(later);
    keeper_->work(*lease_);
  }
  std::vector<std::string> entries() const {
    std::vector<std::string> there;
    const std::vector<std::string> names = store_.names().value();
    for (const std::string& name : names) {
      if (store_.current_version(name) != 0) there.push_back(name);
    }
    return there;
  }

  test::FakeClock clock_{kTestNow};
  test::MemoryLog log_;
  test::MemoryStore store_;
  std::unique_ptr<store::Lease> lease_ = store_.try_lead().value();
  config::Config config_ = with_catalogue();
  FakeAccount account_;
  std::set<std::string> asked_;
  std::map<std::string, LastCopy> copies_;
  std::unique_ptr<CatalogueKeeper> keeper_ = make_keeper();
};

TEST_F(CatalogueKeeperTest, FetchesEachOnceAndSaysWhichCatalogueHasIt) {
  account_.issue("scs1", "a.example.com");
  account_.issue("scs2", "b.example.com");
  work();
  EXPECT_THAT(entries(), ElementsAre("scm_scs1", "scm_scs2"));
  EXPECT_TRUE(store::is_selected(store_, "scm_scs1", config_.catalogues().front()));
  account_.issue("scs3", "c.example.com");
  work(60s);
  EXPECT_THAT(account_.fetched, ElementsAre("scs1", "scs2", "scs3"));
  // Another agent takes over.
  keeper_ = make_keeper();
  work();
  EXPECT_EQ(account_.fetched.size(), 3U);
  EXPECT_EQ(store::read_selection_reports(store_).front().stored, 3);
}

TEST_F(CatalogueKeeperTest, AnUnchangedAccountIsListedOnceAnHour) {
  account_.issue("scs1", "a.example.com");
  work();
  for (int minute = 1; minute < 60; ++minute) work(60s);
  EXPECT_EQ(account_.lists, 1);
  work(60s);
  EXPECT_EQ(account_.lists, 2);
}

TEST_F(CatalogueKeeperTest, WhatIsGoneGoesUnlessItIsAskedForAndTheOnlyOne) {
  account_.issue("scs1", "a.example.com");
  account_.issue("scs2", "b.example.com");
  account_.issue("scs3", "c.example.com");
  work();
  asked_ = {"scm_scs2", "scm_scs3"};
  account_.end("scs1", Standing::gone);
  account_.end("scs2", Standing::gone);
  account_.end("scs3", Standing::revoked);
  work(60s);
  EXPECT_THAT(entries(), ElementsAre("scm_scs2"));
  EXPECT_THAT(log_.text(), HasSubstr("nothing else covers its names"));
  // Something else covers it from now on.
  account_.issue("scs4", "b.example.com");
  work(60s);
  work(3600s);
  EXPECT_THAT(entries(), ElementsAre("scm_scs4"));
}

TEST_F(CatalogueKeeperTest, WhatIsOutOfSightStaysAndIsCounted) {
  account_.issue("scs1", "a.example.com");
  work();
  account_.hide("scs1");
  work(60s);
  EXPECT_THAT(entries(), ElementsAre("scm_scs1"));
  EXPECT_EQ(store::read_selection_reports(store_).front().hidden, 1);
  EXPECT_THAT(log_.text(), HasSubstr("1 more certificates than any list of it shows"));
}

TEST_F(CatalogueKeeperTest, ANameThatNoListShowsIsLookedForOnce) {
  account_.issue("scs1", "hidden.example.com");
  account_.hide("scs1");
  work();
  EXPECT_THAT(entries(), IsEmpty());
  keeper_->ask({"hidden.example.com", "nowhere.example.com", "not a name", "192.0.2.1"});
  EXPECT_LE(keeper_->next_wake(), clock_.now());
  work();
  EXPECT_THAT(entries(), ElementsAre("scm_scs1"));
  EXPECT_EQ(account_.searches, 2);
  keeper_->ask({"hidden.example.com", "nowhere.example.com"});
  work();
  EXPECT_EQ(account_.searches, 2);
}

TEST_F(CatalogueKeeperTest, AFailedLookTakesNothingAway) {
  account_.issue("scs1", "a.example.com");
  work();
  account_.problem = Error(ErrorKind::transient, "the cloud is away");
  work(60s);
  EXPECT_THAT(entries(), ElementsAre("scm_scs1"));
  EXPECT_EQ(store::read_selection_reports(store_).front().problem, "the cloud is away");
  account_.problem.reset();
  work(60s);
  EXPECT_EQ(store::read_selection_reports(store_).front().problem, "");
}

TEST_F(CatalogueKeeperTest, WhatTheStoreHasLostIsPutBackFromItsCopyWithoutACall) {
  for (const char* id : {"scs1", "scs2", "scs3"})
    account_.issue(id, std::string(id) + ".example.com");
  work();
  ASSERT_EQ(account_.fetched.size(), 3U);
  for (const std::string& entry : entries()) {
    ASSERT_TRUE(store_.forget(*lease_, entry, store::Keep::nothing));
  }
  const auto copy = [&](const std::string& id, const std::string& origin) {
    return LastCopy{
        .version = 1, .origin = origin, .bundle = account_.bundle(id), .ocsp_response = {}};
  };
  copies_ = {{"scm_scs1", copy("scs1", "scm:scs1")},
             // Of another certificate, and of one that does not have the name.
             {"scm_scs2", copy("scs2", "scm:scs9")},
             {"scm_scs3", copy("scs1", "scm:scs3")}};
  keeper_ = make_keeper();
  work();
  EXPECT_THAT(entries(), ElementsAre("scm_scs1", "scm_scs2", "scm_scs3"));
  EXPECT_THAT(account_.fetched, ElementsAre("scs1", "scs2", "scs3", "scs2", "scs3"));
  EXPECT_TRUE(store::is_selected(store_, "scm_scs1", config_.catalogues().front()));
  EXPECT_EQ(store_.load("scm_scs1")->certificate->info.fingerprint,
            account_.bundle("scs1").leaf().fingerprint());
  // It is known from now on.
  work(3600s);
  EXPECT_EQ(account_.fetched.size(), 5U);
}

TEST_F(CatalogueKeeperTest, WhatWasForgottenWithItsVersionsKeptStaysOut) {
  account_.issue("scs1", "a.example.com");
  work();
  EXPECT_FALSE(store::check_may_remove(store_, "scm_scs1"));
  ASSERT_TRUE(store_.forget(*lease_, "scm_scs1", store::Keep::versions));
  work(3600s);
  EXPECT_FALSE(store::is_selected(store_, "scm_scs1", config_.catalogues().front()));
  EXPECT_EQ(account_.fetched.size(), 1U);
}

}  // namespace
}  // namespace ccm::lifecycle
