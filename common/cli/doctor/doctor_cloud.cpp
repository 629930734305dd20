// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <memory>

#include "base/handle.h"
#include "base/sentences.h"
#include "base/text.h"
#include "cli/cloud/cloud_access.h"
#include "cli/cloud/permissions.h"
#include "cli/doctor/doctor.h"
#include "cli/input/secret_input.h"
#include "cloud/reply/http_date.h"
#include "cloud/transport/curl_client.h"
#include "cloud/transport/peer_chain.h"
#include "crypto/certificate/names.h"

namespace ccm::cli {
namespace {

// The gateway refuses a clock that differs by 15 minutes (docs/design/signing.md, "What the gateway
// checks").
constexpr Seconds kTolerableSkew{60};
constexpr Seconds kRefusedSkew{15 * 60};
constexpr std::string_view kNameIt =
    "correct it in the server's configuration (scm_endpoint, pca_endpoint, iam_endpoint, region), "
    "or "
    "with --region";

// How this host reaches the cloud: by the options, or else by the settings. Needs no credentials.
struct Way {
  cloud::Endpoints endpoints;
  std::string proxy;
  cloud::SharedProxyLogin login;
  std::string ca_file;  // empty: the system's list
  std::unique_ptr<cloud::HttpClient> http;
};

Result<Way> find_way(Workspace& workspace) {
  const GlobalOptions& options = workspace.options;
  const auto effective = workspace.global();
  const config::GlobalConfig none;
  const config::GlobalConfig& known = effective && *effective != nullptr ? **effective : none;
  cloud::Endpoints named = options.endpoints;
  named.iam = choose(named.iam, known.iam_endpoint);
  named.scm = choose(named.scm, known.scm_endpoint);
  named.pca = choose(named.pca, known.pca_endpoint);
  Way way{.endpoints = cloud::endpoints_for(choose(options.region, known.region), named),
          .proxy = choose(options.proxy, known.proxy),
          .login = nullptr,
          .ca_file = choose(options.ca_file, known.trusted_certificate),
          .http = nullptr};
  cloud::CurlOptions curl{.ca_pem = {}, .proxy = way.proxy, .user_agent = "ccmctl"};
  auto login = read_proxy_login(options, known);
  if (!login) return pass(std::move(login));
  way.login = *std::move(login);
  curl.proxy_login = way.login;
  if (!way.ca_file.empty()) {
    auto text = read_input(way.ca_file);
    if (!text) return pass(std::move(text));
    curl.ca_pem = text->reveal();
  }
  auto http = cloud::make_curl_client(curl);
  if (!http) return pass(std::move(http));
  way.http = *std::move(http);
  return way;
}

class Network {
 public:
  Network(Way way, const Clock& clock, Findings& findings)
      : way_(std::move(way)), clock_(clock), findings_(findings) {}

  // Whether every endpoint that was examined can be reached.
  bool examine(cloud::Service service, const std::string& endpoint) {
    const std::string subject = fmt::format("endpoint of {}", to_string(service));
    if (endpoint.empty()) {
      findings_.bad(subject, "where it is, is not known", std::string(kNameIt));
      return false;
    }
    const auto parts = cloud::require_safe_endpoint(endpoint);
    if (!parts) {
      findings_.bad(subject, parts.error().message(), std::string(kNameIt));
      return false;
    }
    if (const auto seen = seen_.find(endpoint); seen != seen_.end()) {
      findings_.add({seen->second ? Verdict::good : Verdict::bad, subject,
                     fmt::format("{}, as above", endpoint), seen->second ? "" : "as above"});
      return seen->second;
    }
    const bool is_open =
        resolve(subject, endpoint) && connect(subject, endpoint, std::string(parts->host));
    seen_[endpoint] = is_open;
    return is_open;
  }

