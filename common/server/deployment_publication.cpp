// SPDX-License-Identifier: Apache-2.0
// Deployment, while the publication is filled for the workers.
#include <fcntl.h>
#include <malloc.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "server/deployment.h"
#include "server/start/bootstrap.h"
#include "server/tls/canary_mark.h"
#include "store/kinds.h"

namespace ccm::server {
namespace {

// Takes the board of the configuration before, so that its counts go on, if it is for the same
// certificates. nullopt: there is no canary.
Result<std::optional<publication::CanaryBoard>> open_board(Retained& retained,
                                                           const std::vector<std::string>& names,
                                                           const std::string& state_path) {
  using publication::CanaryBoard;
  if (names.empty()) {
    replace_kept(retained.canary_board, -1);
    return std::optional<CanaryBoard>();
  }
  if (retained.canary_board >= 0) {
    auto board = CanaryBoard::open(retained.canary_board, CanaryBoard::Access::count);
    if (board && board->has_names(names)) return std::optional(*std::move(board));
  }
  auto made = CanaryBoard::create(names, state_path);
  if (!made) return pass(std::move(made));
  replace_kept(retained.canary_board, made->release());
  auto board = CanaryBoard::open(retained.canary_board, CanaryBoard::Access::count);
  if (!board) return pass(std::move(board));
  return std::optional(*std::move(board));
}

}  // namespace

Result<void> Deployment::publish(Retained& retained) {
  const std::string& place = config_->global().state_path;
  const auto store = store::open_to_read(place);
  auto writer =
      bootstrap({.config = *config_,  // 1
                 .store = *store,
                 .segment = retained.segment,
                 .now = SystemClock().now(),
                 .distrust = store::kind_of(place).distrust(place, config_->global().user)},
                log_);
  if (!writer) return pass(std::move(writer));
  auto segment = writer->open_read_only();  // 2
  if (!segment) return pass(std::move(segment));
  auto reader = publication::Reader::open(*segment);
  if (!reader) return pass(std::move(reader));
  const int copy = fcntl(writer->descriptor(), F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return fail(system_error("keeping the publication segment", errno));
  replace_kept(retained.segment, copy);
  reader_.emplace(*std::move(reader));
  for (auto& [name, certificate] : live_) {
    certificate.attach(*reader_);
    certificate.count_in(rows_);
  }
  prepare_canaries(retained);
  for (auto& [name, catalogue] : catalogues_) catalogue.attach(*reader_);
  tell_what_is_asked(*writer);
  proofs_.attach(*reader_);
  if (config_->global().ticket_keys == config::TicketKeys::fleet) share_tickets();
  prepare_to_count(retained);
  prepare_signs(retained);
  // Ends the writer: no worker may inherit its mapping, and the agent is the next writer.
  writer = fail(ErrorKind::internal, "it has ended");
  // Gives back the memory that reading the store or its snapshot took, so that no worker inherits
  // it.
  malloc_trim(0);
  return {};
}

// Without this memory a new version is not tried out before all clients are shown it.
void Deployment::prepare_canaries(Retained& retained) {
  std::vector<std::string> names;
  for (const config::CertificateSpec& spec : config_->certificates()) {
    if (spec.canary.is_set()) names.push_back(spec.name);
  }
  auto board = open_board(retained, names, config_->global().state_path);
  if (!board) {
    log_.warn("new versions are not tried out: {}", board.error().message());
    return;
  }
  board_ = *std::move(board);
  if (!board_) return;
  CanaryMark::prepare();
  std::size_t place = live_.size();
  for (auto& [name, certificate] : live_) {
    auto* lanes = board_->lanes(name);
    if (lanes == nullptr) continue;
    certificate.try_out(place++, config_->find(name)->canary.percent, *lanes);
  }
}

// Without this memory nobody looks for a name that no list of the account shows.
void Deployment::tell_what_is_asked(const publication::Writer& writer) {
  const auto& specs = config_->catalogues();
  const bool is_wanted = std::any_of(specs.begin(), specs.end(),
                                     [](const auto& each) { return each.kind != nullptr; });
  if (!is_wanted) return;
  auto asked = writer.map_asked();
  if (!asked) return log_.warn("{}", asked.error().message());
  asked_ = *std::move(asked);
  for (const config::CatalogueSpec& spec : specs) {
    const auto found = catalogues_.find(spec.name);
    if (spec.kind != nullptr && found != catalogues_.end()) found->second.tell(asked_);
  }
}

// If sharing fails, each server has tickets of its own.
void Deployment::share_tickets() {
  if (auto started = tickets_.start(*reader_); !started) {
    log_.warn("session tickets are not shared: {}", started.error().message());
    return;
  }
  for (const Site& site : sites_) {
    for (SSL_CTX* context : site.set->contexts()) tickets_.install(context, *site.set);
  }
}

// If this fails, the server still serves, but its status has no counts of handshakes.
void Deployment::prepare_to_count(Retained& retained) {
  struct stat segment = {};
  static_cast<void>(fstat(retained.segment, &segment));
  if (auto made = rows_.attach(retained.counted, segment.st_ino, reader_->slot_count()); !made) {
    log_.warn("handshakes are not counted: {}", made.error().message());
  }
}

// If this fails, only clients notice that a worker has stopped.
void Deployment::prepare_signs(Retained& retained) {
  using publication::WorkerBeats;
  if (retained.worker_beats < 0) {
    auto made = WorkerBeats::create(config_->global().state_path);
    if (!made) return log_.warn("{}", made.error().message());
    replace_kept(retained.worker_beats, made->release());
  }
  auto beats = WorkerBeats::open(retained.worker_beats);
  if (!beats) return log_.warn("{}", beats.error().message());
  beats_ = *std::move(beats);
}

}  // namespace ccm::server
