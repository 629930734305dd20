// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "agent/publishing/proof_publisher.h"
#include "publication/reader.h"
#include "support/memory_log.h"
#include "support/memory_store.h"

namespace ccm::agent {
namespace {

using store::FileProof;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ProofPublisherTest : public testing::Test {
 protected:
  void keep(const std::string& name, const std::vector<FileProof>& proofs) {
    ASSERT_TRUE(store::write_file_proofs(store_, *lease_, name, proofs));
  }
  std::vector<FileProof> published() {
    proofs_.refresh(writer_, [this] { ++signs_; });
    return store::parse_proofs(reader_.proofs().value()).value();
  }

  const FileProof first_{"a.example.com", "", "value-a"};
  const FileProof second_{"b.example.com", "b.txt", "value-b"};
  test::MemoryStore store_;
  std::unique_ptr<store::Lease> lease_ = store_.try_lead().value();
  test::MemoryLog log_;
  publication::Writer writer_ = publication::Writer::create({"www"}).value();
  publication::Reader reader_ = publication::Reader::open(writer_.open_read_only().value()).value();
  ProofPublisher proofs_{store_, log_};
  int signs_ = 0;
};

TEST_F(ProofPublisherTest, PublishesThoseOfAllCertificatesAsTheyChange) {
  EXPECT_THAT(published(), IsEmpty());
  EXPECT_EQ(reader_.proofs_generation(), 0U);
  keep("unknown-to-this-server", {second_});
  EXPECT_THAT(published(), ElementsAre(second_));
  keep("another", {first_});
  EXPECT_THAT(published(), ElementsAre(first_, second_));
  const std::uint64_t generation = reader_.proofs_generation();
  EXPECT_THAT(published(), ElementsAre(first_, second_));
  EXPECT_EQ(reader_.proofs_generation(), generation);
  ASSERT_TRUE(store::remove_file_proofs(store_, *lease_, "unknown-to-this-server"));
  EXPECT_THAT(published(), ElementsAre(first_));
  ASSERT_TRUE(store::remove_file_proofs(store_, *lease_, "another"));
  EXPECT_THAT(published(), IsEmpty());
  EXPECT_THAT(log_.errors(), IsEmpty());
  EXPECT_THAT(log_.lines(Severity::info).back(), HasSubstr("for 0 names"));
}

TEST_F(ProofPublisherTest, GivesSignsOfLifeWhileItLooksAtAll) {
  keep("one", {first_});
  keep("two", {second_});
  published();
  EXPECT_EQ(signs_, 2);
  keep("one", {second_});
  published();
  EXPECT_EQ(signs_, 2);
}

TEST_F(ProofPublisherTest, TakesAwayWhatTheAgentBeforeLeft) {
  ASSERT_TRUE(writer_.publish_proofs(store::serialize_proofs({first_})));
  EXPECT_THAT(published(), IsEmpty());
}

TEST_F(ProofPublisherTest, GoesOnWithWhatADamagedRecordSaid) {
  keep("www", {first_});
  EXPECT_THAT(published(), ElementsAre(first_));
  store_.damage_record("www", std::string(store::kFileProofs));
  keep("other", {second_});
  EXPECT_THAT(published(), testing::UnorderedElementsAre(first_, second_));
}

TEST_F(ProofPublisherTest, SaysOnceWhenTwoOrdersWantTheSameFile) {
  keep("rsa", {{"www.example.com", "", "one"}});
  keep("ecdsa", {{"www.example.com", "fileauth.txt", "two"}});
  EXPECT_EQ(published().size(), 2U);
  keep("third", {first_});
  EXPECT_EQ(published().size(), 3U);
  EXPECT_THAT(log_.lines(Severity::warn),
              ElementsAre(HasSubstr("the orders of \"ecdsa\" and \"rsa\" want different values at "
                                    "http://www.example.com/.well-known/pki-validation/"
                                    "fileauth.txt; that of \"ecdsa\" is served")));
}

TEST_F(ProofPublisherTest, HoldsFiveHundredOfTheLargestAndSaysWhenThereAreMore) {
  const auto large = [](const std::string& label, int count) {
    std::vector<FileProof> proofs;
    for (int i = 0; i < count; ++i) {
      const std::string part(60, 'd');
      const std::string head = fmt::format("{}{:04}", label, i) + std::string(64, 'e');
      proofs.push_back({fmt::format("{}.{}.{}.{}", head.substr(0, 63), part, part, part),
                        std::string(store::kMostProofFileName, 'f'),
                        std::string(store::kMostProofValue, 'v')});
    }
    return proofs;
  };
  keep("a", large("a", 500));
  EXPECT_EQ(published().size(), 500U);
  EXPECT_THAT(log_.errors(), IsEmpty());
  keep("b", large("b", 500));
  const std::vector<FileProof> most = published();
  EXPECT_GT(most.size(), 500U);
  EXPECT_LT(most.size(), 1000U);
  EXPECT_THAT(log_.errors(),
              ElementsAre(HasSubstr(fmt::format("{} file proofs are not served: all of them "
                                                "together may have 1048576 bytes",
                                                1000 - most.size()))));
}

}  // namespace
}  // namespace ccm::agent
