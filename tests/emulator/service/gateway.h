// SPDX-License-Identifier: Apache-2.0
// The way of a request through the emulated cloud: find the operation, check the caller, apply an
// armed fault, check the parameters, run the handler, shape errors. Any thread; takes World's lock.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "service/operation.h"

namespace emulator {

class Gateway {
 public:
  explicit Gateway(World& world);

  Reply handle(const Request& request);

 private:
  struct Route {
    const Operation* operation = nullptr;
    std::map<std::string, std::string> path;
  };
  Route find(const Request& request) const;
  Reply attempt(Call& call, LogEntry& entry);
  Reply run(Call& call);
  void authenticate(Call& call) const;
  void read_body(Call& call) const;

  World& world_;
  Operations operations_;
};

}  // namespace emulator
