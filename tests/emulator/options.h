// SPDX-License-Identifier: Apache-2.0
// The switches of the emulator: each has a default, a type and a meaning listed in
// docs/emulator.md. Owned by World, used under its lock; kept in the store.
#pragma once

#include <cstdint>
#include <string>

#include "store.h"

namespace emulator {

class Options {
 public:
  explicit Options(Store& store);

  bool flag(const std::string& name) const;
  std::int64_t number(const std::string& name) const;
  std::string text(const std::string& name) const;
  const json& value(const std::string& name) const;
  const json& all() const { return values_; }

  // Takes over the given values; a sentence when a name or type is wrong (then nothing changes).
  std::string change(const json& values);
  void reset();

 private:
  Store& store_;
  json values_;
};

}  // namespace emulator
