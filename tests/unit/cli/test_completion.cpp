// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "cli/application.h"
#include "cli/input/completion.h"

namespace ccm::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;
using Words = std::vector<std::string>;

Completion completion(const Words& words) {
  const Application application;
  return complete(application.commands(), words, [](const std::string& directory) {
    return directory.empty() ? Words{"www", "app"} : Words{directory};
  });
}

Words offered(const Words& words) {
  Words all;
  for (const auto& [word, about] : completion(words).words) all.push_back(word);
  return all;
}

TEST(Completion, OffersCommands) {
  EXPECT_THAT(offered({""}), IsSupersetOf({"status", "certificates", "revoke"}));
  EXPECT_THAT(offered({"gen"}), ElementsAre("generate"));
  EXPECT_THAT(offered({"cert"}), ElementsAre("certificates"));
  EXPECT_THAT(offered({"--json", "ca", "de"}), ElementsAre("delete"));
}

TEST(Completion, OffersOptionsOfTheCommandAndOfAll) {
  EXPECT_THAT(offered({"ca", "create", "--key-a"}), ElementsAre("--key-algorithm"));
  EXPECT_THAT(offered({"ca", "create", "--js"}), ElementsAre("--json"));
}

TEST(Completion, OffersTheValuesOfAnOption) {
  EXPECT_THAT(offered({"export", "www", "--format", "p"}), ElementsAre("pem", "pkcs12"));
  EXPECT_THAT(offered({"export", "www", "--format=p"}),
              ElementsAre("--format=pem", "--format=pkcs12"));
  EXPECT_THAT(offered({"export", "www", "--format", "=", "p"}), ElementsAre("pem", "pkcs12"));
  EXPECT_THAT(offered({"certificates", "list", "--status", "REV"}),
              ElementsAre("REVOKING", "REVOKED"));
  EXPECT_THAT(offered({"certificates", "list", "--content", ""}), IsEmpty());
}

TEST(Completion, OffersTheNamesOfTheStateDirectory) {
  EXPECT_THAT(offered({"show", ""}), ElementsAre("www", "app"));
  EXPECT_THAT(offered({"renew", "w"}), ElementsAre("www"));
  EXPECT_THAT(offered({"--state-dir", "/other", "show", ""}), ElementsAre("/other"));
  EXPECT_THAT(offered({"--state-dir=/other", "show", ""}), ElementsAre("/other"));
  EXPECT_THAT(offered({"show", "www", "a"}), IsEmpty());
}

TEST(Completion, OffersOperations) {
  EXPECT_THAT(offered({"api", "call", "scm.ListCertificatesB"}),
              ElementsAre("scm.ListCertificatesByTag"));
  EXPECT_THAT(offered({"api", "show", "ListCertificatesB"}), ElementsAre("ListCertificatesByTag"));
}

TEST(Completion, SaysWhenPathsBelongThere) {
  EXPECT_EQ(completion({"export", "www", "-o", ""}).paths, Completion::Paths::directories);
  EXPECT_EQ(completion({"csr", "upload", "--csr-file", ""}).paths, Completion::Paths::files);
  EXPECT_EQ(completion({"show", ""}).paths, Completion::Paths::none);
}

}  // namespace
}  // namespace ccm::cli
