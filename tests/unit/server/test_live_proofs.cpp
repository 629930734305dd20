// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "publication/writer.h"
#include "server/watch/live_proofs.h"
#include "store/proof_record.h"
#include "support/memory_log.h"

namespace ccm::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kFile = "/.well-known/pki-validation/a.txt";

class LiveProofsTest : public testing::Test {
 protected:
  LiveProofsTest() { proofs_.attach(reader_); }

  void publish(const std::vector<store::FileProof>& proofs) {
    ASSERT_TRUE(writer_.publish_proofs(store::serialize_proofs(proofs)));
  }
  std::string answer(std::string_view host, std::string_view path = kFile) {
    return proofs_.find(host, path).value_or("nothing");
  }

  test::MemoryLog log_;
  publication::Writer writer_ = publication::Writer::create({"www"}).value();
  publication::Reader reader_ = publication::Reader::open(writer_.open_read_only().value()).value();
  LiveProofs proofs_{log_};
};

TEST_F(LiveProofsTest, WithoutAnyNothingIsLookedAt) {
  LiveProofs unattached(log_);
  EXPECT_FALSE(unattached.has_any());
  EXPECT_EQ(unattached.find("www.example.com", kFile), std::nullopt);
  EXPECT_FALSE(proofs_.has_any());
  EXPECT_EQ(answer("www.example.com"), "nothing");
}

TEST_F(LiveProofsTest, AnswersForTheDomainAndTheFileOnly) {
  publish({{"www.example.com", "a.txt", "value a"}, {"example.com", "b.txt", "value b"}});
  EXPECT_TRUE(proofs_.has_any());
  EXPECT_EQ(answer("www.example.com"), "value a");
  EXPECT_EQ(answer("WWW.Example.COM"), "value a");
  EXPECT_EQ(answer("www.example.com."), "value a");
  EXPECT_EQ(answer("example.com", "/.well-known/pki-validation/b.txt"), "value b");
  EXPECT_EQ(answer("example.com"), "nothing");
  EXPECT_EQ(answer("www.example.org"), "nothing");
  EXPECT_EQ(answer(""), "nothing");
  EXPECT_EQ(answer("not a host"), "nothing");
}

TEST_F(LiveProofsTest, AnswersAtExactlyThePath) {
  publish({{"www.example.com", "a.txt", "v"}});
  for (const char* path :
       {"/", "", "/a.txt", "/.well-known/pki-validation/", "/.well-known/pki-validation/b.txt",
        "/.well-known/pki-validation/A.txt", "/.well-known/pki-validation/a.txt/",
        "/.well-known/pki-validation//a.txt", "//.well-known/pki-validation/a.txt",
        "/.well-known/pki-validation/%61.txt", "/.well-known/pki-validation/x/../a.txt",
        "/.well-known/PKI-validation/a.txt", "/.well-known/acme-challenge/a.txt"}) {
    EXPECT_EQ(answer("www.example.com", path), "nothing") << path;
  }
}

TEST_F(LiveProofsTest, TheUsualFilesAreTwo) {
  publish({{"www.example.com", "", "v"}});
  EXPECT_EQ(answer("www.example.com", "/.well-known/pki-validation/fileauth.txt"), "v");
  EXPECT_EQ(answer("www.example.com", "/.well-known/pki-validation/whois.txt"), "v");
  EXPECT_EQ(answer("www.example.com"), "nothing");
}

TEST_F(LiveProofsTest, KnowsAddressesHoweverTheyAreWritten) {
  publish({{"192.0.2.1", "a.txt", "four"}, {"2001:db8::1", "a.txt", "six"}});
  EXPECT_EQ(answer("192.0.2.1"), "four");
  EXPECT_EQ(answer("[2001:DB8:0::1]"), "six");
  EXPECT_EQ(answer("2001:db8::1"), "six");
  EXPECT_EQ(answer("[2001:db8::2]"), "nothing");
}

TEST_F(LiveProofsTest, FollowsWhatIsPublished) {
  publish({{"www.example.com", "a.txt", "1"}});
  EXPECT_EQ(answer("www.example.com"), "1");
  publish({{"www.example.com", "a.txt", "2"}});
  EXPECT_EQ(answer("www.example.com"), "2");
  publish({});
  EXPECT_EQ(answer("www.example.com"), "nothing");
  EXPECT_FALSE(proofs_.has_any());
  publish({{"www.example.com", "a.txt", "3"}});
  EXPECT_EQ(answer("www.example.com"), "3");
}

TEST_F(LiveProofsTest, TheFirstOfTwoOrdersCounts) {
  publish({{"www.example.com", "fileauth.txt", "first"}, {"www.example.com", "", "second"}});
  EXPECT_EQ(answer("www.example.com", "/.well-known/pki-validation/fileauth.txt"), "first");
  EXPECT_EQ(answer("www.example.com", "/.well-known/pki-validation/whois.txt"), "second");
}

TEST_F(LiveProofsTest, WhatCannotBeReadLeavesWhatWasKnown) {
  publish({{"www.example.com", "a.txt", "1"}});
  EXPECT_EQ(answer("www.example.com"), "1");
  ASSERT_TRUE(writer_.publish_proofs("no proof at all"));
  EXPECT_EQ(answer("www.example.com"), "1");
  EXPECT_EQ(answer("www.example.com"), "1");
  EXPECT_THAT(log_.errors(), ElementsAre(HasSubstr("cannot be read")));
}

TEST_F(LiveProofsTest, ThreadsGetOneWholeValue) {
  publish({{"www.example.com", "a.txt", "0"}});
  std::atomic<bool> is_done{false};
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!is_done) {
        if (answer("www.example.com") == "nothing") ++failures;
      }
    });
  }
  for (int i = 1; i < 300; ++i) publish({{"www.example.com", "a.txt", std::to_string(i)}});
  is_done = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(answer("www.example.com"), "299");
  EXPECT_THAT(log_.errors(), IsEmpty());
}

}  // namespace
}  // namespace ccm::server
