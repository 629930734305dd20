// SPDX-License-Identifier: Apache-2.0
#include "settings_builder.h"

#include <sstream>

#include "base/text.h"

namespace ccm::config {
namespace {

constexpr std::string_view kIssuerWord = "ISSUER";

Result<void> add_use(Settings& settings, std::string_view rest, const Origin& origin) {
  const std::vector<std::string_view> sides = split(rest, '|');
  auto used = settings.use(words(sides[0]),
                           sides.size() > 1 ? words(sides[1]) : std::vector<std::string>{}, origin);
  if (!used) return pass(std::move(used));
  return {};
}

}  // namespace

Origin line(unsigned number) {
  return {"test.conf", number};
}

std::vector<std::string> words(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::vector<std::string> found;
  for (std::string word; in >> word;) {
    const std::size_t issuer = word.find(kIssuerWord);
    if (issuer != std::string::npos) word.replace(issuer, kIssuerWord.size(), kTestIssuer);
    found.push_back(word);
  }
  return found;
}

Result<void> add_lines(Settings& settings, std::string_view text) {
  std::string block;
  unsigned number = 0;
  for (const std::string_view row : split(text, '\n')) {
    ++number;
    std::vector<std::string> parts = words(row);
    if (parts.empty()) continue;
    const std::string key = parts.front();
    parts.erase(parts.begin());
    Result<void> added;
    if (key == "certificate") {
      block = parts.empty() ? "" : parts[0];
      added = settings.add_certificate(block, line(number));
    } else if (key == "use") {
      added = add_use(settings, row.substr(row.find("use") + 3), line(number));
    } else if (row.starts_with(' ')) {
      added = settings.set_in(block, key, parts, line(number));
    } else {
      added = settings.set(key, parts, line(number));
    }
    if (!added) return added;
  }
  return {};
}

Result<Config> configured(std::string_view text) {
  Settings settings;
  if (auto added = add_lines(settings, text); !added) return pass(std::move(added));
  return settings.finalize();
}

std::string problem_of(const Result<void>& result) {
  return result ? "no error" : result.error().message();
}

std::string problem_of(const Result<Config>& result) {
  return result ? "no error" : result.error().message();
}

std::string problem_of(const Result<std::string>& result) {
  return result ? "no error" : result.error().message();
}

}  // namespace ccm::config
