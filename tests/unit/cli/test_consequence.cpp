// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "base/text.h"
#include "cli/cloud/consequence.h"

namespace ccm::cli {
namespace {

const cloud::Operation& operation(std::string_view name) {
  return **cloud::find_operation(name);
}

cloud::Arguments with(std::string name, std::string_view value) {
  cloud::Arguments arguments;
  arguments.parameters.push_back({std::move(name), Secret::copy_of(value)});
  return arguments;
}

TEST(Consequence, IsKnownOfEverythingThatIsCalledAfterOne) {
  constexpr std::array<std::string_view, 8> kWords = {
      "delete", "disable", "revoke", "cancel", "subscribe", "purchase", "order", "disassociate"};
  for (const cloud::Operation& each : cloud::operations()) {
    const std::string name = to_lower(each.id);
    bool is_named = each.method == "DELETE";
    for (const std::string_view word : kWords) is_named |= name.find(word) != std::string::npos;
    EXPECT_EQ(may_have_consequence(each), is_named) << each.full_name();
  }
}

TEST(Consequence, SaysWhatIsLostAndWhatCosts) {
  EXPECT_EQ(consequence_of(operation("scm.DeleteCertificate"), {}),
            "delete the certificate from SCM, which cannot be undone");
  EXPECT_EQ(consequence_of(operation("scm.SubscribeCertificate"), {}),
            "buy certificates, which costs money");
  EXPECT_EQ(consequence_of(operation("scm.ListCertificates"), {}), "");
}

TEST(Consequence, OfTagsIsWhatTheActionSays) {
  const cloud::Operation& tags = operation("scm.BatchCreateOrDeleteTags");
  EXPECT_EQ(consequence_of(tags, with("action", "Delete")), "delete the tags");
  EXPECT_EQ(consequence_of(tags, with("action", "create")), "");
  cloud::Arguments body;
  body.body = Secret::copy_of(std::string_view(R"({"action": "delete"})"));
  EXPECT_EQ(consequence_of(tags, body), "delete the tags");
}

}  // namespace
}  // namespace ccm::cli
