// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <span>

#include "base/handle.h"
#include "base/text.h"
#include "base/version.h"
#include "cli/doctor/doctor.h"
#include "cli/doctor/program_file.h"
#include "cli/host/links.h"

namespace ccm::cli {
namespace {

using config::ServerKind;

constexpr std::string_view kDeleted = " (deleted)";

struct Usual {
  ServerKind server;
  std::array<std::string_view, 3> programs;
  std::array<std::string_view, 3> modules;
  // nginx keeps a loaded module through reloads (ours is linked with -z nodelete); httpd loads it
  // anew.
  std::string_view reload;
};
constexpr std::array<Usual, 2> kUsual = {{
    {ServerKind::nginx,
     {"/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/local/nginx/sbin/nginx"},
     {"/usr/lib/nginx/modules/ngx_ccm_module.so", "/usr/lib64/nginx/modules/ngx_ccm_module.so",
      "/usr/local/nginx/modules/ngx_ccm_module.so"},
     "restart nginx (a reload keeps what is loaded): systemctl restart nginx"},
    {ServerKind::apache,
     {"/usr/sbin/apache2", "/usr/sbin/httpd", "/usr/local/apache2/bin/httpd"},
     {"/usr/lib/apache2/modules/mod_ccm.so", "/usr/lib64/httpd/modules/mod_ccm.so",
      "/usr/local/apache2/modules/mod_ccm.so"},
     "restart Apache gracefully: apachectl graceful"},
}};

const Usual* usual_of(ServerKind server) {
  const auto* found = std::find_if(kUsual.begin(), kUsual.end(),
                                   [&](const Usual& each) { return each.server == server; });
  return found == kUsual.end() ? nullptr : found;
}

// The first path that exists; empty when none does.
std::string first_of(std::span<const std::string_view> paths) {
  for (const std::string_view path : paths) {
    if (access(std::string(path).c_str(), F_OK) == 0) return std::string(path);
  }
  return {};
}

// The file that a process has open. The kernel marks its name when another file has taken its
// place.
struct InUse {
  std::string path;
  bool is_replaced = false;
};

InUse in_use(std::string_view text) {
  const bool is_replaced = text.ends_with(kDeleted);
  if (is_replaced) text.remove_suffix(kDeleted.size());
  return {std::string(text), is_replaced};
}

// A server that has the module loaded. Only root sees that.
struct Running {
  int pid = 0;
  int parent = 0;
  InUse program;
  bool is_module_replaced = false;
};

std::optional<InUse> find_mapped(int pid, const std::string& module) {
  std::ifstream maps(fmt::format("/proc/{}/maps", pid));
  for (std::string line; std::getline(maps, line);) {
    const std::size_t start = line.find('/');
    if (start == std::string::npos) continue;
    InUse found = in_use(std::string_view(line).substr(start));
    if (found.path == module) return found;
  }
  return std::nullopt;
}

int parent_of(int pid) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("PPid:")) return std::atoi(line.c_str() + 5);
  }
  return 0;
}

// The server's first process, from which its children have the module.
std::optional<Running> find_running(const std::string& module_path) {
  const std::string module = real_path(module_path);
  std::map<int, Running> all;
  const Handle<DIR, closedir> processes(opendir("/proc"));
  while (const dirent* entry = processes ? readdir(processes.get()) : nullptr) {
    const auto pid = parse_unsigned(entry->d_name);
    if (!pid) continue;
    const int number = static_cast<int>(*pid);
    const auto mapped = find_mapped(number, module);
    if (!mapped) continue;
    all[number] = {.pid = number,
                   .parent = parent_of(number),
                   .program = in_use(link_text(fmt::format("/proc/{}/exe", number))),
                   .is_module_replaced = mapped->is_replaced};
  }
  for (const auto& [pid, running] : all) {
    if (all.count(running.parent) == 0) return running;
  }
  return std::nullopt;
}

std::string abi_text(const ProgramFile& program) {
  if (program.nginx) return fmt::format("nginx {}", nginx_version_text(program.nginx->version));
  if (program.httpd) {
    return fmt::format("module magic number {}:{}", program.httpd->major, program.httpd->minor);
  }
  return "no server";
}

// A module and the program that loads it.
struct Pair {
  std::string subject;
  std::string module;
  std::string program;  // empty: not found
};

