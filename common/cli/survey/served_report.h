// SPDX-License-Identifier: Apache-2.0
// What came out when the running servers were asked what they show (served_survey.h): for people,
// scripts and monitoring systems. Plain data; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cli/survey/served_verdict.h"
#include "crypto/key/key_type.h"
#include "store/store_reader.h"

namespace ccm::cli {

// One handshake.
struct Look {
  std::string server;  // its title; empty with --connect
  std::string address;
  std::string server_name;
  std::optional<crypto::KeyAlgorithm> key;  // that the client offered; nullopt: every one
  ServedVerdict verdict;
  std::string protocol;
  // False at an address where another virtual host answers to this name, and one of the others
  // shows the certificate.
  bool counts = true;
};
// "nginx at 127.0.0.1:443, asked for www.example.com, shows …".
std::string sentence_of(const Look& look);

struct CertificateReport {
  std::string name;
  store::VersionNumber version = 0;  // that is stored; 0: none
  std::string serial = {};
  Level level = Level::ok;
  std::string sentence = {};          // about the worst; of no look when there is none
  std::optional<Seconds> left = {};   // the least that any server shows
  std::optional<Limits> limits = {};  // for what is stored
  std::vector<Look> looks = {};
  bool is_said = false;  // without looks: the sentence about its server says why
};

// What is wrong with a server as a whole.
struct ServerReport {
  std::string title;
  Level level = Level::ok;
  std::string sentence;  // "agent dead since …; have another one started: …"
};

struct Survey {
  std::vector<CertificateReport> certificates;  // by name
  std::vector<ServerReport> servers;            // only those with something wrong
  Level level() const noexcept;
};
// "ECDSA", "RSA", "any key".
std::string_view word_of(std::optional<crypto::KeyAlgorithm> key) noexcept;

}  // namespace ccm::cli
