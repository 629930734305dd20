// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "config/sources/pca.h"
#include "policy/gate.h"
#include "sources/pca/pca_source.h"
#include "support/admission.h"
#include "support/fake_cloud.h"
#include "support/memory_store.h"

namespace ccm::sources {
namespace {

using namespace std::chrono_literals;
using ccm::test::kTestDay;
using ccm::test::kTestNow;
using ccm::test::MemoryStore;
using config::KeyOrigin;
using test::Fault;
using testing::HasSubstr;

class PcaSourceTest : public testing::TestWithParam<KeyOrigin> {
 protected:
  PcaSourceTest() { cloud_.expect_order(store_, "app"); }

  ObtainRequest request(bool is_due = true) {
    return {.spec = spec_,
            .current = current_ ? &*current_ : nullptr,
            .is_due = is_due,
            .lease = *lease_,
            .now = cloud_.clock.now()};
  }
  Result<Outcome> obtain(bool is_due = true) { return source_->obtain(request(is_due)); }
  Obtained obtained(bool is_due = true) {
    Result<Outcome> outcome = obtain(is_due);
    EXPECT_TRUE(outcome) << outcome.error().message();
    return std::get<Obtained>(std::move(*outcome));
  }
  // As the engine does it.
  void install(const Obtained& what) {
    const Result<store::VersionInfo> info =
        store_.install(*lease_, test::let_in("app", what.bundle),
                       {.bundle = what.bundle,
                        .origin = what.origin,
                        .expected = store_.current_version("app"),
                        .keep = 2,
                        .now = cloud_.clock.now()});
    ASSERT_TRUE(info) << info.error().message();
    current_ = store_.load("app").value().certificate;
  }
  bool has_order() { return store_.read_record("app", "order").value().has_value(); }
  // Nothing of a process but its store and its wits survive.
  void restart() { source_.emplace(clients_.pca, store_); }

