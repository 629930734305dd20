// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/events/made_up_event.h"

#include "base/text.h"

namespace ccm::lifecycle {

Event made_up_event(EventType type, const config::CertificateSpec& spec) {
  Event event{.type = type,
              .certificate = spec.name,
              .sentence = "this is a test, and nothing has happened",
              .fields = {{"names", join(spec.names, " ")}, {"test", "yes"}}};
  if (type == EventType::challenge_setup || type == EventType::challenge_teardown) {
    const std::string domain = spec.names.empty() ? "www.example.com" : spec.names.front();
    event.fields.insert(event.fields.end(), {{"domain", domain},
                                             {"method", "dns"},
                                             {"record_name", "_ccm-test." + domain},
                                             {"record_type", "TXT"},
                                             {"record_value", "made-up-value"},
                                             {"record_values", "made-up-value"}});
  }
  return event;
}

}  // namespace ccm::lifecycle
