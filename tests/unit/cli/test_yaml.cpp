// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "cli/output/yaml.h"

namespace ccm::cli {
namespace {

std::string yaml_of(std::string_view json) {
  const auto document = cloud::JsonDocument::parse(json);
  return as_yaml(document->root());
}

TEST(Yaml, WritesBlocks) {
  EXPECT_EQ(yaml_of(R"({"a":[{"b":1,"c":{"d":"x"}},{"e":true}],"f":[]})"),
            "a:\n"
            "  - b: 1\n"
            "    c:\n"
            "      d: \"x\"\n"
            "  - e: true\n"
            "f: []\n");
}

TEST(Yaml, TextsStayTexts) {
  EXPECT_EQ(yaml_of(R"({"a":"no","b":"1e3","c":"x: y\n- z","d":null,"e":{}})"),
            "a: \"no\"\n"
            "b: \"1e3\"\n"
            "c: \"x: y\\n- z\"\n"
            "d: null\n"
            "e: {}\n");
}

}  // namespace
}  // namespace ccm::cli
