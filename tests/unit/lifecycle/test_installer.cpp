// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <type_traits>

#include "config/sources/pca.h"
#include "lifecycle/attempt/installer.h"
#include "lifecycle/schedule/hold.h"
#include "support/admission.h"
#include "support/memory_store.h"
#include "support/test_bundle.h"

namespace ccm::lifecycle {
namespace {

using namespace std::chrono_literals;
using test::kTestDay;
using test::kTestNow;
using ::testing::HasSubstr;

// Nobody but the gate has one to show.
static_assert(!std::is_default_constructible_v<policy::Admission>);
static_assert(!std::is_constructible_v<policy::Admission, std::string, crypto::Certificate>);

class InstallerTest : public ::testing::Test {
 protected:
  static crypto::Bundle ending(Seconds later) {
    return test::make_test_bundle("www.example.com", {.not_after = kTestNow + later});
  }
  // As a renewal does it.
  Result<store::VersionInfo> renew(const crypto::Bundle& bundle) {
    const auto loaded = store_.load("www").value();
    const auto* current = loaded.certificate ? &loaded.certificate->bundle : nullptr;
    auto admitted =
        installer_.admit({.spec = spec_, .current = current, .bundle = bundle}, kTestNow);
    if (!admitted) return pass(std::move(admitted));
    return installer_.install(*admitted, {.bundle = bundle,
                                          .origin = "pca:1",
                                          .expected = store_.current_version("www"),
                                          .keep = 3,
                                          .now = kTestNow});
  }
  std::string served() { return store_.load("www").value().certificate->info.fingerprint; }

  config::CertificateSpec spec_{.name = "www",
                                .names = {"www.example.com"},
                                .source = config::PcaSource{},
                                .key = {},
                                .renew_before = {},
                                .origin = {}};
  test::MemoryStore store_;
  std::unique_ptr<store::Lease> lease_ = store_.try_lead().value();
  Installer installer_{store_, *lease_};
};

TEST_F(InstallerTest, StoresWhatTheGateLetsIn) {
  const crypto::Bundle bundle = ending(90 * kTestDay);
  const auto info = renew(bundle);
  ASSERT_TRUE(info) << info.error().message();
  EXPECT_EQ(info->number, 1U);
  EXPECT_EQ(served(), bundle.leaf().fingerprint());
}

TEST_F(InstallerTest, StoresNothingThatTheGateRefuses) {
  const crypto::Bundle good = ending(90 * kTestDay);
  ASSERT_TRUE(renew(good));
  const auto sooner = renew(ending(80 * kTestDay));
  ASSERT_FALSE(sooner);
  EXPECT_EQ(sooner.error().kind(), ErrorKind::rejected);
  EXPECT_FALSE(installer_.import(spec_, ending(80 * kTestDay), kTestNow));
  EXPECT_FALSE(installer_.import(spec_, test::make_test_bundle("other.example.com"), kTestNow));
  EXPECT_EQ(served(), good.leaf().fingerprint());
}

TEST_F(InstallerTest, StoresOnlyTheOneThatWasLetIn) {
  const crypto::Bundle good = ending(90 * kTestDay);
  const crypto::Bundle other = ending(80 * kTestDay);
  const auto admitted =
      installer_.admit({.spec = spec_, .current = nullptr, .bundle = good}, kTestNow);
  ASSERT_TRUE(admitted);
  const auto installed = installer_.install(
      *admitted, {.bundle = other, .origin = "pca:1", .expected = 0, .keep = 3, .now = kTestNow});
  ASSERT_FALSE(installed);
  EXPECT_EQ(installed.error().kind(), ErrorKind::internal);
  EXPECT_EQ(store_.current_version("www"), 0U);
}

TEST_F(InstallerTest, SaysWhereAnImportCameFrom) {
  ASSERT_TRUE(installer_.import(spec_, ending(90 * kTestDay), kTestNow));
  EXPECT_EQ(store_.load("www").value().certificate->info.origin, store::kImported);
}

TEST_F(InstallerTest, GoesBackToAnOlderVersionAndHoldsIt) {
  const crypto::Bundle first = ending(80 * kTestDay);
  ASSERT_TRUE(renew(first));
  ASSERT_TRUE(renew(ending(90 * kTestDay)));
  ASSERT_TRUE(installer_.roll_back("www", 1, {}, kTestNow));
  EXPECT_EQ(served(), first.leaf().fingerprint());
  EXPECT_EQ(held_version(store_, "www"), 1U);
}

TEST_F(InstallerTest, DoesNotGoBackToWhatClientsRefuse) {
  ASSERT_TRUE(renew(ending(80 * kTestDay)));
  const crypto::Bundle second = ending(90 * kTestDay);
  ASSERT_TRUE(renew(second));
  const auto ended = installer_.roll_back("www", 1, {}, kTestNow + 81 * kTestDay);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().kind(), ErrorKind::rejected);
  EXPECT_THAT(ended.error().message(), HasSubstr("restore version 1 of \"www\""));
  EXPECT_FALSE(installer_.roll_back("www", 1, {"other.example.com"}, kTestNow));
  EXPECT_EQ(served(), second.leaf().fingerprint());
  EXPECT_EQ(held_version(store_, "www"), 0U);
}

TEST_F(InstallerTest, HoldsWhatWasHeldWhenThereIsNoVersionToGoBackTo) {
  for (int days = 70; days < 73; ++days) ASSERT_TRUE(renew(ending(days * kTestDay)));
  for (const store::VersionNumber held : {0U, 2U}) {
    if (held != 0) {
      ASSERT_TRUE(installer_.roll_back("www", held, {}, kTestNow));
    }
    const std::string before = served();
    const auto done = installer_.roll_back("www", 9, {}, kTestNow);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind(), ErrorKind::rejected);
    EXPECT_THAT(done.error().message(), HasSubstr("restore version 9 of \"www\""));
    EXPECT_EQ(served(), before);
    EXPECT_EQ(held_version(store_, "www"), held);
  }
}

