// SPDX-License-Identifier: Apache-2.0
// A self-signed certificate with its key in a file that is on no disk, for a server that cannot
// start without a certificate file (httpd's mod_ssl). No client ever sees it: the callbacks of a
// CertificateSet replace it. Owned by one configuration; used in the master only.
//
// The file has no name and is read through /proc/self/fd. Without /proc it has a name in an
// owner-only directory of its own, in memory if possible; the destructor removes it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/handle.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/key/key_pair.h"

namespace ccm::server {

class PlaceholderFile {
 public:
  PlaceholderFile() = default;
  PlaceholderFile(PlaceholderFile&& other) noexcept;
  PlaceholderFile& operator=(PlaceholderFile&& other) noexcept;
  ~PlaceholderFile();

  // Whether the file has the placeholder a second time, as its own issuer. A server keeps what it
  // reads for each virtual host, so the second copy costs memory there.
  enum class Chain : bool { leaf, leaf_and_issuer };

  // Replaces the content by a placeholder for `names`; leaves out names that a certificate cannot
  // carry. All placeholders of this object have the same P-256 key. `last_resort` is a directory
  // for the file when the system gives no memory for it.
  Result<void> write(const std::vector<std::string>& names, Chain chain, Time now,
                     const std::string& last_resort);
  // The path at which this process can read the file; empty before the first write(). `detour`,
  // such as "./", is put before the last component, to make a different path to the same file.
  std::string path(std::string_view detour = {}) const;
  // The file's descriptor, close-on-exec; -1 before the first write().
  int descriptor() const noexcept { return file_.get(); }

 private:
  Result<void> make_key();
  Result<void> make_file(const std::string& last_resort);

  FileDescriptor file_;
  std::string directory_;  // its own; empty: the file has no name
  std::optional<crypto::KeyPair> key_;
  Secret key_pem_;
};

}  // namespace ccm::server
