// SPDX-License-Identifier: Apache-2.0
#include "fleet/store/fleet_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/text.h"
#include "store/entry_name.h"
#include "store/file_store/version_files.h"

namespace ccm::fleet {
namespace {

struct ShelfName {
  Shelf shelf;
  std::string_view word;
};
constexpr std::array kShelves{
    ShelfName{Shelf::head, "heads"},         ShelfName{Shelf::version, "versions"},
    ShelfName{Shelf::response, "responses"}, ShelfName{Shelf::record, "records"},
    ShelfName{Shelf::request, "inbox"},      ShelfName{Shelf::grant, "granted"}};

constexpr std::size_t kRequestIdLength = 16;

bool is_name(std::string_view name) {
  return store::check_entry_name(name).has_value();
}

// "NAME/N" and "NAME/KIND".
bool read_pair(std::string_view text, Slot& slot) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  slot.name = text.substr(0, slash);
  const std::string_view rest = text.substr(slash + 1);
  if (slot.shelf == Shelf::record) {
    slot.rest = rest;
    return (slot.name.empty() || is_name(slot.name)) && is_name(slot.rest);
  }
  slot.number = store::parse_version_number(rest);
  return is_name(slot.name) && slot.number != 0;
}

// "ID-NAME".
bool read_ticket(std::string_view text, Slot& slot) {
  const std::size_t digits = text.find_first_not_of("0123456789abcdef");
  if (digits != kRequestIdLength || text[digits] != '-') return false;
  slot.rest = text.substr(0, digits);
  slot.name = text.substr(digits + 1);
  return is_name(slot.name);
}

}  // namespace

Result<FleetLayout> FleetLayout::make(std::string_view fleet) {
  if (Result<void> checked = store::check_entry_name(fleet); !checked) {
    return fail_with(std::move(checked), "name of the fleet");
  }
  return FleetLayout(std::string(fleet), fmt::format("/cl/{}/", fleet));
}

EtcdRange FleetLayout::followed() const {
  return {.key = prefix_, .end = prefix_ + "~"};
}

std::string FleetLayout::shelf(Shelf shelf) const {
  const auto* found = std::find_if(kShelves.begin(), kShelves.end(),
                                   [&](const ShelfName& each) { return each.shelf == shelf; });
  return fmt::format("{}{}/", prefix_, found->word);
}

std::string FleetLayout::shelf(Shelf wanted, std::string_view name) const {
  return fmt::format("{}{}/", shelf(wanted), name);
}

std::string FleetLayout::version(std::string_view name, store::VersionNumber number) const {
  return fmt::format("{}{}", shelf(Shelf::version, name), number);
}

std::string FleetLayout::response(std::string_view name, store::VersionNumber number) const {
  return fmt::format("{}{}", shelf(Shelf::response, name), number);
}

std::string FleetLayout::record(std::string_view name, std::string_view kind) const {
  return fmt::format("{}{}", shelf(Shelf::record, name), kind);
}

std::string FleetLayout::key(std::string_view id, std::string_view host) const {
  return fmt::format("{}{}/{}", keys(), id, host);
}

std::string FleetLayout::request(std::string_view id, std::string_view name) const {
  return fmt::format("{}{}-{}", shelf(Shelf::request), id, name);
}

std::optional<Slot> FleetLayout::slot_of(std::string_view key) const {
  if (!key.starts_with(prefix_)) return std::nullopt;
  key.remove_prefix(prefix_.size());
  const std::size_t slash = key.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto* found = std::find_if(kShelves.begin(), kShelves.end(), [&](const ShelfName& each) {
    return each.word == key.substr(0, slash);
  });
  if (found == kShelves.end()) return std::nullopt;
  const std::string_view rest = key.substr(slash + 1);
  Slot slot{.shelf = found->shelf, .name = std::string(rest)};
  bool is_ours = false;
  switch (slot.shelf) {
    case Shelf::head:
    case Shelf::grant:
      is_ours = is_name(slot.name);
      break;
    case Shelf::request:
      is_ours = read_ticket(rest, slot);
      break;
    case Shelf::version:
    case Shelf::response:
    case Shelf::record:
      is_ours = read_pair(rest, slot);
      break;
  }
  return is_ours ? std::optional(std::move(slot)) : std::nullopt;
}

}  // namespace ccm::fleet
