// SPDX-License-Identifier: Apache-2.0
// The workers' side: a read-only view of the segment and, per name, the parsed certificate of the
// newest generation. Parsing happens once per generation and process.
//
// Opened by the master and inherited by fork, mapping and cache alike. Any thread may call it: a
// call that finds nothing new is one atomic load, a comparison and the copy of a pointer under a
// lock that nobody holds for longer than that; while one thread parses a new generation the others
// go on with the last one. A caller that keeps its own pointer needs no lock at all:
//
//   if (!mine || mine->generation != reader.generation(slot)) mine = reader.get(slot);
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/handle.h"
#include "base/result.h"
#include "base/secret.h"
#include "publication/catalogue/catalogue_reader.h"
#include "publication/codec.h"

namespace ccm::publication {

// A published value with what OpenSSL wants, ready to be handed over. Immutable, shared.
struct Served {
  Published published;
  std::uint64_t generation = 0;
};

class Reader {
 public:
  // Maps the segment read-only; the descriptor may be closed afterwards. Workers get a read-only
  // descriptor, because a mapping of it can never be made writable.
  static Result<Reader> open(int segment);
  static Result<Reader> open(const FileDescriptor& segment) { return open(segment.get()); }

  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;
  ~Reader();

  // When an agent last gave a sign of life; nullopt: none has done so yet. One load.
  std::optional<SteadyTime> last_beat() const noexcept;
  std::uint32_t slot_count() const noexcept;
  // The slot of a name; nullopt when the segment has none. For configuration time.
  std::optional<std::uint32_t> find(std::string_view name) const;
  // The newest generation number of a slot; 0: nothing published yet. One acquire load.
  std::uint64_t generation(std::uint32_t slot) const noexcept;
  // The newest value; nullptr when nothing usable was ever published, or the slot was emptied
  // (Writer::withdraw). A value that does not decode is skipped: the last good one stays (and
  // `take_error` says why, once per generation).
  std::shared_ptr<const Served> get(std::uint32_t slot);
  // A note of whoever writes (status.h); empty when there is none. Copies it; waits for nobody.
  std::string note(std::uint32_t index) const;
  // Why the newest generation of the slot cannot be used, or nullopt. Reading clears it.
  std::optional<Error> take_error(std::uint32_t slot);

  // The catalogue of that name; nullptr: the segment has none. Lives as long as this object, and
  // does not move with it. For configuration time.
  const CatalogueReader* catalogue(std::string_view name) const;
  std::size_t catalogue_count() const noexcept;

  // The generation number of the files for authorities (Writer::publish_proofs); 0: nothing was
  // ever published.
  std::uint64_t proofs_generation() const noexcept;
  // A copy of their newest text; empty when there is none. `transient` when the writer replaces it
  // faster than it can be read, `invalid` when the segment is damaged.
  Result<std::string> proofs() const;

  // The same for the keys of session tickets (Writer::publish_ticket_keys).
  std::uint64_t ticket_keys_generation() const noexcept;
  Result<Secret> ticket_keys() const;

 private:
  class Impl;
  explicit Reader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ccm::publication
