// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/publishing/publisher.h"
#include "base/file.h"
#include "config/input/settings.h"
#include "publication/codec.h"
#include "publication/reader.h"
#include "store/file_store/file_store.h"
#include "store/file_store/version_files.h"
#include "store/host/snapshot_file.h"
#include "support/admission.h"
#include "support/fake_clock.h"
#include "support/temp_directory.h"
#include "support/test_bundle.h"
#include "support/test_ocsp.h"

namespace ccm::agent {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Lines final : public Log {
 public:
  void write(Severity severity, std::string_view line) noexcept override {
    lines_.push_back(std::string(to_string(severity)) + " " + std::string(line));
  }
  // What was written since the last time.
  std::vector<std::string> take() { return std::exchange(lines_, {}); }

 private:
  std::vector<std::string> lines_;
};

class PublisherTest : public ::testing::Test {
 protected:
  void SetUp() override {
    config::Settings settings;
    ASSERT_TRUE(settings.set("credentials", {"ecs"}, {}));
    ASSERT_TRUE(settings.set("region", {"ap-southeast-1"}, {}));
    ASSERT_TRUE(settings.set("state_path", {directory_.path().string()}, {}));
    ASSERT_TRUE(settings.add_certificate("www", {}));
    ASSERT_TRUE(settings.set_in("www", "source", {"scm"}, {}));
    ASSERT_TRUE(settings.set_in("www", "names", {"www.example.com"}, {}));
    Result<config::Config> config = settings.finalize();
    ASSERT_TRUE(config) << config.error().message();
    config_ = std::move(*config);
    writer_ = publication::Writer::create({"www"}).value();
    reader_ = publication::Reader::open(writer_->open_read_only().value()).value();
    // A second writer of the same segment, as a respawned agent is.
    start_again();
  }
  void start_again() {
    publisher_.emplace(
        *config_, *store_, directory_.path().string(),
        publication::Writer::attach(FileDescriptor(dup(writer_->descriptor()))).value(), life_,
        log_);
  }
  crypto::Bundle install(const std::string& name = "www") {
    const crypto::Bundle bundle = test::make_test_bundle();
    const std::unique_ptr<store::Lease> lease = store_->try_lead().value();
    EXPECT_TRUE(store_->install(*lease, test::let_in(name, bundle),
                                {.bundle = bundle,
                                 .origin = "import",
                                 .expected = store_->current_version(name),
                                 .keep = 3,
                                 .now = test::kTestNow}));
    return bundle;
  }
  void keep_response(const std::vector<std::byte>& der) {
    const std::unique_ptr<store::Lease> lease = store_->try_lead().value();
    EXPECT_TRUE(store_->keep_response(*lease, "www", store_->current_version("www"), der));
  }
  std::vector<std::byte> stapled() {
    return reader_->get(reader_->find("www").value())->published.ocsp_response;
  }
  void damage(int version) {
    directory_.write("certificates/www/versions/" + std::to_string(version) + "/privkey.pem", "x");
  }
  // What ccmctl is told.
  std::optional<store::VersionNumber> reported() {
    return store::look_at_agent(directory_.path().string(), {config::ServerKind::nginx, {}},
                                clock_.steady_now())
        .serves("www");
  }
  std::string served() {
    const auto served = reader_->get(reader_->find("www").value());
    return served ? served->published.bundle.leaf().serial() : "";
  }

