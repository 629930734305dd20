// SPDX-License-Identifier: Apache-2.0
#include "store/host/canary_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/text.h"

namespace ccm::store {
namespace {

constexpr std::size_t kLargestCanaryFile = std::size_t{4} << 20U;
// One field for each certificate: its name, the version, since when, the board, and four sides.
constexpr std::string_view kCanaryField = "canary";
constexpr std::size_t kNumbers = 3 + 4 * kCanaryCounts;

std::string line_of(const std::string& name, const CanaryCounted& counted) {
  std::string line = fmt::format("{} {} {} {}", name, counted.canary.version,
                                 counted.canary.since.time_since_epoch().count(), counted.board);
  for (const CanarySide* side : {&counted.seen.current, &counted.seen.candidate,
                                 &counted.total.current, &counted.total.candidate}) {
    for (const std::uint64_t count : side->counts) line += fmt::format(" {}", count);
  }
  return line;
}

std::optional<std::pair<std::string, CanaryCounted>> parse_canary_line(std::string_view line) {
  const std::vector<std::string_view> words = split(line, ' ');
  if (words.size() != 1 + kNumbers) return std::nullopt;
  std::vector<std::uint64_t> numbers;
  for (auto word = words.begin() + 1; word != words.end(); ++word) {
    const auto number = parse_unsigned(*word);
    if (!number) return std::nullopt;
    numbers.push_back(*number);
  }
  CanaryCounted counted;
  counted.canary = {.version = numbers[0],
                    .since = Time(Seconds(static_cast<std::int64_t>(numbers[1])))};
  counted.board = numbers[2];
  std::size_t next = 3;
  for (CanarySide* side : {&counted.seen.current, &counted.seen.candidate, &counted.total.current,
                           &counted.total.candidate}) {
    for (std::uint64_t& count : side->counts) count = numbers[next++];
  }
  return std::pair(std::string(words[0]), counted);
}

}  // namespace

std::string canary_path(const std::string& state_path, const ServerId& server) {
  return fmt::format("{}/{}{}", state_path, kCanaryPrefix, to_string(server));
}

CanariesCounted read_canaries(const std::string& state_path, const ServerId& server) {
  CanariesCounted all;
  const auto text = read_file(canary_path(state_path, server), kLargestCanaryFile);
  if (!text) return all;
  const auto record = Record::parse(*text);
  if (!record) return all;
  for (const std::string_view line : record->find_all(kCanaryField)) {
    if (auto parsed = parse_canary_line(line)) all.insert(*std::move(parsed));
  }
  return all;
}

Result<void> write_canaries(const std::string& state_path, const ServerId& server,
                            const CanariesCounted& counted) {
  const std::string path = canary_path(state_path, server);
  if (counted.empty()) {
    if (unlink(path.c_str()) == 0 || errno == ENOENT) return {};
    return fail(system_error("remove " + path, errno));
  }
  Record record;
  for (const auto& [name, each] : counted) record.add(kCanaryField, line_of(name, each));
  return write_file_unsynced(path, record.serialize());
}

CanaryTally canary_tally(const std::string& state_path, const std::string& name,
                         const Canary& canary) {
  CanaryTally sum;
  for (const ServerId& server : servers_with(state_path, kCanaryPrefix)) {
    const CanariesCounted counted = read_canaries(state_path, server);
    const auto found = counted.find(name);
    if (found != counted.end() && found->second.canary == canary) sum.add(found->second.total);
  }
  return sum;
}

}  // namespace ccm::store
