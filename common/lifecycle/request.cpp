#include "lifecycle/request.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/text.h"
#include "lifecycle/hold.h"
#include "lifecycle/version_files.h"

namespace ccm::lifecycle {
namespace {

constexpr std::string_view kPrefix = "request-";
constexpr std::size_t kLargest = 4096;

std::string path_of(const std::string& state_path, std::string_view name) {
  return fmt::format("{}/{}{}", state_path, kPrefix, name);
}

Result<Request> read_request(const std::string& state_path, std::string name) {
  Result<std::string> text = read_file(path_of(state_path, name), kLargest);
  if (!text) return pass(std::move(text));
  Result<Record> record = Record::parse(*text);
  if (!record) return pass(std::move(record));
  Request request{.wish = Wish::renew, .name = std::move(name), .version = 0};
  const std::string_view wish = record->find("wish").value_or("");
  if (wish == "renew") return request;
  request.wish = Wish::roll_back;
  request.version = parse_unsigned(record->find("version").value_or("")).value_or(0);
  if (wish == "roll_back" && request.version != 0) return request;
  return fail(ErrorKind::invalid, "what is wished for is neither renew nor roll_back to a version");
}

}  // namespace

Result<void> leave_request(const std::string& state_path, const Request& request) {
  if (auto checked = check_entry_name(request.name); !checked) return checked;
  Record record;
  record.add("wish", request.wish == Wish::renew ? "renew" : "roll_back");
  if (request.version != 0) record.add("version", fmt::format("{}", request.version));
  return write_file_atomically(path_of(state_path, request.name), record.serialize());
}

bool is_waiting(const std::string& state_path, const std::string& name) {
  return access(path_of(state_path, name).c_str(), F_OK) == 0;
}

void RequestDesk::serve() {
  const Result<std::vector<std::string>> files = list_directory(parts_.state_path);
  if (!files) return;
  for (const std::string& file : *files) {
    const bool is_whole = file.find(kTemporaryMark) == std::string::npos;
    if (!file.starts_with(kPrefix) || !is_whole) continue;
    const std::string name = file.substr(kPrefix.size());
    if (parts_.lifecycle.is_in_work(name)) continue;
    const Result<Request> request = read_request(parts_.state_path, name);
    // Gone before it is served: what kills the agent must not do so again after each start.
    static_cast<void>(unlink(path_of(parts_.state_path, name).c_str()));
    const Result<void> served = request ? serve(*request) : fail(request.error());
    if (!served) {
      parts_.log.error("certificate \"{}\": asked for by ccmctl: {}", printable(name),
                       served.error().message());
    }
  }
}

Result<void> RequestDesk::serve(const Request& request) {
  if (request.wish == Wish::renew) {
    if (!parts_.lifecycle.ask_for_renewal(request.name)) {
      return fail(ErrorKind::rejected,
                  "this agent's server has no such certificate, so it cannot renew it");
    }
    parts_.log.notice("certificate \"{}\": renewal asked for by ccmctl", request.name);
    return {};
  }
  auto done = roll_back(parts_.store, parts_.lease, request.name, request.version);
  if (!done) return done;
  parts_.lifecycle.look_again(request.name);
  parts_.log.notice("certificate \"{}\": version {} restored and held, asked for by ccmctl",
                    request.name, request.version);
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