// The module's release; empty when nothing more can be said about it.
std::string examine_fit(const Pair& pair, Findings& findings) {
  constexpr std::string_view kInstall =
      "install the module that was built for this server, or build it against it";
  const auto module = read_program_file(pair.module);
  if (!module) {
    findings.bad(pair.subject, module.error().message(), "install the module again");
    return {};
  }
  if (module->version.empty() || (!module->nginx && !module->httpd)) {
    findings.bad(pair.subject, fmt::format("{} is no module of this project", pair.module),
                 "name the file of the module, such as ngx_ccm_module.so or mod_ccm.so");
    return {};
  }
  if (pair.program.empty()) {
    findings.doubtful(
        pair.subject,
        fmt::format("{}, built for {}; where the server's program is, is not known",
                    module->version, abi_text(*module)),
        fmt::format("ccmctl doctor --module {} --program FILE", shell_word(pair.module)));
    return module->version;
  }
  const auto program = read_program_file(pair.program);
  if (!program) {
    findings.doubtful(pair.subject, program.error().message(), "name it with --program");
    return module->version;
  }
  const bool is_same_kind = (module->nginx && program->nginx) || (module->httpd && program->httpd);
  const std::string problem = is_same_kind
                                  ? misfit(*module, *program)
                                  : fmt::format("it was built for {}, and the program is none",
                                                module->nginx ? "nginx" : "httpd");
  if (!problem.empty()) {
    findings.bad(pair.subject,
                 fmt::format("{} refuses {} when it is next started: {}", pair.program, pair.module,
                             problem),
                 std::string(kInstall));
    return {};
  }
  findings.good(pair.subject,
                fmt::format("{}, fits {} ({})", module->version, pair.program, abi_text(*program)));
  return module->version;
}

void examine_module(const store::EffectiveSettings& settings, const Usual& usual,
                    Findings& findings) {
  const config::ServerFacts& facts = settings.facts;
  const std::string subject = fmt::format("module of {}", store::name_of(settings.server.kind));
  const auto running = find_running(facts.module_path);
  const std::string program = running ? running->program.path : first_of(usual.programs);
  const std::string installed = examine_fit({subject, facts.module_path, program}, findings);
  if (installed.empty()) return;
  if (installed != facts.module_version) {
    findings.doubtful(
        subject, fmt::format("{} was loaded, but {} is installed", facts.module_version, installed),
        std::string(usual.reload));
  } else if (running && running->is_module_replaced) {
    findings.doubtful(
        subject,
        fmt::format("process {} runs an older copy than {}", running->pid, facts.module_path),
        std::string(usual.reload));
  }
  if (running && running->program.is_replaced) {
    findings.doubtful(subject,
                      fmt::format("process {} runs an older {} than is installed", running->pid,
                                  running->program.path),
                      fmt::format("restart it: systemctl restart {}",
                                  settings.server.kind == ServerKind::nginx ? "nginx" : "apache2"));
  }
}

void examine_agent(const store::EffectiveSettings& settings, const Usual& usual,
                   Findings& findings) {
  const config::AgentFacts& agent = settings.agent;
  if (agent.path.empty()) return;
  const std::string subject = fmt::format("agent of {}", store::name_of(settings.server.kind));
  const auto installed = read_program_file(in_use(agent.path).path);
  if (!installed || installed->version.empty()) {
    findings.bad(subject,
                 installed ? fmt::format("{} is no agent of this project", agent.path)
                           : installed.error().message(),
                 "install ccm-agent again");
    return;
  }
  const bool is_replaced = in_use(link_text(fmt::format("/proc/{}/exe", agent.pid))).is_replaced;
  if (installed->version != agent.version || is_replaced) {
    findings.doubtful(
        subject,
        fmt::format("{} {} runs, but {} is installed", agent.path, agent.version,
                    is_replaced ? "another one" : installed->version),
        fmt::format("reload the server, which starts it: {}",
                    settings.server.kind == ServerKind::nginx ? "nginx -s reload" : usual.reload));
  } else if (agent.version != version()) {
    findings.doubtful(
        subject,
        fmt::format("it is of release {}, and this ccmctl of {}", agent.version, version()),
        "install all parts of one release");
  } else {
    findings.good(subject, fmt::format("{}, {}", agent.version, agent.path));
  }
}

}  // namespace

void examine_modules(Workspace& workspace, const ModuleWish& wish, Findings& findings) {
  findings.good("ccmctl", std::string(version()));
  const auto settings = workspace.settings();
  std::set<ServerKind> seen;
  if (settings) {
    for (const auto& each : **settings) {
      const Usual* usual = usual_of(each.server.kind);
      if (usual == nullptr || each.facts.module_path.empty()) continue;
      seen.insert(each.server.kind);
      examine_agent(each, *usual, findings);
      examine_module(each, *usual, findings);
    }
  }
  for (const Usual& usual : kUsual) {
    const std::string module = first_of(usual.modules);
    if (seen.count(usual.server) != 0 || module.empty()) continue;
    examine_fit({fmt::format("module of {}", store::name_of(usual.server)), module,
                 first_of(usual.programs)},
                findings);
  }
  if (wish.module.empty()) return;
  std::string program = wish.program;
  if (const auto module = read_program_file(wish.module); module && program.empty()) {
    program = first_of(kUsual[module->nginx ? 0 : 1].programs);
  }
  examine_fit({fmt::format("module {}", wish.module), wish.module, program}, findings);
}

}  // namespace ccm::cli