  test::FakeCloud cloud_;
  test::CloudClients clients_{cloud_};
  MemoryStore store_;
  std::unique_ptr<store::Lease> lease_ = store_.try_lead().value();
  config::CertificateSpec spec_ = test::pca_spec(GetParam());
  std::optional<store::StoredCertificate> current_;
  std::optional<PcaSource> source_{std::in_place, clients_.pca, store_};
};

INSTANTIATE_TEST_SUITE_P(Keys, PcaSourceTest, testing::Values(KeyOrigin::local, KeyOrigin::cloud),
                         [](const auto& parameter) {
                           return parameter.param == KeyOrigin::local ? "Local" : "Cloud";
                         });

TEST_P(PcaSourceTest, IssuesWhatPassesTheGate) {
  const Obtained first = obtained();
  EXPECT_EQ(first.origin,
            "pca:2cb2878b-6cd1-460d-bd25-afe655159bdc/00000000-0000-0000-0000-000000000001");
  EXPECT_FALSE(first.current_must_go);
  EXPECT_TRUE(policy::admit({.spec = spec_, .current = nullptr, .bundle = first.bundle}, kTestNow));
  EXPECT_EQ(first.bundle.leaf().not_after(), kTestNow + 30 * kTestDay);
  EXPECT_TRUE(has_order());
  ASSERT_TRUE(source_->installed(request()));
  EXPECT_FALSE(has_order());
}

TEST_P(PcaSourceTest, MakesANewKeyForEveryRenewal) {
  const Obtained first = obtained();
  install(first);
  ASSERT_TRUE(source_->installed(request()));
  cloud_.clock.advance(21 * kTestDay);
  const Obtained second = obtained();
  EXPECT_EQ(cloud_.issued(), 2U);
  EXPECT_FALSE(second.bundle.key().has_same_public_key(first.bundle.key()));
}

TEST_P(PcaSourceTest, NeverIssuesTwiceAfterALostAnswer) {
  const std::string call = GetParam() == KeyOrigin::local ? "pca.csr" : "pca.issue";
  cloud_.fail_next(call, Fault::lost_answer);
  EXPECT_FALSE(obtain());
  restart();
  EXPECT_EQ(obtained().origin,
            "pca:2cb2878b-6cd1-460d-bd25-afe655159bdc/00000000-0000-0000-0000-000000000001");
  EXPECT_EQ(cloud_.issued(), 1U);
}

TEST_P(PcaSourceTest, FindsWhatWasIssuedAlthoughItsClockWasWrongWhenItBegan) {
  const std::string call = GetParam() == KeyOrigin::local ? "pca.csr" : "pca.issue";
  cloud_.clock.set(kTestNow + 2 * kTestDay);
  cloud_.fail_next(call, Fault::lost_request);
  EXPECT_FALSE(obtain());
  cloud_.clock.set(kTestNow);
  cloud_.fail_next(call, Fault::lost_answer);
  EXPECT_FALSE(obtain());
  restart();
  EXPECT_EQ(obtained().origin,
            "pca:2cb2878b-6cd1-460d-bd25-afe655159bdc/00000000-0000-0000-0000-000000000001");
  EXPECT_EQ(cloud_.issued(), 1U);
}

TEST_P(PcaSourceTest, IssuesWhenTheRequestWasLost) {
  const std::string call = GetParam() == KeyOrigin::local ? "pca.csr" : "pca.issue";
  cloud_.fail_next(call, Fault::lost_request);
  EXPECT_FALSE(obtain());
  cloud_.fail_next(call, Fault::server_error);
  EXPECT_FALSE(obtain());
  restart();
  EXPECT_EQ(obtained().origin,
            "pca:2cb2878b-6cd1-460d-bd25-afe655159bdc/00000000-0000-0000-0000-000000000001");
  EXPECT_EQ(cloud_.count("pca.find"), 2U);
}

TEST_P(PcaSourceTest, GoesOnAfterEveryLostAnswerOnTheWay) {
  const std::string call = GetParam() == KeyOrigin::local ? "pca.csr" : "pca.issue";
  for (const std::string& step :
       {std::string("pca.ca"), call, std::string("pca.find"), std::string("pca.export")}) {
    cloud_.fail_next(step, Fault::lost_answer);
  }
  int attempts = 0;
  while (!obtain() && ++attempts < 20) restart();
  EXPECT_GE(attempts, 3);
  EXPECT_LT(attempts, 20);
  EXPECT_EQ(cloud_.issued(), 1U);
}

TEST_P(PcaSourceTest, KeepsTheOrderOverARefusal) {
  cloud_.fail_next("pca.csr", Fault::forbidden);
  cloud_.fail_next("pca.issue", Fault::forbidden);
  const Result<Outcome> outcome = obtain();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::rejected);
  EXPECT_TRUE(has_order());
  EXPECT_EQ(obtained().origin,
            "pca:2cb2878b-6cd1-460d-bd25-afe655159bdc/00000000-0000-0000-0000-000000000001");
}

TEST_P(PcaSourceTest, DropsAnOrderOfOtherSettings) {
  cloud_.fail_next("pca.export", Fault::server_error);
  EXPECT_FALSE(obtain());
  auto source = spec_.source.as<config::PcaSource>();
  source.validity = 10 * kTestDay;
  spec_.source = source;
  const Obtained second = obtained();
  EXPECT_EQ(second.origin,
            "pca:2cb2878b-6cd1-460d-bd25-afe655159bdc/00000000-0000-0000-0000-000000000002");
  EXPECT_EQ(second.bundle.leaf().not_after(), kTestNow + 10 * kTestDay);
}

TEST_P(PcaSourceTest, DropsAnOrderThatIsAlreadyInstalled) {
  install(obtained());  // and the process dies before installed()
  restart();
  cloud_.clock.advance(21 * kTestDay);
  EXPECT_EQ(obtained().origin,
            "pca:2cb2878b-6cd1-460d-bd25-afe655159bdc/00000000-0000-0000-0000-000000000002");
}

TEST_P(PcaSourceTest, MakesANewOrderAfterARefusalByTheGate) {
  cloud_.fail_next("pca.csr", Fault::wrong_names);
  cloud_.fail_next("pca.issue", Fault::wrong_names);
  const Obtained bad = obtained();
  EXPECT_FALSE(policy::admit({.spec = spec_, .current = nullptr, .bundle = bad.bundle}, kTestNow));
  ASSERT_TRUE(source_->refused(request()));
  const Obtained good = obtained();
  EXPECT_TRUE(policy::admit({.spec = spec_, .current = nullptr, .bundle = good.bundle}, kTestNow));
}

TEST_P(PcaSourceTest, TakesNothingThatHasTheWrongKey) {
  cloud_.fail_next("pca.export", Fault::wrong_key);
  const Result<Outcome> outcome = obtain();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::invalid);
  EXPECT_THAT(outcome.error().message(), HasSubstr("00000000-0000-0000-0000-000000000001"));
  EXPECT_EQ(obtained().origin,
            "pca:2cb2878b-6cd1-460d-bd25-afe655159bdc/00000000-0000-0000-0000-000000000002");
}

TEST_P(PcaSourceTest, OrdersAnewWhatVanishedBeforeItWasCollected) {
  cloud_.fail_next("pca.export", Fault::server_error);
  EXPECT_FALSE(obtain());
  cloud_.remove("00000000-0000-0000-0000-000000000001");
  EXPECT_FALSE(obtain());
  EXPECT_FALSE(has_order());
}

