// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/text.h"
#include "cloud/api/paging.h"

namespace ccm::cloud {
namespace {

using QueryMap = std::map<std::string, std::string>;

const Operation& operation(std::string_view name) {
  return **find_operation(name);
}

struct Record {
  int id;
  std::string status;
};

// A list as a service has it: in the order asked for, in pages, perhaps not all of it.
class Service {
 public:
  explicit Service(int count) {
    for (int i = 0; i < count; ++i) records.push_back({i, i % 2 == 0 ? "ISSUED" : "PAID"});
  }

  Result<JsonDocument> fetch(const Arguments& arguments) {
    QueryMap query;
    for (const Argument& each : arguments.parameters) query[each.name] = each.value.reveal();
    queries.push_back(query);
    if (before_page) before_page(queries.size());
    const std::size_t offset = query.count("offset") != 0 ? std::stoul(query["offset"]) : 0;
    if (offset > largest_offset) return fail(ErrorKind::invalid, "offset: at most 100");
    std::vector<Record> chosen;
    for (const Record& each : records) {
      if (query.count("status") == 0 || query["status"] == each.status) chosen.push_back(each);
    }
    if (query["sort_dir"] == "ASC") std::reverse(chosen.begin(), chosen.end());
    std::vector<std::string> page;
    for (std::size_t i = offset; i < std::min(chosen.size(), offset + std::stoul(query["limit"]));
         ++i) {
      page.push_back(fmt::format(R"({{"id":"{}"}})", chosen[i].id));
    }
    const std::string total =
        has_total ? fmt::format(R"(,"total_count":{})", chosen.size()) : std::string();
    return JsonDocument::parse(fmt::format(R"({{"certificates":[{}]{}}})", join(page, ","), total));
  }

  Result<Listing> read(const Arguments& arguments = {}, std::optional<std::size_t> most = {},
                       std::string_view name = "ListCertificates") {
    return read_pages(
        operation(name), arguments, most, [this](const Arguments& page) { return fetch(page); },
        [](std::size_t, std::optional<std::int64_t>) {});
  }

