#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <optional>
#include <set>

#include "base/handle.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/overview.h"
#include "cli/render.h"
#include "config/host_checks.h"

namespace ccm::cli {
namespace {

enum class Verdict : std::uint8_t { good, doubtful, bad };

struct Finding {
  Verdict verdict;
  std::string subject;
  std::string sentence;
};

// The gateway refuses what is 15 minutes off (signing.md section 8).
constexpr Seconds kTolerableSkew{60};
constexpr Seconds kRefusedSkew{15 * 60};

class Doctor {
 public:
  explicit Doctor(Workspace& workspace) : workspace_(workspace) {}

  std::vector<Finding> examine() {
    examine_store();
    examine_settings();
    examine_certificates();
    examine_cloud();
    return std::move(findings_);
  }

 private:
  void add(Verdict verdict, std::string subject, std::string sentence) {
    findings_.push_back({verdict, std::move(subject), std::move(sentence)});
  }

  void examine_store() {
    const std::string& path = workspace_.options.state_directory;
    struct stat facts {};
    if (stat(path.c_str(), &facts) != 0) {
      add(Verdict::doubtful, "store",
          fmt::format("{}: {}; the first agent makes it", path, errno_text(errno)));
      return;
    }
    if ((facts.st_mode & 077U) != 0) {
      add(Verdict::bad, "store",
          fmt::format("{0} is open to others than its owner: chmod 700 {0}", path));
    } else {
      add(Verdict::good, "store", fmt::format("{} is its owner's only", path));
    }
    examine_leader(path);
  }

  // The leader holds an exclusive lock, so a shared one is to be had only without it.
  void examine_leader(const std::string& path) {
    const FileDescriptor lock(open((path + "/leader.lock").c_str(), O_RDONLY | O_CLOEXEC));
    if (!lock) {
      add(Verdict::doubtful, "agent",
          fmt::format("{}/leader.lock: {}; did an agent ever run?", path, errno_text(errno)));
    } else if (flock(lock.get(), LOCK_SH | LOCK_NB) == 0) {
      add(Verdict::doubtful, "agent", "none is running: start the web server");
    } else {
      add(Verdict::good, "agent", "one is running and leads");
    }
  }

  void examine_settings() {
    const auto settings = workspace_.settings();
    if (!settings) {
      add(Verdict::bad, "settings", settings.error().message());
      return;
    }
    if ((*settings)->empty()) {
      add(Verdict::doubtful, "settings", "no web server of this host has left any");
    }
    for (const auto& each : **settings) {
      const std::string subject = fmt::format("settings of {}", lifecycle::name_of(each.server));
      const auto found = config::check_host(each.config);
      for (const auto& [is_fatal, sentence] : found) {
        add(is_fatal ? Verdict::bad : Verdict::doubtful, subject, sentence);
      }
      if (found.empty()) {
        add(Verdict::good, subject,
            fmt::format("{} certificates", each.config.certificates().size()));
      }
    }
  }

  void examine_certificates() {
    const Time now = workspace_.clock().now();
    const auto all = look_at_all(workspace_);
    if (!all) {
      add(Verdict::bad, "certificates", all.error().message());
      return;
    }
    for (const Overview& overview : *all) {
      const Health health = health_of(overview, now);
      const Error* error = overview.error();
      const Verdict verdict = health.colour == Colour::red                ? Verdict::bad
                              : error != nullptr || health.word == "held" ? Verdict::doubtful
                                                                          : Verdict::good;
      add(verdict, fmt::format("certificate {}", overview.name),
          error == nullptr ? fmt::format("{}, {}", health.word, next_step(overview, now))
                           : fmt::format("{}: {}", health.word, error->message()));
    }
  }

  void examine_cloud() {
    const auto cloud = workspace_.cloud();
    if (!cloud) {
      add(Verdict::bad, "credentials", cloud.error().message());
      return;
    }
    const auto credentials = (*cloud)->credentials().current();
    if (!credentials) {
      add(Verdict::bad, "credentials", credentials.error().message());
      return;
    }
    add(Verdict::good, "credentials", fmt::format("from {}", (*cloud)->credentials_source()));
    bool is_reachable = true;
    for (const auto service : {cloud::Service::iam, cloud::Service::scm, cloud::Service::pca}) {
      is_reachable = examine_endpoint(**cloud, service) && is_reachable;
    }
    if (is_reachable) examine_permissions(**cloud);
  }

  // Any answer at all proves name, route and trust; its Date shows the clock.
  bool examine_endpoint(CloudAccess& cloud, cloud::Service service) {
    const std::string subject = fmt::format("endpoint of {}", to_string(service));
    const auto endpoint = cloud.endpoint_of(service);
    if (!endpoint) {
      add(Verdict::doubtful, subject, endpoint.error().message());
      return true;
    }
    if (!seen_.insert(*endpoint).second) {
      add(Verdict::good, subject, fmt::format("{}, as above", *endpoint));
      return true;
    }
    const auto answer =
        cloud.http().send({.method = "GET", .url = *endpoint + "/", .headers = {}, .body = {}});
    if (!answer) {
      add(Verdict::bad, subject, answer.error().message());
      return false;
    }
    add(Verdict::good, subject, fmt::format("{} answers and is trusted", *endpoint));
    examine_clock(*answer);
    return true;
  }

