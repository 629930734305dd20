// SPDX-License-Identifier: Apache-2.0
// Clients that come back with a ticket, to the server that gave it and to others.
#include <map>
#include <utility>

#include "handshake_fixture.h"
#include "server/tls/session_tickets.h"
#include "store/ticket_record.h"
#include "support/fake_clock.h"

namespace ccm::server {
namespace {

using testing::IsEmpty;
using Session = Handle<SSL_SESSION, SSL_SESSION_free>;

// One server of the fleet, with one address.
struct FleetServer {
  FleetServer(publication::Reader& reader, const std::vector<std::string>& names,
              const std::string& session_context, const Clock& clock, Log& log)
      : tickets({certificates, catalogues}, clock, log) {
    std::vector<LiveCertificate*> shown;
    for (const std::string& name : names) {
      auto& added = certificates.try_emplace(name, name, certificates.size(), log).first->second;
      added.attach(reader);
      shown.push_back(&added);
    }
    set = std::make_unique<CertificateSet>(std::move(shown), log);
    set->install(context.get());
    EXPECT_TRUE(tickets.start(reader));
    tickets.install(context.get(), *set);
    const auto* bytes = reinterpret_cast<const unsigned char*>(session_context.data());
    SSL_CTX_set_session_id_context(context.get(), bytes,
                                   static_cast<unsigned>(session_context.size()));
  }

  std::map<std::string, LiveCertificate, std::less<>> certificates;
  std::map<std::string, LiveCatalogue, std::less<>> catalogues;
  Context context{SSL_CTX_new(TLS_server_method())};
  std::unique_ptr<CertificateSet> set;
  SessionTickets tickets;
};

class SessionTicketsTest : public Handshake, public testing::WithParamInterface<int> {
 protected:
  SessionTicketsTest() {
    SSL_CTX_set_max_proto_version(client_.get(), GetParam());
    make_segment({"www", "other"});
    publish("www");
    publish("other");
  }

  FleetServer make_server(const std::string& session_context,
                          const std::vector<std::string>& names = {"www"}) {
    return {*reader_, names, session_context, clock_, log_};
  }

  void add_key(Seconds in) {
    keys_.push_back(policy::make_ticket_key(clock_.now() + in).value());
    share();
  }
  void share() { ASSERT_TRUE(writer_->publish_ticket_keys(store::serialize_ticket_keys(keys_))); }

