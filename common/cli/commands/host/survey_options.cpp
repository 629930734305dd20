// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/host/survey_options.h"

#include <functional>
#include <string>

#include "config/values/duration.h"

namespace ccm::cli {
namespace {

void add_duration(CLI::App& command, const char* name, const char* about,
                  const std::function<void(Seconds)>& take) {
  const auto parse = [take](const std::string& text) {
    const auto duration = config::parse_duration(text);
    if (!duration) throw CLI::ValidationError(duration.error().message());
    take(*duration);
  };
  command.add_option_function<std::string>(name, parse, about)->type_name("DURATION");
}

}  // namespace

void add_survey_options(CLI::App& command, SurveyOptions& options) {
  command.add_option(
      "NAME", options.names,
      "certificates, by their names in the server's configuration or, in a catalogue, "
      "in the store; none: all");
  add_duration(command, "--warning",
               "a certificate that ends sooner is worth a warning (20d; of one that lives less "
               "than 90 days, the same share of its life)",
               [&options](Seconds limit) { options.limits.warning = limit; });
  add_duration(command, "--critical", "one that ends sooner is critical (7d, likewise)",
               [&options](Seconds limit) { options.limits.critical = limit; });
  command
      .add_option(
          "--connect", options.connect,
          "ask at this HOST:PORT, several times for several, and not where the servers of this "
          "host listen")
      ->type_name("ADDRESS")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  add_duration(command, "--timeout", "for one handshake (10s)", [&options](Seconds timeout) {
    if (timeout < Seconds(1)) throw CLI::ValidationError("--timeout: at least 1s");
    options.timeout = timeout;
  });
}

}  // namespace ccm::cli
