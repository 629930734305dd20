// SPDX-License-Identifier: Apache-2.0
// Lists that the services give in pages, read as a whole. Driven by the catalogue: an operation
// that takes a page's size and the records to skip comes in pages. SCM skips 100 records at most,
// so one order shows only 150, and a list may change while it is read (docs/design/differences.md,
// "Paging"). Therefore a record with an id counts once, and records that one order does not show
// are searched in the other order, and then group by group.
//
// Pure, except that the caller's function fetches pages. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "cloud/api/catalogue.h"
#include "cloud/api/json_body.h"
#include "cloud/api/request_builder.h"
#include "cloud/reply/json.h"

namespace ccm::cloud {

// How much to ask for at a time, and where to start.
struct Paging {
  const Parameter* size;
  const Parameter* start;
};
// nullopt: the operation answers with everything at once.
std::optional<Paging> paging_of(const Operation& operation) noexcept;

// The name of the one list of an answer such as {"total_count": 1, "certificates": [{…}]}; empty
// when there is none, or more than one.
std::string list_in(const JsonView& answer);
// How many records there are according to the service, whatever the page.
std::optional<std::int64_t> total_in(const JsonView& answer) noexcept;

struct Listing {
  JsonBody answer;  // the first page's, with the records of all
  std::size_t count = 0;
  std::optional<std::int64_t> total;
  std::optional<Error> obstacle;  // why there is less than the total, when the service said it
  bool is_complete = true;        // of what was asked for
};

using FetchPage = std::function<Result<JsonDocument>(Arguments page)>;
// Called with the number of records so far.
using TellProgress = std::function<void(std::size_t count, std::optional<std::int64_t> total)>;

// The arguments for the first page. `at_most`: nullopt for everything.
Arguments first_page(const Operation& operation, const Arguments& arguments,
                     std::optional<std::size_t> at_most);
// All records, or the first `at_most`; starts where the arguments say. The error of a page, unless
// the service refuses to go further: then the records so far.
Result<Listing> read_pages(const Operation& operation, const Arguments& arguments,
                           std::optional<std::size_t> at_most, const FetchPage& fetch,
                           const TellProgress& tell);
// The same in both orders, but not group by group, which costs hundreds of calls. For lists that
// are read often, and whose hidden records are searched by name.
Result<Listing> read_both_orders(const Operation& operation, const Arguments& arguments,
                                 std::size_t at_most, const FetchPage& fetch);

}  // namespace ccm::cloud
