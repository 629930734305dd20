// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "cli/agent/status_port.h"
#include "cli/commands/commands.h"
#include "cli/host/links.h"
#include "cli/input/completion.h"
#include "cli/input/value_checks.h"
#include "cloud/reply/json.h"
#include "config/checks/host_checks.h"
#include "config/input/toml_file.h"
#include "launch/launch.h"
#include "publication/writer.h"

namespace ccm::cli {
namespace {

struct AgentOptions {
  std::string file;
  std::string log_level = "notice";
  std::string log_format;  // empty: what the file says
  bool is_check = false;
};

// A configuration that was read and checked.
struct Loaded {
  config::Settings settings;
  config::Config config;
  std::string program;
};

// Where to find a sample file; packages put it into different folders beside the program.
std::string where_a_sample_is() {
  const auto program = std::filesystem::path(program_path()).parent_path();
  for (const char* folder : {"ccmctl", "ccm-tls"}) {
    const auto sample =
        (program / "../share/doc" / folder / "examples/agent.toml").lexically_normal();
    if (::access(sample.c_str(), R_OK) == 0) {
      return fmt::format("a sample is in {}", sample.string());
    }
  }
  return "`ccmctl agent --help` shows what stands in it";
}

Result<Loaded> load(const AgentOptions& options) {
  auto settings = config::read_toml_settings(options.file);
  if (!settings && ::access(options.file.c_str(), F_OK) != 0 && errno == ENOENT) {
    return fail(settings.error().kind(),
                fmt::format("{}; {}", settings.error().message(), where_a_sample_is()));
  }
  if (!settings) return pass(std::move(settings));
  auto config = settings->finalize();
  if (!config) return pass(std::move(config));
  if (config->certificates().empty()) {
    return fail(ErrorKind::invalid,
                fmt::format("{} names no certificate, so there is nothing to do; add a "
                            "[certificate.NAME] table",
                            options.file));
  }
  if (!settings->allows_worker_dumps()) {
    return fail(ErrorKind::invalid,
                fmt::format("{}: worker_dumps would have no effect: it is about the workers of a "
                            "web server, and the agent itself never leaves a core file",
                            options.file));
  }
  for (const config::HostFinding& finding : config::check_host(*config)) {
    if (finding.fatal) return fail(ErrorKind::invalid, finding.sentence);
    Terminal::say(fmt::format("warning: {}", finding.sentence));
  }
  auto program = launch::find_agent(config->global().agent_path, program_path());
  if (!program) return pass(std::move(program));
  return Loaded{*std::move(settings), *std::move(config), *std::move(program)};
}

Result<ExitCode> check(const AgentOptions& options) {
  const auto loaded = load(options);
  if (!loaded) return fail(loaded.error());
  const std::size_t count = loaded->config.certificates().size();
  Terminal::say(
      fmt::format("{} is in order: {} certificate{}", options.file, count, count == 1 ? "" : "s"));
  return ExitCode::ok;
}

bool wants_json(const AgentOptions& options, const config::Settings& settings) {
  if (!options.log_format.empty()) return options.log_format == "json";
  return settings.log_format() == config::LogFormat::json;
}

// This process plays the part of a web server's master: it holds the lifeline, and when it ends for
// any reason, the agent ends, too.
class Foreground {
 public:
  explicit Foreground(const AgentOptions& options)
      : options_(options), place_(real_path(options.file)) {}
  Foreground(const Foreground&) = delete;
  Foreground& operator=(const Foreground&) = delete;
  ~Foreground() { stop(); }

  Result<ExitCode> run();

 private:
  Result<void> start(const Loaded& loaded);
  Result<FileDescriptor> open_notes(const config::Config& config);
  Result<void> show_status();
  Result<void> reload();
  bool has_ended();
  // Logs in the same form as the agent.
  void say(Severity severity, const std::string& sentence) const;
  void stop();

