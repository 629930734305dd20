// SPDX-License-Identifier: Apache-2.0
// A kind of source that nobody but its own files and the two tables knows, from the words of the
// configuration to those of the status.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "cli/cloud/permissions.h"
#include "cli/host/overview.h"
#include "config/input/settings.h"
#include "config/input/wire.h"
#include "lifecycle/lifecycle.h"
#include "lifecycle/schedule/deadline.h"
#include "support/fake_cloud.h"
#include "support/memory_log.h"
#include "support/memory_store.h"
#include "support/toy_source.h"

namespace ccm::cli {
namespace {

using ccm::test::kTestDay;
using ccm::test::kTestNow;
using testing::HasSubstr;

using Lines = std::vector<std::vector<std::string>>;

config::Settings settings_of(const Lines& lines) {
  config::Settings settings;
  EXPECT_TRUE(settings.add_certificate("www", {}));
  for (const auto& line : lines) {
    EXPECT_TRUE(settings.set_in("www", line[0], {line.begin() + 1, line.end()}, {})) << line[0];
  }
  return settings;
}

config::Settings toy_settings(const std::string& box) {
  return settings_of(
      {{"source", "toy", "box=" + box}, {"names", "www.example.com"}, {"validity", "20d"}});
}

config::CertificateSpec only_spec(const config::Settings& settings) {
  return settings.finalize().value().certificates().at(0);
}

class ThirdSourceTest : public testing::Test {
 protected:
  const ccm::test::ToyInTables toy_;
};

TEST_F(ThirdSourceTest, IsParsedLikeTheOthers) {
  const config::CertificateSpec spec = only_spec(toy_settings("blue"));
  EXPECT_EQ(spec.source,
            config::SourceSpec(ccm::test::ToySource{.box = "blue", .validity = 20 * kTestDay}));

  config::Settings wrong;
  ASSERT_TRUE(wrong.add_certificate("www", {}));
  const auto no_box = wrong.set_in("www", "source", {"toy"}, {});
  ASSERT_FALSE(no_box);
  EXPECT_THAT(no_box.error().message(), HasSubstr("the box is missing; write toy box=NAME"));
  const auto unknown = wrong.set_in("www", "source", {"train"}, {});
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message(), HasSubstr(", pca issuer=ID or toy box=NAME"));
}

TEST_F(ThirdSourceTest, HasAShortForm) {
  config::Settings settings;
  ASSERT_TRUE(settings.use({"source=toy", "box=blue"}, {"www.example.com"}, {}));
  EXPECT_EQ(only_spec(settings).source.facts().label, "toy:blue");
  const auto nothing = settings.use({"name=a"}, {"a.example.com"}, {});
  ASSERT_FALSE(nothing);
  EXPECT_THAT(nothing.error().message(),
              HasSubstr("write source=scm, source=pca issuer=ID or source=toy box=NAME"));
}

TEST_F(ThirdSourceTest, AppliesItsOwnRules) {
  const auto crowded = settings_of({{"source", "toy", "box=blue"},
                                    {"names", "a.example.com", "b.example.com", "c.example.com"}})
                           .finalize();
  ASSERT_FALSE(crowded);
  EXPECT_THAT(crowded.error().message(), HasSubstr("a toy has room for two names"));
}

TEST_F(ThirdSourceTest, IsPartOfTheFingerprintAndTravels) {
  const config::Settings blue = toy_settings("blue");
  const std::string fingerprint = only_spec(blue).fingerprint();
  EXPECT_NE(fingerprint, only_spec(toy_settings("red")).fingerprint());
  const auto arrived = config::decode_handover(config::encode_handover({{}, blue}));
  ASSERT_TRUE(arrived) << arrived.error().message();
  EXPECT_EQ(only_spec(arrived->settings).fingerprint(), fingerprint);
}

class ThirdSourceAtWorkTest : public ThirdSourceTest {
 protected:
  void attempt(const std::string& box) {
    config_ = std::make_unique<config::Config>(toy_settings(box).finalize().value());
    lifecycle::Lifecycle lifecycle(
        {.config = *config_,
         .store = store_,
         .source_of = [this](const config::SourceSpec& source) -> sources::Source& {
           return sources_.of(source);
         },
         .clock = cloud_.clock,
         .log = log_,
         .launch_id = "launch"});
    lifecycle.start(*lease_);
    for (const std::string& name : lifecycle.take_due(cloud_.clock.now(), 10)) {
      lifecycle.attempt(name, *lease_);
    }
  }

  ccm::test::FakeCloud cloud_;
  ccm::test::CloudClients clients_{cloud_};
  ccm::test::MemoryStore store_;
  ccm::test::MemoryLog log_;
  std::unique_ptr<store::Lease> lease_ = store_.try_lead().value();
  const cloud::Endpoints endpoints_{.iam = {}, .scm = {}, .pca = {}};
  const sources::Sources sources_{{clients_.session, endpoints_, store_, cloud_.clock, log_}};
  std::unique_ptr<config::Config> config_;
};

TEST_F(ThirdSourceAtWorkTest, GivesWhatIsInstalledAndShown) {
  attempt("blue");
  const auto loaded = store_.load("www").value();
  ASSERT_TRUE(loaded.certificate) << log_.text();
  EXPECT_EQ(loaded.certificate->info.origin, "toy:blue/1");
  EXPECT_EQ(loaded.certificate->info.not_after, kTestNow + 20 * kTestDay);
  EXPECT_EQ(cloud_.count_all(), 0U);

  Overview overview{};
  overview.name = "www";
  overview.spec = &config_->certificates().front();
  EXPECT_EQ(source_of(overview), "toy:blue");
  EXPECT_EQ(config::kind_of_origin("toy:blue/1"), &ccm::test::kToyKind);
  EXPECT_FALSE(sources::service_of_origin("toy:blue/1"));
}

TEST_F(ThirdSourceAtWorkTest, IsHeardBeforeTheGateOpens) {
  attempt("wrong");
  EXPECT_FALSE(store_.load("www").value().certificate);
  EXPECT_THAT(log_.text(), HasSubstr("toy: it lives longer than it should"));
  const config::CertificateSpec& spec = config_->certificates().front();
  EXPECT_TRUE(lifecycle::costs_a_certificate(Error(ErrorKind::invalid, "refused"), spec));
}

TEST_F(ThirdSourceTest, SaysWhatItNeeds) {
  EXPECT_THAT(variant_names(), testing::Contains("toy"));
  EXPECT_EQ(variant_of(only_spec(toy_settings("blue")).source), "toy");
  EXPECT_TRUE(needs_of({"toy"}).empty());
}

TEST(ThirdSource, IsUnknownWithoutItsRow) {
  EXPECT_EQ(config::find_source_kind("toy"), nullptr);
  config::Settings settings;
  ASSERT_TRUE(settings.add_certificate("www", {}));
  EXPECT_FALSE(settings.set_in("www", "source", {"toy", "box=blue"}, {}));
}

}  // namespace
}  // namespace ccm::cli
