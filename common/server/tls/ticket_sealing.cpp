// SPDX-License-Identifier: Apache-2.0
#include "server/tls/ticket_sealing.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "base/packing.h"
#include "crypto/digest.h"

namespace ccm::server {
namespace {

constexpr std::string_view kBindingMark = "ccm1";
constexpr unsigned kHalf = 32;
constexpr int kIvSize = 16;

std::string_view appdata_of(SSL_SESSION* session) noexcept {
  void* data = nullptr;
  std::size_t size = 0;
  if (session == nullptr || SSL_SESSION_get0_ticket_appdata(session, &data, &size) != 1 ||
      data == nullptr) {
    return {};
  }
  return {static_cast<const char*>(data), size};
}

const unsigned char* bytes_of(const policy::TicketKey& key, std::size_t offset) noexcept {
  return reinterpret_cast<const unsigned char*>(key.secret.bytes().data()) + offset;
}

bool set_mac_key(const policy::TicketKey& key, EVP_MAC_CTX* mac) {
  std::array<char, 7> digest{"SHA256"};
  // OpenSSL only reads this text.
  auto* bytes = const_cast<unsigned char*>(bytes_of(key, 0));
  const std::array<OSSL_PARAM, 3> parameters{
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, bytes, policy::kTicketMacKeySize),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
}

}  // namespace

bool bind_session(SSL_SESSION* session, const TicketBinding& binding) {
  Packer packer;
  packer.raw(kBindingMark);
  const auto begun = static_cast<std::uint64_t>(binding.begun.time_since_epoch().count());
  packer.number(static_cast<std::uint32_t>(begun));
  packer.number(static_cast<std::uint32_t>(begun >> kHalf));
  packer.block(binding.place);
  packer.block(binding.certificate);
  packer.block(binding.server_name);
  packer.block(binding.fingerprint);
  const Secret packed = std::move(packer).take();
  return SSL_SESSION_set1_ticket_appdata(session, packed.bytes().data(), packed.size()) == 1;
}

bool is_bound(SSL_SESSION* session) noexcept {
  return appdata_of(session).starts_with(kBindingMark);
}

std::optional<TicketBinding> binding_of(SSL_SESSION* session) {
  std::string_view data = appdata_of(session);
  if (!data.starts_with(kBindingMark)) return std::nullopt;
  data.remove_prefix(kBindingMark.size());
  Unpacker unpacker(data);
  const std::uint64_t low = unpacker.number();
  const std::uint64_t high = unpacker.number();
  TicketBinding binding{.begun = Time(Seconds(static_cast<Seconds::rep>(low | high << kHalf))),
                        .place = std::string(unpacker.text()),
                        .certificate = std::string(unpacker.text()),
                        .server_name = std::string(unpacker.text()),
                        .fingerprint = std::string(unpacker.text())};
  // It was sealed with our key, so another release has made it.
  if (!unpacker.is_complete()) binding.fingerprint.clear();
  return binding;
}

bool prepare_to_seal(const policy::TicketKey& key, unsigned char* name, unsigned char* iv,
                     EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  std::memcpy(name, key.name.data(), key.name.size());
  return RAND_bytes(iv, kIvSize) == 1 &&
         EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr,
                            bytes_of(key, policy::kTicketMacKeySize), iv) == 1 &&
         set_mac_key(key, mac);
}

bool prepare_to_open(const policy::TicketKey& key, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
                     EVP_MAC_CTX* mac) {
  return EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr,
                            bytes_of(key, policy::kTicketMacKeySize), iv) == 1 &&
         set_mac_key(key, mac);
}

std::string fingerprint_of(const X509* leaf) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (leaf == nullptr || X509_digest(leaf, EVP_sha256(), digest.data(), &size) != 1) return {};
  return crypto::to_hex(std::as_bytes(std::span(digest.data(), size)));
}

}  // namespace ccm::server
