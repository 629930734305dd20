// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "config/input/settings.h"
#include "lifecycle/attempt/installer.h"
#include "lifecycle/request_handler.h"
#include "lifecycle/schedule/hold.h"
#include "store/answer.h"
#include "store/file_store/file_store.h"
#include "support/admission.h"
#include "support/fake_clock.h"
#include "support/memory_log.h"
#include "support/memory_store.h"
#include "support/temp_directory.h"
#include "support/test_pki.h"

namespace ccm::lifecycle {
namespace {

using ccm::test::kTestDay;
using ccm::test::kTestNow;
using ccm::test::MemoryLog;
using testing::HasSubstr;
using namespace std::chrono_literals;

config::Config config_of_www() {
  config::Settings settings;
  EXPECT_TRUE(settings.set("region", {"ap-southeast-1"}, {}));
  EXPECT_TRUE(settings.set("credentials", {"ecs"}, {}));
  EXPECT_TRUE(settings.add_certificate("www", {}));
  EXPECT_TRUE(settings.set_in("www", "source", {"scm"}, {}));
  EXPECT_TRUE(settings.set_in("www", "names", {"www.example.com"}, {}));
  return settings.finalize().value();
}

// A newer certificate every time it is asked, due or not: as a cloud that always has a better one.
class GenerousSource final : public sources::Source {
 public:
  explicit GenerousSource(const Clock& clock) : clock_(clock) {}
  Result<sources::Outcome> obtain(const sources::ObtainRequest& request) override {
    was_due = request.is_due;
    ++calls;
    if (error) return fail(*error);
    return sources::Outcome(sources::Obtained{.bundle = make(), .origin = "scm:scs1"});
  }
  Result<void> installed(const sources::ObtainRequest&) override { return {}; }
  Result<void> refused(const sources::ObtainRequest&) override { return {}; }

  crypto::Bundle make() {
    if (!has_same_end) end_ = clock_.now() + lifetime.value_or((90 + calls) * kTestDay);
    return make_until(end_, -begins_in);
  }
  crypto::Bundle make_until(Time end, Seconds age = {}) {
    const auto leaf = ccm::test::make_test_leaf(
        issuing_,
        {.names = {"www.example.com"}, .not_before = clock_.now() - age, .not_after = end});
    return crypto::Bundle::make({leaf.certificate, issuing_.certificate}, leaf.key).value();
  }

  int calls = 0;
  bool was_due = false;
  bool has_same_end = false;  // as the one before
  std::optional<Seconds> lifetime;
  Seconds begins_in{0};
  std::optional<Error> error;

 private:
  Time end_;
  const Clock& clock_;
  ccm::test::TestAuthority root_ = ccm::test::make_test_root();
  ccm::test::TestAuthority issuing_ = ccm::test::make_test_intermediate(root_);
};

class RequestHandlerTest : public testing::Test {
 protected:
  RequestHandlerTest() {
    lifecycle_.start(*lease_);
    look();
    clock_.advance(2 * kTestDay);
    look();
    EXPECT_EQ(store_->current_version("www"), 2U);
  }

  // The id of a request that is left.
  std::string ask(const store::Request& request) { return store_->inbox().leave(request).value(); }
  bool is_waiting(const std::string& id, const std::string& name = "www") const {
    return store_->inbox().is_waiting({id, name});
  }
  std::optional<store::Answer> answer_to(const std::string& id) const {
    return store::find_answer(*store_, id);
  }
  std::size_t look() {
    const auto names = lifecycle_.take_due(clock_.now(), 10);
    for (const std::string& name : names) lifecycle_.attempt(name, *lease_);
    return names.size();
  }

