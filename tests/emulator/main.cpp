// SPDX-License-Identifier: Apache-2.0
// ccm-emulator: a local Huawei Cloud CCM for tests, quickstart and trying things out.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <thread>

#include "admin/targets.h"
#include "ca/proof_watch.h"
#include "dns/dns_server.h"
#include "pca/pca_records.h"
#include "pki/authority.h"
#include "service/catalogue.h"
#include "service/gateway.h"
#include "service/transport.h"
#include "world.h"

namespace {

using emulator::json;
using emulator::World;

constexpr const char* kVersion = "ccm-emulator 0.1.0";

struct Arguments {
  std::vector<std::string> listen{"127.0.0.1:0"};
  std::vector<std::string> names;
  std::string data;
  bool parent_lifeline = false;
};

// An activated issuing CA below an activated root, once for the life of the state.
std::string demo_issuer(World& world) {
  if (const json* known = world.store.find("setting", "demo_issuer")) return *known;
  const auto domain_id = world.accounts.demo()["domain_id"].get<std::string>();
  json subject = {{"common_name", "Demo Root CA"}, {"country", "CN"},
                  {"state", "Guangdong"},          {"locality", "Shenzhen"},
                  {"organization", "Demo"},        {"organizational_unit", "Intranet"}};
  const json root = emulator::make_private_ca(world, domain_id, subject, nullptr);
  subject["common_name"] = "Demo Issuing CA";
  const json issuing = emulator::make_private_ca(world, domain_id, subject, &root);
  world.store.put("setting", "demo_issuer", issuing["ca_id"]);
  return issuing["ca_id"];
}

std::string write_trust(const World& world, const char* name, const emulator::Issuer& issuer) {
  std::string file = world.directory + "/" + name;
  emulator::write_file(file, emulator::certificate_pem(issuer.chain.back().get()), 0644);
  return file;
}

json ready_line(World& world) {
  const json& demo = world.accounts.demo();
  const std::string issuer_id = demo_issuer(world);
  const auto issuer = emulator::private_issuer(world, *world.store.find("ca", issuer_id));
  const json* key = world.accounts.current_key(demo["domain_id"].get<std::string>());
  return {
      {"iam", world.secure_url},
      {"sts", world.secure_url},
      {"scm", world.secure_url},
      {"pca", world.secure_url},
      {"apig", world.secure_url},
      {"dns", world.secure_url},
      {"dns_server", world.dns_server},
      {"metadata", world.plain_url},
      {"admin", world.plain_url},
      {"ca_file", write_trust(world, "ca.pem", emulator::named_issuer(world, "service"))},
      {"scm_root_file", write_trust(world, "scm-root.pem", emulator::named_issuer(world, "scm"))},
      {"pca_root_file", write_trust(world, "pca-root.pem", issuer)},
      {"credentials_file", world.credentials_file()},
      {"issuer_id", issuer_id},
      {"domain_id", demo["domain_id"]},
      {"domain_name", demo["domain_name"]},
      {"user_name", demo["user_name"]},
      {"password", demo["password"]},
      {"project_id", demo["projects"][0]["id"]},
      {"project_name", demo["projects"][0]["name"]},
      {"ak", key == nullptr ? json() : (*key)["ak"]},
      {"pid", getpid()}};
}

// The directory is made readable, because ca.pem is for everybody; what is private has mode 0600.
void prepare_directory(const std::string& directory) {
  std::error_code error;
  if (std::filesystem::create_directories(directory, error)) {
    chmod(directory.c_str(), 0755);
  }
  if (error) {
    throw std::runtime_error(fmt::format("--data {}: {}", directory, error.message()));
  }
}

// Two processes on one state would overwrite each other's changes. The kernel frees the lock when
// this process ends, however it ends, so the descriptor stays open on purpose.
void lock_directory(const std::string& directory) {
  const std::string file = directory + "/lock";
  const int descriptor = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0 || flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    throw std::runtime_error(
        fmt::format("--data {}: another ccm-emulator is using this directory", directory));
  }
}

// SIGTERM and SIGINT, and with --parent-lifeline the end of standard input, end the process at
// once, whatever its connections are doing: every change is in the store before its answer leaves.
void end_on_signal(World& world, const sigset_t& signals) {
  std::thread([&world, signals] {
    int signal = 0;
    sigwait(&signals, &signal);
    // Under the lock no change is half-way; a thread that holds it is never waiting for a peer.
    world.mutex.lock();
    _exit(0);
  }).detach();
}

void end_with_standard_input() {
  std::thread([] {
    char ignored[256];
    while (read(STDIN_FILENO, ignored, sizeof ignored) > 0) {
    }
    kill(getpid(), SIGTERM);
  }).detach();
}

std::vector<emulator::AlternativeName> listener_names(const Arguments& arguments) {
  std::vector<emulator::AlternativeName> names;
  for (const std::string& listen : arguments.listen) {
    names.push_back({"IP", listen.substr(0, listen.rfind(':'))});
  }
  for (const std::string& name : arguments.names) names.push_back({"DNS", name});
  return names;
}

[[noreturn]] void run(const Arguments& arguments) {
  umask(077);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  prepare_directory(arguments.data);
  lock_directory(arguments.data);
  World world(std::filesystem::absolute(arguments.data).lexically_normal().string());
  emulator::Transport transport(arguments.listen);
  world.secure_url = "https://" + transport.authority();
  world.plain_url = "http://" + transport.authority();
  const auto identity = emulator::make_server_identity(world, listener_names(arguments));
  transport.use_certificate(identity.certificate, identity.key);
  world.write_credentials();
  emulator::serve_dns(world);
  emulator::make_demo_targets(world);
  world.ready = ready_line(world);
  emulator::Gateway gateway(world);
  emulator::watch_orders(world);
  end_on_signal(world, signals);
  if (arguments.parent_lifeline) end_with_standard_input();
  std::cout << world.ready.dump() << std::endl;
  transport.serve([&](const emulator::Request& request) { return gateway.handle(request); },
                  [&](const emulator::Reply& reply, int status) {
                    if (reply.log) world.log.add(*reply.log, status);
                  });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"A local Huawei Cloud CCM: IAM, SCM, PCA and the ECS metadata service, for tests.",
               "ccm-emulator"};
  Arguments arguments;
  app.add_option("--listen", arguments.listen,
                 "IP address and port; port 0 takes a free one; more than one may be given")
      ->allow_extra_args(false)
      ->capture_default_str();
  app.add_option("--name", arguments.names, "a DNS name that its HTTPS certificate is also for")
      ->allow_extra_args(false);
  app.add_option("--data", arguments.data, "directory for the state, made when missing");
  app.add_flag("--parent-lifeline", arguments.parent_lifeline,
               "end when standard input is closed, so that no orphan outlives a test");
  bool describe = false;
  app.add_flag("--describe", describe, "print the operations and error codes as JSON and end");
  app.set_version_flag("--version", kVersion);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    if (problem.get_exit_code() == 0) return app.exit(problem);
    fmt::print(stderr, "ccm-emulator: {}\n", problem.what());
    return 2;
  }
  if (describe) {
    std::cout << emulator::describe_operations().dump() << std::endl;
    return 0;
  }
  if (arguments.data.empty()) {
    fmt::print(stderr, "ccm-emulator: --data is required\n");
    return 2;
  }
  try {
    run(arguments);
  } catch (const std::exception& problem) {
    fmt::print(stderr, "ccm-emulator: {}\n", problem.what());
    return 1;
  }
}
