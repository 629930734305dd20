// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/frames.h"

#include <algorithm>
#include <utility>

#include "base/packing.h"
#include "base/text.h"

namespace ccm::agent {
namespace {

constexpr std::size_t kLongestOutcome = 2000;
constexpr std::size_t kLongestOutput = std::size_t{20} << 10U;
constexpr std::size_t kMostResults = 8;
// In one frame.
constexpr std::uint64_t kMostCounted = 0xffff'ffff;

std::string framed(Packer payload) {
  const Secret bytes = std::move(payload).take();
  Packer out(kPackedNumberSize + bytes.reveal().size());
  out.block(bytes.reveal());
  return std::string(std::move(out).take().reveal());
}

}  // namespace

std::string encode(const EventMessage& message) {
  Packer out;
  out.number(static_cast<std::uint32_t>(message.call));
  out.number(message.id);
  out.number(message.lost);
  pack_event(out, message.event);
  return framed(std::move(out));
}

std::optional<EventMessage> decode_message(std::string_view payload) {
  Unpacker in(payload);
  const std::uint32_t call = in.number();
  EventMessage message;
  message.id = in.number();
  message.lost = in.number();
  std::optional<Event> event = unpack_event(in);
  if (!event || !in.is_complete() || call > static_cast<std::uint32_t>(EventCall::test)) {
    return std::nullopt;
  }
  message.call = static_cast<EventCall>(call);
  message.event = *std::move(event);
  return message;
}

// Failures come first: a frame has no room for the results of very many hooks.
std::string encode(const HookAnswer& answer) {
  std::vector<const HookResult*> shown;
  for (const HookResult& result : answer.results) {
    if (!result.is_good && shown.size() < kMostResults) shown.push_back(&result);
  }
  for (const HookResult& result : answer.results) {
    if (result.is_good && shown.size() < kMostResults) shown.push_back(&result);
  }
  Packer out;
  out.number(answer.id);
  out.size(shown.size());
  for (const HookResult* result : shown) {
    out.block(cut(result->hook, kLongestOutcome));
    out.block(cut(result->outcome, kLongestOutcome));
    out.number(result->is_good ? 1 : 0);
    out.block(cut(result->output, kLongestOutput));
  }
  for (const std::uint64_t count : answer.counts.outcomes) {
    out.number(static_cast<std::uint32_t>(std::min(count, kMostCounted)));
  }
  return framed(std::move(out));
}

std::optional<HookAnswer> decode_answer(std::string_view payload) {
  Unpacker in(payload);
  HookAnswer answer;
  answer.id = in.number();
  for (std::uint32_t left = in.count(); left > 0 && !in.failed(); --left) {
    HookResult result;
    result.hook = printable(in.text());
    result.outcome = printable(in.text());
    result.is_good = in.number() == 1;
    result.output = printable_lines(in.text());
    answer.results.push_back(std::move(result));
  }
  for (std::uint64_t& count : answer.counts.outcomes) count = in.number();
  if (!in.is_complete()) return std::nullopt;
  return answer;
}

Result<std::optional<std::string>> FrameBuffer::next() {
  Unpacker in(bytes_);
  const std::uint32_t size = in.number();
  if (in.failed()) return std::optional<std::string>();
  if (size > kMostPayload) return fail(ErrorKind::invalid, "a message is too long to be one");
  if (bytes_.size() < kPackedNumberSize + size) return std::optional<std::string>();
  std::string payload = bytes_.substr(kPackedNumberSize, size);
  bytes_.erase(0, kPackedNumberSize + size);
  return std::optional<std::string>(std::move(payload));
}

}  // namespace ccm::agent
