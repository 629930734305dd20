// SPDX-License-Identifier: Apache-2.0
#include "config/input/settings.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/catalogue.h"
#include "config/directives/store_directive.h"
#include "config/directives/table.h"
#include "config/directives/values.h"
#include "config/input/short_form.h"
#include "config/sentences.h"
#include "config/values/identifiers.h"

namespace ccm::config {
namespace {

bool contains_all(const std::vector<std::string>& names, const std::vector<std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  });
}

// The directives were accepted before, so they can be parsed.
bool have_same_parameters(const RawCertificate& a, const RawCertificate& b) {
  auto first = parse_values(a.directives);
  auto second = parse_values(b.directives);
  if (!first || !second) return false;
  first->certificate.names.reset();
  second->certificate.names.reset();
  return first->certificate == second->certificate;
}

}  // namespace

Result<void> Settings::set(std::string_view key, std::vector<std::string> arguments,
                           Origin origin) {
  RawDirective directive{std::string(key), std::move(arguments), std::move(origin)};
  return store_directive(global_, std::move(directive), Scope::global, dialect_);
}

Result<void> Settings::add_certificate(std::string_view name, Origin origin) {
  if (auto checked = check_certificate_name(name); !checked) return checked;
  RawCertificate certificate;
  certificate.name = name;
  certificate.origin = std::move(origin);
  const auto [found, is_new] = certificates_.try_emplace(certificate.name, certificate);
  if (is_new) return {};
  if (found->second.is_implicit) {
    return fail(ErrorKind::invalid,
                fmt::format("the certificate name {} is taken by the virtual host in {}, whose "
                            "certificate is named after it; name one of them differently",
                            in_quotes(name), to_string(found->second.origin)));
  }
  return fail(ErrorKind::invalid, fmt::format("there are two {}s named {}; the first one is in {}",
                                              dialect_.certificate_block, in_quotes(name),
                                              to_string(found->second.origin)));
}

Result<void> Settings::set_in(std::string_view name, std::string_view key,
                              std::vector<std::string> arguments, Origin origin) {
  const auto found = certificates_.find(name);
  if (found == certificates_.end() || found->second.is_implicit) {
    return fail(ErrorKind::invalid,
                fmt::format("there is no {} {}", dialect_.certificate_block, in_quotes(name)));
  }
  RawDirective directive{std::string(key), std::move(arguments), std::move(origin)};
  return store_directive(found->second.directives, std::move(directive), Scope::certificate,
                         dialect_);
}

Result<std::string> Settings::use(const std::vector<std::string>& arguments,
                                  const std::vector<std::string>& server_names, Origin origin) {
  if (auto checked = check_texts(arguments); !checked) return pass(std::move(checked));
  if (auto checked = check_texts(server_names); !checked) {
    return fail_with(std::move(checked), "the virtual host's name");
  }
  if (arguments.empty()) {
    return fail(ErrorKind::invalid,
                fmt::format("no certificate is given; write the NAME of a {}, or source=scm, or "
                            "source=pca issuer=ID",
                            dialect_.certificate_block));
  }
  if (is_catalogue_use(arguments)) {
    auto catalogue = parse_catalogue_use(arguments);
    if (!catalogue) return catalogue;
    uses_.push_back({{}, *catalogue, arguments, server_names, std::move(origin)});
    return catalogue;
  }
  const bool is_name = arguments[0].find('=') == std::string::npos;
  std::string name = arguments[0];
  if (is_name) {
    if (arguments.size() > 1) {
      return fail(
          ErrorKind::invalid,
          fmt::format("{} follows the certificate's name {}; parameters belong in its {}",
                      in_quotes(arguments[1]), in_quotes(name), dialect_.certificate_block));
    }
    if (auto checked = check_certificate_name(name); !checked) return pass(std::move(checked));
  } else {
    auto certificate = make_implicit(arguments, server_names, origin);
    if (!certificate) return pass(std::move(certificate));
    name = certificate->name;
    if (auto added = add_implicit(*std::move(certificate)); !added) return pass(std::move(added));
  }
  uses_.push_back({name, {}, arguments, server_names, std::move(origin)});
  return name;
}

Result<void> Settings::add_implicit(RawCertificate certificate) {
  const auto [found, is_new] = certificates_.try_emplace(certificate.name, certificate);
  if (is_new) return {};
  RawCertificate& known = found->second;
  const std::string where = to_string(known.origin);
  if (!known.is_implicit) {
    return fail(ErrorKind::invalid,
                fmt::format("the certificate's name {} is taken by the {} in {}; write that NAME "
                            "alone to use it, or name=NAME to choose another",
                            in_quotes(known.name), dialect_.certificate_block, where));
  }
  if (!have_same_parameters(known, certificate)) {
    return fail(ErrorKind::invalid,
                fmt::format("the certificate {} has other parameters in {}; write the same ones, "
                            "or name=NAME to tell the two apart",
                            in_quotes(known.name), where));
  }
  // Two virtual hosts share a certificate when the names of one contain those of the other. The
  // longer list is used, so an alias that is added to one of them changes nothing else.
  if (contains_all(known.implicit_names, certificate.implicit_names)) return {};
  if (!contains_all(certificate.implicit_names, known.implicit_names)) {
    return fail(ErrorKind::invalid,
                fmt::format("the certificate {} has other names in {}; put the names of both "
                            "virtual hosts into a {}, or write name=NAME to tell the two apart",
                            in_quotes(known.name), where, dialect_.certificate_block));
  }
  known.implicit_names = std::move(certificate.implicit_names);
  return {};
}

bool Settings::lacks_names(const std::vector<std::string>& arguments,
                           const std::vector<std::string>& server_names) {
  return config::lacks_names(arguments, server_names);
}

bool Settings::empty() const noexcept {
  return global_.empty() && certificates_.empty() && uses_.empty();
}

}  // namespace ccm::config
