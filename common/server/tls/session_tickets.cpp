// SPDX-License-Identifier: Apache-2.0
#include "server/tls/session_tickets.h"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/boundary.h"
#include "crypto/digest.h"

namespace ccm::server {
namespace {

auto report_to(Log& log) noexcept {
  return [&log](const char* what) { log.write(Severity::crit, what); };
}

std::string place_of_site(const CertificateSet& set) {
  std::string names;
  for (const std::string& name : set.names()) names.append(name).push_back('\n');
  return crypto::sha256_hex(names);
}

// How a ticket is refused: the handshake is a full one, and the client gets a new ticket.
constexpr SSL_TICKET_RETURN kRefused = SSL_TICKET_RETURN_IGNORE_RENEW;

}  // namespace

// The objects whose callbacks OpenSSL may call. Plain memory, because nothing static in a module
// may have a destructor.
struct SessionTickets::Places {
  static std::array<std::atomic<SessionTickets*>, kPlaces> taken;

  template <std::size_t... Indexes>
  static constexpr std::array<KeyCallback, kPlaces> callbacks(std::index_sequence<Indexes...>) {
    return {on_key<Indexes>...};
  }
};
std::array<std::atomic<SessionTickets*>, SessionTickets::kPlaces> SessionTickets::Places::taken{};

SessionTickets::SessionTickets(Shown shown, const Clock& clock, Log& log)
    : shown_(shown), clock_(clock), log_(log), keys_(log) {}

SessionTickets::~SessionTickets() {
  if (place_) Places::taken[*place_] = nullptr;
}

Result<void> SessionTickets::start(const publication::Reader& reader) {
  keys_.attach(reader);
  if (place_) return {};
  Result<policy::TicketKey> own = policy::make_ticket_key(clock_.now());
  if (!own) return pass(std::move(own));
  own_ = *std::move(own);
  for (std::size_t place = 0; place < kPlaces && !place_; ++place) {
    SessionTickets* nobody = nullptr;
    if (Places::taken[place].compare_exchange_strong(nobody, this)) place_ = place;
  }
  if (place_) return {};
  return fail(ErrorKind::internal, "too many configurations of this process are still in use");
}

void SessionTickets::install(SSL_CTX* context, CertificateSet& site) {
  if (!place_) return;
  std::unique_ptr<Site>& kept = sites_[context];
  kept = std::make_unique<Site>(Site{this, &site, place_of_site(site)});
  static constexpr auto kCallbacks = Places::callbacks(std::make_index_sequence<kPlaces>());
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, kCallbacks[*place_]);
  SSL_CTX_set_session_ticket_cb(context, on_ticket, on_opened, kept.get());
}

template <std::size_t Place>
int SessionTickets::on_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                           EVP_MAC_CTX* mac, int is_sealing) noexcept {
  constexpr int kFailed = -1;
  SessionTickets* self = Places::taken[Place];
  if (self == nullptr) return kFailed;
  return at_boundary(kFailed, report_to(self->log_), [&] {
    return is_sealing == 1 ? self->seal(ssl, name, iv, cipher, mac)
                           : self->open(name, iv, cipher, mac);
  });
}

int SessionTickets::seal(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                         EVP_MAC_CTX* mac) {
  const auto shared = keys_.newest();
  const policy::TicketKey* key = nullptr;
  if (shared != nullptr && is_bound(SSL_get_session(ssl))) {
    key = policy::sealing_key(*shared, clock_.now());
  }
  return prepare_to_seal(key == nullptr ? own_ : *key, name, iv, cipher, mac) ? 1 : -1;
}