  struct Visit {
    bool succeeded = false;
    bool is_resumed = false;
    Session session;
  };
  Visit visit(const FleetServer& server, SSL_SESSION* session = nullptr) const {
    const Connection client = connect_to_nobody(client_, false);
    const Connection its = connect_to_nobody(server.context, true);
    BIO* one = nullptr;
    BIO* other = nullptr;
    BIO_new_bio_pair(&one, 0, &other, 0);
    SSL_set_bio(client.get(), one, one);
    SSL_set_bio(its.get(), other, other);
    if (session != nullptr) SSL_set_session(client.get(), session);
    Visit visit;
    for (int turn = 0; turn < 10 && !visit.succeeded; ++turn) {
      const int client_done = SSL_do_handshake(client.get());
      visit.succeeded = SSL_do_handshake(its.get()) == 1 && client_done == 1;
    }
    char byte = 0;
    SSL_read(client.get(), &byte, 1);  // the tickets of TLS 1.3
    visit.is_resumed = SSL_session_reused(client.get()) == 1;
    visit.session.reset(SSL_get1_session(client.get()));
    SSL_set_shutdown(client.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    ERR_clear_error();
    EXPECT_TRUE(visit.succeeded);
    return visit;
  }
  bool resumes(const FleetServer& server, const Visit& before) const {
    return visit(server, before.session.get()).is_resumed;
  }

  test::FakeClock clock_;
  policy::TicketKeys keys_;
};

INSTANTIATE_TEST_SUITE_P(Versions, SessionTicketsTest,
                         testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

TEST_P(SessionTicketsTest, AClientResumesAtEveryServerThatSharesTheKeys) {
  FleetServer one = make_server("one kind of server");
  FleetServer other = make_server("another kind");
  add_key(Seconds(0));
  const Visit first = visit(one);
  EXPECT_FALSE(first.is_resumed);
  EXPECT_TRUE(resumes(one, first));
  const Visit second = visit(other, first.session.get());
  EXPECT_TRUE(second.is_resumed);
  EXPECT_TRUE(resumes(one, second));
  EXPECT_THAT(log_.lines(), IsEmpty());
}

TEST_P(SessionTicketsTest, BeforeThereAreKeysEachServerHasItsOwn) {
  FleetServer one = make_server("");
  FleetServer other = make_server("");
  const Visit before = visit(one);
  EXPECT_TRUE(resumes(one, before));
  EXPECT_FALSE(resumes(other, before));
  add_key(Seconds(10));
  EXPECT_FALSE(resumes(other, visit(one)));
  clock_.advance(Seconds(10));
  // What was given before goes on, and is replaced.
  const Visit after = visit(one, before.session.get());
  EXPECT_TRUE(after.is_resumed);
  EXPECT_TRUE(resumes(other, after));
}

TEST_P(SessionTicketsTest, AnOldKeyOpensUntilItsLifeIsOver) {
  FleetServer one = make_server("");
  add_key(Seconds(0));
  const Visit first = visit(one);
  add_key(policy::kTicketPeriod);
  clock_.advance(policy::kTicketLife - Seconds(1));
  EXPECT_TRUE(resumes(one, first));
  clock_.advance(Seconds(1));
  EXPECT_FALSE(resumes(one, first));
}

TEST_P(SessionTicketsTest, NothingIsOpenedWithAKeyThatWasDeleted) {
  FleetServer one = make_server("");
  add_key(Seconds(0));
  const Visit first = visit(one);
  keys_.clear();
  add_key(Seconds(0));
  EXPECT_FALSE(resumes(one, first));
  EXPECT_TRUE(resumes(one, visit(one)));
}

// Each time it gets a new ticket, of a new key.
TEST_P(SessionTicketsTest, NoClientGoesOnForeverWithoutAFullHandshake) {
  FleetServer one = make_server("");
  add_key(Seconds(0));
  Visit last = visit(one);
  for (Seconds passed{0}; passed < policy::kTicketLife; passed += policy::kTicketPeriod) {
    last = visit(one, last.session.get());
    EXPECT_TRUE(last.is_resumed) << passed.count();
    add_key(policy::kTicketPeriod);
    clock_.advance(policy::kTicketPeriod);
  }
  EXPECT_FALSE(resumes(one, last));
}

TEST_P(SessionTicketsTest, ACertificateThatWasReplacedIsNotLivedOn) {
  FleetServer one = make_server("");
  add_key(Seconds(0));
  const Visit first = visit(one);
  publish("other");
  EXPECT_TRUE(resumes(one, first));
  publish("www");
  EXPECT_FALSE(resumes(one, first));
}

TEST_P(SessionTicketsTest, AnotherAddressDoesNotTakeIt) {
  FleetServer one = make_server("", {"www"});
  FleetServer other = make_server("", {"other"});
  FleetServer both = make_server("", {"www", "other"});
  add_key(Seconds(0));
  const Visit first = visit(one);
  EXPECT_FALSE(resumes(other, first));
  EXPECT_FALSE(resumes(both, first));
}

TEST_P(SessionTicketsTest, WhereClientCertificatesCountTheServersOwnContextDecides) {
  FleetServer one = make_server("one");
  FleetServer same = make_server("one");
  FleetServer other = make_server("other");
  const auto ask = [](FleetServer& server) {
    SSL_CTX_set_verify(server.context.get(), SSL_VERIFY_PEER, nullptr);
  };
  ask(same);
  ask(other);
  add_key(Seconds(0));
  const Visit first = visit(one);
  EXPECT_TRUE(resumes(same, first));
  EXPECT_FALSE(resumes(other, first));
}

TEST_P(SessionTicketsTest, ATicketThatWasChangedIsNone) {
  FleetServer one = make_server("");
  add_key(Seconds(0));
  const Visit first = visit(one);
  keys_[0].secret = policy::make_ticket_key(clock_.now()).value().secret;
  share();
  EXPECT_FALSE(resumes(one, first));
}

TEST_P(SessionTicketsTest, WhatCannotBeReadLeavesTheKeysAsTheyWere) {
  FleetServer one = make_server("");
  FleetServer other = make_server("");
  add_key(Seconds(0));
  const Visit first = visit(one);
  ASSERT_TRUE(resumes(other, first));
  ASSERT_TRUE(writer_->publish_ticket_keys(Secret::copy_of("rubbish")));
  EXPECT_TRUE(resumes(other, first));
  EXPECT_THAT(log_.lines(), testing::Contains(testing::HasSubstr("cannot be read")));
}

}  // namespace
}  // namespace ccm::server