  test::TempDirectory directory_{test::memory_backed_parent()};
  std::unique_ptr<store::Store> store_ = store::open_file_store(directory_.path().string()).value();
  std::optional<config::Config> config_;
  std::optional<publication::Writer> writer_;
  std::optional<publication::Reader> reader_;
  Lines log_;
  test::FakeClock clock_;
  config::ServerFacts server_{.kind = config::ServerKind::nginx, .error_log = {}, .launch_id = {}};
  SignOfLife life_{{.state_path = directory_.path().string(),
                    .server = server_,
                    .publishes = {"www"},
                    .pulse = {},
                    .clock = clock_,
                    .log = log_}};
  std::optional<Publisher> publisher_;
};

TEST_F(PublisherTest, HasNothingToSayAboutAnEmptyStore) {
  publisher_->refresh(test::kTestNow);
  EXPECT_EQ(served(), "");
  EXPECT_THAT(log_.take(), IsEmpty());
}

TEST_F(PublisherTest, LeavesWhatTheServerChoseInsteadOfWhatHasExpired) {
  const crypto::Bundle chosen = test::make_test_bundle();
  install();
  ASSERT_TRUE(writer_->publish("www", {.bundle = chosen, .ocsp_response = {}}));
  const Time end = chosen.leaf().not_after();
  publisher_->refresh(end);
  EXPECT_EQ(served(), chosen.leaf().serial());
  EXPECT_THAT(log_.take(), IsEmpty());
  const std::string next = install().leaf().serial();
  publisher_->refresh(test::kTestNow);
  EXPECT_EQ(served(), next);
}

// A machine that begins with a wrong clock, and a server that chose accordingly.
TEST_F(PublisherTest, ShowsWhatAWrongClockKeptBackAsSoonAsItIsRight) {
  const crypto::Bundle chosen = test::make_test_bundle();
  const crypto::Bundle newest = install();
  ASSERT_TRUE(writer_->publish("www", {.bundle = chosen, .ocsp_response = {}}));
  const Time first = newest.leaf().not_before();
  publisher_->refresh(first - Seconds(60));
  EXPECT_EQ(served(), chosen.leaf().serial());
  EXPECT_THAT(log_.take(),
              ElementsAre(fmt::format(
                  "warn certificate \"www\": version 1 is valid only from {}, and this machine's "
                  "clock says {}: what is served stays until then; the clock may be behind",
                  format_time(first), format_time(first - Seconds(60)))));
  publisher_->clock_was_set();
  publisher_->refresh(first - Seconds(1));
  EXPECT_EQ(served(), chosen.leaf().serial());
  EXPECT_THAT(log_.take(), IsEmpty()) << "once";
  publisher_->clock_was_set();
  publisher_->refresh(test::kTestNow);
  EXPECT_EQ(served(), newest.leaf().serial());
  EXPECT_EQ(reported(), 1U);
  log_.take();
  publisher_->clock_was_set();
  publisher_->refresh(test::kTestNow);
  EXPECT_THAT(log_.take(), IsEmpty());
}

// Time passes, and no clock is set.
TEST_F(PublisherTest, ShowsWhatWasKeptBackWhenItsDayHasCome) {
  const crypto::Bundle chosen = test::make_test_bundle();
  const crypto::Bundle newest = install();
  ASSERT_TRUE(writer_->publish("www", {.bundle = chosen, .ocsp_response = {}}));
  publisher_->refresh(newest.leaf().not_before() - Seconds(1));
  EXPECT_EQ(served(), chosen.leaf().serial());
  clock_.advance(Seconds(1));
  publisher_->refresh(test::kTestNow);
  EXPECT_EQ(served(), newest.leaf().serial());
}

TEST_F(PublisherTest, StaplesWhatAWrongClockKeptBackAsSoonAsItIsRight) {
  const crypto::Bundle bundle = install();
  const auto good = make_test_response(bundle.leaf(), test::test_issuing_authority());
  keep_response(good);
  publisher_->refresh(bundle.leaf().not_before() - Seconds(1));
  EXPECT_THAT(stapled(), IsEmpty());
  publisher_->clock_was_set();
  publisher_->refresh(test::kTestNow);
  EXPECT_EQ(stapled(), good);
}

// The server found a better one in the store; the engine makes it current in a moment.
TEST_F(PublisherTest, LeavesWhatTheServerChoseInsteadOfWhatClientsRefuse) {
  const crypto::Bundle chosen = test::make_test_bundle();
  install();
  const crypto::Bundle refused =
      test::make_test_bundle("www.example.com", {.extensions = {"1.2.3.4=critical,ASN1:NULL"}});
  const std::string folder = (directory_ / "certificates/www/versions/2").string();
  ASSERT_TRUE(make_directories(folder));
  // As an older release left it.
  ASSERT_TRUE(store::write_version_files(folder, refused,
                                         {.number = 2,
                                          .installed_at = test::kTestNow,
                                          .not_before = refused.leaf().not_before(),
                                          .not_after = refused.leaf().not_after(),
                                          .fingerprint = refused.leaf().fingerprint(),
                                          .serial = refused.leaf().serial(),
                                          .origin = "scm:1"}));
  ASSERT_TRUE(replace_symlink((directory_ / "certificates/www/current").string(), "versions/2"));
  ASSERT_TRUE(writer_->publish("www", {.bundle = chosen, .ocsp_response = {}}));
  publisher_->refresh(test::kTestNow);
  EXPECT_EQ(served(), chosen.leaf().serial());
  EXPECT_FALSE(reported());
  // Where the server had no choice, ccmctl is told what is served.
  ASSERT_TRUE(writer_->publish("www", {.bundle = refused, .ocsp_response = {}}));
  start_again();
  publisher_->refresh(test::kTestNow);
  EXPECT_EQ(reported(), 2U);
}

TEST_F(PublisherTest, PublishesEachVersionOnce) {
  for (int version = 1; version <= 2; ++version) {
    const std::string serial = install().leaf().serial();
    publisher_->refresh(test::kTestNow);
    EXPECT_EQ(served(), serial);
    EXPECT_EQ(reported(), version);
    EXPECT_THAT(log_.take(), ElementsAre(AllOf(HasSubstr("notice certificate \"www\""),
                                               HasSubstr("version " + std::to_string(version)),
                                               HasSubstr(serial), HasSubstr("valid until"))));
    publisher_->refresh(test::kTestNow);
    EXPECT_THAT(log_.take(), IsEmpty());
  }
}

TEST_F(PublisherTest, ShowsTheServerThatItLives) {
  EXPECT_FALSE(reader_->last_beat());
  clock_.advance(Seconds(7));
  publisher_->refresh(test::kTestNow);
  EXPECT_EQ(reader_->last_beat(), clock_.steady_now());
}

TEST_F(PublisherTest, FollowsARestoredVersion) {
  const std::string first = install().leaf().serial();
  install();
  publisher_->refresh(test::kTestNow);
  {
    const std::unique_ptr<store::Lease> lease = store_->try_lead().value();
    ASSERT_TRUE(store_->restore(*lease, test::let_back(*store_, "www", 1), 1));
  }
  publisher_->refresh(test::kTestNow);
  EXPECT_EQ(served(), first);
}

TEST_F(PublisherTest, StartingAgainWithTheSameVersionIsNoNews) {
  const std::string serial = install().leaf().serial();
  publisher_->refresh(test::kTestNow);
  log_.take();
  start_again();
  publisher_->refresh(test::kTestNow);
  EXPECT_EQ(served(), serial);
  EXPECT_THAT(log_.take(), IsEmpty());
}

TEST_F(PublisherTest, PublishesAResponseOfTheSameVersion) {
  const crypto::Bundle bundle = install();
  publisher_->refresh(test::kTestNow);
  log_.take();
  const auto& issuer = test::test_issuing_authority();
  const auto good = make_test_response(bundle.leaf(), issuer);
  keep_response(good);
  publisher_->refresh(test::kTestNow);
  EXPECT_EQ(stapled(), good);
  EXPECT_THAT(log_.take(), ElementsAre(HasSubstr("stapled until 2026-02-07T00:00:00Z")));
  publisher_->refresh(test::kTestNow);
  const auto next = make_test_response(bundle.leaf(), issuer, {.this_update = test::kTestNow});
  keep_response(next);
  publisher_->refresh(test::kTestNow);
  EXPECT_EQ(stapled(), next);
  keep_response({});
  log_.take();
  publisher_->refresh(test::kTestNow);
  EXPECT_THAT(stapled(), IsEmpty());
  EXPECT_THAT(log_.take(), ElementsAre(HasSubstr("no OCSP response is stapled any more")));
  EXPECT_EQ(served(), bundle.leaf().serial());
}

TEST_F(PublisherTest, StaplesNothingThatIsNotGoodAboutThisCertificate) {
  const crypto::Bundle bundle = install();
  const auto& issuer = test::test_issuing_authority();
  for (const auto& der :
       {make_test_response(bundle.leaf(), issuer, {.status = crypto::OcspStatus::revoked}),
        make_test_response(bundle.leaf(), issuer, {.next_update = test::kTestNow}),
        make_test_response(test::make_test_bundle().leaf(), issuer)}) {
    keep_response(der);
    publisher_->refresh(test::kTestNow);
    EXPECT_THAT(stapled(), IsEmpty());
  }
}

TEST_F(PublisherTest, ADamagedVersionIsSaidOnceAndTheServedOneStays) {
  install();
  const std::string second = install().leaf().serial();
  publisher_->refresh(test::kTestNow);
  log_.take();
  damage(2);
  // Only a new process looks again at what it has seen; it must not fall back behind what is
  // served.
  start_again();
  publisher_->refresh(test::kTestNow);
  publisher_->refresh(test::kTestNow);
  EXPECT_EQ(served(), second);
  EXPECT_NE(reported(), 1) << "the older one is not served";
  EXPECT_THAT(log_.take(), ElementsAre(AllOf(HasSubstr("error"), HasSubstr("privkey.pem"))));
}

TEST_F(PublisherTest, WhatTheStoreHasLostIsSaidOnceAndStaysServed) {
  const std::string serial = install().leaf().serial();
  publisher_->refresh(test::kTestNow);
  log_.take();
  const auto folder = directory_ / "certificates";
  std::filesystem::rename(folder, directory_ / "away");
  for (int turn = 0; turn < 2; ++turn) {
    publisher_->notice({"www"});
    publisher_->refresh(test::kTestNow);
  }
  EXPECT_EQ(served(), serial);
  EXPECT_THAT(log_.take(), ElementsAre(AllOf(
                               HasSubstr("error the store has lost what was installed for \"www\""),
                               HasSubstr(folder.string()))));
  std::filesystem::rename(directory_ / "away", folder);
  publisher_->notice({"www"});
  publisher_->refresh(test::kTestNow);
  EXPECT_EQ(served(), serial);
  EXPECT_THAT(log_.take(), IsEmpty());
}

TEST_F(PublisherTest, AnotherVersionOfTheSameNumberIsNews) {
  install();
  publisher_->refresh(test::kTestNow);
  log_.take();
  ASSERT_TRUE(remove_tree((directory_ / "certificates/www").string()));
  const std::string other = install().leaf().serial();
  ASSERT_EQ(store_->current_version("www"), 1U);
  publisher_->refresh(test::kTestNow);
  EXPECT_EQ(served(), other);
  EXPECT_THAT(log_.take(), ElementsAre(HasSubstr("version 1 is now served")));
}

// A backup of long ago.
TEST_F(PublisherTest, ARestoredVersionThatHasEndedIsNotShown) {
  install();
  publisher_->refresh(test::kTestNow);
  std::filesystem::rename(directory_ / "certificates/www", directory_ / "backup");
  const crypto::Bundle next = test::make_test_bundle(
      "www.example.com", {.not_after = test::kTestNow + 900 * test::kTestDay});
  const std::unique_ptr<store::Lease> lease = store_->try_lead().value();
  for (const store::VersionNumber expected : {0U, 1U}) {
    ASSERT_TRUE(store_->install(*lease, test::let_in("www", next),
                                {.bundle = next,
                                 .origin = "import",
                                 .expected = expected,
                                 .keep = 3,
                                 .now = test::kTestNow}));
  }
  publisher_->refresh(test::kTestNow);
  EXPECT_EQ(served(), next.leaf().serial());
  ASSERT_TRUE(remove_tree((directory_ / "certificates/www").string()));
  std::filesystem::rename(directory_ / "backup", directory_ / "certificates/www");
  publisher_->notice({"www"});
  publisher_->refresh(test::kTestNow + 400 * test::kTestDay);
  EXPECT_EQ(served(), next.leaf().serial());
  EXPECT_NE(reported(), 1U);
}

TEST_F(PublisherTest, AnOlderVersionIsBetterThanNone) {
  const std::string first = install().leaf().serial();
  install();
  damage(2);
  publisher_->refresh(test::kTestNow);
  EXPECT_EQ(served(), first);
  EXPECT_EQ(reported(), 1);
}

// The configured name leads to another directory by now.
TEST_F(PublisherTest, LooksForCopiesWhereItWorks) {
  config::Settings settings;
  ASSERT_TRUE(settings.set("catalogue", {"all", "source=store"}, {}));
  ASSERT_TRUE(settings.set("state_path", {"/nonexistent/elsewhere"}, {}));
  config_ = settings.finalize().value();
  writer_ = publication::Writer::create({}, {}, {"all"}).value();
  start_again();
  install("other");
  const crypto::Bundle bundle = install("www");
  publisher_->refresh(test::kTestNow);
  while (publisher_->has_more()) publisher_->refresh(test::kTestNow);
  const Secret value = publication::encode({.bundle = bundle, .ocsp_response = {}}).value();
  const publication::SnapshotEntry entry{
      .name = "www", .version = 1, .value = value.bytes(), .origin = "import"};
  ASSERT_TRUE(store::replace_snapshot(
      directory_.path().string(),
      Secret::copy_of(std::string(publication::kSnapshotHead) +
                      std::string(publication::encode_entry(entry).reveal()))));
  ASSERT_TRUE(remove_tree((directory_ / "certificates/www").string()));
  clock_.advance(CataloguePublisher::kRound);
  publisher_->refresh(test::kTestNow);
  while (publisher_->has_more()) publisher_->refresh(test::kTestNow);
  EXPECT_THAT(publisher_->writer().catalogues().front()->entries(), ElementsAre("other", "www"));
}

}  // namespace
}  // namespace ccm::agent
