// A self-signed certificate with its key in a file that is on no disk, for a server that cannot be
// set up without reading one (httpd's mod_ssl). No client ever sees it: the callbacks of a
// CertificateSet take its place. Owned by one configuration; used in the master only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/handle.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/key_pair.h"

namespace ccm::server {

class PlaceholderFile {
 public:
  // Replaces the content by a placeholder for `names`, of which those that a certificate cannot
  // carry are left out. One P-256 key serves all that are written.
  Result<void> write(const std::vector<std::string>& names, Time now);
  // A memfd, close-on-exec; -1 before the first write().
  int descriptor() const noexcept { return memory_.get(); }

 private:
  Result<void> make_key();

  FileDescriptor memory_;
  std::optional<crypto::KeyPair> key_;
  Secret key_pem_;
};

}  // namespace ccm::server
