// The JSON type of the emulator. std::map keeps keys sorted, so documents and answers are
// reproducible.
#pragma once

#include <nlohmann/json.hpp>

namespace emulator {

using nlohmann::json;

}  // namespace emulator
