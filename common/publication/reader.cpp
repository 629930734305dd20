// SPDX-License-Identifier: Apache-2.0
#include "publication/reader.h"

#include <fmt/format.h>

#include <mutex>
#include <utility>

#include "publication/canary_board.h"
#include "publication/note.h"
#include "publication/segment.h"

namespace ccm::publication {
namespace {

// An attempt fails only if the writer published twice in the microseconds of a copy.
constexpr unsigned kMostAttempts = 16;

struct Copied {
  std::uint64_t generation = 0;
  Secret bytes;
};

}  // namespace

class Reader::Impl {
 public:
  explicit Impl(Segment segment)
      : segment_(std::move(segment)), slots_(std::make_unique<Slot[]>(segment_.slot_count())) {
    for (std::size_t index = 0; index < segment_.catalogue_count(); ++index) {
      catalogues_.push_back(
          std::make_unique<CatalogueReader>(CatalogueArea(segment_.catalogue(index))));
    }
  }

  const Segment& segment() const noexcept { return segment_; }

  std::uint64_t generation(std::uint32_t slot) const noexcept {
    return segment_.entry(slot).generation.load(std::memory_order_acquire);
  }

  std::shared_ptr<const Served> get(std::uint32_t index) {
    const std::uint64_t newest = generation(index);
    if (newest == 0) return nullptr;
    Slot& slot = slots_[index];
    std::shared_ptr<const Served> last_good;
    {
      const std::scoped_lock lock(slot.mutex);
      if (slot.looked_at == newest) return slot.served;
      last_good = slot.served;
    }
    std::unique_lock refresh(slot.refresh, std::defer_lock);
    // Another thread is taking the new generation. A thread that has a certificate to serve does
    // not wait for it. A placeholder is none, because its clients refuse it.
    if (!refresh.try_lock()) {
      if (last_good && !last_good->published.is_placeholder) return last_good;
      refresh.lock();
    }
    return take_newest(index, slot);
  }

  Result<Secret> nameless(std::uint32_t slot, std::string_view what) const {
    if (generation(slot) == 0) return Secret();
    std::uint64_t looked_at = 0;
    auto copied = copy_current(slot, looked_at);
    if (!copied) return fail_with(std::move(copied), what);
    return std::move(copied->bytes);
  }

  const CatalogueReader* catalogue(std::string_view name) const {
    for (const auto& each : catalogues_) {
      if (each->name() == name) return each.get();
    }
    return nullptr;
  }

  std::optional<Error> take_error(std::uint32_t index) {
    const std::scoped_lock lock(slots_[index].mutex);
    return std::exchange(slots_[index].error, std::nullopt);
  }

 private:
  struct Slot {
    // Held while pointers are copied, never while a value is parsed.
    std::mutex mutex;
    std::shared_ptr<const Served> served;
    std::uint64_t looked_at = 0;  // the last generation that was taken or found unusable
    std::optional<Error> error;
    // Held by the one thread that takes a new generation.
    std::mutex refresh;
  };

  // With slot.refresh held.
  std::shared_ptr<const Served> take_newest(std::uint32_t index, Slot& slot) {
    {
      const std::scoped_lock lock(slot.mutex);
      if (slot.looked_at == generation(index)) return slot.served;
    }
    std::uint64_t looked_at = 0;
    auto fresh = load(index, looked_at);
    const std::scoped_lock lock(slot.mutex);
    slot.looked_at = looked_at;
    if (fresh) {
      slot.served = *std::move(fresh);
      slot.error.reset();
    } else {
      slot.error = std::move(fresh).error().with_context(
          fmt::format("certificate \"{}\"", segment_.name(index)));
    }
    return slot.served;
  }

