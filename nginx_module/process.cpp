#include "process.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "agent/bootstrap.h"
#include "agent/launch.h"
#include "base/clock.h"
#include "boundary.h"
#include "config/host_checks.h"
#include "lifecycle/store_reader.h"

namespace ccm::nginx {
namespace {

// The configuration whose agent runs. Its lifeline must be closed when the next one takes over, and
// in single process mode the old cycle outlives that moment.
MainConf* active = nullptr;

// Two certificates of one kind in one server: OpenSSL would show the last one only.
void warn_of_same_keys(const CertificateSet& set, const config::Config& config, Log& log) {
  const auto& all = set.certificates();
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const auto* a = config.find(all[j]->name());
      const auto* b = config.find(all[i]->name());
      if (!a->key || !b->key || a->key->algorithm != b->key->algorithm) continue;
      log.warn(
          "certificates \"{}\" and \"{}\" of one server have the same kind of key, so only the "
          "second "
          "is shown; give one of them \"key ecdsa:256\" and the other \"key rsa:2048\"",
          a->name, b->name);
    }
  }
}

bool check_host(const config::Config& config, Log& log) {
  bool is_good = true;
  for (const config::HostFinding& finding : config::check_host(config)) {
    log.write(finding.fatal ? Severity::emerg : Severity::warn, finding.sentence);
    is_good = is_good && !finding.fatal;
  }
  return is_good;
}

// The first log that is a file or standard error; nullptr when everything goes to syslog.
const ngx_log_t* file_log(const ngx_log_t* log) {
  while (log != nullptr && (log->file == nullptr || log->file->fd == NGX_INVALID_FILE)) {
    log = log->next;
  }
  return log;
}

Severity severity_of(const ngx_log_t* log) {
  // nginx counts from 1, keeps 0 for "stderr", and has classes of debug lines above its levels.
  const ngx_uint_t level = std::clamp<ngx_uint_t>(log->log_level, NGX_LOG_EMERG, NGX_LOG_DEBUG);
  return static_cast<Severity>(level - NGX_LOG_EMERG);
}

config::ServerFacts facts_of(const ngx_cycle_t* cycle, const ngx_log_t* log) {
  static unsigned loads = 0;
  return {
      .kind = config::ServerKind::nginx,
      .error_log = log == nullptr ? "" : to_string(log->file->name),
      .log_level = severity_of(log == nullptr ? cycle->log : log),
      .launch_id = fmt::format("{}-{}-{}", ::getpid(), ngx_time(), ++loads),
  };
}

std::string module_path() {
  Dl_info info{};
  const bool is_found = ::dladdr(&ngx_ccm_module, &info) != 0 && info.dli_fname != nullptr;
  return is_found ? info.dli_fname : "";
}

Result<FileDescriptor> launch_agent(const ngx_cycle_t* cycle, const MainConf& conf,
                                    const publication::Writer& writer) {
  auto program = agent::find_agent(conf.config->global().agent_path, module_path());
  if (!program) return pass(std::move(program));
  const ngx_log_t* log = file_log(cycle->log);
  const config::Handover handover{facts_of(cycle, log), conf.settings};
  auto launched = agent::launch({.program = *std::move(program),
                                 .segment = writer.descriptor(),
                                 .handover = handover,
                                 .log_descriptor = log == nullptr ? -1 : log->file->fd});
  if (!launched) return pass(std::move(launched));
  return std::move(launched->lifeline);
}

Result<void> publish(const ngx_cycle_t* cycle, MainConf& conf, Log& log) {
  const lifecycle::StoreReader store(conf.config->global().state_path);
  publication::Reader* previous = active != nullptr && active->reader ? &*active->reader : nullptr;
  auto writer = agent::bootstrap({.config = *conf.config,  // 1
                                  .store = store,
                                  .previous = previous,
                                  .now = SystemClock().now()},
                                 log);
  if (!writer) return pass(std::move(writer));
  auto segment = writer->open_read_only();  // 2
  if (!segment) return pass(std::move(segment));
  auto reader = publication::Reader::open(*segment);
  if (!reader) return pass(std::move(reader));
  conf.reader.emplace(*std::move(reader));
  for (auto& [name, certificate] : conf.live) certificate.attach(*conf.reader);

  auto lifeline = launch_agent(cycle, conf, *writer);  // 3
  if (lifeline) {
    conf.lifeline = *std::move(lifeline);
  } else {
    log.error("the agent was not started, so no certificate is renewed: {}",
              lifeline.error().message());
  }
  return {};  // 4: the writer ends here
}

}  // namespace

MainConf::~MainConf() {
  if (active == this) active = nullptr;
}

bool judge(ngx_cycle_t* cycle, MainConf& conf) {
  if (!conf.has_block && !conf.first_use) return true;
  NginxLog log(cycle->log);
  if (!conf.has_block) {
    log.write(Severity::emerg,
              fmt::format("\"ccm_certificate\" needs a ccm block on the main level, such as ccm {{ "
                          "credentials ecs; }} in {}:{}",
                          conf.first_use->file, conf.first_use->line));
    return false;
  }
  auto config = conf.settings.finalize();
  if (!config) {
    log.write(Severity::emerg, config.error().message());
    return false;
  }
  conf.config.emplace(*std::move(config));
  // A signal to the running server is no occasion to judge the host.
  if (ngx_process == NGX_PROCESS_SIGNALLER) return true;
  for (const std::string& sentence : conf.settings.warnings()) {
    log.write(Severity::warn, sentence);
  }
  for (const auto& set : conf.sets) warn_of_same_keys(*set, *conf.config, log);
  return check_host(*conf.config, log);
}

void bring_to_life(ngx_cycle_t* cycle, MainConf& conf) {
  if (ngx_test_config) return;
  NginxLog log(cycle->log);
  if (conf.config && !conf.config->certificates().empty()) {
    if (auto published = publish(cycle, conf, log); !published) {
      log.write(Severity::alert,
                fmt::format("no certificate can be shown: {}", published.error().message()));
    }
  }
  if (active != nullptr) active->lifeline.reset();  // 4
  active = &conf;
}

void enter_process(MainConf& conf) {
  if (ngx_process != NGX_PROCESS_SINGLE) conf.lifeline.reset();
}

}  // namespace ccm::nginx
