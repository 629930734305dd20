// SPDX-License-Identifier: Apache-2.0
// One configuration of a web server, from its first directive until the server drops it: the
// directives, which virtual hosts show which certificate, and, after it was accepted, its
// publication and its agent. A server module makes one per configuration load, feeds it, and passes
// on its server's events; everything here is the same for nginx and httpd.
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
#include "config/input/settings.h"
#include "config/input/wire.h"
#include "publication/canary_board.h"
#include "publication/catalogue/asked_names.h"
#include "publication/reader.h"
#include "publication/worker_beats.h"
#include "publication/writer.h"
#include "server/status/status_answer.h"
#include "server/tls/handshake.h"
#include "server/tls/session_tickets.h"
#include "server/watch/live_proofs.h"
#include "server/watch/publication_watch.h"
#include "server/watch/worker_rows.h"

namespace ccm::server {

// What one configuration leaves to the next in the same master. Plain numbers, because a server may
// unload and load this code in between; -1: nothing. Whoever keeps it owns the descriptors.
struct Retained {
  int segment = -1;  // publication memfd, read-write, close-on-exec; workers must not keep it
  std::array<char, 8> instance{};  // config/input/wire.h; zeroes until the first agent is started
  WorkerRows::Kept counted{};      // what the workers share
  int canary_board = -1;           // counts of canaries, a memfd as `segment`
  int worker_beats = -1;           // the workers' signs of life, a memfd as `segment`
};

// Closes what is kept and keeps another descriptor; -1: none.
void replace_kept(int& kept, int descriptor) noexcept;

// One line that gives a virtual host a certificate, as written.
struct CertificateUse {
  std::vector<std::string> arguments;
  config::Origin origin;
};

// A new id for every configuration that any process loads.
std::string make_launch_id();

// The path of the library that holds the symbol; empty when it is not known.
std::string library_of(const void* symbol);

// Where the configuration comes to life.
struct Surroundings {
  config::ServerFacts facts;
  int log_descriptor = -1;  // borrowed, for lines before the agent can open the log; -1: none
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
  // Adds a certificate to the names of one virtual host; `invalid` when it is already among them.
  Result<void> add_once(std::string name, std::vector<std::string>& names) const;
  // Adds a virtual host that shows these certificates (names as Settings::use returned them).
  // `origin` is the place of the directive that asks for them. Without any certificate it refuses
  // every handshake.
  CertificateSet& add_site(const std::vector<std::string>& names, config::Origin origin = {});
  // The same for a virtual host that searches a catalogue first. `has_files`: clients that ask for
  // a name that the catalogue lacks are shown the certificate files that the server itself has
  // loaded.
  CertificateSet& add_site(const std::vector<std::string>& names, config::Origin origin,
                           const std::string& catalogue, bool has_files);
  // Adds a warning about a site, with its place. judge() logs it unless it ignores the host.
  void doubt(Severity severity, std::string sentence);

  // The server's own directive about the session tickets of a site, for judge(): they have keys
  // from a file, or tickets are off.
  enum class OwnTickets : std::uint8_t { keys, none };
  void note_tickets(OwnTickets what, std::string directive, config::Origin origin);

  // ignored: nothing outside the configuration is looked at. examined: the files, account and
  // program that it names must be there. tested: the agent must also be able to work with what is
  // in them. That needs a process of its own, because no server process reads credentials. It is
  // for a configuration test, and for a reload, because nothing is lost by refusing one.
  enum class Host : std::uint8_t { ignored, examined, tested };
  // Turns the directives into one checked configuration, without network and store. Logs everything
  // that is wrong or doubtful; false when something is wrong. `module_path`: as in Surroundings.
  bool judge(Host host, const std::string& module_path = {});
  // nullptr until judge() has succeeded.
  const config::Config* config() const noexcept { return config_ ? &*config_ : nullptr; }

  // Brings the configuration to life:
  //   1  the publication segment is filled from the store, with placeholders where there is nothing
  //      yet. The previous configuration's segment goes on being used when it has the same
  //      certificates, so that workers of both generations show what is newest; its agent must have
  //      been told to end (stop(), or its Deployment was destroyed).
  //   2  it is mapped read-only, for the workers to inherit
  //   3  the agent is started with the segment and the end of a lifeline
  // A failure here is logged and does not stop the server, which may serve other things as well.
  void start(const Surroundings& surroundings, Retained& retained);
  // Starts the agent once more after its monitor has died. Only after start().
  void restart_agent(const Surroundings& surroundings, const Retained& retained);
  // The process id of the agent's monitor, for servers that wait for their children; -1: there is
  // none. Its guard may have replaced it.
  pid_t monitor() const noexcept { return monitor_; }
  // Whether the agent, its monitor or its guard still exists.
  bool is_attended() const noexcept;
  // Ends the agent; kills it after a second when it hangs or is stopped. The publication stays.
  void stop() noexcept;

  // What workers answer to authorities; empty before start().
  LiveProofs& proofs() noexcept { return proofs_; }

  // To be called by one process of the server every few seconds. Logs when no agent publishes; true
  // while that is so.
  bool look_for_signs_of_life(SteadyTime now);

  // Drops what only the master may hold: the lifeline and the retained segment.
  void enter_worker(Retained& retained) noexcept;
  // Each process that serves calls begin_to_count() before it serves and end_counting() when it
  // ends.
  void begin_to_count() noexcept { rows_.enter(); }
  void end_counting() noexcept { rows_.leave(); }
  // One thread of each of them calls it every kBetweenSigns, to show that the process moves.
  static constexpr Seconds kBetweenSigns = publication::WorkerBeats::kBeat;
  void give_sign(SteadyTime now) noexcept {
    if (beats_) beats_->beat(now);
  }
  // The status of the whole server. Any process that serves can answer.
  StatusAnswer answer(const StatusRequest& request) const;
  StatusReport status() const;

  // For a worker after it has changed to its account, which resets these settings: forbids core
  // files and tracing, if the configuration says so.
  void protect_worker() noexcept;

 private:
  struct Site {
    std::unique_ptr<CertificateSet> set;
    config::Origin origin;
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
  void prepare_signs(Retained& retained);
  void tell_what_is_asked(const publication::Writer& writer);
  StatusSources sources() const noexcept;
  bool ask_agent(const std::string& module_path);

  config::Settings settings_;
  Log& log_;
  std::optional<config::Config> config_;
  // All certificates that virtual hosts show, by name, and the sets that use them.
  std::map<std::string, LiveCertificate, std::less<>> live_;
  publication::AskedNames asked_;  // what clients ask catalogues for, told to the agent
  std::map<std::string, LiveCatalogue, std::less<>> catalogues_;
  WorkerRows rows_;
  config::ServerKind kind_ = config::ServerKind::none;
  std::vector<Site> sites_;
  std::vector<TicketNote> ticket_notes_;
  SystemClock clock_;
  SessionTickets tickets_;
  LiveProofs proofs_;
  std::vector<std::pair<Severity, std::string>> doubts_;  // judge() has yet to log them
  // From start() on, when there is anything to serve.
  std::optional<publication::Reader> reader_;
  std::optional<publication::CanaryBoard> board_;  // where a certificate has a canary
  std::optional<publication::WorkerBeats> beats_;
  FileDescriptor lifeline_;  // the master's end
  pid_t monitor_ = -1;
  PublicationWatch watch_;
};

}  // namespace ccm::server
