// SPDX-License-Identifier: Apache-2.0
#include "support/etcd_cluster.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <set>
#include <utility>

#include "base/handle.h"

namespace ccm::test {
namespace {

constexpr const char* kProgram = "/usr/bin/etcd";

// Below the ports that the kernel gives to clients, so that nobody takes it before etcd does.
int free_port() {
  static std::set<int> given;
  static std::mt19937 random(std::random_device{}());
  for (;;) {
    const int port = std::uniform_int_distribution<int>(20000, 32000)(random);
    const FileDescriptor probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool is_free =
        ::bind(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    if (is_free && given.insert(port).second) return port;
  }
}

}  // namespace

bool EtcdCluster::is_installed() {
  return ::access(kProgram, X_OK) == 0;
}

EtcdCluster::EtcdCluster(std::size_t members, const EtcdTls& tls, std::vector<std::string> options)
    : options_(std::move(options)), children_(members, -1) {
  const bool is_tls = !tls.certificate.empty();
  if (is_tls) {
    const std::vector<std::string> words{
        "--cert-file",       directory_.write("cert.pem", tls.certificate),
        "--key-file",        directory_.write("key.pem", tls.key),
        "--trusted-ca-file", directory_.write("clients.pem", tls.client_authority),
        "--client-cert-auth"};
    options_.insert(options_.end(), words.begin(), words.end());
  }
  for (std::size_t i = 0; i < members; ++i) {
    endpoints_.push_back(fmt::format("{}://127.0.0.1:{}", is_tls ? "https" : "http", free_port()));
    peers_.push_back(fmt::format("http://127.0.0.1:{}", free_port()));
  }
  for (std::size_t i = 0; i < members; ++i) start_member(i);
}

EtcdCluster::~EtcdCluster() {
  for (std::size_t i = 0; i < children_.size(); ++i) kill_member(i);
}

std::vector<std::string> EtcdCluster::arguments_of(std::size_t member) const {
  std::string all;
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    all += fmt::format("{}m{}={}", i == 0 ? "" : ",", i, peers_[i]);
  }
  std::vector<std::string> arguments{kProgram,
                                     "--name",
                                     fmt::format("m{}", member),
                                     "--data-dir",
                                     (directory_ / fmt::format("m{}", member)).string(),
                                     "--listen-client-urls",
                                     endpoints_[member],
                                     "--advertise-client-urls",
                                     endpoints_[member],
                                     "--listen-peer-urls",
                                     peers_[member],
                                     "--initial-advertise-peer-urls",
                                     peers_[member],
                                     "--initial-cluster",
                                     all,
                                     "--initial-cluster-token",
                                     directory_.path().filename().string(),
                                     "--unsafe-no-fsync",
                                     "--heartbeat-interval",
                                     "20",
                                     "--election-timeout",
                                     "200",
                                     "--logger",
                                     "zap",
                                     "--log-level",
                                     "fatal"};
  arguments.insert(arguments.end(), options_.begin(), options_.end());
  return arguments;
}

void EtcdCluster::start_member(std::size_t member) {
  const std::vector<std::string> arguments = arguments_of(member);
  std::vector<char*> words;
  for (const std::string& argument : arguments)
    words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  const std::string log = (directory_ / fmt::format("m{}.log", member)).string();
  children_[member] = ::fork();
  if (children_[member] != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execv(kProgram, words.data());
  ::_exit(127);
}

void EtcdCluster::kill_member(std::size_t member) {
  if (children_[member] <= 0) return;
  ::kill(children_[member], SIGKILL);
  ::waitpid(children_[member], nullptr, 0);
  children_[member] = -1;
}

void EtcdCluster::copy_data(const std::string& from, const std::string& to) const {
  for (std::size_t i = 0; i < children_.size(); ++i) {
    const auto target = directory_ / fmt::format("{}{}", to, i);
    std::filesystem::remove_all(target);
    std::filesystem::copy(directory_ / fmt::format("{}{}", from, i), target,
                          std::filesystem::copy_options::recursive);
  }
}

void EtcdCluster::save() {
  for (std::size_t i = 0; i < children_.size(); ++i) kill_member(i);
  copy_data("m", "saved");
  for (std::size_t i = 0; i < children_.size(); ++i) start_member(i);
}

void EtcdCluster::restore() {
  for (std::size_t i = 0; i < children_.size(); ++i) kill_member(i);
  copy_data("saved", "m");
  for (std::size_t i = 0; i < children_.size(); ++i) start_member(i);
}

// Until each of its threads has stopped.
void EtcdCluster::freeze_member(std::size_t member) {
  ::kill(children_[member], SIGSTOP);
  ::waitpid(children_[member], nullptr, WUNTRACED);
}

void EtcdCluster::thaw_member(std::size_t member) {
  ::kill(children_[member], SIGCONT);
}

}  // namespace ccm::test
