// SPDX-License-Identifier: Apache-2.0
#include "crypto/key/sealing.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <limits>
#include <utility>

#include "crypto/digest.h"
#include "crypto/openssl.h"

namespace ccm::crypto {
namespace {

using CipherContext = Handle<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

constexpr std::string_view kSealedMark = "ccm-sealed-1\n";
constexpr std::size_t kLongestKeyId = 64;
constexpr std::size_t kKeyIdBytes = 8;
constexpr std::size_t kWrappedKeySize = kSealingNonceSize + kSealingKeySize + kSealingTagSize;

const unsigned char* in_bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Result<void> check_sizes(const Secret& key, std::string_view nonce, std::size_t text) {
  if (key.size() != kSealingKeySize || nonce.size() != kSealingNonceSize ||
      text > static_cast<std::size_t>(std::numeric_limits<int>::max() / 2)) {
    return fail(ErrorKind::internal, "AES-256-GCM: a key, a nonce or a text has the wrong size");
  }
  return {};
}

Failure unopened() {
  drain_openssl_errors();
  return fail(ErrorKind::invalid,
              "it does not open: it was altered, moved, or sealed with another key");
}

// The parts of a sealed text; views into it.
struct Sealed {
  std::string_view id;
  std::string_view key_nonce;
  std::string_view wrapped_key;
  std::string_view nonce;
  std::string_view text;
};

std::string_view take_front(std::string_view& text, std::size_t size) {
  const std::string_view front = text.substr(0, size);
  text.remove_prefix(front.size());
  return front;
}

Result<Sealed> take_apart(std::string_view sealed) {
  if (sealed.starts_with(kSealedMark) && sealed.size() > kSealedMark.size()) {
    sealed.remove_prefix(kSealedMark.size());
    const std::size_t id_size = static_cast<unsigned char>(sealed.front());
    sealed.remove_prefix(1);
    if (id_size > 0 && id_size <= kLongestKeyId &&
        sealed.size() >= id_size + kWrappedKeySize + kSealingNonceSize + kSealingTagSize) {
      Sealed parts;
      parts.id = take_front(sealed, id_size);
      parts.key_nonce = take_front(sealed, kSealingNonceSize);
      parts.wrapped_key = take_front(sealed, kSealingKeySize + kSealingTagSize);
      parts.nonce = take_front(sealed, kSealingNonceSize);
      parts.text = sealed;
      return parts;
    }
  }
  return fail(ErrorKind::invalid, "it is no sealed text, or cut short");
}

// The two layers have different contexts, so that neither can be taken for the other.
std::string context_of(std::string_view layer, std::string_view id, std::string_view context) {
  return fmt::format("{}|{}|{}", layer, id, context);
}

Result<std::string> make_nonce() {
  const Result<Secret> bytes = random_bytes(kSealingNonceSize);
  if (!bytes) return fail(bytes.error());
  return std::string(bytes->reveal());
}

}  // namespace

Result<std::string> encrypt_gcm(const Secret& key, std::string_view nonce, std::string_view context,
                                const Secret& text) {
  if (Result<void> checked = check_sizes(key, nonce, text.size()); !checked) {
    return pass(std::move(checked));
  }
  const CipherContext cipher(EVP_CIPHER_CTX_new());
  std::string out(text.size() + kSealingTagSize, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(out.data());
  int size = 0;
  if (!cipher ||
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, in_bytes(key.reveal()),
                         in_bytes(nonce)) != 1 ||
      (!context.empty() && EVP_EncryptUpdate(cipher.get(), nullptr, &size, in_bytes(context),
                                             static_cast<int>(context.size())) != 1) ||
      (!text.empty() && EVP_EncryptUpdate(cipher.get(), bytes, &size, in_bytes(text.reveal()),
                                          static_cast<int>(text.size())) != 1) ||
      EVP_EncryptFinal_ex(cipher.get(), bytes + text.size(), &size) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(kSealingTagSize),
                          bytes + text.size()) != 1) {
    return fail(openssl_error(ErrorKind::internal, "encrypt"));
  }
  return out;
}

