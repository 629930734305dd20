// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "base/file.h"
#include "base/text.h"
#include "config/input/settings.h"
#include "crypto/digest.h"
#include "crypto/verification/serving_rules.h"
#include "publication/codec.h"
#include "publication/reader.h"
#include "publication/snapshot.h"
#include "server/start/bootstrap.h"
#include "store/file_store/file_reader.h"
#include "store/file_store/file_store.h"
#include "store/file_store/version_files.h"
#include "store/host/snapshot_file.h"
#include "store/proof_record.h"
#include "support/memory_log.h"
#include "support/other_writer.h"
#include "support/temp_directory.h"
#include "support/test_ocsp.h"

namespace ccm::server {
namespace {

using publication::Published;
using test::kTestNow;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Bootstrap : public testing::Test {
 protected:
  Bootstrap() { configure("credentials", {"ecs"}), configure("region", {"ap-southeast-1"}); }

  void configure(std::string_view key, std::vector<std::string> arguments) {
    ASSERT_TRUE(settings_.set(key, std::move(arguments), {}));
  }

  void add_certificate(const std::string& name, const std::string& fallback = "on") {
    ASSERT_TRUE(settings_.add_certificate(name, {}));
    ASSERT_TRUE(settings_.set_in(name, "source", {"scm"}, {}));
    ASSERT_TRUE(settings_.set_in(name, "names", {name + ".example.com"}, {}));
    ASSERT_TRUE(settings_.set_in(name, "fallback", {fallback}, {}));
  }

  // The fingerprint of what is installed.
  std::string install(const std::string& name, store::VersionNumber number = 1,
                      test::TestCertificateOptions options = {}) {
    options.names = {name + ".example.com"};
    const auto leaf = test::make_test_leaf(issuer_, std::move(options));
    const auto bundle = crypto::Bundle::make({leaf.certificate, issuer_.certificate}, leaf.key);
    const std::string version = "versions/" + std::to_string(number);
    const std::string folder = certificate_path(name) + "/" + version;
    EXPECT_TRUE(make_directories(folder));
    const store::VersionInfo info{.number = number,
                                  .installed_at = kTestNow,
                                  .not_before = leaf.certificate.not_before(),
                                  .not_after = leaf.certificate.not_after(),
                                  .fingerprint = leaf.certificate.fingerprint(),
                                  .serial = leaf.certificate.serial(),
                                  .origin = "import"};
    EXPECT_TRUE(store::write_version_files(folder, *bundle, info));
    EXPECT_TRUE(replace_symlink(certificate_path(name) + "/current", version));
    response_ = make_test_response(leaf.certificate, issuer_);
    return leaf.certificate.fingerprint();
  }

  // A configuration of one certificate with these names, as after an edit of the server's.
  void configure_only(const std::string& name, std::vector<std::string> names) {
    settings_ = config::Settings();
    configure("credentials", {"ecs"});
    configure("region", {"ap-southeast-1"});
    ASSERT_TRUE(settings_.add_certificate(name, {}));
    ASSERT_TRUE(settings_.set_in(name, "source", {"scm"}, {}));
    ASSERT_TRUE(settings_.set_in(name, "names", std::move(names), {}));
  }

  std::string shown_fingerprint(const publication::Writer& writer, std::string_view name) {
    const auto served = shown(writer, name);
    const bool is_real = served && !served->published.is_placeholder;
    return is_real ? served->published.bundle.leaf().fingerprint() : "";
  }

  std::string certificate_path(const std::string& name) const {
    return (state_ / "certificates").string() + "/" + name;
  }

  publication::Writer run(int segment = -1, Time now = kTestNow) {
    const auto config = settings_.finalize();
    EXPECT_TRUE(config);
    const store::FileReader store(state_.path());
    auto writer =
        bootstrap({.config = *config, .store = store, .segment = segment, .now = now}, log_);
    EXPECT_TRUE(writer);
    return *std::move(writer);
  }

  static std::shared_ptr<const publication::Served> shown(const publication::Writer& writer,
                                                          std::string_view name) {
    auto reader = publication::Reader::open(*writer.open_read_only());
    return reader->get(reader->find(name).value());
  }

  test::TempDirectory state_;
  test::TestAuthority root_ = test::make_test_root();
  test::TestAuthority issuer_ = test::make_test_intermediate(root_);
  std::vector<std::byte> response_;  // about what was installed last
  config::Settings settings_;
  test::MemoryLog log_;
};

TEST_F(Bootstrap, ShowsWhatTheStoreHolds) {
  add_certificate("www");
  const std::string fingerprint = install("www");
  const auto writer = run();
  const auto served = shown(writer, "www");
  ASSERT_TRUE(served);
  EXPECT_FALSE(served->published.is_placeholder);
  EXPECT_EQ(served->published.bundle.leaf().fingerprint(), fingerprint);
  EXPECT_THAT(log_.errors(), IsEmpty());
  EXPECT_THAT(log_.lines(Severity::notice), IsEmpty());
}

TEST_F(Bootstrap, StaplesWhatTheStoreHoldsUntilItsEndUnlessItIsSwitchedOff) {
  add_certificate("www");
  install("www");
  EXPECT_TRUE(store::write_ocsp_response(certificate_path("www") + "/versions/1", response_));
  EXPECT_EQ(shown(run(), "www")->published.ocsp_response, response_);
  const Time end = kTestNow + 7 * test::kTestDay;
  EXPECT_THAT(shown(run(-1, end), "www")->published.ocsp_response, IsEmpty());
  ASSERT_TRUE(settings_.set_in("www", "stapling", {"off"}, {}));
  EXPECT_THAT(shown(run(), "www")->published.ocsp_response, IsEmpty());
}

class WithSnapshot : public Bootstrap {
 protected:
  WithSnapshot() { configure("state_path", {state_.path().string()}); }

