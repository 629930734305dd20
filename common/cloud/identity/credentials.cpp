// SPDX-License-Identifier: Apache-2.0
#include "cloud/identity/credentials.h"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "cloud/transport/http_client.h"
#include "crypto/digest.h"

namespace ccm::cloud {
namespace {

// The secret contributes 24 bits to a fingerprint: enough to notice a change, and too few to help
// anybody who guesses a password.
constexpr std::size_t kSecretDigits = 6;
constexpr std::size_t kIdentityDigits = 12;

std::string fingerprint_of(std::string_view kind, std::string_view identity, const Secret& secret) {
  const std::string digest = crypto::to_hex(crypto::hmac_sha256(secret, identity));
  return fmt::format("{}-{}-{}", kind, crypto::sha256_hex(identity).substr(0, kIdentityDigits),
                     std::string_view(digest).substr(0, kSecretDigits));
}

class FixedProvider final : public CredentialsProvider {
 public:
  explicit FixedProvider(Credentials credentials)
      : credentials_(std::make_shared<const Credentials>(std::move(credentials))) {}

  Result<std::shared_ptr<const Credentials>> current() override { return credentials_; }

 private:
  std::shared_ptr<const Credentials> credentials_;
};

// No key contains quotes, but other formats put them around values.
bool is_quoted(std::string_view text) {
  return !text.empty() &&
         (text.front() == '"' || text.front() == '\'' || text.back() == '"' || text.back() == '\'');
}

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

}  // namespace

AccessKey AccessKey::clone() const {
  return {.id = id,
          .secret = secret.clone(),
          .security_token = security_token.clone(),
          .expires_at = expires_at};
}

std::string Credentials::fingerprint() const {
  if (const auto* key = std::get_if<AccessKey>(&identity)) {
    return fingerprint_of("key", key->id, key->secret);
  }
  const auto& login = std::get<PasswordLogin>(identity);
  return fingerprint_of("user", fmt::format("{}\n{}", login.domain, login.user), login.password);
}

Result<void> check_access_key(const AccessKey& key, std::string_view source) {
  if (key.id.empty() || key.secret.empty()) {
    return fail(ErrorKind::invalid,
                fmt::format("{}: the {} is missing; an access key needs both ak and sk", source,
                            key.id.empty() ? "ak" : "sk"));
  }
  if (is_quoted(key.id) || is_quoted(key.secret.reveal()) ||
      is_quoted(key.security_token.reveal())) {
    const std::string_view which = is_quoted(key.id)                ? "ak"
                                   : is_quoted(key.secret.reveal()) ? "sk"
                                                                    : "security_token";
    return fail(ErrorKind::invalid,
                fmt::format("{}: the {} is in quotes, which would be taken as part of it; write it "
                            "without them",
                            source, which));
  }
  // The key id and the token become header values, where a line feed would begin another header.
  if (!is_header_safe(key.id) || !is_header_safe(key.security_token.reveal())) {
    return fail(ErrorKind::invalid,
                fmt::format("{}: the {} contains a space or a character that no key has", source,
                            is_header_safe(key.id) ? "security_token" : "ak"));
  }
  return {};
}

Result<Credentials> credentials_from_environment() {
  AccessKey key{.id = std::string(environment("HUAWEICLOUD_SDK_AK")),
                .secret = Secret::copy_of(environment("HUAWEICLOUD_SDK_SK")),
                .security_token = Secret::copy_of(environment("HUAWEICLOUD_SDK_SECURITY_TOKEN")),
                .expires_at = std::nullopt};
  if (key.id.empty() && key.secret.empty()) {
    return fail(ErrorKind::invalid,
                "no credentials in the environment; set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK");
  }
  if (auto checked = check_access_key(key, "credentials from the environment"); !checked) {
    return pass(std::move(checked));
  }
  return Credentials{.identity = std::move(key),
                     .domain_id = std::string(environment("HUAWEICLOUD_SDK_DOMAIN_ID")),
                     .project_id = std::string(environment("HUAWEICLOUD_SDK_PROJECT_ID")),
                     .iam_endpoint = std::string(environment("HUAWEICLOUD_SDK_IAM_ENDPOINT"))};
}

std::unique_ptr<CredentialsProvider> make_fixed_provider(Credentials credentials) {
  return std::make_unique<FixedProvider>(std::move(credentials));
}

}  // namespace ccm::cloud
