// SPDX-License-Identifier: Apache-2.0
// A DNS server on a free loopback port, over UDP and TCP, that knows what the test tells it. One
// thread, which ends with the object. It is asked as a resolver and as the zones' own server alike.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/handle.h"

namespace ccm::test {

class TinyDns {
 public:
  TinyDns();
  ~TinyDns();
  TinyDns(const TinyDns&) = delete;
  TinyDns& operator=(const TinyDns&) = delete;

  std::uint16_t port() const { return port_; }
  // `type`: "A", "AAAA", "NS", "CNAME" or "TXT".
  void add(const std::string& name, const std::string& type, const std::string& value);
  void remove(const std::string& name, const std::string& type);
  // A zone whose one server, ns1.ZONE, is at 127.0.0.1.
  void add_zone(const std::string& zone);
  // Every question is refused with this code from now on; 0: none.
  void refuse_with(int code) { refusal_ = code; }
  int questions_by_tcp() const { return questions_by_tcp_; }

 private:
  using Bytes = std::vector<unsigned char>;
  struct Record {
    int type;
    Bytes data;
  };

  void run();
  void serve_udp();
  void serve_tcp();
  Bytes answer(const Bytes& question) const;
  void add_record(Bytes& answer, const Record& record) const;

  FileDescriptor udp_;
  FileDescriptor tcp_;
  FileDescriptor end_[2];  // a pipe
  std::uint16_t port_ = 0;
  std::atomic<int> refusal_{0};
  std::atomic<int> questions_by_tcp_{0};
  mutable std::mutex mutex_;
  std::multimap<std::string, Record> records_;
  std::thread thread_;
};

}  // namespace ccm::test