  // Version 1, from the store as it is now, which the leader's snapshot then says is current. The
  // store's own file is damaged afterwards: what is shown without a word comes from the snapshot.
  std::string install_and_keep(const std::string& name) {
    const std::string fingerprint = install(name);
    const store::FileReader store(state_.path());
    const auto stored = store.load(name).value().certificate.value();
    const Secret value =
        publication::encode({.bundle = stored.bundle, .ocsp_response = {}}).value();
    const publication::SnapshotEntry entry{.name = name,
                                           .version = 1,
                                           .stamp = store.version_stamp(name),
                                           .rules = crypto::kServingRules,
                                           .begin = stored.info.not_before,
                                           .end = stored.info.not_after,
                                           .names = stored.bundle.leaf().names(),
                                           .value = value.bytes(),
                                           .origin = origin_};
    entries_ += encode_entry(entry).reveal();
    // Without a trace: a file that looks altered is read.
    const auto key = state_ / ("certificates/" + name + "/versions/1/privkey.pem");
    const auto written = std::filesystem::last_write_time(key);
    std::ofstream(key) << "x";
    std::filesystem::last_write_time(key, written);
    keep(entries_);
    return fingerprint;
  }
  void keep(const std::string& entries) {
    EXPECT_TRUE(store::replace_snapshot(
        state_.path().string(),
        Secret::copy_of(std::string(publication::kSnapshotHead) + entries)));
  }

