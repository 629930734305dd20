// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/host/survey_options.h"

#include "cli/input/value_checks.h"
#include "cli/survey/listeners.h"

namespace ccm::cli {
void add_survey_options(CLI::App& command, SurveyOptions& options) {
  command.add_option(
      "NAME", options.names,
      "certificates, by their names in the server's configuration or, in a catalogue, "
      "in the store; none: all");
  add_duration(command, "--warning",
               "a certificate that ends sooner is worth a warning (20d; for a lifetime below 90 "
               "days, the same share of it)",
               [&options](Seconds limit) { options.limits.warning = limit; });
  add_duration(command, "--critical",
               "a certificate that ends sooner is critical (7d, or the same share)",
               [&options](Seconds limit) { options.limits.critical = limit; });
  command
      .add_option(
          "--connect", options.connect,
          "connect to this HOST:PORT instead of where the servers of this host listen; may be "
          "repeated")
      ->type_name("ADDRESS")
      ->expected(1)
      ->check(accepted_by(parse_address))
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  add_duration(command, "--timeout", "for one handshake (10s)", [&options](Seconds timeout) {
    if (timeout < Seconds(1)) throw CLI::ValidationError("--timeout", "write 1s or more");
    options.timeout = timeout;
  });
}

}  // namespace ccm::cli
