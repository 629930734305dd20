// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate/alternative_names.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string_view>

#include "crypto/certificate/names.h"
#include "crypto/certificate/plain_uri.h"

namespace ccm::crypto {
namespace {

using GeneralNameHandle = Handle<GENERAL_NAME, GENERAL_NAME_free>;
using Asn1StringHandle = Handle<ASN1_STRING, ASN1_STRING_free>;

std::string_view view(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::optional<std::string> canonical_dns_name(std::string_view text) {
  // A certificate's name has no dot at the end, only ASCII letters and no brackets (RFC 5280
  // section 4.2.1.6). parse_server_name accepts names that break this, and clients do not.
  const bool is_plain =
      std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0 && c != '['; });
  if (!is_plain || text.ends_with('.') || is_ip_address(text)) return std::nullopt;
  Result<std::string> name = parse_server_name(text);
  if (!name) return std::nullopt;
  return std::move(*name);
}

std::optional<std::string> address_text(std::string_view bytes) {
  if (bytes.size() != sizeof(in_addr) && bytes.size() != sizeof(in6_addr)) return std::nullopt;
  const int family = bytes.size() == sizeof(in_addr) ? AF_INET : AF_INET6;
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, bytes.data(), text.data(), text.size());
  return text.data();
}

// Borrows from the extension. Only the types whose value is text or an address have a text.
struct Entry {
  int type;
  std::string_view text;
};

Entry entry_at(const GENERAL_NAMES* entries, int index) {
  int type = 0;
  const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(entries, index), &type);
  const bool is_text = type == GEN_DNS || type == GEN_IPADD || type == GEN_EMAIL || type == GEN_URI;
  return {type, is_text ? view(static_cast<const ASN1_STRING*>(value)) : std::string_view()};
}

// nullptr also when the extension is unreadable or there twice.
GeneralNamesHandle entries_of(const X509* certificate) {
  GeneralNamesHandle entries(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  drain_openssl_errors();
  return entries;
}

// By Java's rule: it is not empty and something follows its first '@'.
bool has_mail_domain(std::string_view mail) {
  const std::string_view domain = mail.substr(mail.find('@') + 1);  // npos + 1 is 0
  return !domain.empty() && domain != ".";
}

std::vector<std::string> names_in(const GENERAL_NAMES* entries) {
  std::vector<std::string> names;
  for (int i = 0; i < sk_GENERAL_NAME_num(entries); ++i) {
    const Entry entry = entry_at(entries, i);
    if (entry.type != GEN_DNS && entry.type != GEN_IPADD) continue;
    std::optional<std::string> name =
        entry.type == GEN_DNS ? canonical_dns_name(entry.text) : address_text(entry.text);
    if (name) names.push_back(std::move(*name));
  }
  return names;
}

bool is_well_formed(const Entry& entry) {
  if (entry.type == GEN_IPADD) return address_text(entry.text).has_value();
  if (entry.type == GEN_URI) return is_plain_uri(entry.text);
  if (entry.type == GEN_EMAIL && !has_mail_domain(entry.text)) return false;
  if (entry.type == GEN_EDIPARTY) return false;  // Java fails on it
  return std::all_of(entry.text.begin(), entry.text.end(), [](char c) { return (c & 0x80) == 0; });
}

Result<GeneralNameHandle> make_general_name(const std::string& name) {
  const bool is_address = is_ip_address(name);
  Asn1StringHandle value(is_address ? a2i_IPADDRESS(name.c_str())
                                    : ASN1_STRING_type_new(V_ASN1_IA5STRING));
  GeneralNameHandle general(GENERAL_NAME_new());
  const bool is_set =
      value != nullptr && general != nullptr &&
      (is_address || ASN1_STRING_set(value.get(), name.data(), static_cast<int>(name.size())) == 1);
  if (!is_set) return fail(openssl_error(ErrorKind::internal, "subjectAltName"));
  GENERAL_NAME_set0_value(general.get(), is_address ? GEN_IPADD : GEN_DNS, value.release());
  return general;
}

}  // namespace

std::vector<std::string> read_alternative_names(const X509* certificate) {
  return names_in(entries_of(certificate).get());
}

std::vector<std::string> read_alternative_names(const X509_EXTENSIONS* extensions) {
  const GeneralNamesHandle entries(static_cast<GENERAL_NAMES*>(
      X509V3_get_d2i(extensions, NID_subject_alt_name, nullptr, nullptr)));
  drain_openssl_errors();
  return names_in(entries.get());
}

std::string alternative_names_problem(const X509* certificate) {
  if (X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1) < 0) return {};
  const GeneralNamesHandle entries = entries_of(certificate);
  if (entries == nullptr) return "its subjectAltName is not readable";
  for (int i = 0; i < sk_GENERAL_NAME_num(entries.get()); ++i) {
    if (!is_well_formed(entry_at(entries.get(), i))) {
      return fmt::format("entry {} of its subjectAltName is malformed", i + 1);
    }
  }
  return {};
}

Result<GeneralNamesHandle> make_alternative_names(const std::vector<std::string>& names) {
  GeneralNamesHandle entries(GENERAL_NAMES_new());
  if (entries == nullptr) return fail(openssl_error(ErrorKind::internal, "subjectAltName"));
  for (const std::string& name : names) {
    Result<GeneralNameHandle> entry = make_general_name(name);
    if (!entry) return pass(std::move(entry));
    if (sk_GENERAL_NAME_push(entries.get(), entry->get()) <= 0) {
      return fail(openssl_error(ErrorKind::internal, "subjectAltName"));
    }
    static_cast<void>(entry->release());
  }
  return entries;
}

}  // namespace ccm::crypto
