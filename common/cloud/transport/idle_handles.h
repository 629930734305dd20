// SPDX-License-Identifier: Apache-2.0
// The curl handles of a client that are not in use. An idle handle keeps its connections, TLS
// sessions and resolved names. (Sharing connections between handles in several threads is not safe
// in curl 7.88.)
//
// Thread-safe.
#pragma once

#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

#include "cloud/transport/curl_protocols.h"

namespace ccm::cloud {

class IdleHandles {
 public:
  static constexpr std::size_t kMost = 4;

  // The handle that was used last, or a new one; null when there is no memory for it.
  CurlHandle take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        CurlHandle handle = std::move(idle_.back());
        idle_.pop_back();
        return handle;
      }
    }
    return CurlHandle(curl_easy_init());
  }

  // Clears the handle's headers, bodies and pointers.
  void give_back(CurlHandle handle) {
    curl_easy_reset(handle.get());
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kMost) idle_.push_back(std::move(handle));
  }

 private:
  std::mutex mutex_;
  std::vector<CurlHandle> idle_;
};

}  // namespace ccm::cloud