TEST_F(InstallerTest, MendsWithWhatIsIntact) {
  const crypto::Bundle first = ending(80 * kTestDay);
  ASSERT_TRUE(renew(first));
  ASSERT_TRUE(renew(ending(90 * kTestDay)));
  store_.damage("www", 2);
  ASSERT_TRUE(installer_.mend("www", *store_.load("www").value().certificate));
  EXPECT_EQ(store_.current_version("www"), 1U);
}

TEST_F(InstallerTest, TakesOverWhatIsStoredByAnotherNameOnlyWhenItFits) {
  const crypto::Bundle theirs = ending(90 * kTestDay);
  const std::vector<std::byte> response(3, std::byte{7});
  ASSERT_TRUE(store_.install(*lease_, test::let_in("other", theirs),
                             {.bundle = theirs,
                              .origin = "scm:scs1",
                              .expected = 0,
                              .keep = 3,
                              .now = kTestNow,
                              .ocsp_response = response}));
  const store::StoredSearch::Found found{"other", *store_.load("other").value().certificate};
  const auto adopted = installer_.adopt(spec_, found, 0, kTestNow);
  ASSERT_TRUE(adopted) << adopted.error().message();
  EXPECT_EQ(adopted->origin, "scm:scs1");
  EXPECT_EQ(served(), theirs.leaf().fingerprint());
  EXPECT_EQ(store_.load("www").value().certificate->ocsp_response, response);
  config::CertificateSpec api = spec_;
  api.name = "api";
  api.names = {"api.example.com"};
  EXPECT_FALSE(installer_.adopt(api, found, 0, kTestNow));
  EXPECT_FALSE(installer_.adopt(spec_, found, 0, kTestNow + 91 * kTestDay));
  EXPECT_EQ(store_.current_version("api"), 0U);
}

TEST_F(InstallerTest, TakesOverAnOlderVersionOfItsOwnByMakingItCurrent) {
  ASSERT_TRUE(renew(ending(80 * kTestDay)));
  const store::StoredSearch::Found first{"www", *store_.load("www").value().certificate};
  ASSERT_TRUE(renew(ending(90 * kTestDay)));
  ASSERT_TRUE(installer_.adopt(spec_, first, 2, kTestNow));
  EXPECT_EQ(store_.current_version("www"), 1U);
}

}  // namespace
}  // namespace ccm::lifecycle