  const AgentOptions& options_;
  std::string instance_ = config::make_instance();
  std::string place_;
  std::optional<launch::Launched> agent_;
  StatusPort status_;
  std::optional<config::Config> config_;  // the configuration whose status is shown
  FileDescriptor notes_;                  // for reading
  unsigned loads_ = 0;
  bool logs_json_ = false;
};

// Makes the memory in which the agent leaves notes for the status. It holds no certificate and no
// key. Returns the agent's end.
Result<FileDescriptor> Foreground::open_notes(const config::Config& config) {
  if (!status_.is_wanted()) return FileDescriptor();
  std::vector<std::string> names;
  for (const config::CertificateSpec& spec : config.certificates()) names.push_back(spec.name);
  auto writer = publication::Writer::create(std::move(names), config.global().state_path);
  if (!writer) return pass(std::move(writer));
  auto to_read = writer->open_read_only();
  if (!to_read) return pass(std::move(to_read));
  FileDescriptor to_write(fcntl(writer->descriptor(), F_DUPFD_CLOEXEC, 0));
  if (!to_write) return fail(system_error("handing the agent its memory", errno));
  notes_ = *std::move(to_read);
  config_ = config;
  return to_write;
}

// To be called before the agent starts, so that the port's process does not inherit its lifeline.
Result<void> Foreground::show_status() {
  FileDescriptor notes(fcntl(notes_.get(), F_DUPFD_CLOEXEC, 0));
  if (!notes) return fail(system_error("handing the status its memory", errno));
  return status_.start(*config_, std::move(notes));
}

Result<void> Foreground::start(const Loaded& loaded) {
  ++loads_;
  logs_json_ = wants_json(options_, loaded.settings);
  auto notes = open_notes(loaded.config);
  if (!notes) return pass(std::move(notes));
  if (status_.is_wanted()) {
    if (auto shown = show_status(); !shown) return shown;
  }
  const config::Handover handover{
      .server = {.kind = config::ServerKind::none,
                 .error_log = {},
                 .log_level = parse_severity(options_.log_level).value_or(Severity::notice),
                 .logs_json = logs_json_,
                 .launch_id = fmt::format("{}-{}-{}", getpid(), loads_,
                                          SystemClock().now().time_since_epoch().count()),
                 .instance = instance_,
                 .place = place_},
      .settings = loaded.settings};
  auto launched = launch::launch({.program = loaded.program,
                                  .segment = notes->get(),
                                  .handover = handover,
                                  .log_descriptor = STDERR_FILENO});
  if (!launched) return pass(std::move(launched));
  agent_ = *std::move(launched);
  return {};
}

void Foreground::stop() {
  if (!agent_) return;
  const pid_t monitor = agent_->pid;
  launch::end_agent(*std::exchange(agent_, std::nullopt));
  while (waitpid(monitor, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void Foreground::say(Severity severity, const std::string& sentence) const {
  const bool is_journal = launch::is_journal(STDERR_FILENO);
  const std::string priority =
      is_journal ? fmt::format("<{}>", static_cast<unsigned>(severity)) : "";
  if (logs_json_) {
    cloud::JsonObject line;
    line.set("time", format_time(SystemClock().now()))
        .set("level", to_string(severity))
        .set_number("process", getpid())
        .set("message", printable(sentence));
    Terminal::say(priority + line.dump().value_or("{}"));
  } else if (is_journal) {
    Terminal::say(fmt::format("{}ccm: {}", priority, printable(sentence)));
  } else {
    Terminal::say(sentence);
  }
}

bool Foreground::has_ended() {
  return waitpid(agent_->pid, nullptr, WNOHANG) == agent_->pid;
}

// If the new configuration is wrong, the old agent continues.
Result<void> Foreground::reload() {
  const auto loaded = load(options_);
  const auto listens = loaded ? status_.listen_at(loaded->config.global().status_listen)
                              : Result<void>(fail(loaded.error()));
  if (!listens) {
    say(Severity::error, fmt::format("{}; the agent goes on with what it was started with",
                                     listens.error().message()));
    return {};
  }
  stop();
  if (auto started = start(*loaded); !started) return started;
  say(Severity::notice, fmt::format("{} was read again", options_.file));
  return {};
}

Result<ExitCode> Foreground::run() {
  sigset_t awaited;
  sigemptyset(&awaited);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) sigaddset(&awaited, number);
  // The agent sets its own signal mask.
  sigprocmask(SIG_BLOCK, &awaited, nullptr);
  const auto loaded = load(options_);
  if (!loaded) return fail(loaded.error());
  auto listens = status_.listen_at(loaded->config.global().status_listen);
  if (!listens) return pass(std::move(listens));
  if (auto started = start(*loaded); !started) return pass(std::move(started));
  for (;;) {
    const int number = sigwaitinfo(&awaited, nullptr);
    if (number == SIGTERM || number == SIGINT) return ExitCode::ok;
    if (number == SIGHUP) {
      if (auto done = reload(); !done) return pass(std::move(done));
    }
    if (number == SIGCHLD && status_.has_ended()) {
      say(Severity::error, "the process that shows the status has ended; another one takes over");
      // Waits, so that a process that fails at once is not restarted in a fast loop.
      poll(nullptr, 0, 1000);
      if (auto shown = show_status(); !shown) say(Severity::error, shown.error().message());
    }
    // The process that ended may be the agent from before a reload.
    if (number == SIGCHLD && has_ended()) {
      agent_.reset();
      return fail(ErrorKind::internal, "the agent's monitor ended; what it said stands above");
    }
  }
}

Result<ExitCode> run_agent(const AgentOptions& options) {
  return options.is_check ? check(options) : Foreground(options).run();
}

constexpr const char* kAgentFooter =
    "For programs that have no module of this project, such as HAProxy or Postfix. They read\n"
    "STATE/certificates/NAME/current/fullchain.pem and privkey.pem. On SIGHUP the agent reads its\n"
    "file again; on SIGTERM and SIGINT it ends. A host whose nginx or httpd has a ccm "
    "configuration\n"
    "needs no other agent. Where both run, they share the store.\n\n"
    "The file holds the directives of a ccm block, in TOML:\n"
    "  region = \"ap-southeast-1\"\n"
    "  credentials = \"file=/etc/ccm/credentials\"\n"
    "  [certificate.www]\n"
    "  source = \"scm\"\n"
    "  names = [\"www.example.com\", \"example.com\"]\n\n"
    "With status_listen = \"127.0.0.1:9290\" it shows status and metrics there, as a web server "
    "does\n"
    "at ccm_status.\n\n"
    "Examples:\n"
    "  ccmctl agent --config /etc/ccm/agent.toml --check\n"
    "  ccmctl agent --config /etc/ccm/agent.toml";

}  // namespace

void add_agent(CLI::App& app, Action& action) {
  auto options = std::make_shared<AgentOptions>();
  auto* command = app.add_subcommand(
      "agent",
      "Keeps the certificates that a file names valid, in the foreground, without a web server");
  command->add_option("--config", options->file, "the directives, in TOML")
      ->required()
      ->type_name(kFile);
  command->add_flag("--check", options->is_check, "only check the file and this host, offline");
  command->add_option("--log-level", options->log_level, "how much to log")
      ->capture_default_str()
      ->type_name("error|warn|notice|info|debug")
      ->check(one_of({"error", "warn", "notice", "info", "debug"}));
  command
      ->add_option("--log-format", options->log_format,
                   "text, or json: an object for each line of the agent; instead of the file's "
                   "log_format")
      ->type_name("text|json")
      ->check(one_of({"text", "json"}));
  command->footer(kAgentFooter);
  command->callback([=, &action] { action = [=](Workspace&) { return run_agent(*options); }; });
}

}  // namespace ccm::cli
