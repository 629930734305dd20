// SPDX-License-Identifier: Apache-2.0
// What an attempt and the adoption do about a certificate that the store has lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "config/sources/pca.h"
#include "lifecycle/adoption.h"
#include "lifecycle/attempt/attempt.h"
#include "lifecycle/schedule/hold.h"
#include "store/file_store/file_store.h"
#include "store/staging.h"
#include "support/admission.h"
#include "support/fake_clock.h"
#include "support/memory_log.h"
#include "support/memory_store.h"
#include "support/temp_directory.h"
#include "support/test_bundle.h"

namespace ccm::lifecycle {
namespace {

using namespace std::chrono_literals;
using test::kTestDay;
using test::kTestNow;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Has nothing newer, and remembers what it was told of.
class SourceWithoutNews final : public sources::Source {
 public:
  Result<sources::Outcome> obtain(const sources::ObtainRequest& request) override {
    ++calls;
    seen = request.current == nullptr ? "" : request.current->info.fingerprint;
    if (request.current == nullptr) return fail(ErrorKind::transient, "a new one would be ordered");
    return sources::Outcome(sources::Unchanged{});
  }
  Result<void> installed(const sources::ObtainRequest&) override { return {}; }
  Result<void> refused(const sources::ObtainRequest&) override { return {}; }

  int calls = 0;
  std::string seen;
};

class LastCopyTest : public testing::Test {
 protected:
  static crypto::Bundle bundle(Seconds life, const std::string& name = "www.example.com") {
    return test::make_test_bundle(name, {.not_after = kTestNow + life});
  }
  std::string install(const std::string& name, const crypto::Bundle& bundle) {
    EXPECT_TRUE(store_.install(*lease_, test::let_in(name, bundle),
                               {.bundle = bundle,
                                .origin = "pca:issuer/1",
                                .expected = store_.current_version(name),
                                .keep = 3,
                                .now = kTestNow}));
    return bundle.leaf().fingerprint();
  }
  void stage(const crypto::Bundle& bundle) {
    const auto info = store_.install(*lease_, test::let_in("www", bundle),
                                     {.bundle = bundle,
                                      .origin = "pca:issuer/2",
                                      .expected = store_.current_version("www"),
                                      .keep = 3,
                                      .now = kTestNow,
                                      .waits = true});
    ASSERT_TRUE(info);
    ASSERT_TRUE(store::stage(store_, *lease_, "www", info->number));
  }
  void keep_copy(store::VersionNumber version, const crypto::Bundle& bundle) {
    copy_ = LastCopy{
        .version = version, .origin = "pca:issuer/9", .bundle = bundle, .ocsp_response = {}};
  }
  LastCopyOf copies() {
    return [this](const std::string& name) {
      return name == "www" ? copy_ : std::optional<LastCopy>();
    };
  }
  State attempt() {
    return Attempt({.store = store_,
                    .source = source_,
                    .lease = *lease_,
                    .clock = clock_,
                    .log = log_,
                    .last_copy_of = copies()},
                   spec_, before_)
        .run();
  }
  store::VersionInfo installed() {
    const auto loaded = store_.load("www").value();
    return loaded.certificate ? loaded.certificate->info : store::VersionInfo();
  }

