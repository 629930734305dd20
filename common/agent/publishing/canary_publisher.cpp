// SPDX-License-Identifier: Apache-2.0
#include "agent/publishing/canary_publisher.h"

#include <utility>

#include "lifecycle/attempt/canary.h"

namespace ccm::agent {
namespace {

// A margin for clocks that differ. The time of the canary counts twice, because the leader's
// settings may say a longer one than ours.
constexpr Seconds kClocksDiffer{60};

Time longest_canary(const config::CertificateSpec& spec, const store::Canary& canary) {
  return canary.since + 2 * spec.canary.time + kClocksDiffer;
}

}  // namespace

CanaryPublisher::CanaryPublisher(CanaryPlace place, const store::StoreReader& store, Log& log)
    : place_(std::move(place)), store_(store), log_(log) {
  if (!place_.board) return;
  before_ = store::read_canaries(place_.state_path, place_.server);
  written_ = before_;
}

void CanaryPublisher::look_at(publication::Writer& writer, const config::CertificateSpec& spec,
                              Time now) {
  if (!spec.canary.is_set() || !place_.board) return;
  const auto canary = lifecycle::canary_of(store_, spec.name);
  if (canary && is_counted(spec.name, *canary)) {
    // A canary whose time seemed to be over is shown again when somebody sets the clock back.
    const bool is_over = longest_canary(spec, *canary) <= now;
    if (is_over || shown_until_.contains(spec.name)) return;
  }
  if (canary) return begin(writer, spec, *canary, now);
  end(writer, spec.name);
}

bool CanaryPublisher::is_counted(const std::string& name, const store::Canary& canary) const {
  const auto known = counted_.find(name);
  return known != counted_.end() && known->second.canary == canary;
}

void CanaryPublisher::begin(publication::Writer& writer, const config::CertificateSpec& spec,
                            const store::Canary& canary, Time now) {
  const std::string& name = spec.name;
  auto stored = store_.load_version(name, canary.version);
  if (!stored) {
    // Said once. The leader notices it, too, at the end of the canary.
    const auto [said, is_news] = unreadable_.try_emplace(name, canary);
    if (!is_news && said->second == canary) return;
    said->second = canary;
    log_.error("certificate \"{}\": version {} cannot be tried out: {}", name, canary.version,
               stored.error().message());
    return end(writer, name);
  }
  // Set before the version is shown, so that every handshake with it is counted.
  store::CanaryCounted counted{
      .canary = canary, .board = place_.board->id(), .seen = place_.board->read(name)};
  const auto before = before_.find(name);
  if (is_counted(name, canary)) {
    counted = counted_.at(name);
  } else if (before != before_.end() && before->second.canary == canary) {
    counted.total = before->second.total;
    // The workers went on counting while there was no agent. In a new memory they began again at 0.
    counted.seen = before->second.board == counted.board ? before->second.seen : CanaryTally();
  }
  const Time until = longest_canary(spec, canary);
  if (until <= now) {
    const auto withdrawn = writer.withdraw(publication::canary_slot(name));
    if (!withdrawn) return say(withdrawn.error());
    counted_.insert_or_assign(name, counted);
    return say_it_is_over(name);
  }
  publication::Published value{.bundle = std::move(stored->bundle), .ocsp_response = {}};
  if (spec.stapling) {
    const store::StoredCertificate again{
        .bundle = value.bundle, .info = stored->info, .ocsp_response = stored->ocsp_response};
    value.ocsp_response = store::staple_of(again, now);
  }
  const auto published = writer.publish(publication::canary_slot(name), value);
  if (!published) return say(published.error());
  counted_.insert_or_assign(name, counted);
  shown_until_.insert_or_assign(name, until);
  next_ = {};
  log_.info("certificate \"{}\": version {} is shown to {}% of the handshakes", name,
            canary.version, spec.canary.percent);
}

void CanaryPublisher::end(publication::Writer& writer, const std::string& name) {
  before_.erase(name);
  shown_until_.erase(name);
  if (counted_.erase(name) > 0) next_ = {};
  const auto withdrawn = writer.withdraw(publication::canary_slot(name));
  if (!withdrawn) say(withdrawn.error());
}

void CanaryPublisher::give_up(publication::Writer& writer, Time now) {
  for (auto each = shown_until_.begin(); each != shown_until_.end();) {
    if (now < each->second) {
      ++each;
      continue;
    }
    say_it_is_over(each->first);
    const auto withdrawn = writer.withdraw(publication::canary_slot(each->first));
    if (!withdrawn) say(withdrawn.error());
    each = shown_until_.erase(each);
  }
}

void CanaryPublisher::count(SteadyTime now) {
  if (now < next_ || (counted_.empty() && written_.empty())) return;
  next_ = now + kBetweenCounts;
  for (auto& [name, counted] : counted_) {
    const CanaryTally seen = place_.board->read(name);
    counted.total.add(seen.since(counted.seen));
    counted.seen = seen;
  }
  if (counted_ == written_) return;
  if (const auto written = store::write_canaries(place_.state_path, place_.server, counted_);
      !written) {
    return say(written.error());
  }
  written_ = counted_;
}

void CanaryPublisher::say_it_is_over(const std::string& name) {
  log_.warn(
      "certificate \"{}\": no agent that leads has ended the canary, so the current version is "
      "shown alone",
      name);
}

void CanaryPublisher::say(const Error& error) {
  if (std::exchange(has_complained_, true)) return;
  log_.warn("a new version cannot be tried out as it should be: {}", error.message());
}

}  // namespace ccm::agent
