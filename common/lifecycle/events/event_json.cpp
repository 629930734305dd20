// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/events/event_json.h"

#include "cloud/reply/json.h"

namespace ccm::lifecycle {

std::string event_json(const Event& event) {
  cloud::JsonObject json;
  json.set("event", kind_of(event.type).name);
  json.set("time", format_time(event.at));
  const auto set_text = [&json](const char* key, const std::string& text) {
    if (!text.empty()) json.set(key, text);
  };
  set_text("certificate", event.certificate);
  set_text("server", event.server);
  if (event.version != 0) json.set_number("version", static_cast<std::int64_t>(event.version));
  set_text("serial", event.serial);
  if (event.not_after) json.set("not_after", format_time(*event.not_after));
  set_text("sentence", event.sentence);
  for (const auto& [name, value] : event.fields) json.set(name.c_str(), value);
  // Cannot fail: bounded events are UTF-8.
  return json.dump().value_or("{}");
}

}  // namespace ccm::lifecycle
