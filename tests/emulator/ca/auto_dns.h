// SPDX-License-Identifier: Apache-2.0
// What `auto_dns_auth` does: SCM itself writes the validation records into the account's zones of
// Huawei Cloud DNS, for DV certificates only, and takes them away when the order is over. A record
// that somebody else made stays, and then there is no place for SCM's. Called under World's lock.
#pragma once

#include "json.h"

namespace emulator {

struct World;

void write_auto_records(World& world, const json& order);
void remove_auto_records(World& world, const json& order);

}  // namespace emulator
