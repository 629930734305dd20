// SPDX-License-Identifier: Apache-2.0
#include "cli/survey/handshake_round.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <system_error>
#include <thread>

namespace ccm::cli {
namespace {

constexpr std::size_t kAtATime = 16;
constexpr unsigned kMostSilences = 3;

class Round {
 public:
  Round(const crypto::HandshakeProbe& probe, const std::vector<Question>& questions,
        const std::function<void(std::size_t, const crypto::Probe&)>& take)
      : probe_(probe), questions_(questions), take_(take) {
    for (const Question& question : questions) silences_[question.address] = 0;
  }

  void work() {
    for (std::size_t next = next_++; next < questions_.size(); next = next_++) {
      take_(next, answer(questions_[next]));
    }
  }

 private:
  crypto::Probe answer(const Question& question) {
    std::atomic<unsigned>& silences = silences_.at(question.address);
    if (silences >= kMostSilences) {
      crypto::Probe given_up;
      given_up.outcome = crypto::ProbeOutcome::silent;
      given_up.problem = "it did not answer for other names either";
      return given_up;
    }
    crypto::Probe answer = probe_.look(question.address, question.server_name, question.key);
    if (answer.outcome == crypto::ProbeOutcome::silent) ++silences;
    if (answer.outcome == crypto::ProbeOutcome::shown) silences = 0;
    return answer;
  }

  const crypto::HandshakeProbe& probe_;
  const std::vector<Question>& questions_;
  const std::function<void(std::size_t, const crypto::Probe&)>& take_;
  std::atomic<std::size_t> next_ = 0;
  std::map<crypto::NetworkAddress, std::atomic<unsigned>> silences_;  // complete before any thread
};

}  // namespace

void ask_all(const crypto::HandshakeProbe& probe, const std::vector<Question>& questions,
             const std::function<void(std::size_t, const crypto::Probe&)>& take) {
  Round round(probe, questions, take);
  std::vector<std::thread> helpers;
  const std::size_t wanted = std::min(kAtATime, questions.size());
  try {
    while (helpers.size() + 1 < wanted) helpers.emplace_back([&round] { round.work(); });
  } catch (const std::system_error&) {
    // Without threads it takes longer.
  }
  round.work();
  for (std::thread& helper : helpers) helper.join();
}

}  // namespace ccm::cli
