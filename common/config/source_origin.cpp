// SPDX-License-Identifier: Apache-2.0
#include "config/source_origin.h"

namespace ccm::config {

std::string origin_prefix(const SourceSpec& source) {
  const auto* pca = std::get_if<PcaSource>(&source);
  return pca == nullptr ? "scm:" : "pca:" + pca->issuer_id + "/";
}

}  // namespace ccm::config
