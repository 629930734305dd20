// SPDX-License-Identifier: Apache-2.0
// File proofs of any bytes, as a record of the store or the publication may hold them: refused, or
// proofs that come back as they were. An abort is a finding.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "store/proof_record.h"

using namespace ccm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto proofs = store::parse_proofs(text);
  if (!proofs) return 0;
  for (const store::FileProof& proof : *proofs) {
    if (!store::check_file_proof(proof) || store::files_of(proof).empty()) std::abort();
  }
  const auto again = store::parse_proofs(store::serialize_proofs(*proofs));
  if (!again || *again != *proofs) std::abort();
  return 0;
}
