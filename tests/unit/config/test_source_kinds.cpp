// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "config/directives/table.h"
#include "config/source_kinds.h"
#include "config/sources/pca.h"
#include "config/sources/scm.h"

namespace ccm::config {
namespace {

using testing::ElementsAre;

TEST(SourceKinds, AreCompleteRows) {
  for (const SourceKind* kind : source_kinds()) {
    EXPECT_EQ(find_source_kind(kind->word), kind);
    EXPECT_FALSE(kind->title.empty());
    EXPECT_TRUE(kind->form.starts_with(kind->word)) << kind->form;
    EXPECT_TRUE(kind->shortest_form.starts_with(kind->word)) << kind->shortest_form;
    EXPECT_TRUE(std::is_sorted(kind->parameters.begin(), kind->parameters.end())) << kind->word;
    EXPECT_EQ(kind->endpoint == nullptr, kind->endpoint_directive.empty()) << kind->word;
    if (kind->endpoint != nullptr) {
      EXPECT_NE(find_directive(kind->endpoint_directive), nullptr) << kind->endpoint_directive;
      EXPECT_TRUE(kind->endpoint_spellings.starts_with(kind->endpoint_directive));
    }
  }
}

TEST(SourceKinds, MakeTheFormOfTheDirective) {
  const Directive* row = find_directive("source");
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->form,
            "source scm [id=ID] [uploads=fallback|on|off] [issuers=NAME|...] "
            "[trust=keep|system|any|PATH] | pca issuer=ID");
  EXPECT_EQ(row->max_arguments, 5U);
  EXPECT_THAT(source_parameters(), ElementsAre("id", "issuer", "issuers", "trust", "uploads"));
}

TEST(SourceKinds, AreRecognisedByTheOriginOfACertificate) {
  EXPECT_EQ(kind_of_origin("scm:scs1554192131150"), &kScmKind);
  EXPECT_EQ(kind_of_origin("pca:issuer/id"), &kPcaKind);
  EXPECT_EQ(kind_of_origin("import"), nullptr);
  EXPECT_EQ(kind_of_origin("scm"), nullptr);
  EXPECT_EQ(kind_of_origin(":scm"), nullptr);
}

TEST(SourceSpec, TellsWhatOthersWantToKnow) {
  const SourceFacts best = SourceSpec(ScmSource{}).facts();
  EXPECT_EQ(best.origin_prefix, "scm:");
  EXPECT_EQ(best.label, "scm");
  EXPECT_FALSE(best.allows_untrusted);
  EXPECT_EQ(best.validity, std::nullopt);
  EXPECT_EQ(SourceSpec(ScmSource{.certificate_id = "scs1"}).facts().label, "scm:scs1");
  const SourceFacts issued =
      SourceSpec(PcaSource{.issuer_id = "ca-1", .validity = Seconds(3600)}).facts();
  EXPECT_EQ(issued.origin_prefix, "pca:ca-1/");
  EXPECT_EQ(issued.label, "pca:ca-1");
  EXPECT_TRUE(issued.allows_untrusted);
  EXPECT_EQ(issued.validity, Seconds(3600));
}

TEST(SourceSpec, IsAValue) {
  const SourceSpec one = ScmSource{.certificate_id = "scs1"};
  const SourceSpec copy = one;
  EXPECT_EQ(copy, one);
  EXPECT_EQ(one, SourceSpec(ScmSource{.certificate_id = "scs1"}));
  EXPECT_NE(one, SourceSpec(ScmSource{.certificate_id = "scs2"}));
  EXPECT_NE(SourceSpec(ScmSource{}), SourceSpec(PcaSource{}));
  EXPECT_THROW(static_cast<void>(one.as<PcaSource>()), std::bad_cast);
}

}  // namespace
}  // namespace ccm::config
