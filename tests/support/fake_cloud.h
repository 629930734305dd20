// SPDX-License-Identifier: Apache-2.0
// A CCM small enough for unit tests: answers the calls of ScmClient and PcaClient over a real
// Session with certificates that a test authority signs, counts them, and fails where a test says
// so. Safe to use from several threads.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cloud/api/pca.h"
#include "cloud/api/scm.h"
#include "cloud/identity/lockout.h"
#include "cloud/identity/session.h"
#include "config/config.h"
#include "config/issue.h"
#include "store/store.h"
#include "support/fake_clock.h"
#include "support/test_pki.h"

namespace ccm::test {

enum class Fault {
  lost_request,  // nothing happens, no answer
  lost_answer,   // it happens, no answer
  server_error,  // 500
  throttled,     // 429 with Retry-After: 120
  unauthorized,  // 401 APIGW.0301
  forbidden,     // 403, a permanent refusal
  garbage,       // 200 with no JSON in it
  no_status,     // details: without a status
  wrong_key,     // exports: a certificate of another key
  wrong_names,   // issuing: for other names
};

struct ScmRecord {
  std::string id;
  std::string status = "ISSUED";
  std::vector<std::string> names;
  Time not_after = kTestNow + 90 * kTestDay;
  std::string key_kind = "P-256";
  bool has_key = true;                   // exported together with its key
  bool has_chain = true;                 // false: the intermediate is missing
  std::optional<crypto::KeyPair> key{};  // instead of a fresh one
  // This certificate alone, always.
  std::optional<Fault> show_fault{};
  std::optional<Fault> export_fault{};
  std::optional<Time> not_before{};
  bool has_entire = false;    // the chain only in entire_certificate
  std::string listed_name{};  // instead of the names, in lists and details
  // Who issued it; nullptr: the cloud's own authority, whose root comes along.
  const TestAuthority* issuer = nullptr;
  // Instead of a fresh one, where a test needs thousands.
  std::optional<TestCertificate> leaf{};
};

class FakeCloud : public cloud::HttpClient {
 public:
  FakeCloud();
  Result<cloud::HttpResponse> send(const cloud::HttpRequest& request) override;

  // Operations: scm.list scm.show scm.export, pca.ca pca.csr pca.issue pca.find pca.show
  // pca.export.
  void fail_next(const std::string& operation, Fault fault);
  void fail_always(const std::string& operation, std::optional<Fault> fault);
  std::size_t count(const std::string& operation) const;
  std::size_t count_all() const;

  void put(ScmRecord record);
  void set_status(const std::string& id, std::string status);
  void remove(const std::string& id);
  TestCertificate certificate(const std::string& id) const;

  // PCA signs for the key of the order that must be in this store, under this name.
  void expect_order(store::Store& store, std::string name) { order_ = {&store, std::move(name)}; }
  void set_authority(std::string status, std::optional<Time> not_after);
  std::string newest_id() const;
  std::size_t issued() const;

  FakeClock clock{kTestNow};

 private:
  struct Issued {
    std::string id;
    std::string status;
    std::string common_name;
    Time created_at;
    TestCertificate leaf;
    bool has_key;
    bool has_chain;
    std::vector<std::string> names;
    std::string expire_time;
    std::optional<Fault> show_fault{};
    std::optional<Fault> export_fault{};
    bool has_entire = false;
    std::string chain{};  // instead of the cloud's own
  };
  using Answer = cloud::HttpResponse;

  std::optional<Fault> next_fault(const std::string& operation);
  std::optional<Fault> fault_of_record(const std::string& operation, const std::string& url) const;
  Answer perform(const std::string& operation, const cloud::HttpRequest& request,
                 std::optional<Fault> fault);
  Answer list_scm(const std::string& url) const;
  Answer show_scm(const Issued& record) const;
  Answer issue(const std::string& body, bool by_csr, bool wrong_names);
  Answer find_pca(const std::string& url) const;
  Answer show_pca(const Issued& record) const;
  Answer export_of(const Issued& record, bool wrong_key) const;
  const Issued* find(const std::string& url) const;

  mutable std::mutex mutex_;
  TestAuthority root_;
  TestAuthority issuing_;
  std::vector<Issued> scm_;
  std::vector<Issued> pca_;
  std::map<std::string, std::deque<Fault>> once_;
  std::map<std::string, Fault> always_;
  std::map<std::string, std::size_t> counts_;
  std::pair<store::Store*, std::string> order_{nullptr, ""};
  std::string authority_status_ = "ACTIVED";
  std::optional<Time> authority_end_ = kTestNow + 3650 * kTestDay;
};

// The real clients on top of it.
struct CloudClients {
  explicit CloudClients(FakeCloud& cloud);
  CloudClients(FakeCloud& cloud, cloud::LockoutGuard& guard);

  std::unique_ptr<cloud::CredentialsProvider> credentials;
  cloud::MemoryLockoutGuard lockout;  // of the first constructor
  cloud::Session session;
  cloud::ScmClient scm;
  cloud::PcaClient pca;
};

config::CertificateSpec scm_spec(std::string id = {},
                                 std::vector<std::string> names = {"www.example.com"});
config::CertificateSpec pca_spec(config::KeyOrigin key_origin = config::KeyOrigin::local);

}  // namespace ccm::test