Result<Secret> decrypt_gcm(const Secret& key, std::string_view nonce, std::string_view context,
                           std::string_view encrypted) {
  if (encrypted.size() < kSealingTagSize) return unopened();
  const std::string_view text = encrypted.substr(0, encrypted.size() - kSealingTagSize);
  std::string tag(encrypted.substr(text.size()));
  if (Result<void> checked = check_sizes(key, nonce, text.size()); !checked) {
    return pass(std::move(checked));
  }
  const CipherContext cipher(EVP_CIPHER_CTX_new());
  if (!cipher) return fail(openssl_error(ErrorKind::internal, "decrypt"));
  // At least a byte, because a null output has another meaning for OpenSSL.
  Secret block = Secret::of_size(text.size() + 1);
  auto* bytes = reinterpret_cast<unsigned char*>(block.mutable_bytes().data());
  int size = 0;
  if (EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, in_bytes(key.reveal()),
                         in_bytes(nonce)) != 1 ||
      (!context.empty() && EVP_DecryptUpdate(cipher.get(), nullptr, &size, in_bytes(context),
                                             static_cast<int>(context.size())) != 1) ||
      (!text.empty() && EVP_DecryptUpdate(cipher.get(), bytes, &size, in_bytes(text),
                                          static_cast<int>(text.size())) != 1) ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(kSealingTagSize),
                          tag.data()) != 1 ||
      EVP_DecryptFinal_ex(cipher.get(), bytes + text.size(), &size) != 1) {
    return unopened();
  }
  return Secret::copy_of(block.bytes().first(text.size()));
}

Result<SealingKey> make_sealing_key() {
  const Result<Secret> id = random_bytes(kKeyIdBytes);
  if (!id) return fail(id.error());
  Result<Secret> key = random_bytes(kSealingKeySize);
  if (!key) return pass(std::move(key));
  return SealingKey{.id = to_hex(id->bytes()), .key = *std::move(key)};
}

Result<std::string> seal(const SealingKey& key, std::string_view context, const Secret& text) {
  if (key.id.empty() || key.id.size() > kLongestKeyId) {
    return fail(ErrorKind::internal, "the id of a sealing key is empty or too long");
  }
  const Result<Secret> data_key = random_bytes(kSealingKeySize);
  if (!data_key) return fail(data_key.error());
  const Result<std::string> key_nonce = make_nonce();
  const Result<std::string> nonce = make_nonce();
  if (!key_nonce || !nonce) return fail((key_nonce ? nonce : key_nonce).error());
  Result<std::string> wrapped =
      encrypt_gcm(key.key, *key_nonce, context_of("key", key.id, context), *data_key);
  if (!wrapped) return wrapped;
  Result<std::string> sealed =
      encrypt_gcm(*data_key, *nonce, context_of("text", key.id, context), text);
  if (!sealed) return sealed;
  std::string whole(kSealedMark);
  whole += static_cast<char>(key.id.size());
  return whole.append(key.id).append(*key_nonce).append(*wrapped).append(*nonce).append(*sealed);
}

Result<std::string> sealing_key_id(std::string_view sealed) {
  const Result<Sealed> parts = take_apart(sealed);
  if (!parts) return fail(parts.error());
  return std::string(parts->id);
}

Result<Secret> unseal(const SealingKey& key, std::string_view context, std::string_view sealed) {
  const Result<Sealed> parts = take_apart(sealed);
  if (!parts) return fail(parts.error());
  if (parts->id != key.id) return unopened();
  const Result<Secret> data_key = decrypt_gcm(
      key.key, parts->key_nonce, context_of("key", key.id, context), parts->wrapped_key);
  if (!data_key) return fail(data_key.error());
  return decrypt_gcm(*data_key, parts->nonce, context_of("text", key.id, context), parts->text);
}

}  // namespace ccm::crypto
