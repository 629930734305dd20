// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "base/text.h"
#include "cli/commands/cloud/shortcuts.h"
#include "cli/input/operation_input.h"

namespace ccm::cli {
namespace {

TEST(Shortcuts, NameOperationsThatExistAndAreUnique) {
  std::set<std::string> names;
  for (const Shortcut& shortcut : shortcuts()) {
    SCOPED_TRACE(std::string(shortcut.group) + " " + std::string(shortcut.name));
    EXPECT_TRUE(cloud::find_operation(shortcut.operation));
    EXPECT_TRUE(names.insert(fmt::format("{} {}", shortcut.group, shortcut.name)).second);
  }
}

TEST(Shortcuts, GiveEveryParameterAnOptionOfItsOwn) {
  for (const Shortcut& shortcut : shortcuts()) {
    SCOPED_TRACE(std::string(shortcut.group) + " " + std::string(shortcut.name));
    std::set<std::string> options;
    for (const cloud::Parameter& parameter :
         (*cloud::find_operation(shortcut.operation))->parameters()) {
      EXPECT_TRUE(options.insert(option_of(parameter)).second) << option_of(parameter);
    }
  }
}

TEST(Shortcuts, UseOnlyOptionsTheyHaveInTheirExamples) {
  const std::set<std::string> everywhere = {"--dry-run", "--output", "--yes"};
  for (const Shortcut& shortcut : shortcuts()) {
    SCOPED_TRACE(std::string(shortcut.example));
    std::set<std::string> options = everywhere;
    for (const cloud::Parameter& parameter :
         (*cloud::find_operation(shortcut.operation))->parameters()) {
      options.insert(option_of(parameter));
    }
    for (const auto word : split(shortcut.example, ' ')) {
      if (!word.starts_with("--")) continue;
      EXPECT_EQ(options.count(std::string(word)), 1U) << word;
    }
  }
}

TEST(Shortcuts, ReadSecretsAndPemFromFiles) {
  const cloud::Operation& import = **cloud::find_operation("ImportCertificate");
  EXPECT_EQ(option_of(*import.find("private_key")), "--private-key-file");
  EXPECT_EQ(option_of(*import.find("certificate_chain")), "--certificate-chain-file");
  EXPECT_EQ(option_of(*import.find("name")), "--name");
}

}  // namespace
}  // namespace ccm::cli
