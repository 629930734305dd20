// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "store/proof_record.h"
#include "support/memory_store.h"

namespace ccm::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string made_file(std::string_view record_name) {
  return make_file_proof("www.example.com", record_name, "value").value().file_name;
}

TEST(ProofRecord, TakesTheNameOfAFileAndNoOther) {
  EXPECT_EQ(made_file("fileauth.txt"), "fileauth.txt");
  EXPECT_EQ(made_file("/.well-known/pki-validation/5A3B.TXT"), "5A3B.TXT");
  EXPECT_EQ(made_file("http://www.example.com/.well-known/pki-validation/gsdv.html"), "gsdv.html");
  EXPECT_EQ(made_file(""), "");
  EXPECT_EQ(made_file("www.example.com"), "");
  EXPECT_EQ(made_file("_dnsauth.www"), "");
  EXPECT_EQ(made_file("../secret.txt"), "");
  EXPECT_EQ(made_file("a/b.txt"), "");
  EXPECT_EQ(made_file(".txt"), "");
  EXPECT_EQ(made_file("a b.txt"), "");
}

TEST(ProofRecord, IsServedAtItsFileOrAtTheUsualOnes) {
  EXPECT_THAT(files_of({"www.example.com", "a.txt", "v"}), ElementsAre("a.txt"));
  EXPECT_THAT(files_of({"www.example.com", "", "v"}), ElementsAre("fileauth.txt", "whois.txt"));
}

TEST(ProofRecord, KeepsNamesInTheirCanonicalForm) {
  EXPECT_EQ(make_file_proof("WWW.Example.COM.", "", "v")->domain, "www.example.com");
  EXPECT_EQ(make_file_proof("müller.example", "", "v")->domain, "xn--mller-kva.example");
  EXPECT_EQ(make_file_proof("192.0.2.1", "", "v")->domain, "192.0.2.1");
  EXPECT_EQ(make_file_proof("2001:DB8:0::1", "", "v")->domain, "2001:db8::1");
}

TEST(ProofRecord, RefusesWhatCannotBeServed) {
  const auto refusal = [](std::string_view domain, std::string_view value) {
    return make_file_proof(domain, "", value).error().message();
  };
  EXPECT_THAT(refusal("*.example.com", "v"), HasSubstr("\"*.example.com\""));
  EXPECT_THAT(refusal("", "v"), HasSubstr("domain"));
  EXPECT_THAT(refusal("a b", "v"), HasSubstr("domain"));
  EXPECT_THAT(refusal("www.example.com", ""), HasSubstr("1 to 1024 visible ASCII"));
  EXPECT_THAT(refusal("www.example.com", "two\nlines"), HasSubstr("two\\x0alines"));
  EXPECT_THAT(refusal("www.example.com", "caf\xc3\xa9"), HasSubstr("value"));
  EXPECT_THAT(refusal("www.example.com", std::string(1025, 'x')), HasSubstr("value"));
  EXPECT_TRUE(make_file_proof("www.example.com", "", std::string(1024, 'x')));
}

TEST(ProofRecord, ComesBackAsItWasWritten) {
  const std::vector<FileProof> proofs{{"www.example.com", "", "a value with spaces"},
                                      {"2001:db8::1", "A_b-1.txt", R"(back\slash "and" quotes)"},
                                      {"192.0.2.1", "whois.txt", "x"}};
  EXPECT_EQ(parse_proofs(serialize_proofs(proofs)).value(), proofs);
  EXPECT_THAT(parse_proofs("").value(), IsEmpty());
}

TEST(ProofRecord, TheLargestIsNoLargerThanItSays) {
  const std::string label(61, 'a');
  const FileProof largest{label + '.' + label + '.' + label + '.' + label + ".aaaaa",
                          std::string(kMostProofFileName, 'f'), std::string(kMostProofValue, '\\')};
  ASSERT_TRUE(check_file_proof(largest));
  ASSERT_EQ(largest.domain.size(), 253U);
  EXPECT_EQ(serialize_proofs({largest}).size(), kMostSerializedProof);
}

TEST(ProofRecord, BelievesNoAlteredLine) {
  EXPECT_FALSE(parse_proofs("www.example.com\n"));
  EXPECT_FALSE(parse_proofs("www.example.com fileauth.txt\n"));
  EXPECT_FALSE(parse_proofs("www.example.com fileauth.txt \n"));
  EXPECT_FALSE(parse_proofs("www.example.com ../etc.txt v\n"));
  EXPECT_FALSE(parse_proofs("WWW.example.com fileauth.txt v\n"));
  EXPECT_FALSE(parse_proofs("www.example.com a.txt v\r\n"));
  EXPECT_FALSE(parse_proofs("www.example.com a.txt v"));
  EXPECT_FALSE(parse_proofs("\n"));
}

class ProofsInStore : public ::testing::Test {
 protected:
  Result<void> write(const std::vector<FileProof>& proofs) {
    return write_file_proofs(store_, *lease_, "www", proofs);
  }
  std::vector<FileProof> read() const { return read_file_proofs(store_, "www").value(); }

  test::MemoryStore store_;
  std::unique_ptr<Lease> lease_ = store_.try_lead().value();
};

TEST_F(ProofsInStore, AreReplacedAndRemoved) {
  EXPECT_THAT(read(), IsEmpty());
  const FileProof first{"www.example.com", "a.txt", "1"};
  const FileProof second{"www.example.com", "b.txt", "2"};
  ASSERT_TRUE(write({first}));
  EXPECT_THAT(read(), ElementsAre(first));
  ASSERT_TRUE(write({first, second}));
  EXPECT_THAT(read(), ElementsAre(first, second));
  ASSERT_TRUE(remove_file_proofs(store_, *lease_, "www"));
  EXPECT_THAT(read(), IsEmpty());
  ASSERT_TRUE(remove_file_proofs(store_, *lease_, "www"));
  ASSERT_TRUE(write({second}));
  ASSERT_TRUE(write({}));
  EXPECT_THAT(read(), IsEmpty());
}

TEST_F(ProofsInStore, WakeWhoeverWatchesOnlyWhenTheyChange) {
  const Revision before = store_.changes_since({}).revision;
  ASSERT_TRUE(write({{"www.example.com", "a.txt", "1"}}));
  const Changes changes = store_.changes_since(before);
  EXPECT_THAT(changes.names.value(), ElementsAre("www"));
  ASSERT_TRUE(write({{"www.example.com", "a.txt", "1"}}));
  EXPECT_THAT(store_.changes_since(changes.revision).names.value(), IsEmpty());
}

TEST_F(ProofsInStore, AreRefusedWhenOneIsBadOrThereAreTooMany) {
  EXPECT_FALSE(write({{"www.example.com", "a.txt", "1"}, {"*.example.com", "a.txt", "1"}}));
  EXPECT_THAT(read(), IsEmpty());
  EXPECT_THAT(
      write(std::vector<FileProof>(501, {"www.example.com", "a.txt", "1"})).error().message(),
      HasSubstr("500 file proofs, not 501"));
}

TEST_F(ProofsInStore, AreWrittenOverADamagedRecord) {
  ASSERT_TRUE(write({{"www.example.com", "a.txt", "1"}}));
  store_.damage_record("www", std::string(kFileProofs));
  EXPECT_FALSE(read_file_proofs(store_, "www"));
  ASSERT_TRUE(write({{"www.example.com", "a.txt", "2"}}));
  EXPECT_EQ(read().front().value, "2");
}

}  // namespace
}  // namespace ccm::store
