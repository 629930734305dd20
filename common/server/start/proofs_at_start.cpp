// SPDX-License-Identifier: Apache-2.0
#include "server/start/proofs_at_start.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "publication/layout.h"
#include "store/proof_record.h"

namespace ccm::server {

std::string proofs_at_start(const BootstrapRequest& request, const Previous& previous,
                            const Shortcuts* shortcuts, std::span<const std::string> entries) {
  // An authority may be about to fetch one; the agent will soon publish the present ones.
  if (auto before = previous.proofs()) return *std::move(before);
  if (shortcuts == nullptr) return {};
  const bool has_catalogue = !request.config.catalogues().empty();
  std::vector<std::string> asked;
  std::copy_if(entries.begin(), entries.end(), std::back_inserter(asked), [&](const auto& entry) {
    return request.config.find(entry) != nullptr || !has_catalogue || !shortcuts->knows(entry);
  });
  return store::read_file_proofs_of(request.store, asked, publication::kProofsBufferSize);
}

}  // namespace ccm::server
