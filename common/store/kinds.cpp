// SPDX-License-Identifier: Apache-2.0
#include "store/kinds.h"

#include <algorithm>
#include <array>

#include "store/file_store/file_reader.h"
#include "store/file_store/file_store.h"
#include "store/file_store/file_survey.h"
#include "store/host/state_directory.h"

namespace ccm::store {
namespace {

constexpr std::array kKinds = {
    Kind{.word = "file",
         .is_meant = [](std::string_view) { return true; },
         .open = open_file_store,
         .open_to_read = [](const std::string& place) -> std::unique_ptr<const StoreReader> {
           return std::make_unique<const FileReader>(place);
         },
         .distrust = distrust_of_store,
         .survey = survey_files},
};

}  // namespace

std::span<const Kind> kinds() noexcept {
  return kKinds;
}

const Kind& kind_of(std::string_view place) noexcept {
  const auto found = std::find_if(kKinds.begin(), kKinds.end(),
                                  [&](const Kind& kind) { return kind.is_meant(place); });
  return found == kKinds.end() ? kKinds.back() : *found;
}

}  // namespace ccm::store
