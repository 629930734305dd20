// SPDX-License-Identifier: Apache-2.0
#include "store/file_store/file_inbox.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "crypto/certificate/pem.h"
#include "crypto/digest.h"
#include "store/entry_name.h"
#include "store/file_store/file_lease.h"
#include "store/keyed_record.h"

namespace ccm::store {
namespace {

constexpr std::string_view kRequestPrefix = "request-";
constexpr std::string_view kGrantedPrefix = "granted-";
constexpr std::size_t kLargestNote = std::size_t{64} << 10U;
constexpr std::string_view kVersions = "versions";
constexpr std::size_t kIdBytes = 8;
constexpr std::size_t kIdLength = 2 * kIdBytes;
// A chain and a key, each of at most 1 MiB.
constexpr std::size_t kLargestRequest = std::size_t{2} << 20U;

std::string path_of(const std::string& state_path, const Ticket& ticket) {
  return fmt::format("{}/{}{}-{}", state_path, kRequestPrefix, ticket.id, ticket.name);
}

std::string granted_path(const std::string& state_path, std::string_view name) {
  return fmt::format("{}/{}{}", state_path, kGrantedPrefix, name);
}

std::string_view to_string(Wish wish) noexcept {
  switch (wish) {
    case Wish::renew:
      return "renew";
    case Wish::roll_back:
      return "roll_back";
    case Wish::forget:
      return "forget";
    case Wish::run_hooks:
      return "run_hooks";
    case Wish::install:
      break;
  }
  return "install";
}

// "request-0123456789abcdef-www"; nullopt for a file that is no request, or no complete one yet.
std::optional<Ticket> parse_name(const std::string& file) {
  if (!file.starts_with(kRequestPrefix) || is_temporary_name(file)) {
    return std::nullopt;
  }
  const std::string rest = file.substr(kRequestPrefix.size());
  const std::size_t digits = rest.find_first_not_of("0123456789abcdef");
  if (digits != kIdLength || rest[kIdLength] != '-') return std::nullopt;
  Ticket request{.id = rest.substr(0, kIdLength), .name = rest.substr(kIdLength + 1)};
  if (!check_entry_name(request.name)) return std::nullopt;
  return request;
}

// When the request was left. Equal times (a coarse clock) are ordered by id, so that the order is
// always the same.
std::tuple<std::int64_t, std::int64_t> age_of(const std::string& path) {
  struct stat status = {};
  if (lstat(path.c_str(), &status) != 0) return {};
  return {status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

}  // namespace

Result<std::string> FileInbox::leave(const Request& request) {
  if (auto checked = check_entry_name(request.name); !checked) return pass(std::move(checked));
  const Result<Secret> random = crypto::random_bytes(kIdBytes);
  if (!random) return fail(random.error());
  const Ticket ticket{.id = crypto::to_hex(random->bytes()), .name = request.name};
  KeyedRecord keyed{{}, request.key};
  keyed.record.add("wish", to_string(request.wish));
  if (request.version != 0) keyed.record.add("version", fmt::format("{}", request.version));
  if (request.keep == Keep::versions) keyed.record.add("keep", kVersions);
  if (!request.event.empty()) keyed.record.add("event", request.event);
  if (!request.certificates.empty()) {
    keyed.record.add("certificates", crypto::to_pem(request.certificates));
  }
  const Result<Secret> text = serialize(keyed);
  if (!text) return fail(text.error());
  auto written = write_file_atomically(path_of(state_path_, ticket), text->reveal());
  if (!written) return pass(std::move(written));
  return ticket.id;
}

Withdrawal FileInbox::withdraw(const Ticket& ticket) noexcept {
  if (unlink(path_of(state_path_, ticket).c_str()) == 0) return Withdrawal::taken_back;
  return errno == ENOENT ? Withdrawal::gone : Withdrawal::may_be_served;
}

// The note is written first: after a kill in between the request is served again, and its renewal
// is wanted only once.
Result<void> FileInbox::take(const Lease& lease, const Ticket& ticket,
                             const std::optional<std::string>& note) {
  if (Result<void> held = check_lease(state_path_, lease); !held) return held;
  if (!is_waiting(ticket)) return fail(ErrorKind::rejected, "the request is gone");
  const std::optional<std::string> before = granted(ticket.name);
  if (note) {
    if (Result<void> kept = grant(ticket.name, *note); !kept) return kept;
  }
  const std::string path = path_of(state_path_, ticket);
  if (unlink(path.c_str()) == 0) return {};
  const int problem = errno;
  if (note && before) static_cast<void>(grant(ticket.name, *before));
  if (note && !before) drop_granted(ticket.name);
  if (problem == ENOENT) return fail(ErrorKind::rejected, "the request is gone");
  return fail(system_error(fmt::format("remove {}", path), problem));
}

bool FileInbox::is_waiting(const Ticket& ticket) const {
  return access(path_of(state_path_, ticket).c_str(), F_OK) == 0;
}

Result<std::vector<Ticket>> FileInbox::list() const {
  const Result<std::vector<std::string>> files = list_directory(state_path_);
  if (!files) return fail(files.error());
  std::vector<std::pair<std::tuple<std::int64_t, std::int64_t>, Ticket>> found;
  for (const std::string& file : *files) {
    if (auto request = parse_name(file)) {
      const auto age = age_of(path_of(state_path_, *request));
      found.emplace_back(age, *std::move(request));
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& one, const auto& other) { return one.first < other.first; });
  std::vector<Ticket> requests;
  for (auto& [age, request] : found) requests.push_back(std::move(request));
  return requests;
}

std::vector<std::string> FileInbox::granted() const {
  std::vector<std::string> names;
  for (const std::string& file : list_directory(state_path_).value_or(std::vector<std::string>())) {
    if (!file.starts_with(kGrantedPrefix)) continue;
    std::string name = file.substr(kGrantedPrefix.size());
    if (check_entry_name(name)) names.push_back(std::move(name));
  }
  return names;
}

std::optional<std::string> FileInbox::granted(const std::string& name) const {
  Result<std::string> text = read_file(granted_path(state_path_, name), kLargestNote);
  return text ? std::optional(*std::move(text)) : std::nullopt;
}

Result<void> FileInbox::grant(const std::string& name, std::string_view note) {
  if (Result<void> checked = check_entry_name(name); !checked) return checked;
  return write_file_atomically(granted_path(state_path_, name), note);
}

void FileInbox::drop_granted(const std::string& name) noexcept {
  if (check_entry_name(name)) static_cast<void>(unlink(granted_path(state_path_, name).c_str()));
}

Result<Request> FileInbox::read(const Ticket& ticket) const {
  // Readable only if root owns the file, or the store's owner, which is this process's account.
  const std::array<uid_t, 2> owners{0, geteuid()};
  const Result<Secret> text =
      read_secret_file_of(owners, path_of(state_path_, ticket), kLargestRequest);
  if (!text) return fail(text.error());
  Result<KeyedRecord> keyed = parse_keyed_record(*text);
  if (!keyed) return pass(std::move(keyed));
  const Record& record = keyed->record;
  Request request{.wish = Wish::renew, .name = ticket.name};
  const std::string_view wish = record.find("wish").value_or("");
  if (wish == to_string(Wish::renew)) return request;
  if (wish == to_string(Wish::install)) {
    auto certificates = crypto::parse_certificates_pem(record.find("certificates").value_or(""));
    if (!certificates) return pass(std::move(certificates));
    request.wish = Wish::install;
    request.certificates = *std::move(certificates);
    request.key = std::move(keyed->key);
    return request;
  }
  if (wish == to_string(Wish::forget)) {
    request.wish = Wish::forget;
    if (record.find("keep") == kVersions) request.keep = Keep::versions;
    return request;
  }
  if (wish == to_string(Wish::run_hooks)) {
    request.wish = Wish::run_hooks;
    request.event = record.find("event").value_or("");
    return request;
  }
  request.wish = Wish::roll_back;
  request.version = parse_unsigned(record.find("version").value_or("")).value_or(0);
  if (wish == to_string(Wish::roll_back) && request.version != 0) return request;
  return fail(ErrorKind::invalid, "what is wished for is nothing that can be had");
}

}  // namespace ccm::store
