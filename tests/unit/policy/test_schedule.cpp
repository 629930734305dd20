// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

#include "policy/schedule.h"

namespace ccm::policy {
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

TEST(RetryTime, WaitsForSixHoursAtMost) {
  for (const ErrorKind kind : {ErrorKind::transient, ErrorKind::throttled, ErrorKind::invalid,
                               ErrorKind::pending, ErrorKind::internal, ErrorKind::unauthorized}) {
    // A date in Retry-After, seen with a clock that is days behind.
    const Error error = Error(kind, "x").with_retry_after(9 * kDay);
    for (unsigned attempts = 0; attempts < 70; attempts += 7) {
      EXPECT_LE(wait_of(error, attempts, 30 * kDay, "a"), kLongestRetry);
    }
  }
}

TEST(ReissueTime, CostsAFewCertificatesADay) {
  for (int i = 0; i < 100; ++i) {
    Time now = kNow;
    int issued = 0;
    int on_the_first_day = 0;
    while (now < kNow + 10 * kDay) {
      ++issued;
      if (now < kNow + kDay) ++on_the_first_day;
      const Time next = reissue_time(static_cast<unsigned>(issued), now, name_of(i));
      ASSERT_GE(next, now + 3s);
      ASSERT_LE(next, now + 6h);
      now = next;
    }
    EXPECT_LE(on_the_first_day, 12);
    EXPECT_LE(issued, 12 + 9 * 6);
  }
  EXPECT_LE(reissue_time(1'000'000, kNow, "a"), kNow + 6h);
  EXPECT_LE(reissue_time(0, kNow, "a"), kNow + 5s);
}

// For any state of affairs: not beyond the end, and no loop that never rests.
TEST(LatestLook, IsBeforeTheEndAndNeverAtOnce) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 200'000; ++i) {
    const int bits = static_cast<int>(random() % 40);
    const Seconds left(static_cast<Seconds::rep>(random() % (std::uint64_t{1} << bits)));
    const Time end = i % 2 == 0 ? kNow + left : kNow - left;
    for (const Look look : {Look::free, Look::costly}) {
      const Time at = latest_look(end, look, kNow);
      ASSERT_GE(at, kNow + 1s);
      if (end > kNow + 1s) {
        ASSERT_LT(at, end) << left.count();
      }
      if (end <= kNow) {
        ASSERT_LE(at, kNow + 2h);
      }
      ASSERT_LE(at, std::max(kNow + 2h, kNow + left / 2));
    }
  }
}

TEST(LatestLook, ComesCloserWithTheEndAndStaysCloseAfterIt) {
  const auto wait = [](Seconds left) { return latest_look(kNow + left, Look::free, kNow) - kNow; };
  EXPECT_EQ(wait(90 * kDay), 9 * kDay);
  EXPECT_EQ(wait(12h), 10min);
  EXPECT_EQ(wait(30min), 3min);
  EXPECT_EQ(wait(75s), 7s);
  EXPECT_EQ(wait(1s), 1s);
  EXPECT_EQ(wait(0s), 5s);
  EXPECT_EQ(wait(-10min), 1min);
  EXPECT_EQ(wait(-90 * kDay), 5min);
  EXPECT_EQ(latest_look(kNow + 8h, Look::costly, kNow), kNow + 4h);
  EXPECT_EQ(latest_look(kNow - 8h, Look::costly, kNow), kNow + 2h);
  EXPECT_EQ(latest_look(std::nullopt, Look::free, kNow), kNow + 1h);
  EXPECT_EQ(latest_look(std::nullopt, Look::costly, kNow), kNow + 6h);
}

// From half a day before the end until half a day after it.
TEST(LatestLook, CostsTheCloudLittleAllTheSame) {
  const Time end = kNow + 12h;
  int looks = 0;
  for (Time now = kNow; now < end + 12h; now = latest_look(end, Look::free, now)) ++looks;
  EXPECT_LT(looks, 400);
  looks = 0;
  for (Time now = kNow; now < end + 12h; now = latest_look(end, Look::costly, now)) ++looks;
  EXPECT_LT(looks, 30);
}

Time paced(Seconds given, Seconds backdated, Seconds asked, const RenewalWindow& window) {
  const Time birth = std::max(kNow - backdated, kNow + given - asked);
  const Time due = renewal_time(window, birth, kNow + given, "a");
  return paced_renewal(due, {.obtained = kNow, .end = kNow + given, .asked = asked}, window, "a");
}

TEST(PacedRenewal, ChangesNothingForWhatWasAskedFor) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 20'000; ++i) {
    const Seconds asked(3600 + static_cast<Seconds::rep>(random() % 40'000'000));
    const RenewalWindow window =
        i % 2 == 0 ? RenewalWindow(Seconds(1 + static_cast<Seconds::rep>(random() % 90'000'000)))
                   : RenewalWindow(LifetimeShare{1 + static_cast<unsigned>(random() % 99)});
    ASSERT_EQ(paced(asked, 0s, asked, window), renewal_time(window, kNow, kNow + asked, "a"))
        << to_string(window) << " of " << asked.count();
  }
}

TEST(PacedRenewal, ToleratesAnAuthorityThatBeginsAnHourAgo) {
  EXPECT_EQ(paced(90 * kDay - 1h, 1h, 90 * kDay, Seconds(30 * kDay)),
            renewal_time(Seconds(30 * kDay), kNow - 1h, kNow + 90 * kDay - 1h, "a"));
}

// Whatever the authority gives: always in time, and a few a day as long as it gives half a day.
TEST(PacedRenewal, IsInTimeAndCostsAFewCertificatesADay) {
  std::mt19937_64 random(6);
  for (int i = 0; i < 20'000; ++i) {
    const Seconds asked = 90 * kDay;
    const Seconds given(20 +
                        static_cast<Seconds::rep>(random() % (i % 2 == 0 ? 86'400 : 7'776'000)));
    const Seconds backdated(static_cast<Seconds::rep>(random() % 9'000'000));
    const RenewalWindow window =
        i % 3 == 0 ? RenewalWindow(Seconds(30 * kDay)) : RenewalWindow(LifetimeShare{33});
    const Time at = paced(given, backdated, asked, window);
    ASSERT_LT(at, kNow + given);
    ASSERT_GT(at, kNow);
    if (given >= 12h) {
      ASSERT_GE(at, kNow + 4h) << given.count() << " " << backdated.count();
    }
    if (given < 4h) {
      ASSERT_GE(at, kNow + given * 2 / 3);
    }
  }
}

TEST(PacedRenewal, SurvivesAnEndBeforeItWasObtained) {
  const Issuance issuance{.obtained = kNow, .end = kNow - 1h, .asked = kDay};
  EXPECT_EQ(paced_renewal(kNow - 2h, issuance, LifetimeShare{33}, "a"), kNow - 2h);
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
}  // namespace ccm::policy