  config::CertificateSpec spec_{.name = "www",
                                .names = {"www.example.com"},
                                .source = config::PcaSource{},
                                .key = {},
                                .renew_before = {},
                                .check_interval = 6h,
                                .origin = {}};
  test::FakeClock clock_{kTestNow};
  test::MemoryStore store_;
  std::unique_ptr<store::Lease> lease_ = store_.try_lead().value();
  test::MemoryLog log_;
  SourceWithoutNews source_;
  State before_ = Absent{};
  std::optional<LastCopy> copy_;
};

TEST_F(LastCopyTest, IsInstalledAgainAndThenTheCloudIsAsked) {
  const crypto::Bundle lost = bundle(90 * kTestDay);
  keep_copy(5, lost);
  EXPECT_TRUE(std::holds_alternative<Valid>(attempt()));
  EXPECT_EQ(installed().fingerprint, lost.leaf().fingerprint());
  EXPECT_EQ(installed().origin, "pca:issuer/9");
  EXPECT_EQ(source_.seen, lost.leaf().fingerprint()) << "the cloud may know that it was revoked";
  EXPECT_THAT(log_.text(), HasSubstr("the store has lost what was installed; the last copy is "
                                     "installed again as version 1 (serial " +
                                     lost.leaf().serial() + ", from pca:issuer/9, valid until"));
  // From then on the store has it.
  const std::string said = log_.text();
  attempt();
  EXPECT_EQ(installed().number, 1U);
  EXPECT_EQ(log_.text(), said);
}

TEST_F(LastCopyTest, TakesThePlaceOfADamagedVersionButNotOfAsNewAnOne) {
  const std::string first = install("www", bundle(60 * kTestDay));
  const crypto::Bundle second = bundle(90 * kTestDay);
  install("www", second);
  keep_copy(2, second);
  store_.damage("www", 2);
  attempt();
  EXPECT_EQ(installed().fingerprint, second.leaf().fingerprint());
  EXPECT_EQ(installed().number, 3U);
  EXPECT_THAT(log_.errors(),
              testing::ElementsAre(HasSubstr("fullchain.pem was altered; the last")));
  // The copy is of an older version than the intact one.
  install("www", bundle(95 * kTestDay));
  store_.damage("www", 4);
  attempt();
  EXPECT_EQ(installed().number, 3U);
  EXPECT_EQ(store_.current_version("www"), 3U);
}

TEST_F(LastCopyTest, AStoreThatHasSomethingIsBelieved) {
  const std::string older = install("www", bundle(60 * kTestDay));
  keep_copy(7, bundle(90 * kTestDay));
  attempt();
  EXPECT_EQ(installed().fingerprint, older) << "a backup was restored";
}

TEST_F(LastCopyTest, ASuccessorThatWaitsIsBetter) {
  const crypto::Bundle first = bundle(60 * kTestDay);
  const crypto::Bundle second = bundle(90 * kTestDay);
  install("www", first);
  stage(second);
  keep_copy(1, first);
  store_.damage("www", 1);
  EXPECT_TRUE(std::holds_alternative<Valid>(attempt()));
  EXPECT_EQ(installed().number, 2U);
  EXPECT_EQ(source_.seen, second.leaf().fingerprint()) << "nothing has to be obtained";
  EXPECT_THAT(log_.text(), Not(HasSubstr("installed again")));
}

TEST_F(LastCopyTest, ASuccessorThatIsDamagedOrWasRefusedIsNotBetter) {
  const crypto::Bundle first = bundle(60 * kTestDay);
  install("www", first);
  stage(bundle(90 * kTestDay));
  keep_copy(1, first);
  store_.damage("www", 1);
  store_.damage("www", 2);
  attempt();
  EXPECT_EQ(installed().number, 3U);
  EXPECT_EQ(installed().fingerprint, first.leaf().fingerprint());
  stage(bundle(90 * kTestDay));
  ASSERT_TRUE(hold(store_, *lease_, "www", 3, 4));
  keep_copy(3, first);
  store_.damage("www", 3);
  attempt();
  EXPECT_EQ(installed().fingerprint, first.leaf().fingerprint());
}

TEST_F(LastCopyTest, ThatClientsRefuseIsLeftAloneAndSaid) {
  keep_copy(3, bundle(-1 * kTestDay));
  EXPECT_TRUE(std::holds_alternative<Failing>(attempt()));
  EXPECT_EQ(installed().number, 0U);
  EXPECT_EQ(source_.calls, 1) << "another one is obtained";
  EXPECT_THAT(log_.text(), HasSubstr("the last copy (version 3) is not good any more: not after"));
  keep_copy(3, bundle(90 * kTestDay, "other.example.com"));
  attempt();
  EXPECT_EQ(installed().number, 0U);
}

TEST_F(LastCopyTest, NothingIsOrderedWhileTheStoreCannotTakeIt) {
  keep_copy(3, bundle(90 * kTestDay));
  store_.fail_writes(Error(ErrorKind::transient, "No space left on device"));
  before_ = attempt();
  ASSERT_TRUE(std::holds_alternative<Failing>(before_));
  EXPECT_THAT(std::get<Failing>(before_).error.message(),
              HasSubstr("put back the last copy: No space left on device"));
  EXPECT_EQ(source_.calls, 0);
  store_.fail_writes(std::nullopt);
  EXPECT_TRUE(std::holds_alternative<Valid>(attempt()));
}

TEST_F(LastCopyTest, AHoldGoesOn) {
  const crypto::Bundle held = bundle(60 * kTestDay);
  install("www", held);
  ASSERT_TRUE(hold(store_, *lease_, "www", 1, 9));
  keep_copy(1, held);
  store_.damage("www", 1);
  attempt();
  EXPECT_EQ(installed().number, 2U);
  EXPECT_EQ(held_version(store_, "www"), 2U);
  EXPECT_EQ(refused_canary(store_, "www"), 9U);
  EXPECT_EQ(source_.calls, 0);
}

// The versions are there, and nothing says which one was current.
TEST_F(LastCopyTest, TellsWhichVersionWasCurrent) {
  const test::TempDirectory directory(test::memory_backed_parent());
  const auto files = store::open_file_store(directory.path().string()).value();
  lease_ = files->try_lead().value();
  const auto install_file = [&](const crypto::Bundle& bundle) {
    EXPECT_TRUE(files->install(*lease_, test::let_in("www", bundle),
                               {.bundle = bundle,
                                .origin = "pca:issuer/1",
                                .expected = files->current_version("www"),
                                .keep = 3,
                                .now = kTestNow}));
  };
  const auto link = directory / "certificates/www/current";
  const auto attempt_without_link = [&] {
    std::filesystem::remove(link);
    Attempt({.store = *files,
             .source = source_,
             .lease = *lease_,
             .clock = clock_,
             .log = log_,
             .last_copy_of = copies()},
            spec_, before_)
        .run();
    return files->current_version("www");
  };
  const crypto::Bundle first = bundle(60 * kTestDay);
  install_file(first);
  install_file(bundle(90 * kTestDay));
  EXPECT_EQ(attempt_without_link(), 2U);
  keep_copy(1, first);
  EXPECT_EQ(attempt_without_link(), 1U);
  ASSERT_TRUE(hold(*files, *lease_, "www", 2));
  EXPECT_EQ(attempt_without_link(), 2U) << "an operator's word counts more";
  EXPECT_THAT(log_.errors(), IsEmpty());
}

TEST_F(LastCopyTest, IsBetterThanACertificateOfAnotherName) {
  install("wide", test::make_test_bundle("*.example.com", {.not_after = kTestNow + 30 * kTestDay}));
  keep_copy(2, bundle(90 * kTestDay));
  const Adoption adoption{
      .store = store_, .lease = *lease_, .log = log_, .now = kTestNow, .last_copy_of = copies()};
  adopt_stored(adoption, {&spec_});
  EXPECT_EQ(installed().number, 0U) << "its attempt will put the copy back";
  keep_copy(2, bundle(-1 * kTestDay));
  adopt_stored(adoption, {&spec_});
  EXPECT_EQ(installed().number, 1U) << "a copy that has ended is no help";
}

}  // namespace
}  // namespace ccm::lifecycle
