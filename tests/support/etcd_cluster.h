// SPDX-License-Identifier: Apache-2.0
// A real etcd of one or more members on free loopback ports, its data in memory where the machine
// allows it. Ends with the object, and with the test program however that ends.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

#include "support/temp_directory.h"

namespace ccm::test {

// PEM texts; with these it speaks TLS and wants a client certificate.
struct EtcdTls {
  std::string certificate;
  std::string key;
  std::string client_authority;
};

class EtcdCluster {
 public:
  // Whether there is an etcd on this machine; a test that needs one skips without.
  static bool is_installed();

  // `options`: further words for each member's command line.
  explicit EtcdCluster(std::size_t members = 1, const EtcdTls& tls = {},
                       std::vector<std::string> options = {});
  ~EtcdCluster();
  EtcdCluster(const EtcdCluster&) = delete;
  EtcdCluster& operator=(const EtcdCluster&) = delete;

  const std::vector<std::string>& endpoints() const { return endpoints_; }

  // kill -9, and started again with its data.
  void kill_member(std::size_t member);
  void start_member(std::size_t member);
  // As an operator does with a backup: all members have afterwards what they had at save().
  void save();
  void restore();
  // SIGSTOP and SIGCONT.
  void freeze_member(std::size_t member);
  void thaw_member(std::size_t member);

 private:
  std::vector<std::string> arguments_of(std::size_t member) const;
  // While no member runs.
  void copy_data(const std::string& from, const std::string& to) const;

  TempDirectory directory_{memory_backed_parent()};
  std::vector<std::string> endpoints_;
  std::vector<std::string> peers_;
  std::vector<std::string> options_;
  std::vector<pid_t> children_;
};

}  // namespace ccm::test
