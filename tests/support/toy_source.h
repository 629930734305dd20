// SPDX-License-Identifier: Apache-2.0
// A third kind of source, `source toy box=NAME`: makes certificates itself. It shows what a new
// kind takes, and that nothing else has to know of it. In the tables while a ToyInTables lives.
#pragma once

#include <string>

#include "config/source_kinds.h"
#include "sources/source_drivers.h"

namespace ccm::test {

struct ToySource {
  std::string box;
  Seconds validity{};

  static const config::SourceKind& kind() noexcept;
  config::SourceFacts facts() const;
  void describe(Record& record) const;
  friend bool operator==(const ToySource&, const ToySource&) = default;
};

// The two halves of the row.
extern const config::SourceKind kToyKind;
extern const sources::SourceDriver kToyDriver;

struct ToyInTables {
  config::AddedSourceKind kind{kToyKind};
  sources::AddedSourceDriver driver{kToyDriver};
};

}  // namespace ccm::test