 private:
  // Resolves the proxy's name if there is a proxy, which resolves all others.
  bool resolve(const std::string& subject, const std::string& endpoint) {
    const std::string& url = way_.proxy.empty() ? endpoint : way_.proxy;
    const auto parts = cloud::split_url(url);
    if (!parts) {
      findings_.bad("proxy", parts.error().message(), "correct the directive proxy, or --proxy");
      return false;
    }
    std::string host(parts->host);
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    const int code = getaddrinfo(host.c_str(), nullptr, &hints, &list);
    const Handle<addrinfo, freeaddrinfo> owner(list);
    if (code == 0) {
      addresses_ = addresses_in(list);
      return true;
    }
    findings_.bad(
        subject,
        fmt::format("{}: {}", host, code == EAI_SYSTEM ? errno_text(errno) : gai_strerror(code)),
        fmt::format("if the name is right, correct name resolution (/etc/resolv.conf): "
                    "getent hosts {}; if not, {}",
                    shell_word(host), kNameIt));
    return false;
  }

  static std::string addresses_in(const addrinfo* list) {
    std::vector<std::string> addresses;
    for (; list != nullptr; list = list->ai_next) {
      std::array<char, NI_MAXHOST> text{};
      if (getnameinfo(list->ai_addr, list->ai_addrlen, text.data(), text.size(), nullptr, 0,
                      NI_NUMERICHOST) == 0) {
        addresses.emplace_back(text.data());
      }
    }
    return enumerated(addresses, 3);
  }

  // Any answer at all proves name, route and trust; its Date shows the clock.
  bool connect(const std::string& subject, const std::string& endpoint, const std::string& host) {
    const auto answer =
        way_.http->send({.method = "GET", .url = endpoint + "/", .headers = {}, .body = {}});
    if (!answer) {
      explain(subject, endpoint, host, answer.error().message());
      return false;
    }
    findings_.good(subject, fmt::format("{} answers and is trusted ({}{})", endpoint,
                                        way_.proxy.empty() ? "" : "by the proxy ",
                                        way_.proxy.empty() ? addresses_ : way_.proxy));
    examine_clock(*answer);
    return true;
  }

  void explain(const std::string& subject, const std::string& endpoint, const std::string& host,
               const std::string& problem) {
    // Only a problem with trust is worth a second handshake.
    const bool is_about_trust = problem.find("ssl_trusted_certificate") != std::string::npos;
    const auto chain = is_about_trust ? cloud::fetch_peer_chain(endpoint, way_.proxy, way_.login)
                                      : Result<std::vector<crypto::Certificate>>();
    if (chain && !chain->empty()) {
      explain_chain(subject, host, *chain);
      return;
    }
    findings_.bad(subject, problem,
                  way_.proxy.empty()
                      ? "see that the way is open (routes, security group, firewall), or name the "
                        "proxy (directive proxy, --proxy)"
                      : fmt::format("see that the proxy {} lets this host through", way_.proxy));
  }

  void explain_chain(const std::string& subject, const std::string& host,
                     const std::vector<crypto::Certificate>& chain) {
    const crypto::Certificate& leaf = chain.front();
    const Time now = clock_.now();
    std::string name = host;
    if (name.starts_with('[')) name = name.substr(1, name.size() - 2);
    if (leaf.not_after() <= now || leaf.not_before() > now) {
      findings_.bad(
          subject,
          fmt::format("the certificate of {} is not valid at the time of this machine", host),
          "check this machine's clock (timedatectl); if it is right, tell the operator "
          "of that endpoint");
    } else if (!crypto::first_uncovered(leaf.names(), {name}).empty()) {
      findings_.bad(
          subject,
          fmt::format("the certificate of {} is for {}", host, enumerated(leaf.names(), 5)),
          fmt::format("name the endpoint as its certificate does: {}", kNameIt));
    } else {
      findings_.bad(
          subject,
          fmt::format("{} is not trusted: its chain ends at the issuer \"{}\", which is not among "
                      "the CAs {}",
                      host, printable(chain.back().issuer()),
                      way_.ca_file.empty() ? "of this system" : "in " + way_.ca_file),
          way_.ca_file.empty()
              ? "if this cloud has a CA of its own, get its certificate from its operator and "
                "name the file: ssl_trusted_certificate FILE, or --ca-file FILE; if it has not, "
                "install ca-certificates"
              : fmt::format("add that CA's certificate to {} if it is genuine",
                            shell_word(way_.ca_file)));
    }
  }

