// SPDX-License-Identifier: Apache-2.0
// Everything the emulated cloud knows. One object per process. Hold `mutex` to use it (only the
// request log has a lock of its own).
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>

#include "admin/faults.h"
#include "admin/request_log.h"
#include "emulator_clock.h"
#include "iam/accounts.h"
#include "iam/authentication.h"
#include "options.h"
#include "pki/serials.h"
#include "store.h"

namespace emulator {

struct World {
  // Opens the state in `directory`; on first start makes the demo account. Throws
  // std::runtime_error.
  explicit World(const std::string& directory);

  std::mutex mutex;
  std::condition_variable order_came;  // with `mutex`: the authority has something to do
  std::string directory;
  Store store;
  Options options;
  EmulatorClock clock;
  Accounts accounts;
  Authentication authentication;
  Faults faults;
  RequestLog log;
  Serials serials;
  std::string secure_url;  // https://127.0.0.1:port
  std::string plain_url;   // http://127.0.0.1:port
  std::string dns_server;  // 127.0.0.1:port, UDP and TCP
  json ready;              // the line printed at start

  std::string credentials_file() const { return directory + "/credentials"; }
  // The demo account in the vendor's profile format, mode 0600.
  void write_credentials() const;
};

// Replaces `file` by a new one with that content and those permissions.
void write_file(const std::string& file, const std::string& content, unsigned mode);

}  // namespace emulator
