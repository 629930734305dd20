// The workers' side: a read-only view of the segment and, per name, the parsed certificate of the
// newest generation. Parsing happens once per generation and process; the fast path is one atomic
// load and a comparison.
//
// `Segment` is mapped by the master and inherited by fork; `Reader` may be used by several threads
// (httpd): its fast path takes no lock, the slow path one mutex per slot.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/handle.h"
#include "base/result.h"
#include "publication/codec.h"

namespace ccm::publication {

// A published value with what OpenSSL wants, ready to be handed over. Immutable, shared.
struct Served {
  Published published;
  std::uint64_t generation = 0;
};

class Reader {
 public:
  // Maps the segment read-only from a read-only descriptor; the descriptor may be closed afterwards.
  static Result<Reader> open(const FileDescriptor& segment);

  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;
  ~Reader();

  // The slot of a name; nullopt when the segment has none. For configuration time.
  std::optional<std::uint32_t> find(std::string_view name) const;
  // The newest generation number of a slot; 0: nothing published yet. One acquire load.
  std::uint64_t generation(std::uint32_t slot) const noexcept;
  // The newest value; nullptr when nothing was ever published. A value that does not decode is
  // skipped: the last good one stays (and `last_error` says why, once per generation).
  std::shared_ptr<const Served> get(std::uint32_t slot);
  // The reason the newest generation of the slot could not be used, if so; cleared by reading it.
  std::optional<Error> take_error(std::uint32_t slot);

 private:
  class Impl;
  explicit Reader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ccm::publication