  Result<std::shared_ptr<const Served>> load(std::uint32_t index, std::uint64_t& looked_at) const {
    auto copied = copy_current(index, looked_at);
    if (!copied) return pass(std::move(copied));
    // The slot was emptied. In any other slot an empty value is damage, and the value before stays.
    if (copied->bytes.size() == 0 && is_canary_slot(segment_.name(index))) {
      return std::shared_ptr<const Served>();
    }
    auto published = decode(copied->bytes.bytes());
    if (!published) return pass(std::move(published));
    return std::make_shared<const Served>(
        Served{.published = *std::move(published), .generation = copied->generation});
  }

  // `looked_at` becomes the generation of the result. It stays 0 when the writer was always faster,
  // so that the next call tries again.
  Result<Copied> copy_current(std::uint32_t index, std::uint64_t& looked_at) const {
    const Entry& entry = segment_.entry(index);
    for (unsigned attempt = 0; attempt < kMostAttempts; ++attempt) {
      const std::uint64_t newest = generation(index);
      const std::size_t buffer = current_buffer(newest);
      const BufferState& state = entry.buffers[buffer];
      const std::uint64_t sequence = state.sequence.load(std::memory_order_acquire);
      const std::uint64_t size = state.size.load(std::memory_order_acquire);
      if (sequence % 2 == 0 && size <= segment_.buffer_size(index)) {
        Secret bytes = segment_.copy_out(index, buffer, size);
        if (state.sequence.load(std::memory_order_acquire) != sequence) continue;
        looked_at = newest;
        return Copied{newest, std::move(bytes)};
      }
      if (generation(index) == newest) {
        looked_at = newest;
        return fail(ErrorKind::invalid, "its slot in the publication segment is damaged");
      }
    }
    return fail(ErrorKind::transient,
                "the publication changes faster than it can be read; trying again");
  }

  Segment segment_;
  std::unique_ptr<Slot[]> slots_;
  std::vector<std::unique_ptr<CatalogueReader>> catalogues_;
};

Reader::Reader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;
Reader::~Reader() = default;

Result<Reader> Reader::open(int segment) {
  auto mapped = Segment::map(segment, Access::read_only);
  if (!mapped) return pass(std::move(mapped));
  return Reader(std::make_unique<Impl>(*std::move(mapped)));
}

std::optional<SteadyTime> Reader::last_beat() const noexcept {
  const std::uint64_t beat = impl_->segment().beat().load(std::memory_order_relaxed);
  if (beat == 0) return std::nullopt;
  return SteadyTime(std::chrono::nanoseconds(static_cast<std::int64_t>(beat)));
}

std::uint32_t Reader::slot_count() const noexcept {
  return impl_->segment().slot_count();
}

std::optional<std::uint32_t> Reader::find(std::string_view name) const {
  return impl_->segment().find(name);
}

const CatalogueReader* Reader::catalogue(std::string_view name) const {
  return impl_->catalogue(name);
}

std::size_t Reader::catalogue_count() const noexcept {
  return impl_->segment().catalogue_count();
}

std::uint64_t Reader::generation(std::uint32_t slot) const noexcept {
  return impl_->generation(slot);
}

std::uint64_t Reader::proofs_generation() const noexcept {
  return impl_->generation(impl_->segment().proofs_slot());
}

Result<std::string> Reader::proofs() const {
  auto text = impl_->nameless(impl_->segment().proofs_slot(), "file proofs");
  if (!text) return pass(std::move(text));
  return std::string(text->reveal());
}

std::uint64_t Reader::ticket_keys_generation() const noexcept {
  return impl_->generation(impl_->segment().ticket_keys_slot());
}

Result<Secret> Reader::ticket_keys() const {
  return impl_->nameless(impl_->segment().ticket_keys_slot(), "ticket keys");
}

std::shared_ptr<const Served> Reader::get(std::uint32_t slot) {
  return impl_->get(slot);
}

std::string Reader::note(std::uint32_t index) const {
  const Segment& segment = impl_->segment();
  return index < segment.note_count() ? read_note(segment.note(index)) : std::string();
}

std::optional<Error> Reader::take_error(std::uint32_t slot) {
  return impl_->take_error(slot);
}

}  // namespace ccm::publication
