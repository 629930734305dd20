#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

#include "lifecycle/schedule.h"

namespace ccm::lifecycle {
namespace {

using namespace std::chrono_literals;
using config::LifetimeShare;
using config::RenewalWindow;

constexpr Time kNow{Seconds{1769817600}};
constexpr Seconds kDay = 24h;

std::string name_of(int number) {
  return "certificate-" + std::to_string(number);
}

TEST(RenewalTime, LiesInTheWindowAndUpToATenthBeforeIt) {
  for (int i = 0; i < 500; ++i) {
    const Time at = renewal_time(Seconds(30 * kDay), kNow, kNow + 90 * kDay, name_of(i));
    EXPECT_LE(at, kNow + 60 * kDay);
    EXPECT_GT(at, kNow + 57 * kDay);
  }
}

TEST(RenewalTime, TakesAShareOfTheLifetime) {
  for (int i = 0; i < 500; ++i) {
    const Time at = renewal_time(LifetimeShare{33}, kNow, kNow + 100 * kDay, name_of(i));
    EXPECT_LE(at, kNow + 67 * kDay);
    EXPECT_GE(at, kNow + 67 * kDay - 33 * kDay / 10);
  }
}

TEST(RenewalTime, DependsOnTheNameAndOnNothingElse) {
  std::set<Time> times;
  for (int i = 0; i < 200; ++i) {
    const Time at = renewal_time(LifetimeShare{33}, kNow, kNow + 90 * kDay, name_of(i));
    EXPECT_EQ(at, renewal_time(LifetimeShare{33}, kNow, kNow + 90 * kDay, name_of(i)));
    times.insert(at);
  }
  EXPECT_GT(times.size(), 190U);
}

// The same on every machine and in every release: a fleet that is upgraded keeps its times.
TEST(RenewalTime, IsPinned) {
  EXPECT_EQ(renewal_time(LifetimeShare{33}, kNow, kNow + 90 * kDay, "www.example.com"),
            Time(Seconds{1774880943}));
}

TEST(RenewalTime, NeverIsDueAtBirth) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const Seconds lifetime(2 +
                           static_cast<Seconds::rep>(random() % (i % 2 == 0 ? 300 : 40'000'000)));
    const RenewalWindow window =
        i % 3 == 0 ? RenewalWindow(Seconds(1 + static_cast<Seconds::rep>(random() % 90'000'000)))
                   : RenewalWindow(LifetimeShare{1 + static_cast<unsigned>(random() % 99)});
    const Time at = renewal_time(window, kNow, kNow + lifetime, name_of(i));
    ASSERT_GT(at, kNow) << to_string(window) << " of " << lifetime.count();
    ASSERT_LE(at, kNow + lifetime);
  }
}

TEST(RenewalTime, SurvivesDatesInTheWrongOrder) {
  EXPECT_EQ(renewal_time(LifetimeShare{33}, kNow, kNow - 1h, "a"), kNow);
}

TEST(NextCheck, IsTheIntervalShortenedByUpToATenth) {
  for (int i = 0; i < 500; ++i) {
    const Time at = next_check(6h, kNow, name_of(i));
    EXPECT_LE(at, kNow + 6h);
    EXPECT_GE(at, kNow + 324min);
    EXPECT_EQ(at, next_check(6h, kNow, name_of(i)));
  }
  EXPECT_EQ(next_check(0s, kNow, "a"), kNow + 1s);
}

Seconds wait_of(const Error& error, unsigned attempts, Seconds interval, std::string_view name) {
  return retry_time(error, attempts, interval, kNow, name) - kNow;
}

TEST(RetryTime, DoublesUpToAnHour) {
  const Error error(ErrorKind::transient, "x");
  for (int i = 0; i < 100; ++i) {
    Seconds expected = 5s;
    for (unsigned attempts = 1; attempts < 40; ++attempts) {
      const Seconds wait = wait_of(error, attempts, kDay, name_of(i));
      EXPECT_LE(wait, expected);
      EXPECT_GE(wait, expected - expected / 4);
      expected = std::min<Seconds>(2 * expected, 1h);
    }
  }
}

TEST(RetryTime, NeverWaitsLongerThanTheCheckIntervalNorLessThanASecond) {
  for (const ErrorKind kind : {ErrorKind::transient, ErrorKind::throttled, ErrorKind::invalid,
                               ErrorKind::internal, ErrorKind::unauthorized}) {
    for (unsigned attempts = 0; attempts < 70; ++attempts) {
      EXPECT_LE(wait_of(Error(kind, "x"), attempts, 10s, "a"), 10s);
      EXPECT_GE(wait_of(Error(kind, "x"), attempts, 0s, "a"), 1s);
    }
  }
}

TEST(RetryTime, GoesToSixHoursForWhatMayCostACertificate) {
  const Error error(ErrorKind::invalid, "x");
  EXPECT_LE(wait_of(error, 1, kDay, "a"), 5s);
  EXPECT_GT(wait_of(error, 30, kDay, "a"), 4h);
  EXPECT_LE(wait_of(error, 30, kDay, "a"), 6h);
}

TEST(RetryTime, WaitsForTheCeilingAtOnceWhenHasteIsHarmful) {
  for (const ErrorKind kind : {ErrorKind::internal, ErrorKind::unauthorized}) {
    EXPECT_GE(wait_of(Error(kind, "x"), 1, kDay, "a"), 45min);
  }
}

TEST(RetryTime, HonoursRetryAfterAsAMinimum) {
  const Error error = Error(ErrorKind::throttled, "x").with_retry_after(100s);
  for (int i = 0; i < 100; ++i) {
    EXPECT_GE(wait_of(error, 1, kDay, name_of(i)), 100s);
    EXPECT_LE(wait_of(error, 1, kDay, name_of(i)), 110s);
    EXPECT_GE(wait_of(error, 1, 10s, name_of(i)), 100s);
  }
  EXPECT_GT(wait_of(error, 10, kDay, "a"), 30min);  // the longer of the two
}

TEST(RetryTime, LooksForABetterOneBeforeTheFirstDayOfWhatWasRefused) {
  const Error error = Error(ErrorKind::invalid, "x").with_retry_after(10 * kDay);
  EXPECT_LE(wait_of(error, 1, kDay, "a"), 6h);
  EXPECT_LE(wait_of(error, 1, 60s, "a"), 60s);
}

TEST(NextResponse, IsHalfWayAtTheLatestAndWithinADay) {
  for (int i = 0; i < 100; ++i) {
    const Seconds wait = next_response(kNow, kNow + 10h, name_of(i)) - kNow;
    EXPECT_LE(wait, 5h);
    EXPECT_GE(wait, 4h + 30min);
    EXPECT_LE(next_response(kNow, kNow + 365 * kDay, name_of(i)), kNow + kDay);
  }
  EXPECT_EQ(next_response(kNow, kNow + 10h, "a"), next_response(kNow, kNow + 10h, "a"));
  EXPECT_NE(next_response(kNow, kNow + 10h, "a"), next_response(kNow, kNow + 10h, "b"));
}

TEST(RetryTime, LeavesWhatIsRejectedForTheNextCheck) {
  EXPECT_EQ(retry_time(Error(ErrorKind::rejected, "x"), 1, 6h, kNow, "a"),
            next_check(6h, kNow, "a"));
}

}  // namespace
}  // namespace ccm::lifecycle
