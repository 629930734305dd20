// SPDX-License-Identifier: Apache-2.0
#include "cloud/proof/look_for_file.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "base/boundary.h"
#include "base/handle.h"
#include "base/text.h"
#include "cloud/transport/curl_client.h"
#include "cloud/transport/curl_protocols.h"
#include "cloud/transport/reach.h"
#include "crypto/certificate/names.h"

namespace ccm::cloud {
namespace {

using AddressList = Handle<addrinfo, freeaddrinfo>;
using ConnectTo = Handle<curl_slist, curl_slist_free_all>;

constexpr std::size_t kMostAddresses = 8;
constexpr long kConnectPatience = 5'000;  // milliseconds
constexpr long kPatience = 10'000;        // milliseconds
constexpr long kGood = 200;
constexpr std::size_t kMostShownBody = 100;  // characters of a body
constexpr std::size_t kMostBody = 4 << 10;   // bytes that are looked at

struct Fetched {
  long status = 0;  // 0: not reached
  std::string location;
  std::string body;
  std::string problem;
};

std::size_t on_proof(char* data, std::size_t, std::size_t size, void* context) noexcept {
  return at_boundary(
      std::size_t{0}, [](std::string_view) {},
      [&]() -> std::size_t {
        auto& body = *static_cast<std::string*>(context);
        const std::size_t taken = std::min(size, kMostBody - body.size());
        body.append(data, taken);
        return taken;
      });
}

std::string in_brackets(const std::string& host) {
  return host.find(':') == std::string::npos ? host : fmt::format("[{}]", host);
}

class FileSearch {
 public:
  FileSearch(const std::string& domain, const std::string& file, const std::string& value,
             const FilePlaces& places)
      : domain_(domain),
        place_(fmt::format("{}/.well-known/pki-validation/{}", in_brackets(domain), file)),
        value_(value),
        places_(places) {}

  Result<void> look();

 private:
  enum class Secure : bool { no, yes };
  struct Found {
    bool is_there = false;
    bool is_reached = false;
    std::string difference = {};
  };

  Result<std::vector<std::string>> addresses() const;
  Fetched fetch(const std::string& address, Secure secure) const;
  Found look_at(const std::string& address) const;
  bool is_good(const Fetched& fetched) const;
  std::string describe(const Fetched& fetched) const;

  const std::string& domain_;
  std::string place_;  // without the scheme
  const std::string& value_;
  const FilePlaces& places_;
};

Result<std::vector<std::string>> FileSearch::addresses() const {
  if (!places_.addresses.empty()) return places_.addresses;
  if (crypto::is_ip_address(domain_)) return std::vector<std::string>{domain_};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  const int code = getaddrinfo(domain_.c_str(), nullptr, &hints, &first);
  const AddressList list(code == 0 ? first : nullptr);
  if (code != 0) {
    const bool is_passing = code == EAI_AGAIN || code == EAI_SYSTEM || code == EAI_MEMORY;
    return fail(is_passing ? ErrorKind::transient : ErrorKind::pending,
                fmt::format("the name \"{}\" leads to no address ({}), so no authority can fetch "
                            "http://{}",
                            printable(domain_), gai_strerror(code), place_));
  }
  std::vector<std::string> addresses;
  for (const addrinfo* each = list.get(); each != nullptr; each = each->ai_next) {
    std::string address = address_text(*each->ai_addr);
    const bool is_new = std::find(addresses.begin(), addresses.end(), address) == addresses.end();
    if (is_new && addresses.size() < kMostAddresses) addresses.push_back(std::move(address));
  }
  return addresses;
}

Fetched FileSearch::fetch(const std::string& address, Secure secure) const {
  Fetched fetched;
  const CurlHandle handle(curl_easy_init());
  const bool is_secure = secure == Secure::yes;
  const std::string url = fmt::format("{}://{}", is_secure ? "https" : "http", place_);
  const std::string where = fmt::format("::{}:{}", in_brackets(address),
                                        is_secure ? places_.https_port : places_.http_port);
  const ConnectTo connect_to(curl_slist_append(nullptr, where.c_str()));
  std::array<char, CURL_ERROR_SIZE> problem{};
  curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
  limit_protocols(handle.get(), Protocols::http_and_https);
  curl_easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_CONNECT_TO, connect_to.get());
  curl_easy_setopt(handle.get(), CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(handle.get(), CURLOPT_NOPROXY, "*");
  curl_easy_setopt(handle.get(), CURLOPT_USERAGENT, "ccm-tls");
  curl_easy_setopt(handle.get(), CURLOPT_CONNECTTIMEOUT_MS, kConnectPatience);
  curl_easy_setopt(handle.get(), CURLOPT_TIMEOUT_MS, kPatience);
  // Nothing secret is sent, and nothing is believed. Before the first certificate there is a
  // placeholder.
  curl_easy_setopt(handle.get(), CURLOPT_SSL_VERIFYPEER, 0L);
  curl_easy_setopt(handle.get(), CURLOPT_SSL_VERIFYHOST, 0L);
  curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, problem.data());
  curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, on_proof);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &fetched.body);
  const CURLcode code = curl_easy_perform(handle.get());
  const bool is_too_long = code == CURLE_WRITE_ERROR;
  if (code != CURLE_OK && !is_too_long) {
    fetched.problem = problem.front() != '\0' ? problem.data() : curl_easy_strerror(code);
    return fetched;
  }
  const char* location = nullptr;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &fetched.status);
  curl_easy_getinfo(handle.get(), CURLINFO_REDIRECT_URL, &location);
  if (location != nullptr) fetched.location = location;
  if (is_too_long) fetched.body.append("…");
  return fetched;
}