  std::string entries_;
  std::string origin_ = "import";
};

TEST_F(WithSnapshot, ReadsNothingElseOfWhatItHas) {
  add_certificate("www");
  const std::string fingerprint = install_and_keep("www");
  const auto writer = run();
  EXPECT_EQ(shown_fingerprint(writer, "www"), fingerprint);
  EXPECT_EQ(shown_fingerprint(run(writer.descriptor()), "www"), fingerprint);
  EXPECT_EQ(log_.text(), "");
}

TEST_F(WithSnapshot, TheStoreDecidesWhatIsCurrent) {
  add_certificate("www");
  install_and_keep("www");
  const std::string newer = install("www", 2);
  EXPECT_EQ(shown_fingerprint(run(), "www"), newer);
  EXPECT_TRUE(remove_tree(certificate_path("www")));
  const std::string restored = install("www");
  EXPECT_EQ(shown_fingerprint(run(), "www"), restored) << "of the same number, and another";
  EXPECT_TRUE(remove_tree(certificate_path("www")));
  store::remove_snapshot(state_.path().string());
  EXPECT_EQ(shown_fingerprint(run(), "www"), "") << "forgotten";
}

TEST_F(WithSnapshot, AFileThatLooksAlteredIsReadAndSaidAndTheCopyIsShown) {
  add_certificate("www");
  const std::string fingerprint = install_and_keep("www");
  state_.write("certificates/www/versions/1/privkey.pem", "x");
  EXPECT_EQ(shown_fingerprint(run(), "www"), fingerprint);
  EXPECT_THAT(log_.errors(), ElementsAre(HasSubstr("privkey.pem"), HasSubstr("the copy in ")));
}

TEST_F(WithSnapshot, ShowsTheCopiesWhenTheStoreHasLostAll) {
  std::vector<std::string> fingerprints;
  for (const char* name : {"a", "b", "c", "d"}) {
    add_certificate(name);
    fingerprints.push_back(install_and_keep(name));
  }
  const auto away = state_ / "away";
  std::filesystem::rename(state_ / "certificates", away);
  const auto writer = run();
  EXPECT_EQ(shown_fingerprint(writer, "a"), fingerprints[0]);
  EXPECT_EQ(shown_fingerprint(writer, "d"), fingerprints[3]);
  EXPECT_THAT(log_.errors(), ElementsAre(AllOf(HasSubstr("\"a\", \"b\", \"c\" and 1 more"),
                                               HasSubstr(state_.path().string() + "/snapshot"))));
  EXPECT_THAT(log_.lines(Severity::notice), IsEmpty());
  std::filesystem::create_directory(state_ / "certificates");
  EXPECT_EQ(shown_fingerprint(run(), "b"), fingerprints[1]) << "the directory is there and empty";
}

// The agent puts back only what says where it is from.
TEST_F(WithSnapshot, SaysWhatTheAgentWillDo) {
  add_certificate("a");
  add_certificate("b");
  install_and_keep("a");
  origin_.clear();
  install_and_keep("b");
  std::filesystem::rename(state_ / "certificates", state_ / "away");
  run();
  EXPECT_THAT(log_.errors(),
              ElementsAre(AllOf(HasSubstr("for \"a\"; "), HasSubstr("the agent puts it back")),
                          AllOf(HasSubstr("for \"b\"; "), HasSubstr("the agent obtains another"))));
}

TEST_F(WithSnapshot, ACopyIsBetterThanAnOlderVersionOnly) {
  add_certificate("www");
  const std::string older = install("www", 1);
  std::filesystem::rename(certificate_path("www"), state_ / "older");
  const std::string copied = install_and_keep("www");  // version 1 of the snapshot
  EXPECT_TRUE(remove_tree(certificate_path("www")));
  std::filesystem::rename(state_ / "older", certificate_path("www"));
  EXPECT_EQ(shown_fingerprint(run(), "www"), older) << "what is intact in the store counts";
  const std::string newest = install("www", 3);
  const std::string before = install("www", 2);
  EXPECT_TRUE(replace_symlink(certificate_path("www") + "/current", "versions/3"));
  state_.write("certificates/www/versions/3/privkey.pem", "x");
  EXPECT_EQ(shown_fingerprint(run(), "www"), before) << "version 2 is newer than the copy";
  EXPECT_TRUE(remove_tree(certificate_path("www") + "/versions/2"));
  EXPECT_TRUE(remove_tree(certificate_path("www") + "/versions/1"));
  EXPECT_EQ(shown_fingerprint(run(), "www"), copied);
  EXPECT_NE(newest, copied);
}

TEST_F(WithSnapshot, ACopyThatHasEndedIsAFall) {
  add_certificate("www");
  install_and_keep("www");
  EXPECT_TRUE(remove_tree(certificate_path("www")));
  EXPECT_EQ(shown_fingerprint(run(-1, kTestNow + 4000 * test::kTestDay), "www"), "");
  EXPECT_THAT(log_.errors(), ElementsAre(HasSubstr("a self-signed placeholder is shown")));
}

TEST_F(WithSnapshot, AResponseThatCameSinceIsStapled) {
  add_certificate("www");
  install_and_keep("www");
  const store::FileReader store(state_.path());
  EXPECT_TRUE(store::write_ocsp_response(certificate_path("www") + "/versions/1", response_));
  EXPECT_NE(shown_fingerprint(run(), "www"), "");
  EXPECT_THAT(log_.text(), HasSubstr("privkey.pem")) << "the store was asked";
  ASSERT_TRUE(settings_.set_in("www", "stapling", {"off"}, {}));
  EXPECT_NE(shown_fingerprint(run(), "www"), "");
}

TEST_F(WithSnapshot, NamesAndDatesAreChecked) {
  add_certificate("www");
  const std::string fingerprint = install_and_keep("www");
  EXPECT_EQ(shown_fingerprint(run(-1, kTestNow + 9000 * test::kTestDay), "www"), "");
  configure_only("www", {"other.example.com"});
  configure("state_path", {state_.path().string()});
  EXPECT_EQ(shown_fingerprint(run(), "www"), "");
  configure_only("www", {"www.example.com"});
  configure("state_path", {state_.path().string()});
  EXPECT_EQ(shown_fingerprint(run(), "www"), fingerprint);
}

TEST_F(WithSnapshot, ADamagedEntryCostsThatEntry) {
  for (const char* name : {"a", "b", "c"}) add_certificate(name);
  const std::string a = install_and_keep("a");
  const std::size_t begin = entries_.size();
  install_and_keep("b");
  std::string damaged = entries_;
  damaged[begin + 60] = static_cast<char>(damaged[begin + 60] ^ 1);
  const std::size_t length = damaged.size();
  const std::string c = install_and_keep("c");
  damaged += entries_.substr(length);
  keep(damaged);
  const auto writer = run();
  EXPECT_EQ(shown_fingerprint(writer, "a"), a);
  EXPECT_EQ(shown_fingerprint(writer, "b"), "") << "from the store, which is damaged there";
  EXPECT_EQ(shown_fingerprint(writer, "c"), c);
}

TEST_F(WithSnapshot, AStoreThatIsNotBelievedHasNone) {
  add_certificate("www");
  install_and_keep("www");
  const auto config = settings_.finalize();
  const store::FileReader store(state_.path());
  const auto writer = bootstrap({.config = *config,
                                 .store = store,
                                 .segment = -1,
                                 .now = kTestNow,
                                 .distrust = Error(ErrorKind::rejected, "it is anybody's")},
                                log_);
  EXPECT_EQ(shown_fingerprint(*writer, "www"), "");
}

// An older release, with fewer rules, let it in: its files are whole and their checksums fit.
TEST_F(Bootstrap, ShowsAnOlderOneWhenClientsRefuseTheNewest) {
  add_certificate("www");
  const std::string good = install("www", 1);
  install("www", 2, {.extensions = {"1.2.3.4=critical,ASN1:NULL"}});
  EXPECT_EQ(shown_fingerprint(run(), "www"), good);
  EXPECT_THAT(
      log_.errors(),
      ElementsAre(testing::AllOf(
          HasSubstr("version 2, which an earlier release let in, is refused: form: clients"),
          HasSubstr("1.2.3.4"))));
  EXPECT_THAT(
      log_.lines(Severity::warn),
      ElementsAre(HasSubstr("what is stored for it is refused by clients, so what is stored "
                            "for \"www\" is shown, which covers its names (version 1")));
}

TEST_F(Bootstrap, ShowsWhatClientsRefuseRatherThanAPlaceholder) {
  add_certificate("www");
  const std::string only = install("www", 1, {.extensions = {"1.2.3.4=critical,ASN1:NULL"}});
  const auto first = run();
  EXPECT_EQ(shown_fingerprint(first, "www"), only);
  EXPECT_THAT(log_.errors(), ElementsAre(HasSubstr("is refused: form: "),
                                         HasSubstr("is shown until there is a better one")));
  // On a reload too, and it is said again.
  EXPECT_EQ(shown_fingerprint(run(first.descriptor()), "www"), only);
  EXPECT_EQ(log_.errors().size(), 4U);
}

// What was shown is better than what came into the store since, by whatever way.
TEST_F(Bootstrap, KeepsWhatWasShownWhenClientsRefuseWhatIsStored) {
  add_certificate("www");
  const std::string good = install("www");
  const auto first = run();
  EXPECT_TRUE(remove_tree(certificate_path("www")));
  install("www", 1, {.extensions = {"1.2.3.4=critical,ASN1:NULL"}});
  EXPECT_EQ(shown_fingerprint(run(first.descriptor()), "www"), good);
}

// Whoever can write into the store must not be able to keep a server from starting.
class Planted : public Bootstrap {
 protected:
  static constexpr std::size_t kLargestFile = 192U << 10U;  // of store/file_store/version_files.cpp

