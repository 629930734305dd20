// SPDX-License-Identifier: Apache-2.0
// A self-signed certificate with its key in a file that is on no disk, for a server that cannot be
// set up without reading one (httpd's mod_ssl). No client ever sees it: the callbacks of a
// CertificateSet take its place. Owned by one configuration; used in the master only.
//
// The file has no name and is read through /proc/self/fd. Where there is no /proc it has a name, in
// an owner-only directory of its own, in memory if possible, and is removed with the object.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/handle.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/key_pair.h"

namespace ccm::server {

class PlaceholderFile {
 public:
  PlaceholderFile() = default;
  PlaceholderFile(PlaceholderFile&& other) noexcept;
  PlaceholderFile& operator=(PlaceholderFile&& other) noexcept;
  ~PlaceholderFile();

  // Replaces the content by a placeholder for `names`, of which those that a certificate cannot
  // carry are left out. One P-256 key serves all that are written. `last_resort` is a directory for
  // the file when the system gives no memory for it.
  Result<void> write(const std::vector<std::string>& names, Time now,
                     const std::string& last_resort);
  // Where this process can read it. `detour` is put before the last component: slashes and dots
  // that lead nowhere, for a path that differs and means the same. Empty before the first write().
  std::string path(std::string_view detour = {}) const;
  // Of the file, close-on-exec; -1 before the first write().
  int descriptor() const noexcept { return file_.get(); }

 private:
  Result<void> make_key();
  Result<void> make_file(const std::string& last_resort);

  FileDescriptor file_;
  std::string directory_;  // of its own; empty: the file has no name
  std::optional<crypto::KeyPair> key_;
  Secret key_pem_;
};

}  // namespace ccm::server
