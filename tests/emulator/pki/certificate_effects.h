// SPDX-License-Identifier: Apache-2.0
// Faults on certificates, chains and keys: what a certificate service might hand out when it errs.
// Called under World's lock.
#pragma once

#include "pki/authority.h"

namespace emulator {

struct Material {
  CertificateHandle certificate;
  Certificates chain;  // without the leaf
  KeyHandle key;       // null when the cloud does not have it
};

// Effects on the leaf and its key: wrong_key, no_key, expired, not_yet_valid, shorter, wrong_names,
// weak, client_auth_only. The leaf is signed again by its issuer, so only the named defect is left.
void spoil_leaf(World& world, const json& effect, const Issuer& issuer, Material& material);
// Effects on the chain: broken_chain, root_attached, reversed_chain.
void spoil_chain(World& world, const json& effect, const Issuer& issuer, Material& material);
// The PEM layout an effect asks for (glued, crlf, flat), or the standard one.
std::string pem_style(const json& effect, const std::string& standard);

}  // namespace emulator
