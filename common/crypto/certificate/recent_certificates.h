// SPDX-License-Identifier: Apache-2.0
// Certificates that this process has parsed lately. Parsing is most of what a certificate costs,
// and the same ones come again and again: each authority below a leaf, and a leaf itself wherever
// it is read. Equal bytes give the same object.
//
// Only a process that asks for it keeps any: a worker has no use for it, and a server may unload
// this code. Any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "crypto/openssl.h"

namespace ccm::crypto {

// From now on keeps this many, for the rest of the process's life. To be called at most once.
void keep_recent_certificates(std::size_t most);

// For Certificate::parse_der. nullptr when these bytes were not parsed lately.
std::shared_ptr<X509> find_recent_certificate(std::span<const std::byte> der);
void note_recent_certificate(std::span<const std::byte> der,
                             const std::shared_ptr<X509>& certificate);

}  // namespace ccm::crypto
