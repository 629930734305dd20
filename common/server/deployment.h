// SPDX-License-Identifier: Apache-2.0
// One configuration of a web server, from its first directive until the server drops it: what was
// written, which virtual hosts show which certificate, and, once it was accepted, the publication
// and the agent that belong to it. A server module makes one per configuration load, feeds it, and
// passes on its server's events; everything here is the same for nginx and httpd.
//
//   while reading       settings(), add_site()
//   when all was read   judge(): offline; also under a configuration test
//   when accepted       start(): in the master or parent, as root if the server was started so
//   in each worker      enter_worker(), before it serves anybody
//   when dropped        the destructor: the agent ends
//
// The master's side is single-threaded. In workers only the CertificateSets and the LiveProofs are
// used, by any thread.
#pragma once

#include <sys/types.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/handle.h"
#include "base/log.h"
#include "config/config.h"
#include "config/settings.h"
#include "config/wire.h"
#include "publication/asked_names.h"
#include "publication/canary_board.h"
#include "publication/reader.h"
#include "publication/writer.h"
#include "server/handshake.h"
#include "server/live_proofs.h"
#include "server/publication_watch.h"
#include "server/session_tickets.h"
#include "server/status/status_answer.h"
#include "server/worker_rows.h"

namespace ccm::server {

// What one configuration leaves to the next in the same master. Plain numbers, because a server may
// load this code anew in between; -1: nothing. Whoever keeps it owns the descriptor.
struct Retained {
  int segment = -1;  // publication memfd, read-write, close-on-exec; workers must not keep it
  std::array<char, 8> instance{};  // config/wire.h; zeroes until the first agent is started
  WorkerRows::Kept counted{};      // what the workers share
  int canary_board = -1;           // what they count of canaries, a memfd as `segment`
};

// One line that gives a virtual host a certificate, as written.
struct CertificateUse {
  std::vector<std::string> arguments;
  config::Origin origin;
};

// Differs for every configuration that this process loads, and for those of others.
std::string make_launch_id();

// The path of the library that holds the symbol; empty when that cannot be told.
std::string library_of(const void* symbol);

// Where the configuration comes to life.
struct Surroundings {
  config::ServerFacts facts;
  int log_descriptor = -1;  // borrowed, for what comes before the agent can open the log; -1: none
  std::string module_path;  // of the server module; the agent is looked for beside it
};

class Deployment {
 public:
  // `log` must outlive the object; in workers any thread writes to it.
  Deployment(config::Settings settings, Log& log);
  Deployment(const Deployment&) = delete;
  Deployment& operator=(const Deployment&) = delete;
  ~Deployment();

  config::Settings& settings() noexcept { return settings_; }
  // Adds a certificate to those of one virtual host; `invalid` when it is among them already.
  Result<void> add_once(std::string name, std::vector<std::string>& names) const;
  // A virtual host that shows these certificates (names as Settings::use returned them), for which
  // it was asked at `origin`. Without any it refuses every handshake.
  CertificateSet& add_site(const std::vector<std::string>& names, config::Origin origin = {});
  // The same of one that looks into a catalogue first. `has_files`: what the server itself has
  // loaded is shown to clients that ask for another name.
  CertificateSet& add_site(const std::vector<std::string>& names, config::Origin origin,
                           const std::string& catalogue, bool has_files);
  // Something dubious about a site, with its place; judge() says it when it looks at the host.
  void doubt(Severity severity, std::string sentence);
  // Whom that site's TLS settings leave, for judge(); everybody unless told.
  void set_reach(const CertificateSet& site, Reach reach);

  // A directive of the server's own about the session tickets of a site, for judge(): they have
  // keys from a file, or there are none.
  enum class OwnTickets : std::uint8_t { keys, none };
  void note_tickets(OwnTickets what, std::string directive, config::Origin origin);

