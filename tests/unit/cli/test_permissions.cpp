// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/cloud/permissions.h"

namespace ccm::cli {
namespace {

using testing::ElementsAre;

std::vector<std::string> actions(const std::set<SourceKind>& kinds) {
  return actions_of(needs_of(kinds));
}

TEST(Permissions, AreWhatTheDocumentsName) {
  EXPECT_THAT(actions({SourceKind::scm}),
              ElementsAre("scm:cert:download", "scm:cert:get", "scm:cert:list"));
  EXPECT_THAT(actions({SourceKind::pca}),
              ElementsAre("pca:ca:get", "pca:ca:issueCertThroughCSR", "pca:cert:export",
                          "pca:cert:get", "pca:cert:list"));
  EXPECT_THAT(actions({SourceKind::pca_cloud_key}),
              ElementsAre("pca:ca:get", "pca:ca:issueCert", "pca:cert:export", "pca:cert:get",
                          "pca:cert:list"));
  EXPECT_TRUE(actions({}).empty());
}

TEST(Permissions, OfSeveralSourcesAreNamedOnce) {
  const auto needs = needs_of({SourceKind::scm, SourceKind::pca, SourceKind::pca_cloud_key});
  EXPECT_EQ(needs.size(), 9U);
  EXPECT_EQ(actions_of(needs).size(), 9U);
}

TEST(Permissions, KnowTheNamesOfSources) {
  for (const std::string_view name : source_kind_names()) EXPECT_TRUE(parse_source_kind(name));
  EXPECT_FALSE(parse_source_kind("cloud"));
  EXPECT_EQ(kind_of(config::ScmSource{}), SourceKind::scm);
  EXPECT_EQ(kind_of(config::PcaSource{}), SourceKind::pca);
  EXPECT_EQ(kind_of(config::PcaSource{.issuer_id = "", .key_origin = config::KeyOrigin::cloud}),
            SourceKind::pca_cloud_key);
}

}  // namespace
}  // namespace ccm::cli
