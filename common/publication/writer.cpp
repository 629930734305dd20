// SPDX-License-Identifier: Apache-2.0
#include "publication/writer.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "publication/canary_board.h"
#include "publication/note.h"
#include "publication/segment.h"
#include "publication/segment_lock.h"

namespace ccm::publication {
namespace {

constexpr std::uint64_t kMostBytes = kBufferSize;

}  // namespace

class Writer::Impl {
 public:
  Impl(FileDescriptor file, Segment segment)
      : file_(std::move(file)), segment_(std::move(segment)) {
    names_.reserve(segment_.slot_count());
    for (std::uint32_t slot = 0; slot < segment_.slot_count(); ++slot) {
      names_.emplace_back(segment_.name(slot));
      finish_interrupted(slot);
    }
    finish_interrupted(segment_.proofs_slot());
    finish_interrupted(segment_.ticket_keys_slot());
    for (std::size_t index = 0; index < segment_.catalogue_count(); ++index) {
      catalogues_.push_back(std::make_unique<CatalogueWriter>(
          CatalogueWriter::Place{.base = segment_.catalogue(index),
                                 .file = file_.get(),
                                 .offset = segment_.catalogue_offset(index)}));
    }
  }

  Result<bool> publish(std::string_view name, std::span<const std::byte> value) {
    const auto slot = segment_.find(name);
    if (!slot) {
      return fail(ErrorKind::rejected,
                  fmt::format("the publication segment has no slot for \"{}\"", name));
    }
    if (value.size() > kBufferSize) {
      return fail(ErrorKind::rejected,
                  fmt::format("certificate \"{}\" has {} bytes with chain, key and OCSP response; "
                              "at most {} can be published",
                              name, value.size(), kBufferSize));
    }
    if (holds(*slot, value)) return false;
    if (auto written = write(*slot, value); !written) return pass(std::move(written));
    return true;
  }

  Result<bool> withdraw(std::string_view name) {
    const auto slot = segment_.find(name);
    if (!slot || !is_canary_slot(name)) return false;
    const Entry& entry = segment_.entry(*slot);
    const std::uint64_t generation = entry.generation.load(std::memory_order_relaxed);
    if (generation == 0 || is_empty(entry, generation)) return false;
    if (auto written = write(*slot, {}); !written) return pass(std::move(written));
    return true;
  }

  Result<bool> publish_proofs(std::string_view text) {
    if (text.size() > kProofsBufferSize) {
      return fail(ErrorKind::rejected,
                  fmt::format("the file proofs have {} bytes; at most {} can be published",
                              text.size(), kProofsBufferSize));
    }
    return publish_nameless(segment_.proofs_slot(), Secret::copy_of(text));
  }

  Result<bool> publish_ticket_keys(const Secret& keys) {
    if (keys.size() > kTicketKeysBufferSize) {
      return fail(ErrorKind::rejected,
                  fmt::format("the ticket keys have {} bytes; at most {} can be published",
                              keys.size(), kTicketKeysBufferSize));
    }
    return publish_nameless(segment_.ticket_keys_slot(), keys);
  }

  bool holds(std::string_view name, std::span<const std::byte> value) const {
    const auto slot = segment_.find(name);
    return slot && holds(*slot, value);
  }

  bool holds_certificate(std::string_view name) const {
    const auto slot = segment_.find(name);
    if (!slot) return false;
    const Entry& entry = segment_.entry(*slot);
    const std::uint64_t generation = entry.generation.load(std::memory_order_relaxed);
    if (generation == 0 || is_empty(entry, generation)) return false;
    const Secret head = segment_.copy_out(*slot, current_buffer(generation), kHeadSize);
    return !is_placeholder(head.bytes());
  }

  std::optional<Shown> shown(std::string_view name) const {
    const auto slot = segment_.find(name);
    if (!slot) return std::nullopt;
    const Entry& entry = segment_.entry(*slot);
    const std::uint64_t generation = entry.generation.load(std::memory_order_relaxed);
    if (generation == 0) return std::nullopt;
    const std::size_t current = current_buffer(generation);
    const std::uint64_t size = entry.buffers[current].size.load(std::memory_order_relaxed);
    const Secret value = segment_.copy_out(*slot, current, std::min(size, kMostBytes));
    auto shown = show(value.bytes());
    if (!shown) return std::nullopt;
    shown->generation = generation;
    return *std::move(shown);
  }

