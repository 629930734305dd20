#include "lifecycle/request.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/text.h"
#include "crypto/pem.h"
#include "lifecycle/hold.h"
#include "lifecycle/import.h"
#include "lifecycle/keyed_record.h"
#include "lifecycle/version_files.h"

namespace ccm::lifecycle {
namespace {

constexpr std::string_view kPrefix = "request-";
constexpr std::string_view kGranted = "granted-";
// A chain and a key, each of at most 1 MiB.
constexpr std::size_t kLargest = std::size_t{2} << 20U;

std::string path_of(const std::string& state_path, std::string_view name) {
  return fmt::format("{}/{}{}", state_path, kPrefix, name);
}

std::string granted_path(const std::string& state_path, std::string_view name) {
  return fmt::format("{}/{}{}", state_path, kGranted, name);
}

std::string_view to_string(Wish wish) noexcept {
  switch (wish) {
    case Wish::renew:
      return "renew";
    case Wish::roll_back:
      return "roll_back";
    case Wish::install:
      break;
  }
  return "install";
}

Result<Request> read_request(const std::string& state_path, std::string name) {
  const Result<Secret> text = read_secret_file(path_of(state_path, name), kLargest);
  if (!text) return fail(text.error());
  Result<KeyedRecord> keyed = parse_keyed_record(*text);
  if (!keyed) return pass(std::move(keyed));
  const Record& record = keyed->record;
  Request request{.wish = Wish::renew, .name = std::move(name)};
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
  request.wish = Wish::roll_back;
  request.version = parse_unsigned(record.find("version").value_or("")).value_or(0);
  if (wish == to_string(Wish::roll_back) && request.version != 0) return request;
  return fail(ErrorKind::invalid, "what is wished for is nothing that can be had");
}

}  // namespace

Result<void> leave_request(const std::string& state_path, const Request& request) {
  if (auto checked = check_entry_name(request.name); !checked) return checked;
  KeyedRecord keyed{{}, request.key};
  keyed.record.add("wish", to_string(request.wish));
  if (request.version != 0) keyed.record.add("version", fmt::format("{}", request.version));
  if (!request.certificates.empty()) {
    keyed.record.add("certificates", crypto::to_pem(request.certificates));
  }
  const Result<Secret> text = serialize(keyed);
  if (!text) return fail(text.error());
  return write_file_atomically(path_of(state_path, request.name), text->reveal());
}

void withdraw_request(const std::string& state_path, const std::string& name) noexcept {
  static_cast<void>(unlink(path_of(state_path, name).c_str()));
}

bool is_waiting(const std::string& state_path, const std::string& name) {
  return access(path_of(state_path, name).c_str(), F_OK) == 0;
}

void RequestDesk::resume() {
  const Result<std::vector<std::string>> files = list_directory(parts_.state_path);
  if (!files) return;
  for (const std::string& file : *files) {
    if (!file.starts_with(kGranted)) continue;
    const std::string name = file.substr(kGranted.size());
    // Gone before it begins: what kills the agent must not do so again after each start.
    static_cast<void>(unlink(granted_path(parts_.state_path, name).c_str()));
    if (!parts_.lifecycle.ask_for_renewal(name)) continue;
    parts_.log.notice(
        "certificate \"{}\": renewal asked for by ccmctl, begun again because the agent before was "
        "interrupted",
        name);
  }
}

void RequestDesk::forget_finished() {
  std::erase_if(granted_, [&](const std::string& name) {
    if (parts_.lifecycle.is_asked_for(name) || parts_.lifecycle.is_in_work(name)) return false;
    static_cast<void>(unlink(granted_path(parts_.state_path, name).c_str()));
    return true;
  });
}

void RequestDesk::serve() {
  forget_finished();
  const Result<std::vector<std::string>> files = list_directory(parts_.state_path);
  if (!files) return;
  for (const std::string& file : *files) {
    const bool is_whole = file.find(kTemporaryMark) == std::string::npos;
    if (!file.starts_with(kPrefix) || !is_whole) continue;
    const std::string name = file.substr(kPrefix.size());
    if (parts_.lifecycle.is_in_work(name)) continue;
    const Result<Request> request = read_request(parts_.state_path, name);
    // Gone before it is served: what kills the agent must not do so again after each start.
    withdraw_request(parts_.state_path, name);
    const Result<void> served = request ? serve(*request) : fail(request.error());
    if (!served) {
      parts_.log.error("certificate \"{}\": asked for by ccmctl: {}", printable(name),
                       served.error().message());
    }
  }
}

Result<void> RequestDesk::serve(const Request& request) {
  switch (request.wish) {
    case Wish::renew:
      return renew(request);
    case Wish::roll_back:
      return roll_back(request);
    case Wish::install:
      break;
  }
  return install(request);
}

Result<void> RequestDesk::renew(const Request& request) {
  if (!parts_.lifecycle.ask_for_renewal(request.name)) {
    return fail(ErrorKind::rejected,
                "this agent's server has no such certificate, so it cannot renew it");
  }
  // Without the mark an interruption loses the renewal, and whoever waits for it hears of that.
  if (write_file_atomically(granted_path(parts_.state_path, request.name), "")) {
    granted_.push_back(request.name);
  }
  parts_.log.notice("certificate \"{}\": renewal asked for by ccmctl", request.name);
  return {};
}

Result<void> RequestDesk::roll_back(const Request& request) {
  auto done = lifecycle::roll_back(parts_.store, parts_.lease, request.name, request.version);
  if (!done) return done;
  parts_.lifecycle.look_again(request.name);
  parts_.log.notice("certificate \"{}\": version {} restored and held, asked for by ccmctl",
                    request.name, request.version);
  return {};
}

Result<void> RequestDesk::install(const Request& request) {
  const config::CertificateSpec* spec = parts_.config.find(request.name);
  if (spec == nullptr || !request.key) {
    return fail(ErrorKind::rejected,
                spec == nullptr ? "this agent looks after no such certificate, so it takes none"
                                : "there is no private key to import");
  }
  const auto bundle = crypto::Bundle::make(request.certificates, *request.key, parts_.clock.now());
  if (!bundle) return fail(bundle.error());
  const auto info = install_import(parts_.store, parts_.lease, *spec, *bundle, parts_.clock.now());
  if (!info) return fail(info.error());
  parts_.lifecycle.look_again(request.name);
  parts_.log.notice(
      "certificate \"{}\": installed version {}, imported by ccmctl (serial {}, valid until {})",
      request.name, info->number, info->serial, format_time(info->not_after));
  return {};
}

Result<void> roll_back(Store& store, const Lease& lease, const std::string& name,
                       VersionNumber version) {
  // The hold first: between the two no other engine may undo it.
  const VersionNumber before = held_version(store, name);
  auto done = hold(store, lease, name, version);
  if (!done) return done;
  done = store.restore(lease, name, version);
  if (done) return done;
  static_cast<void>(before == 0 ? release(store, lease, name) : hold(store, lease, name, before));
  return done;
}

}  // namespace ccm::lifecycle
