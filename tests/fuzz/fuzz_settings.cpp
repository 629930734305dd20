// SPDX-License-Identifier: Apache-2.0
// Directive words of any kind, as lines: whatever is accepted finalizes to a sound Config or one
// sentence, and means the same after the journey to the agent.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/input/wire.h"
#include "unit/config/settings_builder.h"

using namespace ccm;
using namespace ccm::config;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const Config& config) {
  for (const CertificateSpec& spec : config.certificates()) {
    require(!spec.names.empty() && spec.names.size() <= 100);
    require(!spec.name.empty() && spec.name.size() <= 128 && spec.name.front() != '.');
    require(spec.name.find('/') == std::string::npos);
    require(spec.check_interval >= Seconds(1));
    require(config.find(spec.name) == &spec);
    require(spec.fingerprint().size() == 64);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Handover sent;
  // Stops at the first refusal; what came before is kept.
  static_cast<void>(
      add_lines(sent.settings, std::string_view(reinterpret_cast<const char*>(data), size)));
  const auto config = sent.settings.finalize();
  if (config) check(*config);
  static_cast<void>(sent.settings.warnings());

  const auto received = decode_handover(encode_handover(sent));
  require(received.has_value());
  const auto again = received->settings.finalize();
  require(problem_of(again) == problem_of(config));
  if (config) require(again->certificates().size() == config->certificates().size());
  return 0;
}
