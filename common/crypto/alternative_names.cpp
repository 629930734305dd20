#include "crypto/alternative_names.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "crypto/names.h"

namespace ccm::crypto {
namespace {

using GeneralNameHandle = Handle<GENERAL_NAME, GENERAL_NAME_free>;
using Asn1StringHandle = Handle<ASN1_STRING, ASN1_STRING_free>;

std::string_view view(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::optional<std::string> canonical_dns_name(std::string_view text) {
  // A certificate's name carries no trailing dot, no other letters than ASCII's and no brackets
  // (RFC 5280 section 4.2.1.6); parse_server_name would forgive all of that, and clients do not.
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

std::optional<std::vector<std::string>> read_alternative_names(const X509* certificate) {
  int critical = -1;
  const GeneralNamesHandle entries(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, &critical, nullptr)));
  if (entries == nullptr) {
    drain_openssl_errors();
    if (critical == -1) return std::nullopt;
    // Present but unreadable or there twice: it vouches for nothing, and hides the common name.
    return std::vector<std::string>();
  }
  std::vector<std::string> names;
  bool has_name = false;
  for (int i = 0; i < sk_GENERAL_NAME_num(entries.get()); ++i) {
    int type = 0;
    const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(entries.get(), i), &type);
    if (type != GEN_DNS && type != GEN_IPADD) continue;
    has_name = true;
    const std::string_view bytes = view(static_cast<const ASN1_STRING*>(value));
    std::optional<std::string> name =
        type == GEN_DNS ? canonical_dns_name(bytes) : address_text(bytes);
    if (name) names.push_back(std::move(*name));
  }
  if (!has_name) return std::nullopt;
  return names;
}

std::optional<std::string> read_common_name(const X509* certificate) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  int last = -1;
  for (int i = -1; (i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) >= 0;) last = i;
  if (last < 0) return std::nullopt;
  const ASN1_STRING* raw = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last));
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, raw);
  if (size < 0) {
    drain_openssl_errors();
    return std::nullopt;
  }
  const std::string text(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  return canonical_dns_name(text);
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