  void examine_clock(const cloud::HttpResponse& answer) {
    std::tm parts{};
    const std::string date(answer.header("Date"));
    if (strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts) == nullptr) return;
    const Time theirs{Seconds(timegm(&parts))};
    const Seconds skew = workspace_.clock().now() - theirs;
    const Seconds size = skew < Seconds(0) ? -skew : skew;
    const Verdict verdict = size >= kRefusedSkew     ? Verdict::bad
                            : size >= kTolerableSkew ? Verdict::doubtful
                                                     : Verdict::good;
    add(verdict, "clock",
        verdict == Verdict::good
            ? "agrees with the cloud's"
            : fmt::format("{} {} the cloud's; from 15 minutes on it refuses every call: set up "
                          "chrony or ntpd",
                          format_duration(size), skew > Seconds(0) ? "ahead of" : "behind"));
  }

  void examine_permissions(CloudAccess& cloud) {
    if (!try_call(cloud, "scm.ListCertificates", {{"limit", "10"}})) return;
    if (!try_call(cloud, "pca.ListCertificateAuthority", {{"limit", "1"}})) return;
    const auto settings = workspace_.settings();
    if (!settings) return;
    std::set<std::pair<std::string, std::string>> ids;
    for (const auto& each : **settings) {
      for (const auto& spec : each.config.certificates()) {
        if (const auto* pca = std::get_if<config::PcaSource>(&spec.source)) {
          ids.insert({"pca.ShowCertificateAuthority", pca->issuer_id});
        } else if (const auto& scm = std::get<config::ScmSource>(spec.source);
                   !scm.certificate_id.empty()) {
          ids.insert({"scm.ShowCertificate", scm.certificate_id});
        }
      }
    }
    for (const auto& [operation, id] : ids) {
      const char* name = operation.starts_with("pca") ? "ca_id" : "certificate_id";
      if (!try_call(cloud, operation, {{name, id}})) return;
    }
  }

  // False when the credentials were refused: more of that would lock them.
  bool try_call(CloudAccess& cloud, const std::string& operation, const Words& words) {
    const auto answer = cloud.call(operation, words);
    const std::string_view action = (*cloud::find_operation(operation))->iam_action;
    if (answer) {
      const std::string state = answer->root()["status"].text();
      const bool is_usable =
          state.empty() || state == "ACTIVED" || state == "ISSUED" || state == "UPLOAD";
      add(is_usable ? Verdict::good : Verdict::bad, operation,
          state.empty() ? fmt::format("permitted ({})", action)
                        : fmt::format("{} is {}", words.front().second, state));
      return true;
    }
    add(Verdict::bad, operation, answer.error().message());
    return answer.error().kind() != ErrorKind::unauthorized;
  }

  Workspace& workspace_;
  std::vector<Finding> findings_;
  std::set<std::string> seen_;
};

std::string_view word_of(Verdict verdict) {
  return verdict == Verdict::good ? "ok" : verdict == Verdict::doubtful ? "look" : "BAD";
}

Colour colour_of(Verdict verdict) {
  return verdict == Verdict::good       ? Colour::green
         : verdict == Verdict::doubtful ? Colour::yellow
                                        : Colour::red;
}

Result<ExitCode> print_findings(Workspace& workspace, const std::vector<Finding>& findings) {
  Table table({"", "WHAT", "FINDING"});
  std::vector<cloud::JsonObject> objects;
  bool is_well = true;
  for (const auto& [verdict, subject, sentence] : findings) {
    is_well = is_well && verdict != Verdict::bad;
    table.add({{std::string(word_of(verdict)), colour_of(verdict)}, {subject}, {sentence}});
    objects.emplace_back();
    objects.back()
        .set("verdict", to_lower(word_of(verdict)))
        .set("subject", subject)
        .set("finding", sentence);
  }
  if (workspace.options.json) {
    cloud::JsonObject answer;
    answer.set_flag("is_well", is_well).set_objects("findings", std::move(objects));
    if (auto printed = print_object(std::move(answer)); !printed) return printed;
  } else {
    Terminal::print(table.text(workspace.terminal));
  }
  return is_well ? ExitCode::ok : ExitCode::failed;
}

}  // namespace

void add_doctor(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand(
      "doctor",
      "Looks for whatever could keep certificates from being renewed, and says what helps");
  command->footer("Example:\n  ccmctl doctor");
  command->callback([&action] {
    action = [](Workspace& workspace) {
      return print_findings(workspace, Doctor(workspace).examine());
    };
  });
}

}  // namespace ccm::cli