// 0: full handshake. 2: the ticket is good, and the client gets a new one under the newest key.
int SessionTickets::open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
                         EVP_MAC_CTX* mac) {
  constexpr int kUnknown = 0;
  constexpr int kGood = 1;
  constexpr int kGoodButOld = 2;
  const std::string_view wanted(reinterpret_cast<const char*>(name), policy::kTicketKeyNameSize);
  const auto shared = keys_.newest();
  const Time now = clock_.now();
  const policy::TicketKey* newest = shared == nullptr ? nullptr : policy::sealing_key(*shared, now);
  const policy::TicketKey* key =
      shared == nullptr ? nullptr : policy::opening_key(*shared, wanted, now);
  if (key == nullptr && std::memcmp(wanted.data(), own_.name.data(), wanted.size()) == 0) {
    key = &own_;
  }
  if (key == nullptr) return kUnknown;
  if (!prepare_to_open(*key, iv, cipher, mac)) {
    ERR_clear_error();
    return kUnknown;
  }
  return newest == nullptr || key == newest ? kGood : kGoodButOld;
}

int SessionTickets::on_ticket(SSL* ssl, void* site) noexcept {
  const Site& its = *static_cast<Site*>(site);
  // Without a binding the ticket is sealed with the server's own key, which is good enough.
  return at_boundary(1, report_to(its.owner->log_), [&] {
    its.owner->bind(ssl, its);
    return 1;
  });
}

// A resumed session keeps the binding of its full handshake.
bool SessionTickets::bind(SSL* ssl, const Site& site) {
  SSL_SESSION* session = SSL_get_session(ssl);
  if (SSL_session_reused(ssl) == 1 || session == nullptr) return false;
  const CertificateSet* set = CertificateSet::of(SSL_get_SSL_CTX(ssl));
  if (set == nullptr) return false;
  TicketBinding binding{.begun = clock_.now(), .place = site.place};
  const std::string leaf = fingerprint_of(SSL_get_certificate(ssl));
  for (LiveCertificate* each : set->certificates()) {
    const publication::Published* published = each->newest();
    if (published == nullptr || published->bundle.leaf().fingerprint() != leaf) continue;
    binding.certificate = each->name();
    binding.fingerprint = leaf;
  }
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (binding.fingerprint.empty() && set->catalogue() != nullptr && name != nullptr) {
    binding.server_name = name;
    binding.fingerprint = leaf;
  }
  return bind_session(session, binding);
}

SSL_TICKET_RETURN SessionTickets::on_opened(SSL* ssl, SSL_SESSION* session, const unsigned char*,
                                            std::size_t, SSL_TICKET_STATUS status,
                                            void* site) noexcept {
  if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW) return kRefused;
  const Site& its = *static_cast<Site*>(site);
  return at_boundary(kRefused, report_to(its.owner->log_), [&] {
    if (!its.owner->may_resume(ssl, session, its)) return kRefused;
    return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
  });
}

bool SessionTickets::may_resume(SSL* ssl, SSL_SESSION* session, const Site& site) {
  const auto binding = binding_of(session);
  if (!binding) return true;
  const Time now = clock_.now();
  if (now >= binding->begun + policy::kTicketLife || binding->place != site.place ||
      !is_shown(*binding)) {
    return false;
  }
  // Each kind of server makes its session context in its own way. Its purpose is kept: a client's
  // certificate counts only where it was asked for.
  if (SSL_SESSION_get0_peer(session) != nullptr || SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE) {
    return true;
  }
  unsigned size = 0;
  const unsigned char* context = SSL_SESSION_get0_id_context(session, &size);
  return SSL_set_session_id_context(ssl, context, size) == 1;
}

bool SessionTickets::is_shown(const TicketBinding& binding) {
  if (binding.fingerprint.empty()) return false;
  if (!binding.certificate.empty()) {
    const auto found = shown_.certificates.find(binding.certificate);
    if (found == shown_.certificates.end()) return false;
    const publication::Published* published = found->second.newest();
    return published != nullptr && published->bundle.leaf().fingerprint() == binding.fingerprint;
  }
  for (auto& [name, catalogue] : shown_.catalogues) {
    for (const auto& each : catalogue.find(binding.server_name)) {
      if (each != nullptr && each->has_fingerprint(binding.fingerprint)) return true;
    }
  }
  return false;
}

}  // namespace ccm::server
