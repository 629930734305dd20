// SPDX-License-Identifier: Apache-2.0
#include "pki/authority.h"

#include <fmt/format.h>

#include <algorithm>

#include "pki/keys.h"
#include "text.h"
#include "world.h"

namespace emulator {
namespace {

struct AuthorityPlan {
  const char* common_name;
  const char* key;
  const char* parent;
};

AuthorityPlan plan_of(const std::string& name) {
  if (name == "scm") return {"Emulated Public TLS CA 1", "RSA2048", "scm-root"};
  if (name == "scm-root") return {"Emulated Public Root", "RSA2048", ""};
  if (name == "other") return {"Untrusted CA", "RSA2048", "other-root"};
  if (name == "other-root") return {"Untrusted Root", "RSA2048", ""};
  return {"ccm-emulator service CA", "EC256", ""};
}

void make_authority(World& world, const std::string& name) {
  const AuthorityPlan plan = plan_of(name);
  const std::string parent = plan.parent;
  const KeyHandle key = generate_key(plan.key);
  CertificateSpec spec;
  spec.subject = {
      {"country", "CN"}, {"organization", "ccm-emulator"}, {"common_name", plan.common_name}};
  spec.public_key = key.get();
  spec.serial = fresh_serial(world);
  // Old and long enough for certificates that the admin side makes in the past or far future.
  spec.not_before = machine_ms() / 1000 - 3650 * kDay;
  spec.not_after = machine_ms() / 1000 + 10950 * kDay;
  spec.key_usages = {"keyCertSign", "cRLSign", "digitalSignature"};
  spec.path_length = parent.empty() ? -1 : 0;
  const Issuer issuer = parent.empty() ? Issuer{} : named_issuer(world, parent);
  const CertificateHandle made =
      issue_certificate(spec, parent.empty() ? Signer{nullptr, key.get()} : issuer.signer());
  world.store.put("authority", name,
                  {{"certificate", certificate_pem(made.get())},
                   {"private_key", private_key_pem(key.get())},
                   {"parent", parent}});
}

}  // namespace

Issuer named_issuer(World& world, const std::string& name) {
  if (world.store.find("authority", name) == nullptr) make_authority(world, name);
  const json& kept = *world.store.find("authority", name);
  Issuer issuer;
  issuer.id = name;
  issuer.key = parse_private_key(kept["private_key"].get<std::string>());
  issuer.chain = parse_certificates(kept["certificate"].get<std::string>());
  const auto parent = kept["parent"].get<std::string>();
  if (parent.empty()) return issuer;
  Issuer above = named_issuer(world, parent);
  for (auto& certificate : above.chain) issuer.chain.push_back(std::move(certificate));
  return issuer;
}

ServerIdentity make_server_identity(World& world, const std::vector<AlternativeName>& names) {
  const Issuer issuer = named_issuer(world, "service");
  const KeyHandle key = generate_key("EC256");
  CertificateSpec spec;
  spec.subject = {{"common_name", "ccm-emulator"}};
  spec.names = {{"DNS", "localhost"}, {"IP", "127.0.0.1"}, {"IP", "::1"}};
  for (const AlternativeName& name : names) {
    const auto is_same = [&](const AlternativeName& each) { return each.value == name.value; };
    if (std::none_of(spec.names.begin(), spec.names.end(), is_same)) spec.names.push_back(name);
  }
  spec.public_key = key.get();
  spec.serial = fresh_serial(world);
  spec.not_before = machine_ms() / 1000 - kDay;
  spec.not_after = machine_ms() / 1000 + 825 * kDay;
  spec.key_usages = {"digitalSignature"};
  spec.extended_key_usages = {"serverAuth"};
  const CertificateHandle made = issue_certificate(spec, issuer.signer());
  return {certificate_pem(made.get()) + certificates_pem(issuer.chain), private_key_pem(key.get())};
}

std::string fresh_serial(World& world) {
  std::string digits;
  for (const char character : random_hex(10)) digits += static_cast<char>('0' + character % 10);
  return compact_time(world.clock.now_ms()) + digits.substr(0, 10);
}

}  // namespace emulator