  Result<bool> write_note(std::uint32_t index, std::string_view bytes) {
    if (bytes.size() > kNoteSize) {
      return fail(ErrorKind::rejected,
                  fmt::format("a note of {} bytes; at most {} fit", bytes.size(), kNoteSize));
    }
    Note& note = segment_.note(index);
    if (publication::read_note(note) == bytes) return false;
    if (auto room = segment_.reserve_note(file_.get(), index); !room) return pass(std::move(room));
    publication::write_note(note, bytes);
    return true;
  }

  Result<bool> write_note(std::string_view name, std::string_view bytes) {
    const auto slot = segment_.find(name);
    if (!slot) {
      return fail(ErrorKind::rejected,
                  fmt::format("the publication segment has no slot for \"{}\"", name));
    }
    return write_note(kFirstCertificateNote + *slot, bytes);
  }

  std::string read_note(std::uint32_t index) const {
    return publication::read_note(segment_.note(index));
  }

  const std::vector<std::string>& names() const noexcept { return names_; }
  Result<AskedNames> map_asked() const {
    if (segment_.catalogue_count() == 0) return AskedNames();
    return AskedNames::map(file_.get(), segment_.asked_offset());
  }

  std::span<const std::unique_ptr<CatalogueWriter>> catalogues() const noexcept {
    return catalogues_;
  }
  void beat(SteadyTime now) noexcept {
    const auto since = std::chrono::nanoseconds(now.time_since_epoch());
    segment_.beat().store(static_cast<std::uint64_t>(since.count()), std::memory_order_relaxed);
  }
  int descriptor() const noexcept { return file_.get(); }
  FileDescriptor& read_only() noexcept { return read_only_; }

 private:
  static bool is_empty(const Entry& entry, std::uint64_t generation) noexcept {
    return entry.buffers[current_buffer(generation)].size.load(std::memory_order_relaxed) == 0;
  }

  Result<bool> publish_nameless(std::uint32_t slot, const Secret& value) {
    const bool was_never = segment_.entry(slot).generation.load(std::memory_order_relaxed) == 0;
    if (was_never ? value.empty() : holds(slot, value.bytes())) return false;
    if (auto written = write(slot, value.bytes()); !written) return pass(std::move(written));
    return true;
  }

  // Nobody else writes, so what this process reads of its own fields needs no order.
  bool holds(std::uint32_t slot, std::span<const std::byte> value) const {
    const Entry& entry = segment_.entry(slot);
    const std::uint64_t generation = entry.generation.load(std::memory_order_relaxed);
    if (generation == 0) return false;
    const std::size_t current = current_buffer(generation);
    if (entry.buffers[current].size.load(std::memory_order_relaxed) != value.size()) return false;
    const Secret held = segment_.copy_out(slot, current, value.size());
    return std::equal(value.begin(), value.end(), held.bytes().begin(), held.bytes().end());
  }

  // The numbers are the steps in layout.h.
  Result<void> write(std::uint32_t slot, std::span<const std::byte> value) {
    Entry& entry = segment_.entry(slot);
    const std::uint64_t generation = entry.generation.load(std::memory_order_relaxed);
    const std::size_t idle = current_buffer(generation + 1);
    if (auto room = segment_.reserve(file_.get(), slot, idle, value.size()); !room) return room;
    BufferState& state = entry.buffers[idle];
    const std::uint64_t sequence = state.sequence.load(std::memory_order_relaxed) | 1U;  // 1
    state.sequence.store(sequence, std::memory_order_release);
    state.size.store(value.size(), std::memory_order_release);
    segment_.copy_in(slot, idle, value);                                    // 2
    state.sequence.store(sequence + 1, std::memory_order_release);          // 3
    entry.generation.store(generation + 1, std::memory_order_release);      // 4
    if (generation != 0) release_buffer(slot, current_buffer(generation));  // 5
    return {};
  }

  void release_buffer(std::uint32_t slot, std::size_t buffer) {
    BufferState& state = segment_.entry(slot).buffers[buffer];
    state.sequence.store(state.sequence.load(std::memory_order_relaxed) | 1U,
                         std::memory_order_release);
    const std::uint64_t size = state.size.load(std::memory_order_relaxed);
    const std::size_t most = segment_.buffer_size(slot);
    segment_.wipe(slot, buffer, std::min<std::uint64_t>(size, most));
    // Gives the pages back. If the kernel refuses, they stay allocated, with zeroes.
    static_cast<void>(fallocate(file_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                static_cast<off_t>(segment_.buffer_offset(slot, buffer)),
                                static_cast<off_t>(most)));
    state.size.store(0, std::memory_order_release);
  }

