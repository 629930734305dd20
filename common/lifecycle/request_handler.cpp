// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/request_handler.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "base/boundary.h"
#include "base/text.h"
#include "config/catalogue.h"
#include "lifecycle/attempt/attempt.h"
#include "lifecycle/attempt/installer.h"
#include "lifecycle/events/made_up_event.h"
#include "store/answer.h"
#include "store/catalogue_membership.h"
#include "store/host/effective_settings.h"

namespace ccm::lifecycle {
namespace {

// After this many interruptions, the renewal itself may be what ends the agents.
constexpr unsigned kMostInterruptions = 3;

// Requests for which the main thread must not wait.
bool waits_for_hooks(store::Wish wish) noexcept {
  return wish == store::Wish::install || wish == store::Wish::run_hooks;
}

}  // namespace

void RequestHandler::resume() {
  answer_cut_short();
  for (const std::string& name : parts_.store.inbox().granted()) resume(name);
}

void RequestHandler::resume(const std::string& name) {
  Granted granted = recall(name);
  const bool is_done =
      !granted.ids.empty() &&
      std::all_of(granted.ids.begin(), granted.ids.end(), [&](const std::string& id) {
        const auto answer = store::find_answer(parts_.store, id);
        return answer && !answer->again_at;
      });
  if (is_done) return forget(name);
  ++granted.interruptions;
  if (granted.interruptions > kMostInterruptions || !parts_.lifecycle.resume_renewal(name)) {
    const Error error(ErrorKind::internal,
                      granted.interruptions > kMostInterruptions
                          ? fmt::format("{} agents in a row ended in the middle of this renewal, "
                                        "so it is given up; ask again to try again",
                                        kMostInterruptions)
                          : "it left the configuration before it was renewed");
    parts_.log.error("certificate \"{}\": asked for by ccmctl: {}", name, error.message());
    for (const std::string& id : granted.ids) answer({id, name}, {.error = error});
    forget(name);
    return;
  }
  // Written before the renewal begins. Otherwise a renewal that kills the agent would do so after
  // every start.
  remember(name, granted);
  granted_.insert_or_assign(name, std::move(granted));
  parts_.log.notice(
      "certificate \"{}\": renewal asked for by ccmctl, which the agent before did not finish",
      name);
}

// Passes on the results of attempts for which operators wait.
void RequestHandler::answer_renewals() {
  for (const auto& [name, end] : parts_.lifecycle.take_answers()) {
    const auto found = granted_.find(name);
    if (found == granted_.end()) continue;
    for (const std::string& id : found->second.ids) answer({id, name}, end);
    if (!end.again_at) {
      forget(name);
      granted_.erase(found);
    } else if (std::exchange(found->second.interruptions, 0) != 0) {
      remember(name, found->second);
    }
  }
}

void RequestHandler::serve() {
  finish_what_is_done();
  answer_renewals();
  for (const store::Ticket& ticket : due_tickets()) {
    const bool is_busy =
        parts_.lifecycle.is_in_work(ticket.name) || in_background_.contains(ticket.name);
    if (!is_busy) serve(ticket);
  }
}

void RequestHandler::serve(const store::Ticket& ticket) {
  // Somebody has put the request back, or it could not be removed.
  if (is_answered(ticket.id)) {
    parts_.store.inbox().withdraw(ticket);
    return;
  }
  Result<store::Request> request = read(ticket);
  const bool is_renewal = request && request->wish == store::Wish::renew;
  const bool is_for_later = request && waits_for_hooks(request->wish) && parts_.in_background;
  if (is_for_later && parts_.has_free_thread && !parts_.has_free_thread()) return;
  if (!is_renewal && !notes_begun(ticket, request)) return;
  if (is_for_later) return serve_later(ticket, *std::move(request));
  const auto note = is_renewal ? std::optional(note_of(granted_with(ticket))) : std::nullopt;
  if (!takes(ticket, request, note)) return leave_alone(ticket);
  store::Answer end;
  const Result<void> served = request ? serve(ticket, *request, end) : fail(request.error());
  const store::Wish wish = request ? request->wish : store::Wish::forget;
  finish(ticket, wish, served, std::move(end));
}

void RequestHandler::serve_later(const store::Ticket& ticket, store::Request request) {
  const auto shared = std::make_shared<const store::Request>(std::move(request));
  const bool has_begun = parts_.in_background([this, ticket, shared] { work_on(ticket, *shared); });
  if (has_begun) {
    in_background_.insert(ticket.name);
  } else {
    leave_alone(ticket);
  }
}

void RequestHandler::work_on(const store::Ticket& ticket, const store::Request& request) noexcept {
  store::Answer end;
  Result<void> served;
  bool is_taken = true;
  const auto on_failure = [&](const char* what) {
    served = fail(ErrorKind::internal, fmt::format("a defect of the program: {}", what));
  };
  at_boundary(0, on_failure, [&] {
    is_taken = takes(ticket, request, std::nullopt);
    if (is_taken) served = serve(ticket, request, end);
    return 0;
  });
  const std::lock_guard lock(mutex_);
  done_.emplace_back([this, ticket, wish = request.wish, is_taken, served, end] {
    in_background_.erase(ticket.name);
    if (!is_taken) return leave_alone(ticket);
    finish(ticket, wish, served, end);
  });
}

void RequestHandler::finish_what_is_done() {
  std::vector<std::function<void()>> done;
  {
    const std::lock_guard lock(mutex_);
    done = std::exchange(done_, {});
  }
  for (const auto& finish_one : done) finish_one();
}

void RequestHandler::finish(const store::Ticket& ticket, store::Wish wish,
                            const Result<void>& served, store::Answer end) {
  if (served && wish == store::Wish::renew) return;  // answered when its attempt has ended
  if (served && wish == store::Wish::install) supersede(ticket.name);
  end.has_changed = served.has_value() && wish != store::Wish::run_hooks;
  end.version = parts_.store.current_version(ticket.name);
  if (!served) {
    end.error = served.error();
    parts_.log.error("certificate \"{}\": asked for by ccmctl: {}", ticket.name,
                     served.error().message());
  }
  answer(ticket, end);
  // Behind the answer: an agent that ends in between leaves the next one something to answer.
  if (!served && wish == store::Wish::renew) forget(ticket.name);
}

Result<void> RequestHandler::serve(const store::Ticket& ticket, const store::Request& request,
                                   store::Answer& end) {
  switch (request.wish) {
    case store::Wish::renew:
      return renew(ticket);
    case store::Wish::roll_back:
      return roll_back(request);
    case store::Wish::forget:
      return let_go(request);
    case store::Wish::run_hooks:
      return run_hooks(request, end);
    case store::Wish::install:
      break;
  }
  return install(request);
}

Result<void> RequestHandler::run_hooks(const store::Request& request, store::Answer& end) {
  const config::CertificateSpec* spec = parts_.config.find(request.name);
  const EventKind* kind = find_event_kind(request.event);
  if (spec == nullptr || kind == nullptr || !parts_.run_hooks) {
    return fail(ErrorKind::rejected, spec == nullptr ? "this agent looks after no such certificate"
                                                     : "this agent knows no such event");
  }
  Event event = made_up_event(kind->type, *spec);
  event.at = parts_.clock.now();
  if (const auto loaded = parts_.store.load(spec->name); loaded && loaded->certificate) {
    const store::VersionInfo& info = loaded->certificate->info;
    event.version = info.number;
    event.serial = info.serial;
    event.not_after = info.not_after;
  }
  parts_.log.notice("certificate \"{}\": the hooks of \"{}\" are run for a test by ccmctl",
                    spec->name, kind->name);
  parts_.run_hooks(std::move(event), end);
  return {};
}

Result<void> RequestHandler::renew(const store::Ticket& ticket) {
  if (!parts_.lifecycle.ask_for_renewal(ticket.name)) {
    return fail(ErrorKind::rejected,
                "this agent's server has no such certificate, so it cannot renew it");
  }
  granted_.insert_or_assign(ticket.name, granted_with(ticket));
  parts_.log.notice("certificate \"{}\": renewal asked for by ccmctl", ticket.name);
  return {};
}

RequestHandler::Granted RequestHandler::granted_with(const store::Ticket& ticket) const {
  const auto found = granted_.find(ticket.name);
  Granted granted = found == granted_.end() ? Granted() : found->second;
  const bool has_it =
      std::find(granted.ids.begin(), granted.ids.end(), ticket.id) != granted.ids.end();
  if (!has_it) granted.ids.push_back(ticket.id);
  granted.interruptions = 0;
  return granted;
}

Result<void> RequestHandler::roll_back(const store::Request& request) {
  const Installer installer(parts_.store, parts_.lease, parts_.events);
  const config::CertificateSpec* spec = parts_.config.find(request.name);
  auto done = installer.roll_back(request.name, request.version,
                                  spec == nullptr ? std::vector<std::string>() : spec->names,
                                  parts_.clock.now());
  if (!done) return done;
  supersede(request.name);
  parts_.log.notice("certificate \"{}\": version {} restored and held, asked for by ccmctl",
                    request.name, request.version);
  return {};
}

Result<void> RequestHandler::install(const store::Request& request) {
  const config::CertificateSpec* spec = parts_.config.find(request.name);
  if (!request.key) return fail(ErrorKind::rejected, "there is no private key to import");
  const auto bundle = crypto::Bundle::make(request.certificates, *request.key, parts_.clock.now());
  if (!bundle) return fail(bundle.error());
  std::optional<config::CertificateSpec> catalogued;
  if (spec == nullptr) {
    if (!store::has_catalogue(parts_.state_path, parts_.clock.steady_now())) {
      return fail(ErrorKind::rejected,
                  "this agent looks after no such certificate, so it takes none");
    }
    spec = &catalogued.emplace(config::imported_spec(request.name, bundle->leaf().names()));
  }
  const Installer installer(parts_.store, parts_.lease, parts_.events);
  const auto info = installer.import(*spec, *bundle, parts_.clock.now());
  if (!info) return fail(info.error());
  parts_.log.notice(
      "certificate \"{}\": installed version {}, imported by ccmctl (serial {}, valid until {})",
      request.name, info->number, info->serial, format_time(info->not_after));
  say_left_out(parts_.log, request.name, *bundle);
  return {};
}

// A server may name it since ccmctl looked.
Result<void> RequestHandler::let_go(const store::Request& request) {
  const std::string& name = request.name;
  if (parts_.config.find(name) != nullptr) {
    return fail(ErrorKind::invalid, "a running server has it in its configuration");
  }
  if (auto unnamed = store::check_unnamed(parts_.state_path, name, parts_.clock.steady_now());
      !unnamed) {
    return unnamed;
  }
  if (request.keep == store::Keep::nothing) {
    if (auto may = store::check_may_remove(parts_.store, name); !may) return may;
  }
  auto forgotten = parts_.store.forget(parts_.lease, name, request.keep);
  if (!forgotten) return forgotten;
  supersede(name);
  parts_.log.notice("certificate \"{}\": forgotten, {}, asked for by ccmctl", name,
                    request.keep == store::Keep::versions
                        ? "its versions stay"
                        : "with its versions and their private keys");
  return {};
}

void RequestHandler::supersede(const std::string& name) {
  parts_.lifecycle.look_again(name);
  const auto found = granted_.find(name);
  if (found == granted_.end()) return;
  for (const std::string& id : found->second.ids) {
    answer({id, name}, {.version = parts_.store.current_version(name),
                        .error = Error(ErrorKind::rejected,
                                       "something else was asked for before it was renewed")});
  }
  forget(name);
  granted_.erase(found);
}

bool RequestHandler::is_answered(const std::string& id) const {
  return store::find_answer(parts_.store, id).has_value();
}

// If this fails, ccmctl learns nothing, but the request was served all the same.
void RequestHandler::answer(const store::Ticket& ticket, const store::Answer& answer) {
  const auto kept = store::keep_answer(parts_.store, parts_.lease, ticket.id, answer);
  if (kept) return;
  parts_.log.warn("certificate \"{}\": leave an answer for ccmctl: {}", ticket.name,
                  kept.error().message());
}

std::string RequestHandler::note_of(const Granted& granted) {
  Record record;
  for (const std::string& id : granted.ids) record.add("id", id);
  record.add("interruptions", fmt::format("{}", granted.interruptions));
  return record.serialize();
}

// If this fails, an interruption loses the renewal.
void RequestHandler::remember(const std::string& name, const Granted& granted) {
  const auto written = parts_.store.inbox().grant(name, note_of(granted));
  if (written) return;
  parts_.log.warn("certificate \"{}\": remember that its renewal was asked for: {}", name,
                  written.error().message());
}

void RequestHandler::forget(const std::string& name) {
  parts_.store.inbox().drop_granted(name);
}

// A note that cannot be read still says that a renewal was asked for.
RequestHandler::Granted RequestHandler::recall(const std::string& name) const {
  Granted granted;
  const std::optional<std::string> text = parts_.store.inbox().granted(name);
  if (!text) return granted;
  const Result<Record> record = Record::parse(*text);
  if (!record) return granted;
  for (const std::string_view id : record->find_all("id")) granted.ids.emplace_back(id);
  granted.interruptions =
      static_cast<unsigned>(parse_unsigned(record->find("interruptions").value_or("")).value_or(0));
  return granted;
}

}  // namespace ccm::lifecycle
