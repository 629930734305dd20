// SPDX-License-Identifier: Apache-2.0
// What may stand at the cursor of a command line. The tree of commands answers, so that every shell
// offers the same. Pure except for the names of certificates, which the caller reads.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ccm::cli {

// How options and arguments say what they take: CLI::Option::type_name. Choices are "a|b|c". An
// argument called NAME is a certificate's.
inline constexpr const char* kFile = "FILE";
inline constexpr const char* kDirectory = "DIRECTORY";
inline constexpr const char* kCertificate = "CERTIFICATE";  // the name of one of this host's
inline constexpr const char* kOperation = "OPERATION";

struct Completion {
  // What the shell itself should offer besides.
  enum class Paths { none, files, directories };

  std::vector<std::pair<std::string, std::string>> words;  // with a description, or none
  Paths paths = Paths::none;
};

// The names of the certificates in a state directory; empty: the usual one.
using ReadNames = std::function<std::vector<std::string>(const std::string& state_directory)>;

// `words`: those after the program's name. The last one is being typed and may be empty.
Completion complete(const CLI::App& root, const std::vector<std::string>& words,
                    const ReadNames& read_names);
// First line: "none", "files" or "directories". Then one line for each word: the word, a tab, its
// description.
std::string to_text(const Completion& completion);

// The script through which a shell asks: "bash", "zsh" or "fish".
std::string_view completion_script(std::string_view shell) noexcept;

}  // namespace ccm::cli