  // A writer that died has left an idle buffer that is not empty.
  void finish_interrupted(std::uint32_t slot) {
    const Entry& entry = segment_.entry(slot);
    const std::size_t idle = current_buffer(entry.generation.load(std::memory_order_acquire) + 1);
    if (entry.buffers[idle].size.load(std::memory_order_relaxed) != 0) release_buffer(slot, idle);
  }

  FileDescriptor file_;
  FileDescriptor read_only_;  // only if it cannot be opened later
  Segment segment_;
  std::vector<std::string> names_;
  std::vector<std::unique_ptr<CatalogueWriter>> catalogues_;
};

Writer::Writer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Writer::Writer(Writer&&) noexcept = default;
Writer& Writer::operator=(Writer&&) noexcept = default;
Writer::~Writer() = default;

Result<Writer> Writer::create(std::vector<std::string> names, const std::string& last_resort,
                              const std::vector<std::string>& catalogues) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (const std::string& name : names) {
    if (name.empty() || name.size() >= kNameSize || name.find('\0') != std::string::npos) {
      return fail(ErrorKind::invalid,
                  fmt::format("a certificate's name must have 1 to {} characters, not {}",
                              kNameSize - 1, name.size()));
    }
  }
  auto made = Segment::create(names, catalogues, last_resort);
  if (!made) return pass(std::move(made));
  auto writer = attach(std::move(made->file));
  if (writer) writer->impl_->read_only() = std::move(made->read_only);
  return writer;
}

Result<Writer> Writer::attach(FileDescriptor segment, IfBusy if_busy) {
  if (auto locked = lock_segment(segment.get(), if_busy); !locked) return pass(std::move(locked));
  auto mapped = Segment::map(segment.get(), Access::read_write);
  if (!mapped) return pass(std::move(mapped));
  return Writer(std::make_unique<Impl>(std::move(segment), *std::move(mapped)));
}

Result<bool> Writer::publish(std::string_view name, const Published& published) {
  const auto value = encode(published);
  if (!value) return fail(value.error());
  return impl_->publish(name, value->bytes());
}

Result<bool> Writer::publish_encoded(std::string_view name, std::span<const std::byte> value) {
  return impl_->publish(name, value);
}

Result<bool> Writer::withdraw(std::string_view name) {
  return impl_->withdraw(name);
}

bool Writer::holds(std::string_view name, const Published& published) const {
  const auto value = encode(published);
  return value && impl_->holds(name, value->bytes());
}

bool Writer::holds_encoded(std::string_view name, std::span<const std::byte> value) const {
  return impl_->holds(name, value);
}

Result<bool> Writer::publish_proofs(std::string_view text) {
  return impl_->publish_proofs(text);
}

Result<bool> Writer::publish_ticket_keys(const Secret& keys) {
  return impl_->publish_ticket_keys(keys);
}

bool Writer::holds_certificate(std::string_view name) const {
  return impl_->holds_certificate(name);
}

std::optional<Shown> Writer::shown(std::string_view name) const {
  return impl_->shown(name);
}

Result<bool> Writer::write_note(std::uint32_t index, std::string_view bytes) {
  return impl_->write_note(index, bytes);
}

Result<bool> Writer::write_note(std::string_view name, std::string_view bytes) {
  return impl_->write_note(name, bytes);
}

std::string Writer::read_note(std::uint32_t index) const {
  return impl_->read_note(index);
}

Result<AskedNames> Writer::map_asked() const {
  return impl_->map_asked();
}

std::span<const std::unique_ptr<CatalogueWriter>> Writer::catalogues() const noexcept {
  return impl_->catalogues();
}

const std::vector<std::string>& Writer::names() const noexcept {
  return impl_->names();
}

void Writer::beat(SteadyTime now) noexcept {
  impl_->beat(now);
}

int Writer::descriptor() const noexcept {
  return impl_->descriptor();
}

Result<FileDescriptor> Writer::open_read_only() const {
  constexpr std::string_view kActivity = "open the publication segment for reading";
  if (impl_->read_only()) {
    FileDescriptor copy(fcntl(impl_->read_only().get(), F_DUPFD_CLOEXEC, 0));
    if (!copy) return fail(system_error(kActivity, errno));
    return copy;
  }
  auto file = open_again_read_only(impl_->descriptor());
  if (!file) return fail_with(std::move(file), kActivity);
  return file;
}

}  // namespace ccm::publication
