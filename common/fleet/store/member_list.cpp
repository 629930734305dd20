// SPDX-License-Identifier: Apache-2.0
#include "fleet/store/member_list.h"

#include <algorithm>
#include <utility>

#include "base/packing.h"
#include "crypto/digest.h"
#include "crypto/key/sealing.h"

namespace ccm::fleet {

Failure fleet_changed(const char* sentence) {
  return fail(Error(ErrorKind::transient, sentence).with_code(std::string(kFleetChanged), ""));
}

std::string fleet_host_id(std::string_view public_half) {
  return crypto::sha256_hex(public_half);
}

Result<EtcdChange> entry_of(const FleetLayout& layout, const FleetKeys& keys,
                            const FleetMember& member) {
  Packer packer;
  packer.block(member.name);
  packer.block(member.public_half);
  std::string place = layout.member(member.id);
  Result<std::string> sealed = keys.seal(place, std::move(packer).take());
  if (!sealed) return pass(std::move(sealed));
  return EtcdChange{.key = std::move(place), .value = *std::move(sealed)};
}

bool MemberList::has_entry_of(const FleetLayout& layout, const FleetKeys& keys) const {
  return std::any_of(members.begin(), members.end(), [&](const FleetMember& member) {
    return layout.member(member.id) == keys.entry;
  });
}

Result<MemberList> list_members(EtcdClient& etcd, const FleetLayout& layout,
                                const FleetKeys& keys) {
  const std::string prefix = layout.members();
  Result<EtcdPage> page = etcd.read_all(range_of_prefix(prefix));
  if (!page) return pass(std::move(page));
  MemberList list;
  for (EtcdItem& item : page->items) {
    const Result<Secret> text = keys.unseal(item.key, item.value);
    if (!text) {
      list.others.push_back(std::move(item));
      continue;
    }
    Unpacker unpacker(text->bytes());
    FleetMember member{.id = item.key.substr(prefix.size()),
                       .name = std::string(unpacker.text()),
                       .public_half = std::string(unpacker.text()),
                       .modified = item.modified,
                       .sealed_with = crypto::sealing_key_id(item.value).value_or("")};
    if (unpacker.is_complete() && fleet_host_id(member.public_half) == member.id) {
      list.members.push_back(std::move(member));
    }
  }
  return list;
}

}  // namespace ccm::fleet