// Another program may serve it with a line end.
bool FileSearch::is_good(const Fetched& fetched) const {
  return fetched.status == kGood && trim(fetched.body) == value_;
}

std::string FileSearch::describe(const Fetched& fetched) const {
  if (fetched.status == 0) return fmt::format("cannot be fetched: {}", printable(fetched.problem));
  if (!fetched.location.empty()) {
    return fmt::format("answers {} to {}, and the authority follows no redirect", fetched.status,
                       printable(cut(fetched.location, kMostShownBody)));
  }
  if (fetched.status != kGood) return fmt::format("answers {}", fetched.status);
  const std::string_view body = trim(fetched.body);
  if (body.empty()) return "holds nothing";
  const std::string_view shown = cut(body, kMostShownBody);
  return fmt::format("holds \"{}{}\"", printable(shown), shown.size() < body.size() ? "…" : "");
}

FileSearch::Found FileSearch::look_at(const std::string& address) const {
  const Fetched plain = fetch(address, Secure::no);
  if (is_good(plain)) return {.is_there = true, .is_reached = true};
  const Fetched secure = fetch(address, Secure::yes);
  if (is_good(secure)) return {.is_there = true, .is_reached = true};
  return {.is_reached = plain.status != 0 || secure.status != 0,
          .difference =
              fmt::format("at {}, http://{} {}; over https it {}; it should hold \"{}\"", address,
                          place_, describe(plain), describe(secure), printable(value_))};
}

Result<void> FileSearch::look() {
  const Result<std::vector<std::string>> asked = addresses();
  if (!asked) return fail(asked.error());
  bool is_anywhere = false;
  std::optional<std::string> unreached;
  for (const std::string& address : *asked) {
    Found found = look_at(address);
    is_anywhere = is_anywhere || found.is_there;
    if (found.is_there) continue;
    if (found.is_reached) return fail(ErrorKind::pending, std::move(found.difference));
    if (!unreached) unreached = std::move(found.difference);
  }
  if (is_anywhere || !unreached) return {};
  return fail(ErrorKind::transient, *std::move(unreached));
}

}  // namespace

Result<void> look_for_file(const std::string& domain, const std::string& file,
                           const std::string& value, const FilePlaces& places) {
  initialize_curl_once();
  return FileSearch(domain, file, value, places).look();
}

}  // namespace ccm::cloud
