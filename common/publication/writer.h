// SPDX-License-Identifier: Apache-2.0
// Creates and fills the segment. One writer at a time per segment: the server's master while it
// loads its configuration, then the agent. A record lock of the kernel keeps other processes out
// and ends with the process. Not thread-safe.
//
// A process destroys its Writer before it forks workers, and makes sure that they do not inherit
// the descriptor, because both allow writing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/handle.h"
#include "base/result.h"
#include "publication/catalogue/asked_names.h"
#include "publication/catalogue/catalogue_writer.h"
#include "publication/codec.h"
#include "publication/status.h"

namespace ccm::publication {

// What to do while another process writes.
enum class IfBusy : bool { fail, wait };

class Writer {
 public:
  // A new segment (close-on-exec, owner-only mode, size sealed) with one empty slot per name. Names
  // are sorted and made unique here. `invalid` when a name is too long or there are more than
  // kMaxSlots. `last_resort` is a directory on disk for the segment, as a file without a name, when
  // the system refuses a memfd; empty: fail instead. `catalogues` are the names of its catalogues,
  // sorted, each once.
  static Result<Writer> create(std::vector<std::string> names, const std::string& last_resort = {},
                               const std::vector<std::string>& catalogues = {});
  // Maps a segment that another process created; takes over the descriptor. `invalid` when it is
  // not a segment of this layout version; `transient` when another process writes and `if_busy` is
  // IfBusy::fail.
  static Result<Writer> attach(FileDescriptor segment, IfBusy if_busy = IfBusy::fail);

  Writer(Writer&&) noexcept;
  Writer& operator=(Writer&&) noexcept;
  ~Writer();

  // Publishes a value: fills the idle buffer, flips, and wipes the superseded bytes. Publishing
  // what is already there (same bytes) changes nothing and returns false. `rejected` for an unknown
  // name or a value larger than a buffer.
  Result<bool> publish(std::string_view name, const Published& published);
  // The same of a value that encode() gave (codec.h).
  Result<bool> publish_encoded(std::string_view name, std::span<const std::byte> value);
  // Empties the slot of a canary: readers get nothing, and the key is wiped. False when there is
  // nothing in it, or no such slot.
  Result<bool> withdraw(std::string_view name);
  // Whether publishing this would change nothing.
  bool holds(std::string_view name, const Published& published) const;
  bool holds_encoded(std::string_view name, std::span<const std::byte> value) const;
  // Each stays where it is for as long as this object lives.
  std::span<const std::unique_ptr<CatalogueWriter>> catalogues() const noexcept;
  // Maps once more what workers tell the agent, for either side. Without catalogues, an object that
  // does nothing.
  Result<AskedNames> map_asked() const;
  // Publishes what authorities may fetch from the server: a text of at most kProofsBufferSize bytes
  // (otherwise `rejected`), which workers get unchanged. False when it is already published.
  Result<bool> publish_proofs(std::string_view text);
  // Publishes the keys of session tickets, at most kTicketKeysBufferSize bytes (otherwise
  // `rejected`), which workers get unchanged. False when they are already published.
  Result<bool> publish_ticket_keys(const Secret& keys);
  // True when the slot holds a real certificate; false for a placeholder, nothing or no such slot.
  bool holds_certificate(std::string_view name) const;
  // What is published under that name; nullopt when nothing is, or there is no such slot.
  std::optional<Shown> shown(std::string_view name) const;
  const std::vector<std::string>& names() const noexcept;
  // Writes a note (status.h). Returns false and does nothing when the same note is there already.
  // `rejected` when it is larger than kNoteSize.
  Result<bool> write_note(std::uint32_t index, std::string_view bytes);
  // The same for a certificate's note; `rejected` for an unknown name.
  Result<bool> write_note(std::string_view name, std::string_view bytes);
  // The note that was written last, also by an earlier writer; empty when there is none.
  std::string read_note(std::uint32_t index) const;
  // Tells the readers that a publisher is alive.
  void beat(SteadyTime now) noexcept;

  // The segment's descriptor, for the agent to inherit. This object keeps ownership.
  int descriptor() const noexcept;
  // A second, read-only descriptor of the same segment, for mapping in workers: what is mapped from
  // it can never be made writable. Without /proc only the process that created the segment has one.
  Result<FileDescriptor> open_read_only() const;

 private:
  class Impl;
  explicit Writer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ccm::publication
