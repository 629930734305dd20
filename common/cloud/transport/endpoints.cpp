// SPDX-License-Identifier: Apache-2.0
#include "cloud/transport/endpoints.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"

namespace ccm::cloud {
namespace {

template <std::size_t Size>
bool contains(const std::array<std::string_view, Size>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

constexpr std::array<std::string_view, 3> kScmRegions = {"cn-north-4", "ap-southeast-1",
                                                         "my-kualalumpur-1"};
constexpr std::array<std::string_view, 5> kPcaRegions = {
    "cn-north-4", "ap-southeast-3", "eu-west-101", "ru-moscow-1", "my-kualalumpur-1"};
// Separate clouds, which share no service with the international site.
constexpr std::array<std::string_view, 3> kSeparateClouds = {"eu-west-101", "ru-moscow-1",
                                                             "my-kualalumpur-1"};

constexpr std::array kKnownRegions = std::to_array<std::string_view>({
    "ae-ad-1",        "af-north-1",     "af-south-1",     "ap-southeast-1", "ap-southeast-2",
    "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "cn-east-2",      "cn-east-3",
    "cn-east-4",      "cn-east-5",      "cn-north-1",     "cn-north-11",    "cn-north-12",
    "cn-north-2",     "cn-north-4",     "cn-north-9",     "cn-northeast-1", "cn-south-1",
    "cn-south-2",     "cn-south-4",     "cn-southwest-2", "cn-southwest-3", "eu-west-0",
    "eu-west-101",    "la-north-2",     "la-south-2",     "me-east-1",      "my-kualalumpur-1",
    "na-mexico-1",    "ru-moscow-1",    "ru-northwest-2", "sa-brazil-1",    "tr-west-1",
});
static_assert(std::is_sorted(kKnownRegions.begin(), kKnownRegions.end()));

std::string service_url(std::string_view service, std::string_view region) {
  return fmt::format("https://{}.{}.myhuaweicloud.com", service, region);
}

std::string iam_of(std::string_view region) {
  if (region.empty()) return "https://iam.myhuaweicloud.com";
  if (region == "eu-west-101") return "https://iam.eu-west-101.myhuaweicloud.eu";
  return service_url("iam", region);
}

// The region of the site that runs the service for `region`; empty when none is known.
std::string_view home_region(std::string_view region, std::string_view international) {
  if (region.empty() || contains(kSeparateClouds, region)) return {};
  return region.starts_with("cn-") ? "cn-north-4" : international;
}

std::string scm_of(std::string_view region) {
  const auto home = contains(kScmRegions, region) ? region : home_region(region, "ap-southeast-1");
  return home.empty() ? std::string() : service_url("scm", home);
}

std::string pca_of(std::string_view region) {
  if (region == "sa-brazil-1") return "https://ccm.myhuaweicloud.com";
  const auto home = contains(kPcaRegions, region) ? region : home_region(region, "ap-southeast-3");
  return home.empty() ? std::string() : service_url("ccm", home);
}

std::string apig_of(std::string_view region) {
  if (region.empty()) return {};
  if (region == "eu-west-101") return "https://apig.eu-west-101.myhuaweicloud.eu";
  return service_url("apig", region);
}

std::string sts_of(std::string_view region) {
  return region.empty() ? std::string() : service_url("sts", region);
}

std::string dns_of(std::string_view region) {
  if (region.empty()) return "https://dns.myhuaweicloud.com";
  if (region == "eu-west-101") return "https://dns.eu-west-101.myhuaweicloud.eu";
  return service_url("dns", region);
}

std::string normalized(std::string_view url) {
  while (url.ends_with('/')) url.remove_suffix(1);
  if (url.find("://") != std::string_view::npos) return std::string(url);
  return fmt::format("https://{}", url);
}

bool is_loopback(std::string_view host) {
  return equals_ignoring_case(host, "localhost") || host == "[::1]" || host.starts_with("127.");
}

Failure bad_url(std::string_view url, std::string_view why) {
  return fail(ErrorKind::invalid,
              fmt::format("endpoint \"{}\": {}; write it as https://host or https://host:port",
                          printable(url), why));
}

// Refuses "127.0.0.1.example.com", which only begins like an address.
bool is_dotted_quad(std::string_view host) {
  const auto parts = split(host, '.');
  return parts.size() == 4 && std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
           return parse_unsigned(part).value_or(256) < 256;
         });
}

bool is_this_machine(std::string_view host) {
  return is_loopback(host) && (!host.starts_with("127.") || is_dotted_quad(host));
}

bool is_authority_character(char c) {
  return c > ' ' && c < 0x7f && std::string_view("@\\\"'<>^`{|}").find(c) == std::string_view::npos;
}

}  // namespace

std::span<const std::string_view> known_regions() noexcept {
  return kKnownRegions;
}

Endpoints endpoints_for(const std::string& region, const Endpoints& overrides) {
  const auto choose = [](const std::string& given, std::string known) {
    return given.empty() ? std::move(known) : normalized(given);
  };
  return {.iam = choose(overrides.iam, iam_of(region)),
          .scm = choose(overrides.scm, scm_of(region)),
          .pca = choose(overrides.pca, pca_of(region)),
          .apig = choose(overrides.apig, apig_of(region)),
          .sts = choose(overrides.sts, sts_of(region)),
          .dns = choose(overrides.dns, dns_of(region))};
}

Result<UrlParts> split_url(std::string_view url) {
  std::optional<UrlParts> parts = url_parts(url);
  if (!parts) return bad_url(url, "no https:// in front");
  if (parts->scheme != "https" && parts->scheme != "http") return bad_url(url, "not an https URL");
  if (parts->host.empty()) return bad_url(url, "no host name");
  if (!std::all_of(parts->authority.begin(), parts->authority.end(), is_authority_character) ||
      url.find_first_of("?#") != std::string_view::npos) {
    return bad_url(url, "more than a host and a path");
  }
  while (parts->path.ends_with('/')) parts->path.remove_suffix(1);
  return *parts;
}

Result<UrlParts> require_safe_endpoint(std::string_view url) {
  auto parts = split_url(url);
  if (!parts || parts->scheme == "https" || is_this_machine(parts->host)) return parts;
  return bad_url(url, "credentials are never sent over plain http to another machine");
}

Result<UrlParts> require_metadata_endpoint(std::string_view url) {
  auto parts = split_url(url);
  if (!parts || parts->scheme == "https" || is_this_machine(parts->host)) return parts;
  const bool is_link_local = parts->host.starts_with("169.254.") && is_dotted_quad(parts->host);
  if (is_link_local || to_lower(parts->host).starts_with("[fe80:")) return parts;
  return fail(ErrorKind::invalid,
              fmt::format("metadata endpoint \"{}\": keys are never fetched over plain http from "
                          "another machine; the service is at http://169.254.169.254",
                          printable(url)));
}

}  // namespace ccm::cloud