  // ignored: nothing outside the configuration.
  // examined: the files, account and program that it names must be there.
  // tested: the agent must also be able to work with what is in them. That takes a process of its
  //   own, because no server process reads credentials, and nothing is lost by refusing: for a
  //   configuration test, and for a reload that can be refused.
  enum class Host : std::uint8_t { ignored, examined, tested };
  // Turns what was written into one checked configuration, without network and store. False when it
  // is wrong; everything wrong or dubious was logged. `module_path`: where the agent is looked for.
  bool judge(Host host, const std::string& module_path = {});
  // From a successful judge() on.
  const config::Config* config() const noexcept { return config_ ? &*config_ : nullptr; }

  // Brings the configuration to life:
  //   1  the publication segment is filled from the store, with placeholders where there is nothing
  //      yet. The previous configuration's segment goes on being used when it has the same
  //      certificates, so that workers of both generations show what is newest; its agent must have
  //      been told to end (stop(), or its Deployment was destroyed).
  //   2  it is mapped read-only, for the workers to inherit
  //   3  the agent is started with the segment and the end of a lifeline
  // Nothing that goes wrong here may stop the server, and whatever else it serves: it is logged.
  void start(const Surroundings& surroundings, Retained& retained);
  // Starts the agent once more after its monitor has died. Only after start().
  void restart_agent(const Surroundings& surroundings, const Retained& retained);
  // The agent's monitor, to be waited for by servers that do; -1: there is none. Its guard may have
  // taken its place.
  pid_t monitor() const noexcept { return monitor_; }
  // Whether the agent, its monitor or its guard is left.
  bool is_attended() const noexcept;
  // Ends the agent; what hangs or was stopped is killed after a second. What was published stays.
  void stop() noexcept;

  // What workers answer to authorities; nothing before start().
  LiveProofs& proofs() noexcept { return proofs_; }

  // For one process of the server, every few seconds: says in the log when nobody publishes any
  // more. True when that is so.
  bool look_for_signs_of_life(SteadyTime now);

  // Drops what only the master may hold: the lifeline and the retained segment.
  void enter_worker(Retained& retained) noexcept;
  // In each process that serves, and when it ends: it counts what it shows from now on.
  void begin_to_count() noexcept { rows_.enter(); }
  void end_counting() noexcept { rows_.leave(); }
  // Of the whole server, answered by any process that serves.
  StatusAnswer answer(const StatusRequest& request) const;
  StatusReport status() const;

  // For a worker that has become its account, which undoes what was done before: no core files and
  // no tracing, where the configuration wants that.
  void protect_worker() noexcept;

 private:
  struct Site {
    std::unique_ptr<CertificateSet> set;
    config::Origin origin;
    Reach reach;
  };
  struct TicketNote {
    OwnTickets what;
    std::string directive;
    config::Origin origin;
  };

  bool judge_tickets();
  void share_tickets();
  Result<void> publish(Retained& retained);
  void prepare_canaries(Retained& retained);
  void prepare_to_count(Retained& retained);
  void tell_what_is_asked(const publication::Writer& writer);
  StatusSources sources() const noexcept;
  bool ask_agent(const std::string& module_path);

  config::Settings settings_;
  Log& log_;
  std::optional<config::Config> config_;
  // The certificates that virtual hosts show, by name, and the sets in which they do.
  std::map<std::string, LiveCertificate, std::less<>> live_;
  publication::AskedNames asked_;  // what catalogues of an account tell the agent
  std::map<std::string, LiveCatalogue, std::less<>> catalogues_;
  WorkerRows rows_;
  config::ServerKind kind_ = config::ServerKind::none;
  std::vector<Site> sites_;
  std::vector<TicketNote> ticket_notes_;
  SystemClock clock_;
  SessionTickets tickets_;
  LiveProofs proofs_;
  std::vector<std::pair<Severity, std::string>> doubts_;  // not said yet
  // From start() on, when there is anything to serve.
  std::optional<publication::Reader> reader_;
  std::optional<publication::CanaryBoard> board_;  // where a certificate has a canary
  FileDescriptor lifeline_;                        // the master's end
  pid_t monitor_ = -1;
  PublicationWatch watch_;
};

}  // namespace ccm::server
