// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/cloud/permissions.h"
#include "config/sources/pca.h"
#include "config/sources/scm.h"

namespace ccm::cli {
namespace {

using testing::ElementsAre;

std::vector<std::string> actions(const SourceVariants& variants) {
  return actions_of(needs_of(variants));
}

TEST(Permissions, AreWhatTheDocumentsName) {
  EXPECT_THAT(actions({"scm"}), ElementsAre("scm:cert:download", "scm:cert:get", "scm:cert:list"));
  EXPECT_THAT(actions({"pca"}), ElementsAre("pca:ca:get", "pca:ca:issueCertThroughCSR",
                                            "pca:cert:export", "pca:cert:get", "pca:cert:list"));
  EXPECT_THAT(actions({"pca-cloud-key"}),
              ElementsAre("pca:ca:get", "pca:ca:issueCert", "pca:cert:export", "pca:cert:get",
                          "pca:cert:list"));
  EXPECT_TRUE(actions({}).empty());
}

TEST(Permissions, OfSeveralSourcesAreNamedOnce) {
  const auto needs = needs_of({"scm", "pca", "pca-cloud-key"});
  EXPECT_EQ(needs.size(), 9U);
  EXPECT_EQ(actions_of(needs).size(), 9U);
}

TEST(Permissions, KnowTheNamesOfSources) {
  EXPECT_THAT(variant_names(),
              ElementsAre("scm", "scm-issue", "scm-issue-dns", "pca", "pca-cloud-key"));
  EXPECT_EQ(variants_in_words(", or ", true),
            "scm, scm-issue (applies for certificates), scm-issue-dns (applies for certificates "
            "and writes "
            "their DNS records), pca, or pca-cloud-key (key made by PCA)");
  EXPECT_EQ(variants_in_words(" or ", false),
            "scm, scm-issue, scm-issue-dns, pca or pca-cloud-key");
  EXPECT_THAT(usual_variants(), ElementsAre("scm", "pca"));
  EXPECT_EQ(variant_of(config::ScmSource{}), "scm");
  EXPECT_EQ(variant_of(config::ScmSource{.certificate_id = "", .issue = config::Issue{}}),
            "scm-issue");
  EXPECT_EQ(variant_of(config::PcaSource{}), "pca");
  EXPECT_EQ(variant_of(config::PcaSource{.issuer_id = "", .key_origin = config::KeyOrigin::cloud}),
            "pca-cloud-key");
}

TEST(Permissions, WhatNoActionStandsForIsSaid) {
  EXPECT_TRUE(beyond_actions({"scm", "pca"}).empty());
  ASSERT_EQ(beyond_actions({"scm-issue"}).size(), 1U);
  EXPECT_NE(beyond_actions({"scm-issue-dns"}).front().find("dns:recordset:create"),
            std::string_view::npos);
  EXPECT_NE(beyond_actions({"scm-issue"}).front().find("SCM FullAccess"), std::string_view::npos);
}

// The catalogue has every operation, and the doctor can try each of them out.
TEST(Permissions, AreOfOperationsThatCanBeTried) {
  for (const sources::SourceDriver* driver : sources::source_drivers()) {
    for (const sources::CloudNeed& need : driver->needs) {
      EXPECT_TRUE(cloud::find_operation(need.operation)) << need.operation;
      EXPECT_FALSE(need.trial.empty()) << need.operation;
    }
  }
}

}  // namespace
}  // namespace ccm::cli