  std::vector<Record> records;
  std::vector<QueryMap> queries;
  std::size_t largest_offset = 1'000'000;
  bool has_total = true;
  std::function<void(std::size_t)> before_page;
};

std::vector<int> ids(const Listing& listing) {
  std::vector<int> all;
  for (const JsonView& each : listing.answer.root()["certificates"].elements()) {
    all.push_back(std::stoi(each["id"].text()));
  }
  return all;
}

std::vector<int> numbers(int count) {
  std::vector<int> all;
  for (int i = 0; i < count; ++i) all.push_back(i);
  return all;
}

TEST(Paging, IsWhatTheCatalogueSays) {
  EXPECT_TRUE(paging_of(operation("scm.ListCertificates")));
  EXPECT_TRUE(paging_of(operation("pca.ListCertificate")));
  EXPECT_TRUE(paging_of(operation("apig.ListCertificatesV2")));
  EXPECT_FALSE(paging_of(operation("scm.ShowCertificate")));
  EXPECT_FALSE(paging_of(operation("pca.CountCaResourceInstances")));
}

TEST(Paging, ReadsEveryPageInTheLargestDocumentedSize) {
  Service service(120);
  const auto listing = service.read();
  ASSERT_TRUE(listing);
  EXPECT_EQ(ids(*listing), numbers(120));
  EXPECT_TRUE(listing->is_complete);
  ASSERT_EQ(service.queries.size(), 3U);
  EXPECT_EQ(service.queries[2], (QueryMap{{"limit", "50"}, {"offset", "100"}}));
  EXPECT_EQ(listing->answer.root()["total_count"].integer(), 120);
}

TEST(Paging, AsksForNoMoreThanIsWanted) {
  Service service(120);
  const auto listing = service.read({}, 15);
  ASSERT_TRUE(listing);
  EXPECT_EQ(ids(*listing), numbers(15));
  EXPECT_TRUE(listing->is_complete);
  ASSERT_EQ(service.queries.size(), 1U);
  EXPECT_EQ(service.queries[0].at("limit"), "20");
  EXPECT_EQ(first_page(operation("pca.ListCertificate"), {}, 15).parameters[0].value.reveal(),
            "15");
}

TEST(Paging, StartsWhereItIsToldAndGoesTheWayItIsTold) {
  Service service(120);
  Arguments arguments;
  arguments.parameters.push_back({"offset", Secret::copy_of("110")});
  const auto listing = service.read(arguments);
  ASSERT_TRUE(listing);
  EXPECT_EQ(ids(*listing).front(), 110);
  EXPECT_EQ(listing->count, 10U);
  EXPECT_TRUE(listing->is_complete);
}

TEST(Paging, LooksFromTheOtherEndWhenTheServiceGoesNoFurther) {
  Service service(200);
  service.largest_offset = 100;
  const auto listing = service.read();
  ASSERT_TRUE(listing);
  EXPECT_EQ(ids(*listing), numbers(200));
  EXPECT_TRUE(listing->is_complete);
}

TEST(Paging, LooksGroupByGroupWhenBothEndsDoNotMeet) {
  Service service(500);
  service.largest_offset = 100;
  auto listing = service.read();
  ASSERT_TRUE(listing);
  auto found = ids(*listing);
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, numbers(500));
  EXPECT_TRUE(listing->is_complete);
}

TEST(Paging, SaysThatSomeAreOutOfReach) {
  Service service(700);
  service.largest_offset = 100;
  const auto listing = service.read();
  ASSERT_TRUE(listing);
  EXPECT_EQ(listing->count, 600U);
  EXPECT_FALSE(listing->is_complete);
  EXPECT_EQ(listing->total, 700);
  ASSERT_TRUE(listing->obstacle);
  EXPECT_EQ(listing->obstacle->message(), "offset: at most 100");
}

TEST(Paging, CountsWhatMovedToTheNextPageOnce) {
  Service service(80);
  service.before_page = [&](std::size_t page) {
    if (page == 2) service.records.insert(service.records.begin(), {1000, "ISSUED"});
  };
  const auto listing = service.read();
  ASSERT_TRUE(listing);
  auto found = ids(*listing);
  EXPECT_EQ(std::count(found.begin(), found.end(), 49), 1);
  std::sort(found.begin(), found.end());
  auto expected = numbers(80);
  expected.push_back(1000);
  EXPECT_EQ(found, expected);
}

TEST(Paging, MissesNothingWhenWhatIsReadAlreadyGoes) {
  Service service(120);
  service.before_page = [&](std::size_t page) {
    if (page == 2) service.records.erase(service.records.begin(), service.records.begin() + 10);
  };
  const auto listing = service.read();
  ASSERT_TRUE(listing);
  const auto found = ids(*listing);
  for (int id = 10; id < 120; ++id) EXPECT_EQ(std::count(found.begin(), found.end(), id), 1) << id;
}

TEST(Paging, EndsWithAShortPageWhenNobodySaysHowMany) {
  Service service(120);
  service.has_total = false;
  const auto listing = service.read();
  ASSERT_TRUE(listing);
  EXPECT_EQ(listing->count, 120U);
  EXPECT_TRUE(listing->is_complete);
  EXPECT_EQ(service.queries.size(), 3U);
}

TEST(Paging, EndsWhenTheServiceSkipsNothing) {
  Service service(120);
  const auto listing = read_pages(
      operation("ListCsr"), {}, std::nullopt,
      [&](Arguments page) {
        std::erase_if(page.parameters, [](const auto& each) { return each.name == "offset"; });
        return service.fetch(page);
      },
      [](std::size_t, std::optional<std::int64_t>) {});
  ASSERT_TRUE(listing);
  EXPECT_EQ(listing->count, 50U);
  EXPECT_FALSE(listing->is_complete);
}

TEST(Paging, FailsWithTheFirstPageAndWithWhatIsNoRefusal) {
  Service service(120);
  service.largest_offset = 0;
  const auto fetch = [&](const Arguments& page) -> Result<JsonDocument> {
    if (page.parameters.size() > 1) return fail(ErrorKind::throttled, "slower");
    return service.fetch(page);
  };
  const auto listing = read_pages(operation("ListCertificates"), {}, std::nullopt, fetch,
                                  [](std::size_t, std::optional<std::int64_t>) {});
  ASSERT_FALSE(listing);
  EXPECT_EQ(listing.error().kind(), ErrorKind::throttled);
}

TEST(Paging, LeavesAnAnswerWithoutAListAsItIs) {
  const auto listing = read_pages(
      operation("ListCertificatesByTag"), {}, std::nullopt,
      [](const Arguments&) { return JsonDocument::parse(R"({"total_count":7})"); },
      [](std::size_t, std::optional<std::int64_t>) {});
  ASSERT_TRUE(listing);
  EXPECT_EQ(listing->answer.root()["total_count"].integer(), 7);
}

}  // namespace
}  // namespace ccm::cloud
