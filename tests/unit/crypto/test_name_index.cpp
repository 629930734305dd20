// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/certificate/name_index.h"

namespace ccm::crypto {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(NameIndex, FindsWhatCoversAnyOfTheNames) {
  NameIndex index;
  index.add({"www.example.com", "example.com"}, 1);
  index.add({"*.example.com"}, 2);
  index.add({"10.0.0.1"}, 3);
  index.add({"*.com"}, 4);
  EXPECT_THAT(index.covering_any({"www.example.com"}), ElementsAre(1, 2));
  EXPECT_THAT(index.covering_any({"example.com"}), ElementsAre(1)) << "no client takes *.com";
  EXPECT_THAT(index.covering_any({"*.example.com"}), ElementsAre(2));
  EXPECT_THAT(index.covering_any({"a.b.example.com"}), IsEmpty());
  EXPECT_THAT(index.covering_any({"10.0.0.1", "mail.example.com"}), ElementsAre(2, 3));
  EXPECT_THAT(index.covering_any({}), IsEmpty());
}

}  // namespace
}  // namespace ccm::crypto
