// SPDX-License-Identifier: Apache-2.0
#include "iam/permissions.h"

#include <fmt/format.h>

#include <algorithm>

#include "service/refusal.h"
#include "world.h"

namespace emulator {

std::string check_permissions(const json& permissions) {
  const bool sound =
      permissions.is_null() ||
      (permissions.is_array() && std::all_of(permissions.begin(), permissions.end(),
                                             [](const json& entry) { return entry.is_string(); }));
  return sound ? ""
               : "\"permissions\" is a list such as [\"dns\", \"scm.ListCertificates\"], or null";
}

void require_permission(const Call& call) {
  const json* key = call.world.accounts.key(call.caller.access_key);
  if (key == nullptr || !key->contains("permissions") || (*key)["permissions"].is_null()) return;
  const Operation& operation = call.operation;
  const std::string service = name_of(operation.service);
  for (const json& permission : (*key)["permissions"]) {
    if (permission == service || permission == service + "." + operation.id) return;
  }
  switch (operation.service) {
    case Service::scm:
      throw Refusal("SCM.4002");
    case Service::pca:
      throw Refusal("PCA.00010004");
    case Service::dns:
      throw Refusal("DNS.0030");
    default:
      throw Refusal(403, "403", fmt::format("You are not authorized to perform {}.", operation.id));
  }
}

}  // namespace emulator
