// SPDX-License-Identifier: Apache-2.0
#include "tls_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "base/handle.h"

namespace ccm::test {

TlsServer::TlsServer(const std::string& certificate_pem, const std::string& key_pem,
                     const std::string& ciphers, const std::string& folder) {
  const std::string certificate = directory_.write("cert.pem", certificate_pem);
  const std::string key = directory_.write("key.pem", key_pem);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return;
  FileDescriptor reading(ends[0]);
  FileDescriptor writing(ends[1]);
  child_ = ::fork();
  if (child_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(writing.get(), STDOUT_FILENO);
    ::dup2(::open("/dev/null", O_RDWR), STDERR_FILENO);  // it reports every client that leaves
    const bool has_files = !folder.empty() && ::chdir(folder.c_str()) == 0;
    ::execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0",
             has_files ? "-WWW" : "-www", "-cert", certificate.c_str(), "-key", key.c_str(),
             ciphers.empty() ? nullptr : "-tls1_2", "-cipher", ciphers.c_str(), nullptr);
    ::_exit(127);
  }
  writing.reset();
  const Handle<FILE, fclose> output(::fdopen(reading.release(), "r"));
  char line[256];
  while (std::fgets(line, sizeof line, output.get()) != nullptr) {
    if (std::sscanf(line, "ACCEPT 127.0.0.1:%d", &port_) == 1) break;
  }
  if (port_ != 0) url_ = fmt::format("https://127.0.0.1:{}/", port_);
}

TlsServer::~TlsServer() {
  if (child_ <= 0) return;
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
}

}  // namespace ccm::test