  void examine_clock(const cloud::HttpResponse& answer) {
    const auto date = cloud::parse_http_date(std::string(answer.header("Date")));
    if (has_seen_clock_ || !date) return;
    has_seen_clock_ = true;
    const Seconds skew = clock_.now() - *date;
    const Seconds size = skew < Seconds(0) ? -skew : skew;
    if (size < kTolerableSkew) {
      findings_.good("clock", "agrees with the cloud's");
      return;
    }
    findings_.add({size >= kRefusedSkew ? Verdict::bad : Verdict::doubtful, "clock",
                   fmt::format("{} {} the cloud's; from 15 minutes on it refuses every call",
                               format_duration(size), skew > Seconds(0) ? "ahead of" : "behind"),
                   "set up time synchronisation: timedatectl set-ntp true, or chrony"});
  }

  Way way_;
  const Clock& clock_;
  Findings& findings_;
  std::map<std::string, bool> seen_;  // whether it could be reached
  std::string addresses_;
  bool has_seen_clock_ = false;
};

// The sources of this host's certificates; all sources when there are no settings.
SourceVariants variants_of(Workspace& workspace) {
  SourceVariants variants;
  if (const auto settings = workspace.settings()) {
    for (const auto& each : **settings) {
      for (const auto& spec : each.config.certificates()) variants.insert(variant_of(spec.source));
      for (const auto& catalogue : each.config.catalogues()) {
        if (catalogue.kind != nullptr) variants.insert(catalogue.kind->word);
      }
    }
  }
  if (!variants.empty()) return variants;
  const auto usual = usual_variants();
  return {usual.begin(), usual.end()};
}

bool examine_network(Workspace& workspace, Findings& findings) {
  auto way = find_way(workspace);
  if (!way) {
    findings.bad("trust", way.error().message(),
                 "correct ssl_trusted_certificate (or --ca-file): a PEM file of CA certificates");
    return false;
  }
  const cloud::Endpoints endpoints = way->endpoints;
  const SourceVariants variants = variants_of(workspace);
  Network network(*std::move(way), workspace.clock(), findings);
  bool is_open = network.examine(cloud::Service::iam, endpoints.iam);
  for (const sources::SourceDriver* driver : sources::source_drivers()) {
    const bool is_used =
        std::any_of(driver->variants.begin(), driver->variants.end(),
                    [&](const auto& variant) { return variants.contains(variant.name); });
    if (!is_used || !driver->service) continue;
    is_open = network.examine(*driver->service, endpoints.*driver->endpoint) && is_open;
  }
  return is_open;
}

// Whether all servers have nothing but a catalogue of the store.
bool needs_no_cloud(Workspace& workspace) {
  const auto settings = workspace.settings();
  return settings && workspace.has_catalogue() && workspace.options.credentials.empty() &&
         std::all_of((*settings)->begin(), (*settings)->end(), [](const auto& each) {
           const auto& catalogues = each.config.catalogues();
           return each.config.certificates().empty() &&
                  std::all_of(catalogues.begin(), catalogues.end(),
                              [](const auto& one) { return one.kind == nullptr; });
         });
}

}  // namespace

void examine_cloud(Workspace& workspace, Findings& findings) {
  if (needs_no_cloud(workspace)) {
    findings.good("cloud", "no certificate of this host comes from it");
    return;
  }
  const bool is_open = examine_network(workspace, findings);
  const auto cloud = workspace.cloud();
  if (!cloud) {
    findings.bad("credentials", cloud.error().message(),
                 "name them: credentials file=FILE or credentials ecs in the server's "
                 "configuration, or --credentials");
    return;
  }
  if (!is_open) return;
  if (examine_account(**cloud, findings)) {
    examine_permissions(workspace, **cloud, variants_of(workspace), findings);
  }
  examine_further_credentials(workspace, findings);
}

}  // namespace ccm::cli
