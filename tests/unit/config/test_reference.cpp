// SPDX-License-Identifier: Apache-2.0
// The reference documentation knows every directive of the table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/directives/table.h"
#include "support/folders.h"
#include "support/temp_directory.h"

namespace ccm::config {
namespace {

using testing::HasSubstr;

TEST(Reference, DocumentsEveryDirective) {
  const std::string text = test::read_whole_file(test::in_source_tree("docs/directives.md"));
  for (const Directive& row : directives()) {
    const std::string entry = "`" + std::string(row.key) + " ";
    EXPECT_THAT(text, HasSubstr("| " + entry)) << row.key;
  }
}

}  // namespace
}  // namespace ccm::config
