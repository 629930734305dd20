// SPDX-License-Identifier: Apache-2.0
#include "config/input/short_form.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/sentences.h"
#include "base/text.h"
#include "config/directives/simple_values.h"
#include "config/directives/store_directive.h"
#include "config/directives/table.h"
#include "config/directives/values.h"
#include "config/sentences.h"
#include "config/source_kinds.h"
#include "config/values/identifiers.h"
#include "config/values/server_names.h"
#include "config/values/value_words.h"

namespace ccm::config {
namespace {

// What the arguments say, before they become directives.
struct ShortForm {
  std::optional<std::string> source;
  std::vector<std::string> source_parameters;  // "id=…", "issuer=…" and the like
  std::optional<std::string> name;
};

Failure unknown_parameter(std::string_view key) {
  std::vector<std::string_view> keys = source_parameters();
  keys.push_back("name");
  for (const Directive& row : directives()) {
    if (row.scope != Scope::global) keys.push_back(row.key);
  }
  const std::string_view best = closest(key, keys);
  const std::string hint = best.empty() ? "" : fmt::format("; did you mean \"{}=\"?", best);
  return fail(ErrorKind::invalid,
              fmt::format("unknown parameter {} of a certificate{}", in_quotes(key), hint));
}

Result<void> put_once(std::optional<std::string>& place, std::string_view key, std::string value) {
  if (place) return given_twice(key);
  place = std::move(value);
  return {};
}

std::vector<std::string> listed(std::string_view key, std::string_view value) {
  if (key != "names") return {std::string(value)};
  std::vector<std::string> names;
  for (const std::string_view name : split(value, ',')) names.emplace_back(name);
  return names;
}

Result<void> take_argument(const std::string& argument, ShortForm& form,
                           RawCertificate& certificate) {
  const std::size_t equals = argument.find('=');
  if (equals == std::string::npos || equals + 1 == argument.size()) {
    return fail(ErrorKind::invalid,
                fmt::format("{} is not understood; write KEY=VALUE", in_quotes(argument)));
  }
  const std::string key = argument.substr(0, equals);
  std::string value = argument.substr(equals + 1);
  if (key == "source") return put_once(form.source, key, std::move(value));
  if (key == "name") return put_once(form.name, key, std::move(value));
  const auto parameters = source_parameters();
  if (std::binary_search(parameters.begin(), parameters.end(), key)) {
    for (const std::string& other : form.source_parameters) {
      if (other.starts_with(key + "=")) return given_twice(key);
    }
    form.source_parameters.push_back(argument);
    return {};
  }

  const Directive* row = find_directive(key);
  if (row == nullptr || row->scope == Scope::global) return unknown_parameter(key);
  for (const RawDirective& other : certificate.directives) {
    if (other.key == key) return given_twice(key);
  }
  return store_directive(certificate.directives, {key, listed(key, value), certificate.origin},
                         Scope::certificate, {});
}

Result<void> take_source(const ShortForm& form, RawCertificate& certificate) {
  if (!form.source) {
    const std::string forms = either_source(
        [](const SourceKind& kind) { return fmt::format("source={}", kind.shortest_form); });
    return fail(ErrorKind::invalid,
                fmt::format("the certificate's source is missing; write {}", forms));
  }
  std::vector<std::string> arguments{*form.source};
  arguments.insert(arguments.end(), form.source_parameters.begin(), form.source_parameters.end());
  return store_directive(certificate.directives,
                         {"source", std::move(arguments), certificate.origin}, Scope::certificate,
                         {});
}

Result<std::vector<std::string>> names_for(const CertificateValues& values,
                                           const std::vector<std::string>& server_names) {
  if (values.names) return *values.names;
  const bool is_public = values.source->kind().is_public;
  auto names = certificate_names(server_names, is_public, "names");
  if (names && names->empty()) {
    return fail(ErrorKind::invalid,
                fmt::format("the virtual host has no name that a certificate can carry{}; give it "
                            "one, or write names=www.example.com,...",
                            server_names.empty() ? "" : " (" + enumerated(server_names, 3) + ")"));
  }
  if (names && names->size() > kMostNames) {
    return fail(ErrorKind::invalid,
                fmt::format("the virtual host has {} names, more than the {} of one certificate; "
                            "divide them among several virtual hosts or write names=...",
                            names->size(), kMostNames));
  }
  return names;
}

// The arguments as directives, and what they say about the certificate's name.
Result<ShortForm> take_arguments(const std::vector<std::string>& arguments,
                                 RawCertificate& certificate) {
  ShortForm form;
  for (const std::string& argument : arguments) {
    auto taken = take_argument(argument, form, certificate);
    if (!taken) return pass(std::move(taken));
  }
  if (auto taken = take_source(form, certificate); !taken) return pass(std::move(taken));
  return form;
}

std::string name_for(const CertificateValues& values, std::string_view first_name) {
  std::string name = derived_certificate_name(first_name);
  if (!values.key) return name;
  return name + (values.key->algorithm == crypto::KeyAlgorithm::rsa ? "-rsa" : "-ecdsa");
}

}  // namespace

Result<RawCertificate> make_implicit(const std::vector<std::string>& arguments,
                                     const std::vector<std::string>& server_names,
                                     const Origin& origin) {
  RawCertificate certificate;
  certificate.origin = origin;
  certificate.is_implicit = true;
  auto form = take_arguments(arguments, certificate);
  if (!form) return pass(std::move(form));

  auto values = parse_values(certificate.directives);
  if (!values) return pass(std::move(values));
  auto names = names_for(values->certificate, server_names);
  if (!names) return pass(std::move(names));
  certificate.name = form->name ? *form->name : name_for(values->certificate, names->front());
  certificate.implicit_names = *std::move(names);
  if (auto checked = check_certificate_name(certificate.name); !checked) {
    return fail_with(std::move(checked),
                     form->name ? "name" : "the first server name (choose another with name=NAME)");
  }
  return certificate;
}

bool lacks_names(const std::vector<std::string>& arguments,
                 const std::vector<std::string>& server_names) {
  RawCertificate certificate;
  if (!take_arguments(arguments, certificate)) return false;
  const auto values = parse_values(certificate.directives);
  if (!values || values->certificate.names) return false;
  const bool is_public = values->certificate.source->kind().is_public;
  const auto names = certificate_names(server_names, is_public, "names");
  return names && names->empty();
}

}  // namespace ccm::config