  // Versions whose every file is as large as it may be and has the checksum that is noted.
  void plant(int count) {
    const std::string junk(kLargestFile, 'x');
    const std::string block = "-----BEGIN CERTIFICATE-----\n" + junk.substr(60);
    const std::string sum = crypto::sha256_hex(block);
    for (int number = 2; number < count + 2; ++number) {
      const std::string folder = "certificates/www/versions/" + std::to_string(number) + "/";
      Record record;
      for (const auto& [key, value] :
           std::map<std::string, std::string>{{"format", "1"},
                                              {"number", std::to_string(number)},
                                              {"installed_at", "1"},
                                              {"not_before", "1"},
                                              {"not_after", "9999999999"},
                                              {"fingerprint", "a"},
                                              {"serial", "b"},
                                              {"origin", "scm:1"}}) {
        record.add(key, value);
      }
      for (const char* file : {"fullchain.pem", "cert.pem", "chain.pem", "privkey.pem"}) {
        record.add("sha256 " + std::string(file), sum);
        state_.write(folder + file, block);
      }
      state_.write(folder + "version", record.serialize());
    }
    EXPECT_TRUE(replace_symlink(certificate_path("www") + "/current",
                                "versions/" + std::to_string(count + 1)));
  }
  // What this process has read from files so far.
  static std::uint64_t bytes_read() {
    std::ifstream io("/proc/self/io");
    std::string word;
    std::uint64_t value = 0;
    while (io >> word >> value) {
      if (word == "rchar:") return value;
    }
    return 0;
  }
  std::uint64_t cost_of_a_start() {
    const std::uint64_t before = bytes_read();
    run();
    return bytes_read() - before;
  }
};

TEST_F(Planted, TwentyLargeVersionsCostAStartABoundedNumberOfBytes) {
  if (bytes_read() == 0) GTEST_SKIP() << "this kernel does not count what a process reads";
  add_certificate("www");
  install("www");
  plant(20);
  const std::uint64_t cost = cost_of_a_start();
  // The current one and eight before it, four files each; all others cost a file that is too large
  // to be a leaf, of which nothing is read, and a record.
  EXPECT_LE(cost, 9 * 4 * kLargestFile + (std::size_t{1} << 20U));
  EXPECT_GE(cost, 9 * kLargestFile) << "the count is none";
  EXPECT_THAT(log_.text(), HasSubstr("version"));
  plant(200);
  EXPECT_LE(cost_of_a_start(), cost + (std::size_t{2} << 20U)) << "cost follows what is planted";
}

TEST_F(Bootstrap, ShowsPlaceholdersOfOneKeyUntilThereIsSomething) {
  add_certificate("a");
  add_certificate("b");
  const auto writer = run();
  const auto a = shown(writer, "a");
  const auto b = shown(writer, "b");
  ASSERT_TRUE(a && b);
  EXPECT_TRUE(a->published.is_placeholder);
  EXPECT_THAT(a->published.bundle.leaf().names(), ElementsAre("a.example.com"));
  EXPECT_THAT(b->published.bundle.leaf().names(), ElementsAre("b.example.com"));
  EXPECT_TRUE(a->published.bundle.key().has_same_public_key(b->published.bundle.key()));
  EXPECT_THAT(log_.lines(Severity::notice),
              ElementsAre(HasSubstr("\"a\""), HasSubstr("placeholder is shown")));
}

TEST_F(Bootstrap, ShowsNothingWithoutFallback) {
  add_certificate("www", "off");
  const auto writer = run();
  EXPECT_THAT(writer.names(), ElementsAre("www"));
  EXPECT_FALSE(shown(writer, "www"));
  EXPECT_THAT(log_.lines(Severity::notice), ElementsAre(HasSubstr("refused (fallback off)")));
}

TEST_F(Bootstrap, DamageCostsThatCertificateOnly) {
  add_certificate("bad");
  add_certificate("good");
  install("bad");
  const std::string fingerprint = install("good");
  state_.write("certificates/bad/versions/1/privkey.pem", "garbage");
  const auto writer = run();
  EXPECT_TRUE(shown(writer, "bad")->published.is_placeholder);
  EXPECT_EQ(shown(writer, "good")->published.bundle.leaf().fingerprint(), fingerprint);
  EXPECT_THAT(log_.errors(), ElementsAre(HasSubstr("certificate \"bad\""),
                                         HasSubstr("nothing usable is stored any more")));
}

TEST_F(Bootstrap, KeepsWhatWasShownWhenTheStoreHasLostIt) {
  add_certificate("www");
  const std::string fingerprint = install("www");
  const auto first = run();
  state_.write("certificates/www/versions/1/privkey.pem", "garbage");

  const auto second = run(first.descriptor());
  EXPECT_EQ(shown(second, "www")->published.bundle.leaf().fingerprint(), fingerprint);
  EXPECT_FALSE(shown(second, "www")->published.is_placeholder);

  const Time end = shown(first, "www")->published.bundle.leaf().not_after();
  EXPECT_TRUE(shown(run(first.descriptor(), end), "www")->published.is_placeholder);
}

TEST_F(Bootstrap, PrefersTheStoreToWhatWasShown) {
  add_certificate("www");
  install("www");
  const auto first = run();
  EXPECT_TRUE(remove_tree(certificate_path("www")));
  const std::string newer = install("www");
  EXPECT_EQ(shown(run(first.descriptor()), "www")->published.bundle.leaf().fingerprint(), newer);
}

TEST_F(Bootstrap, GoesOnWithTheSegmentOfTheSameCertificates) {
  add_certificate("a");
  add_certificate("b");
  install("a");
  const auto first = run();
  auto reader = publication::Reader::open(*first.open_read_only());
  const std::string newer = install("b");
  const auto second = run(first.descriptor());
  // Who mapped the first one sees what is published now.
  const auto served = reader->get(reader->find("b").value());
  EXPECT_EQ(served->published.bundle.leaf().fingerprint(), newer);
}

TEST_F(Bootstrap, LeavesTheSegmentOfOtherCertificatesAsItIs) {
  add_certificate("a");
  const std::string fingerprint = install("a");
  const auto first = run();
  add_certificate("b");
  EXPECT_TRUE(remove_tree(certificate_path("a")));
  install("a");
  const auto second = run(first.descriptor());
  EXPECT_THAT(second.names(), ElementsAre("a", "b"));
  EXPECT_EQ(shown(first, "a")->published.bundle.leaf().fingerprint(), fingerprint);
}

TEST_F(Bootstrap, AuthoritiesFindInANewSegmentWhatTheyFoundInTheOneBefore) {
  add_certificate("www");
  publication::Writer before = run();
  ASSERT_TRUE(before.publish_proofs("www.example.com a.txt value\n"));
  add_certificate("shop");
  const auto after = run(before.descriptor());
  const auto reader = publication::Reader::open(*after.open_read_only());
  EXPECT_EQ(reader->slot_count(), 2U);
  EXPECT_EQ(reader->proofs().value(), "www.example.com a.txt value\n");
}

TEST_F(Bootstrap, AuthoritiesFindWhatIsStoredFromTheStart) {
  add_certificate("www");
  const auto store = store::open_file_store(state_.path()).value();
  const auto lease = store->try_lead().value();
  const std::vector<store::FileProof> proofs{{"www.example.com", "a.txt", "value"}};
  ASSERT_TRUE(store::write_file_proofs(*store, *lease, "www", proofs));
  const auto writer = run();
  const auto reader = publication::Reader::open(*writer.open_read_only());
  EXPECT_EQ(reader->proofs().value(), "www.example.com a.txt value\n");
}

// Few of 100,000 have one, so what the snapshot has is not asked. What another server of the store
// names looks the same here.
TEST_F(WithSnapshot, ACatalogueLeavesProofsOfWhatIsNotConfiguredToTheAgent) {
  add_certificate("www");
  configure("catalogue", {"edge", "source=store"});
  const auto store = store::open_file_store(state_.path()).value();
  const auto lease = store->try_lead().value();
  for (const std::string name : {"catalogued", "ordered", "www"}) {
    ASSERT_TRUE(
        store::write_file_proofs(*store, *lease, name, {{name + ".example.com", "a.txt", "v"}}));
  }
  install_and_keep("catalogued");
  install_and_keep("www");
  const auto writer = run();
  const auto reader = publication::Reader::open(*writer.open_read_only());
  EXPECT_EQ(reader->proofs().value(), "ordered.example.com a.txt v\nwww.example.com a.txt v\n");
}

TEST_F(Bootstrap, APlaceholderVanishesWithItsFallback) {
  add_certificate("www");
  const auto first = run();
  ASSERT_TRUE(shown(first, "www")->published.is_placeholder);
  settings_ = config::Settings();
  configure("credentials", {"ecs"});
  configure("region", {"ap-southeast-1"});
  add_certificate("www", "off");
  EXPECT_FALSE(shown(run(first.descriptor()), "www"));
}

TEST_F(Bootstrap, TakesNoSegmentThatAnotherProcessStillWrites) {
  add_certificate("www");
  std::optional<publication::Writer> first = run();
  auto reader = publication::Reader::open(*first->open_read_only());
  const FileDescriptor segment(dup(first->descriptor()));
  first.reset();
  const test::OtherWriter other(segment.get());
  ASSERT_TRUE(other.is_writing());
  const std::string newer = install("www");
  EXPECT_EQ(shown(run(segment.get()), "www")->published.bundle.leaf().fingerprint(), newer);
  EXPECT_TRUE(reader->get(reader->find("www").value())->published.is_placeholder);
}

TEST_F(Bootstrap, ASegmentOfAnotherReleaseCountsAsNone) {
  add_certificate("www");
  const std::string fingerprint = install("www");
  state_.write("none", "this is no segment");
  const FileDescriptor none(open((state_ / "none").c_str(), O_RDWR | O_CLOEXEC));
  EXPECT_EQ(shown(run(none.get()), "www")->published.bundle.leaf().fingerprint(), fingerprint);
}

TEST_F(Bootstrap, ShowsWhatIsStoredByAnotherNameAndCoversIt) {
  const std::string fingerprint = install("old");
  configure_only("renamed", {"old.example.com"});
  EXPECT_EQ(shown_fingerprint(run(), "renamed"), fingerprint);
  EXPECT_THAT(log_.errors(), IsEmpty());
  EXPECT_THAT(log_.lines(Severity::warn),
              ElementsAre(testing::AllOf(HasSubstr("nothing usable is stored for it"),
                                         HasSubstr("what is stored for \"old\" is shown"))));
}

TEST_F(Bootstrap, ShowsAnotherWhenItsOwnHasExpiredOrCoversLess) {
  const std::string good = install("good");
  install("www");
  configure_only("www", {"good.example.com"});
  EXPECT_EQ(shown_fingerprint(run(), "www"), good);
  EXPECT_THAT(log_.text(), HasSubstr("does not cover \"good.example.com\""));
}

TEST_F(Bootstrap, ShowsWhatWasShownByAnotherNameWhenTheStoreIsGone) {
  add_certificate("old");
  const std::string fingerprint = install("old");
  const auto first = run();
  EXPECT_TRUE(remove_tree(certificate_path("old")));
  configure_only("renamed", {"old.example.com"});
  EXPECT_EQ(shown_fingerprint(run(first.descriptor()), "renamed"), fingerprint);
  EXPECT_THAT(log_.text(), HasSubstr("shown before by another name"));
  EXPECT_THAT(log_.errors(), IsEmpty());
}

TEST_F(Bootstrap, ShowsWhatCoversSomeNamesWhenNothingCoversAll) {
  const std::string www = install("www");
  configure_only("new", {"new.example.com", "www.example.com"});
  EXPECT_EQ(shown_fingerprint(run(), "new"), www);
  EXPECT_THAT(log_.errors(),
              ElementsAre(HasSubstr("covers some of them (not \"new.example.com\")")));
}

TEST_F(Bootstrap, AFallToThePlaceholderIsAnError) {
  install("old");
  configure_only("renamed", {"old.example.com"});
  const auto writer = run(-1, kTestNow + 4000 * test::kTestDay);
  EXPECT_TRUE(shown(writer, "renamed")->published.is_placeholder);
  EXPECT_THAT(log_.errors(), ElementsAre(HasSubstr("a self-signed placeholder is shown")));
  EXPECT_THAT(log_.lines(Severity::notice), IsEmpty());
}

TEST_F(Bootstrap, ShowsNothingOfAStoreThatOthersMayHaveWritten) {
  add_certificate("www");
  install("www");
  const auto config = settings_.finalize();
  const store::FileReader store(state_.path());
  const auto writer = bootstrap({.config = *config,
                                 .store = store,
                                 .segment = -1,
                                 .now = kTestNow,
                                 .distrust = Error(ErrorKind::rejected, "it is anybody's")},
                                log_);
  ASSERT_TRUE(writer);
  EXPECT_TRUE(shown(*writer, "www")->published.is_placeholder);
  EXPECT_THAT(log_.errors(), ElementsAre(HasSubstr("it is anybody's; nothing in it is shown")));
}

TEST_F(Bootstrap, NeedsNoStore) {
  add_certificate("www");
  const auto config = settings_.finalize();
  const store::FileReader nowhere((state_ / "missing").string());
  const auto writer =
      bootstrap({.config = *config, .store = nowhere, .segment = -1, .now = kTestNow}, log_);
  ASSERT_TRUE(writer);
  EXPECT_TRUE(shown(*writer, "www")->published.is_placeholder);
  EXPECT_THAT(log_.errors(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(state_ / "missing"));
}

}  // namespace
}  // namespace ccm::server