  ccm::test::TempDirectory directory_;
  ccm::test::FakeClock clock_{kTestNow};
  MemoryLog log_;
  std::unique_ptr<store::Store> store_ = store::open_file_store(directory_.path()).value();
  std::unique_ptr<store::Lease> lease_ = store_->try_lead().value();
  config::Config config_ = config_of_www();
  GenerousSource source_{clock_};
  std::function<sources::Source&(const config::SourceSpec&)> source_of_ =
      [this](const auto&) -> sources::Source& { return source_; };
  Lifecycle lifecycle_{{config_, *store_, source_of_, clock_, log_, "launch"}};
  RequestHandler requests_{
      {directory_.path(), *store_, *lease_, lifecycle_, log_, config_, clock_}};
};

TEST_F(RequestHandlerTest, RenewsAtOnceWhatIsNotDue) {
  const std::string id = ask({.wish = store::Wish::renew, .name = "www"});
  EXPECT_TRUE(is_waiting(id));
  EXPECT_EQ(look(), 0U);
  requests_.serve();
  EXPECT_FALSE(is_waiting(id));
  EXPECT_FALSE(answer_to(id)) << "nothing has come of it yet";
  EXPECT_LE(lifecycle_.next_wake(), clock_.now());
  EXPECT_EQ(look(), 1U);
  EXPECT_TRUE(source_.was_due);
  EXPECT_EQ(store_->current_version("www"), 3U);
  EXPECT_EQ(look(), 0U) << "once";
  requests_.serve();
  ASSERT_TRUE(answer_to(id));
  EXPECT_TRUE(answer_to(id)->has_changed);
  EXPECT_EQ(answer_to(id)->version, 3U);
  EXPECT_FALSE(answer_to(id)->error);
}

TEST_F(RequestHandlerTest, AnswersWithTheAttemptThatServesIt) {
  clock_.advance(kTestDay);
  const auto names = lifecycle_.take_due(clock_.now(), 1);
  const std::string id = ask({.wish = store::Wish::renew, .name = "www"});
  requests_.serve();
  EXPECT_TRUE(is_waiting(id)) << "the certificate is in work";
  for (const std::string& name : names) lifecycle_.attempt(name, *lease_);
  requests_.serve();
  EXPECT_FALSE(is_waiting(id));
  EXPECT_FALSE(answer_to(id)) << "that was the schedule's attempt";
  source_.error = Error(ErrorKind::rejected, "the CA is disabled").with_code("PCA.1", "id-1");
  look();
  requests_.serve();
  ASSERT_TRUE(answer_to(id) && answer_to(id)->error);
  EXPECT_EQ(answer_to(id)->error->message(), "the CA is disabled");
  EXPECT_EQ(answer_to(id)->error->code(), "PCA.1");
  EXPECT_FALSE(answer_to(id)->has_changed);
  EXPECT_FALSE(answer_to(id)->again_at) << "only a change can help";
  EXPECT_FALSE(lifecycle_.is_asked_for("www"));
}

TEST_F(RequestHandlerTest, AnswersEverybodyWhoWaits) {
  const std::string one = ask({.wish = store::Wish::renew, .name = "www"});
  const std::string other = ask({.wish = store::Wish::renew, .name = "www"});
  requests_.serve();
  EXPECT_EQ(look(), 1U);
  requests_.serve();
  ASSERT_TRUE(answer_to(one) && answer_to(other));
  EXPECT_EQ(answer_to(one)->version, 3U);
  EXPECT_EQ(answer_to(other)->version, 3U);
}

TEST_F(RequestHandlerTest, ARenewalStaysWantedUntilItGetsToAnEnd) {
  source_.error = Error(ErrorKind::transient, "no connection");
  const std::string id = ask({.wish = store::Wish::renew, .name = "www"});
  requests_.serve();
  for (int failure = 0; failure < 5; ++failure) {
    EXPECT_EQ(look(), 1U);
    EXPECT_TRUE(source_.was_due);
    requests_.serve();
    ASSERT_TRUE(answer_to(id) && answer_to(id)->again_at);
    EXPECT_EQ(answer_to(id)->error->message(), "no connection");
    clock_.advance(*answer_to(id)->again_at - clock_.now());
  }
  source_.error.reset();
  EXPECT_EQ(look(), 1U);
  requests_.serve();
  EXPECT_TRUE(answer_to(id)->has_changed);
  EXPECT_EQ(answer_to(id)->version, 3U);
  EXPECT_FALSE(lifecycle_.is_asked_for("www"));
}

TEST_F(RequestHandlerTest, ARenewalInstallsWhatIsNotValidYetOnItsFirstDay) {
  source_.begins_in = 3h;
  const std::string id = ask({.wish = store::Wish::renew, .name = "www"});
  requests_.serve();
  EXPECT_EQ(look(), 1U);
  requests_.serve();
  ASSERT_TRUE(answer_to(id) && answer_to(id)->again_at);
  const Time first = clock_.now() + 3h;
  source_.begins_in = {};
  Lifecycle next({config_, *store_, source_of_, clock_, log_, "launch"});
  next.start(*lease_);
  RequestHandler handler({directory_.path(), *store_, *lease_, next, log_, config_, clock_});
  handler.resume();
  EXPECT_TRUE(next.is_asked_for("www"));
  EXPECT_GE(next.next_wake(), first) << "a restart does not shorten the wait";
  clock_.set(next.next_wake());
  for (const std::string& name : next.take_due(clock_.now(), 1)) next.attempt(name, *lease_);
  EXPECT_TRUE(source_.was_due);
  handler.serve();
  EXPECT_TRUE(answer_to(id)->has_changed);
  EXPECT_FALSE(next.is_asked_for("www"));
}

// As after somebody has put the file back, or an agent ended between the answer and the removal.
TEST_F(RequestHandlerTest, WhatIsAnsweredIsNotServedAgain) {
  const std::string id = ask({.wish = store::Wish::renew, .name = "www"});
  const std::string request = directory_.path().string() + "/request-" + id + "-www";
  const std::string granted = directory_.path().string() + "/granted-www";
  const std::string kept = directory_.path().string() + "/kept";
  std::filesystem::create_directory(kept);
  std::filesystem::copy(request, kept + "/request");
  requests_.serve();
  std::filesystem::copy(granted, kept + "/granted");
  EXPECT_EQ(look(), 1U);
  requests_.serve();
  ASSERT_TRUE(answer_to(id));
  std::filesystem::copy(kept + "/request", request);
  requests_.serve();
  EXPECT_FALSE(is_waiting(id));
  EXPECT_FALSE(std::filesystem::exists(granted));
  EXPECT_EQ(look(), 0U);
  std::filesystem::copy(kept + "/granted", granted);
  Lifecycle next({config_, *store_, source_of_, clock_, log_, "launch"});
  next.start(*lease_);
  RequestHandler handler({directory_.path(), *store_, *lease_, next, log_, config_, clock_});
  handler.resume();
  EXPECT_FALSE(next.is_asked_for("www"));
  EXPECT_FALSE(std::filesystem::exists(granted));
  EXPECT_EQ(store_->current_version("www"), 3U);
}

TEST_F(RequestHandlerTest, ARefusedCertificateEndsTheRenewalThatCausedIt) {
  source_.lifetime = 5 * kTestDay;
  const std::string id = ask({.wish = store::Wish::renew, .name = "www"});
  requests_.serve();
  look();
  requests_.serve();
  ASSERT_TRUE(answer_to(id) && answer_to(id)->error);
  EXPECT_THAT(answer_to(id)->error->message(), HasSubstr("was refused"));
  EXPECT_FALSE(lifecycle_.is_asked_for("www")) << "every try may cost an issued certificate";
}

TEST_F(RequestHandlerTest, BeginsAgainWhatAnAgentDidNotFinish) {
  const auto start_anew = [&] {
    Lifecycle next({config_, *store_, source_of_, clock_, log_, "launch"});
    next.start(*lease_);
    RequestHandler({directory_.path(), *store_, *lease_, next, log_, config_, clock_}).resume();
    return next.is_asked_for("www");
  };
  const std::string id = ask({.wish = store::Wish::renew, .name = "www"});
  requests_.serve();
  requests_.serve();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(start_anew()) << "interrupted before the attempt ended";
  EXPECT_FALSE(start_anew()) << "it may be what kills the agent";
  ASSERT_TRUE(answer_to(id) && answer_to(id)->error);
  EXPECT_THAT(answer_to(id)->error->message(), HasSubstr("3 agents in a row"));
  EXPECT_FALSE(start_anew());
}

TEST_F(RequestHandlerTest, BeginsNothingAgainThatIsFinished) {
  ask({.wish = store::Wish::renew, .name = "www"});
  requests_.serve();
  EXPECT_EQ(look(), 1U);
  requests_.serve();
  Lifecycle next({config_, *store_, source_of_, clock_, log_, "launch"});
  next.start(*lease_);
  RequestHandler({directory_.path(), *store_, *lease_, next, log_, config_, clock_}).resume();
  EXPECT_FALSE(next.is_asked_for("www"));
}

TEST_F(RequestHandlerTest, ALaterRollbackEndsARenewalThatWaits) {
  source_.error = Error(ErrorKind::transient, "no connection");
  const std::string renewal = ask({.wish = store::Wish::renew, .name = "www"});
  requests_.serve();
  look();
  const std::string rollback = ask({.wish = store::Wish::roll_back, .name = "www", .version = 1});
  requests_.serve();
  ASSERT_TRUE(answer_to(rollback));
  EXPECT_TRUE(answer_to(rollback)->has_changed);
  EXPECT_THAT(answer_to(renewal)->error->message(), HasSubstr("something else was asked for"));
  source_.error.reset();
  clock_.advance(kTestDay);
  look();
  EXPECT_EQ(store_->current_version("www"), 1U);
  EXPECT_EQ(held_version(*store_, "www"), 1U);
}

TEST_F(RequestHandlerTest, GoesBackAndStaysThereUntilAskedToRenew) {
  const int calls = source_.calls;
  ask({.wish = store::Wish::roll_back, .name = "www", .version = 1});
  requests_.serve();
  EXPECT_EQ(store_->current_version("www"), 1U);
  for (int day = 0; day < 30; ++day) {
    look();
    clock_.advance(kTestDay);
  }
  EXPECT_EQ(store_->current_version("www"), 1U) << "the engine must not undo it";
  EXPECT_EQ(source_.calls, calls);
  ask({.wish = store::Wish::renew, .name = "www"});
  requests_.serve();
  look();
  EXPECT_EQ(store_->current_version("www"), 3U);
  EXPECT_EQ(held_version(*store_, "www"), 0U);
}

TEST_F(RequestHandlerTest, LetsGoBeforeTheHeldOneEnds) {
  ASSERT_TRUE(Installer(*store_, *lease_).roll_back("www", 1, {}, kTestNow));
  lifecycle_.look_again("www");
  // Its last tenth begins after 81 of 90 days, 2 of which have passed.
  clock_.advance(80 * kTestDay);
  look();
  EXPECT_EQ(store_->current_version("www"), 3U);
  EXPECT_THAT(log_.text(), HasSubstr("version 1 is not held any longer"));
}

TEST_F(RequestHandlerTest, RefusesAVersionThatIsNotThereAndHoldsNothing) {
  const std::string id = ask({.wish = store::Wish::roll_back, .name = "www", .version = 9});
  requests_.serve();
  ASSERT_TRUE(answer_to(id) && answer_to(id)->error);
  EXPECT_EQ(answer_to(id)->error->kind(), ErrorKind::rejected);
  EXPECT_EQ(store_->current_version("www"), 2U);
  EXPECT_EQ(held_version(*store_, "www"), 0U);
  EXPECT_THAT(log_.text(), HasSubstr("asked for by ccmctl: restore version 9"));
}

TEST_F(RequestHandlerTest, InstallsWhatIsBroughtAlongAndLeavesItAloneUntilItIsDue) {
  const crypto::Bundle bundle = source_.make_until(clock_.now() + 100 * kTestDay);
  const std::string id = ask({.wish = store::Wish::install,
                              .name = "www",
                              .certificates = bundle.chain(),
                              .key = bundle.key()});
  struct stat file {};
  ASSERT_EQ(stat((directory_.path() / ("request-" + id + "-www")).c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777U, 0600U);
  const int calls = source_.calls;
  requests_.serve();
  EXPECT_FALSE(is_waiting(id));
  ASSERT_TRUE(answer_to(id));
  EXPECT_EQ(answer_to(id)->version, 3U);
  EXPECT_EQ(store_->current_version("www"), 3U);
  EXPECT_EQ(store_->history("www").value().front().origin, store::kImported);
  EXPECT_EQ(look(), 1U) << "its renewal time is found out";
  clock_.advance(50 * kTestDay);
  look();
  EXPECT_EQ(source_.calls, calls)
      << "the cloud has a better one every day, but this one was chosen";
  clock_.advance(25 * kTestDay);
  look();
  EXPECT_EQ(store_->current_version("www"), 4U) << "renewed in time";
}

TEST_F(RequestHandlerTest, SaysWhatAnImportedChainBringsInVain) {
  const crypto::Bundle bundle = source_.make_until(clock_.now() + 100 * kTestDay);
  std::vector<crypto::Certificate> heap = bundle.chain();
  ask({.wish = store::Wish::install, .name = "www", .certificates = heap, .key = bundle.key()});
  requests_.serve();
  EXPECT_THAT(log_.text(), testing::Not(HasSubstr("left out of the chain")));
  const crypto::Bundle later = source_.make_until(clock_.now() + 101 * kTestDay);
  heap = later.chain();
  heap.push_back(
      ccm::test::make_test_intermediate(ccm::test::make_test_root("Elsewhere"), "Stray CA")
          .certificate);
  ask({.wish = store::Wish::install, .name = "www", .certificates = heap, .key = later.key()});
  requests_.serve();
  EXPECT_THAT(log_.text(), HasSubstr("certificate \"www\": left out of the chain, as it does not "
                                     "serve the path: CN=Stray CA"));
}

TEST_F(RequestHandlerTest, RenewsAtOnceWhatIsImportedInsideItsRenewalWindow) {
  // The ones before it must not outlive it.
  clock_.advance(85 * kTestDay);
  const crypto::Bundle bundle = source_.make_until(clock_.now() + 20 * kTestDay, 80 * kTestDay);
  ASSERT_TRUE(
      Installer(*store_, *lease_).import(config_.certificates().front(), bundle, clock_.now()));
  lifecycle_.look_again("www");
  look();
  EXPECT_EQ(store_->current_version("www"), 4U);
}

TEST_F(RequestHandlerTest, ForgetsWhatNoServerNames) {
  for (const store::Keep keep : {store::Keep::versions, store::Keep::nothing}) {
    const crypto::Bundle bundle = source_.make();
    ASSERT_TRUE(store_->install(*lease_, test::let_in("old", bundle),
                                {.bundle = bundle,
                                 .origin = "scm:scs1",
                                 .expected = store_->current_version("old"),
                                 .keep = 2,
                                 .now = clock_.now()}));
    const std::string id = ask({.wish = store::Wish::forget, .name = "old", .keep = keep});
    requests_.serve();
    EXPECT_FALSE(is_waiting(id, "old"));
    ASSERT_TRUE(answer_to(id));
    EXPECT_FALSE(answer_to(id)->error);
    EXPECT_EQ(store_->current_version("old"), keep == store::Keep::versions ? 1U : 0U);
  }
  EXPECT_THAT(log_.text(), HasSubstr("\"old\": forgotten, its versions stay"));
  EXPECT_THAT(log_.text(), HasSubstr("\"old\": forgotten, with its versions"));
}

TEST_F(RequestHandlerTest, DoesNotForgetWhatAServerNames) {
  const std::string id = ask({.wish = store::Wish::forget, .name = "www"});
  requests_.serve();
  ASSERT_TRUE(answer_to(id) && answer_to(id)->error);
  EXPECT_THAT(answer_to(id)->error->message(), HasSubstr("has it in its configuration"));
  EXPECT_EQ(store_->current_version("www"), 2U);
}

TEST_F(RequestHandlerTest, DoesNotForgetWhenNobodyCanTellWhatAServerNames) {
  const crypto::Bundle bundle = source_.make();
  ASSERT_TRUE(store_->install(
      *lease_, test::let_in("old", bundle),
      {.bundle = bundle, .origin = "scm:scs1", .expected = 0, .keep = 2, .now = clock_.now()}));
  std::ofstream(directory_.path() / "settings-nginx-01234567") << "nonsense";
  const std::string id = ask({.wish = store::Wish::forget, .name = "old"});
  requests_.serve();
  ASSERT_TRUE(answer_to(id) && answer_to(id)->error);
  EXPECT_THAT(answer_to(id)->error->message(), HasSubstr("cannot be read"));
  EXPECT_EQ(store_->current_version("old"), 1U);
}

TEST_F(RequestHandlerTest, RefusesWhatTheGateRefuses) {
  const crypto::Bundle sooner = source_.make_until(clock_.now() + 5 * kTestDay);
  for (const bool has_key : {true, false}) {
    store::Request request{
        .wish = store::Wish::install, .name = "www", .certificates = sooner.chain()};
    if (has_key) request.key = sooner.key();
    const std::string id = ask(request);
    requests_.serve();
    ASSERT_TRUE(answer_to(id));
    EXPECT_TRUE(answer_to(id)->error);
  }
  EXPECT_EQ(store_->current_version("www"), 2U);
  EXPECT_THAT(log_.text(), HasSubstr("asked for by ccmctl: later end: "));
  EXPECT_THAT(log_.text(), HasSubstr("there is no private key"));
}

// Whoever leads next would serve it once more.
TEST_F(RequestHandlerTest, ServesNothingThatItCannotRemove) {
  const std::string id = ask({.wish = store::Wish::roll_back, .name = "www", .version = 1});
  const std::filesystem::path request = directory_.path() / ("request-" + id + "-www");
  const std::filesystem::path aside = directory_.path() / "aside";
  std::filesystem::rename(request, aside);
  std::filesystem::create_directory(request);
  requests_.serve();
  requests_.serve();
  EXPECT_FALSE(answer_to(id));
  EXPECT_THAT(log_.text(), HasSubstr("what ccmctl asks for has to wait: remove "));
  EXPECT_EQ(log_.text().find("has to wait"), log_.text().rfind("has to wait")) << "once";
  std::filesystem::remove(request);
  std::filesystem::rename(aside, request);
  clock_.advance(Seconds(1));
  requests_.serve();
  ASSERT_TRUE(answer_to(id));
  EXPECT_FALSE(answer_to(id)->error);
  EXPECT_EQ(store_->current_version("www"), 1U);
}

// As in a fleet whose etcd has taken it and not answered: it is gone from the inbox.
TEST_F(RequestHandlerTest, ServesWhatWasTakenAlthoughTheAnswerWasLost) {
  test::MemoryStore store;
  const auto lease = store.try_lead().value();
  Lifecycle lifecycle{{config_, store, source_of_, clock_, log_, "launch"}};
  RequestHandler requests{{directory_.path(), store, *lease, lifecycle, log_, config_, clock_}};
  lifecycle.start(*lease);
  const std::string id =
      store.inbox().leave({.wish = store::Wish::roll_back, .name = "www", .version = 7}).value();
  store.inbox().lose_next_answer();
  requests.serve();
  EXPECT_FALSE(store.inbox().is_waiting({id, "www"}));
  EXPECT_FALSE(store::find_answer(store, id));
  requests.serve();
  EXPECT_FALSE(store::find_answer(store, id)) << "not at once";
  clock_.advance(Seconds(1));
  requests.serve();
  ASSERT_TRUE(store::find_answer(store, id));
  EXPECT_THAT(store::find_answer(store, id)->error->message(), HasSubstr("version 7"));
}

// Of an agent that took it and was killed. It may be done, so it is not begun again.
TEST_F(RequestHandlerTest, AnswersWhatAnAgentBeforeTookAndDidNotFinish) {
  RequestHandler::Parts parts{directory_.path(), *store_, *lease_, lifecycle_, log_,
                              config_,           clock_};
  RequestHandler next(parts);
  std::string id;
  bool is_killed = false;
  parts.run_hooks = [&](Event, store::Answer&) {
    is_killed = true;
    EXPECT_FALSE(is_waiting(id));
    EXPECT_FALSE(answer_to(id));
    next.resume();
    ASSERT_TRUE(answer_to(id) && answer_to(id)->error);
    EXPECT_THAT(answer_to(id)->error->message(), HasSubstr("it may be done or not"));
    EXPECT_EQ(answer_to(id)->version, 2U);
    EXPECT_FALSE(answer_to(id)->again_at);
    const std::size_t said = log_.count(Severity::error);
    RequestHandler(parts).resume();
    EXPECT_EQ(log_.count(Severity::error), said) << "it is answered once";
  };
  for (const bool is_in_background : {false, true}) {
    parts.in_background = nullptr;
    if (is_in_background) {
      parts.in_background = [](const std::function<void()>& work) {
        work();
        return true;
      };
    }
    is_killed = false;
    id = ask({.wish = store::Wish::run_hooks, .name = "www", .event = "served"});
    RequestHandler(parts).serve();
    EXPECT_TRUE(is_killed);
  }
}

TEST_F(RequestHandlerTest, AnswersNothingThatIsFinishedOrWasNotTaken) {
  ask({.wish = store::Wish::roll_back, .name = "www", .version = 1});
  requests_.serve();
  const std::string refused = ask({.wish = store::Wish::renew, .name = "unknown"});
  requests_.serve();
  ASSERT_TRUE(answer_to(refused));
  EXPECT_FALSE(store_->inbox().granted("unknown"));
  // Its work had not begun when the agent ended, or ccmctl has withdrawn it by then.
  const store::Request wish{.wish = store::Wish::run_hooks, .name = "www", .event = "served"};
  const std::string waiting = ask(wish);
  RequestHandler::Parts parts{directory_.path(), *store_, *lease_, lifecycle_, log_,
                              config_,           clock_};
  parts.in_background = [](const auto&) { return true; };
  RequestHandler(parts).serve();
  ASSERT_TRUE(is_waiting(waiting));
  EXPECT_EQ(store::find_begun(*store_).size(), 1U);
  RequestHandler(parts).resume();
  EXPECT_FALSE(answer_to(waiting));
  parts.in_background = [&](const std::function<void()>& work) {
    store_->inbox().withdraw({waiting, "www"});
    work();
    return true;
  };
  RequestHandler last(parts);
  last.serve();
  last.serve();
  EXPECT_TRUE(store::find_begun(*store_).empty());
  EXPECT_FALSE(answer_to(waiting));
}

TEST_F(RequestHandlerTest, TakesNothingThatItCannotNote) {
  test::MemoryStore store;
  const auto lease = store.try_lead().value();
  RequestHandler requests{{directory_.path(), store, *lease, lifecycle_, log_, config_, clock_}};
  const std::string id =
      store.inbox().leave({.wish = store::Wish::roll_back, .name = "www", .version = 7}).value();
  store.fail_writes(Error(ErrorKind::rejected, "the disk is full"));
  requests.serve();
  EXPECT_TRUE(store.inbox().is_waiting({id, "www"}));
  EXPECT_THAT(log_.text(), HasSubstr("what ccmctl asks for has to wait: the disk is full"));
  store.fail_writes(std::nullopt);
  clock_.advance(Seconds(1));
  requests.serve();
  EXPECT_TRUE(store::find_answer(store, id));
}

TEST_F(RequestHandlerTest, ForgetsOnAFullDisk) {
  test::MemoryStore store;
  const auto lease = store.try_lead().value();
  RequestHandler requests{{directory_.path(), store, *lease, lifecycle_, log_, config_, clock_}};
  const std::string id =
      store.inbox().leave({.wish = store::Wish::forget, .name = "unused"}).value();
  store.fail_writes(Error(ErrorKind::rejected, "the disk is full"));
  requests.serve();
  EXPECT_FALSE(store.inbox().is_waiting({id, "unused"}));
}

TEST_F(RequestHandlerTest, SaysNothingOfWhatNobodyHasBegun) {
  const std::string id = ask({.wish = store::Wish::run_hooks, .name = "www", .event = "served"});
  RequestHandler::Parts parts{directory_.path(), *store_, *lease_, lifecycle_, log_,
                              config_,           clock_};
  // All threads are busy, and once they were when it was to begin.
  for (const bool is_known : {true, false}) {
    parts.in_background = [&](const auto&) {
      EXPECT_FALSE(is_known);
      return false;
    };
    parts.has_free_thread = [&] { return !is_known; };
    RequestHandler(parts).serve();
    EXPECT_TRUE(is_waiting(id));
    EXPECT_TRUE(store::find_begun(*store_).empty());
  }
}

TEST_F(RequestHandlerTest, WithdrawsARequestWithItsKey) {
  const crypto::Bundle bundle = source_.make();
  const std::string other = ask({.wish = store::Wish::renew, .name = "www"});
  const std::string id = ask({.wish = store::Wish::install,
                              .name = "www",
                              .certificates = bundle.chain(),
                              .key = bundle.key()});
  store_->inbox().withdraw({id, "www"});
  store_->inbox().withdraw({id, "www"});
  EXPECT_FALSE(is_waiting(id));
  EXPECT_TRUE(is_waiting(other)) << "another's request stays";
}

TEST_F(RequestHandlerTest, RenewsWhenTheNewOneEndsInTheSameSecond) {
  source_.has_same_end = true;
  lifecycle_.ask_for_renewal("www");
  look();
  EXPECT_EQ(store_->current_version("www"), 3U);
  lifecycle_.hasten("www");
  look();
  EXPECT_EQ(store_->current_version("www"), 3U) << "only when an operator asks";
}

TEST_F(RequestHandlerTest, ForgetsWhatItCannotRead) {
  std::ofstream(directory_.path() / "request-0123456789abcdef-www") << "nonsense";
  const std::string id = ask({.wish = store::Wish::renew, .name = "unknown"});
  requests_.serve();
  EXPECT_FALSE(is_waiting("0123456789abcdef"));
  EXPECT_FALSE(is_waiting(id, "unknown"));
  EXPECT_TRUE(answer_to(id)->error);
  EXPECT_EQ(log_.count(Severity::error), 2U);
  EXPECT_FALSE(std::filesystem::exists(directory_.path() / "certificates" / "unknown"))
      << "a slip of the pen becomes no certificate";
  EXPECT_FALSE(store_->inbox().leave({.wish = store::Wish::renew, .name = "../x"}));
}

TEST_F(RequestHandlerTest, TurnsToTheOldestFirstAndOnlyToRequests) {
  for (const char* file :
       {"request-www", "request-0123456789abcdef-", "request-0123456789abcdef-../x",
        "request-0123456789abcdeg-www", "request-0123456789abcdef-www.tmp-0123456789abcdef"}) {
    if (std::string_view(file).find('/') == std::string_view::npos) {
      std::ofstream(directory_.path() / file) << "wish: renew\n";
    }
  }
  EXPECT_THAT(store_->inbox().list().value(), testing::IsEmpty());
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    ids.push_back(ask({.wish = store::Wish::renew, .name = "www"}));
    const std::string path = directory_.path() / ("request-" + ids.back() + "-www");
    const struct timespec times[2] = {{.tv_sec = 1000 - i, .tv_nsec = 0},
                                      {.tv_sec = 1000 - i, .tv_nsec = 0}};
    ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }
  std::vector<std::string> found;
  const auto files = store_->inbox().list().value();
  for (const auto& file : files) found.push_back(file.id);
  EXPECT_THAT(found, testing::ElementsAreArray(ids.rbegin(), ids.rend()));
}

}  // namespace
}  // namespace ccm::lifecycle
