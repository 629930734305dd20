// SPDX-License-Identifier: Apache-2.0
#include "fleet/store/leaving_note.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/packing.h"
#include "base/text.h"

namespace ccm::fleet {

bool LeavingNote::names(std::string_view id) const noexcept {
  return std::any_of(hosts.begin(), hosts.end(), [&](const Host& host) { return host.id == id; });
}

bool LeavingNote::keeps(std::string_view id) const noexcept {
  return std::find(others.begin(), others.end(), id) != others.end();
}

Secret serialize(const LeavingNote& note) {
  Packer packer;
  packer.block(fmt::format("{}", note.hosts.size()));
  for (const LeavingNote::Host& host : note.hosts) {
    packer.block(host.id);
    packer.block(host.name);
  }
  packer.block(join(note.others, " "));
  return std::move(packer).take();
}

Result<LeavingNote> parse_leaving_note(const Secret& text) {
  Unpacker unpacker(text.bytes());
  LeavingNote note;
  const std::uint64_t hosts = parse_unsigned(unpacker.text()).value_or(0);
  for (std::uint64_t i = 0; i < hosts; ++i) {
    LeavingNote::Host host{.id = std::string(unpacker.text()), .name = {}};
    host.name = unpacker.text();
    if (host.id.empty()) break;
    note.hosts.push_back(std::move(host));
  }
  for (const std::string_view id : split(unpacker.text(), ' ')) note.others.emplace_back(id);
  if (!unpacker.is_complete() || note.others.empty() || note.hosts.size() != hosts) {
    return fail(ErrorKind::invalid, "the note of who leaves is not what this release writes");
  }
  return note;
}

Result<LeavingNote> read_leaving_note(EtcdClient& etcd, const FleetLayout& layout,
                                      const FleetKeys& keys) {
  const std::string place = layout.leaving();
  const Result<EtcdPage> page = etcd.range({.key = place});
  if (!page) return fail(page.error());
  if (page->items.empty()) return LeavingNote();
  const std::string& value = page->items.front().value;
  if (crypto::sealing_key_id(value).value_or("") != keys.keys.front().id) return LeavingNote();
  const Result<Secret> text = keys.unseal(place, value);
  return text ? parse_leaving_note(*text).value_or(LeavingNote()) : LeavingNote();
}

}  // namespace ccm::fleet