TEST_P(PcaSourceTest, KeepsTheOrderWhenExportingIsNotAllowed) {
  cloud_.fail_always("pca.export", Fault::forbidden);
  for (int i = 0; i < 5; ++i) {
    const Result<Outcome> outcome = obtain();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind(), ErrorKind::rejected);
  }
  EXPECT_EQ(cloud_.issued(), 1U);
}

TEST_P(PcaSourceTest, AsksOnlyAnActiveAuthority) {
  for (const std::string status : {"DISABLED", "PENDING", "EXPIRED", "ACTIVE"}) {
    cloud_.set_authority(status, std::nullopt);
    const Result<Outcome> outcome = obtain();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind(), ErrorKind::rejected);
    EXPECT_THAT(outcome.error().message(), HasSubstr(status));
  }
  EXPECT_EQ(cloud_.issued(), 0U);
  EXPECT_FALSE(has_order());
}

TEST_P(PcaSourceTest, AcceptsAValidityCutByTheAuthority) {
  cloud_.set_authority("ACTIVED", kTestNow + 5 * kTestDay);
  EXPECT_EQ(obtained().bundle.leaf().not_after(), kTestNow + 5 * kTestDay);
}

TEST_P(PcaSourceTest, OrdersNothingThatCouldNotLastLonger) {
  cloud_.set_authority("ACTIVED", kTestNow + 5 * kTestDay);
  install(obtained());
  ASSERT_TRUE(source_->installed(request()));
  cloud_.clock.advance(4 * kTestDay);
  const Result<Outcome> outcome = obtain();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::rejected);
  EXPECT_EQ(cloud_.issued(), 1U);
}

TEST_P(PcaSourceTest, OnlyLooksWhenNotDue) {
  install(obtained());
  ASSERT_TRUE(source_->installed(request()));
  const std::size_t before = cloud_.count_all();
  EXPECT_TRUE(std::holds_alternative<Unchanged>(obtain(false).value()));
  EXPECT_EQ(cloud_.count_all(), before + 1);
  EXPECT_EQ(cloud_.count("pca.show"), 1U);
}

TEST_P(PcaSourceTest, ReplacesARevokedOne) {
  install(obtained());
  ASSERT_TRUE(source_->installed(request()));
  cloud_.set_status("00000000-0000-0000-0000-000000000001", "REVOKED");
  const Obtained next = obtained(false);
  EXPECT_EQ(next.origin,
            "pca:2cb2878b-6cd1-460d-bd25-afe655159bdc/00000000-0000-0000-0000-000000000002");
  EXPECT_TRUE(next.current_must_go);
}

TEST_P(PcaSourceTest, TellsOfARevocation) {
  install(obtained());
  ASSERT_TRUE(source_->installed(request()));
  std::string said;
  ObtainRequest asked = request(false);
  asked.on_revoked = [&said](std::string_view service) { said += service; };
  EXPECT_FALSE(*source_->must_go(asked));
  EXPECT_EQ(said, "");
  cloud_.set_status("00000000-0000-0000-0000-000000000001", "REVOKED");
  EXPECT_TRUE(*source_->must_go(asked));
  EXPECT_EQ(said, "PCA");
}

TEST_P(PcaSourceTest, KeepsOneThatTheServiceForgot) {
  install(obtained());
  ASSERT_TRUE(source_->installed(request()));
  cloud_.remove("00000000-0000-0000-0000-000000000001");
  EXPECT_TRUE(std::holds_alternative<Unchanged>(obtain(false).value()));
  cloud_.fail_next("pca.show", Fault::server_error);
  EXPECT_FALSE(obtain(false));
}

TEST_P(PcaSourceTest, ReplacesWhatAnotherIssuerOrSourceGave) {
  Obtained first = obtained();
  for (const std::string origin : {"pca:ca-0/pca-9", "scm:scs1"}) {
    first.origin = origin;
    install(first);
    ASSERT_TRUE(source_->installed(request()));
    EXPECT_TRUE(obtained(false).current_must_go) << origin;
    ASSERT_TRUE(source_->refused(request()));
  }
  first.origin = "import";
  install(first);
  EXPECT_TRUE(std::holds_alternative<Unchanged>(obtain(false).value()));
}

TEST_P(PcaSourceTest, OrdersNothingThatCannotBeWrittenDown) {
  store_.fail_writes(Error(ErrorKind::transient, "no space left"));
  const Result<Outcome> outcome = obtain();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::transient);
  EXPECT_EQ(cloud_.issued(), 0U);
}

}  // namespace
}  // namespace ccm::sources
