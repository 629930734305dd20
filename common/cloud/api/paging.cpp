// SPDX-License-Identifier: Apache-2.0
#include "cloud/api/paging.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>
#include <vector>

#include "base/text.h"

namespace ccm::cloud {
namespace {

// For operations without a documented largest page.
constexpr std::int64_t kUsualPage = 100;
constexpr std::string_view kDirection = "sort_dir";
// Whatever total a service claims, because all pages of a list are in memory together.
constexpr std::size_t kMostPages = 2'000;

// Parameters that divide a list into groups, each shorter than the whole.
constexpr std::array<std::string_view, 3> kGroupings = {"status", "order_status",
                                                        "private_key_algo"};

const Argument* find(const Arguments& arguments, std::string_view name) {
  const auto found = std::find_if(arguments.parameters.begin(), arguments.parameters.end(),
                                  [&](const Argument& each) { return each.name == name; });
  return found == arguments.parameters.end() ? nullptr : &*found;
}

void set(Arguments& arguments, std::string_view name, std::string_view value) {
  std::erase_if(arguments.parameters, [&](const Argument& each) { return each.name == name; });
  arguments.with(name, value);
}

Arguments copy_of(const Arguments& arguments) {
  Arguments copy;
  for (const Argument& each : arguments.parameters) {
    copy.with(each.name, each.value.reveal());
  }
  if (arguments.body) copy.body = Secret::copy_of(arguments.body->reveal());
  return copy;
}

// The smallest page that holds everything that is wanted, or else the largest one.
std::int64_t page_size(const Parameter& size, std::optional<std::size_t> at_most) {
  std::int64_t largest = size.limits.high == kNoLimit ? kUsualPage : size.limits.high;
  if (size.choices.empty()) {
    if (at_most && std::cmp_less(*at_most, largest)) return static_cast<std::int64_t>(*at_most);
    return largest;
  }
  for (const auto choice : split(size.choices, '|')) {
    largest = static_cast<std::int64_t>(parse_unsigned(choice).value_or(kUsualPage));
    if (at_most && std::cmp_less_equal(*at_most, largest)) break;
  }
  return largest;
}

std::string identity_of(const JsonView& record) {
  constexpr std::array<std::string_view, 5> kNames = {"id", "certificate_id", "ca_id", "cert_id",
                                                      "resource_id"};
  for (const auto name : kNames) {
    if (const JsonView id = record[name]; id.exists()) return id.text();
  }
  return std::string(record.pretty().reveal());
}

bool is_refusal(const Error& error) {
  return error.kind() == ErrorKind::invalid || error.kind() == ErrorKind::rejected;
}

std::int64_t number_of(const Argument* argument) {
  if (argument == nullptr) return 0;
  const auto number = parse_unsigned(argument->value.reveal());
  return number ? static_cast<std::int64_t>(std::min<std::uint64_t>(*number, INT32_MAX)) : 0;
}

class Reader {
 public:
  struct Parts {
    const Operation& operation;
    const Arguments& arguments;
    std::optional<std::size_t> at_most;
    const FetchPage& fetch;
    const TellProgress& tell;
    bool has_groups = true;  // may look for the rest group by group
  };
  explicit Reader(Parts parts)
      : parts_(parts),
        paging_(*paging_of(parts.operation)),
        first_(number_of(find(parts.arguments, paging_.start->name))),
        has_start_(find(parts.arguments, paging_.start->name) != nullptr) {}

  Result<Listing> read() {
    auto done = walk({}, false);
    // If the caller chose a place to start, only the requested order makes sense.
    if (done && !has_start_ && (has_gaps() || has_moved_)) done = look_elsewhere();
    if (!done) return pass(std::move(done));
    return result();
  }

 private:
  using Change = std::pair<std::string_view, std::string_view>;

  bool has_enough() const { return parts_.at_most && records_.size() >= *parts_.at_most; }
  bool has_gaps() const {
    return total_ && !list_.empty() && !has_enough() &&
           std::cmp_less(records_.size(), *total_ - first_);
  }

  Result<void> look_elsewhere() {
    if (parts_.operation.find(kDirection) == nullptr) {
      if (auto done = walk({}, false); !done) return done;
    } else if (auto done = walk({reversed()}, true); !done) {
      return done;
    }
    if (!parts_.has_groups) return {};
    for (const auto grouping : kGroupings) {
      const Parameter* parameter = parts_.operation.find(grouping);
      const Argument* given = find(parts_.arguments, grouping);
      if (parameter == nullptr || (given != nullptr && given->value.reveal() != "ALL")) continue;
      if (auto done = walk_groups(*parameter); !done) return done;
    }
    return {};
  }

  Result<void> walk_groups(const Parameter& parameter) {
    for (const auto choice : split(parameter.choices, '|')) {
      if (!has_gaps()) return {};
      if (choice == "ALL") continue;
      if (auto done = walk({{parameter.name, choice}}, false); !done) return done;
      if (!has_gaps() || parts_.operation.find(kDirection) == nullptr) continue;
      auto done = walk({{parameter.name, choice}, reversed()}, false);
      if (!done) return done;
    }
    return {};
  }

  // The default order is DESC (operations.json).
  Change reversed() const {
    const Argument* given = find(parts_.arguments, kDirection);
    const bool goes_up = given != nullptr && equals_ignoring_case(given->value.reveal(), "ASC");
    return {kDirection, goes_up ? "DESC" : "ASC"};
  }

  // Reads the list once. `backwards`: new records belong after the known ones, in reverse order.
  Result<void> walk(const std::vector<Change>& changes, bool backwards) {
    Arguments arguments = first_page(parts_.operation, parts_.arguments, parts_.at_most);
    for (const auto& [name, value] : changes) set(arguments, name, value);
    const std::int64_t size = number_of(find(arguments, paging_.size->name));
    const bool is_group = !changes.empty() && changes.front().first != kDirection;
    const std::size_t known = records_.size();
    std::string front;
    for (std::int64_t start = first_;;) {
      if (start > 0) set(arguments, paging_.start->name, fmt::format("{}", start));
      auto page = parts_.fetch(copy_of(arguments));
      if (!page && (start == first_ || !is_refusal(page.error()))) return fail(page.error());
      if (!page) obstacle_ = page.error();
      if (!page) break;
      const auto total = total_in(page->root());
      // Records that disappeared meanwhile have moved others in front of the place that is read
      // next.
      if (!is_group && total_ && total && *total < *total_) has_moved_ = true;
      if (!is_group) total_ = total;
      const auto received = take(*std::move(page));
      start += static_cast<std::int64_t>(received.count);
      parts_.tell(records_.size(), total_);
      // A service that ignores the number to skip gives the same page for ever.
      const bool stands_still = received.count == 0 || received.front == front;
      if (pages_.size() >= kMostPages) break;
      if (stands_still || has_enough() || (total ? start >= *total : received.count < size)) break;
      front = received.front;
    }
    if (backwards) {
      std::reverse(records_.begin() + static_cast<std::ptrdiff_t>(known), records_.end());
    }
    return {};
  }

  struct Received {
    std::int64_t count = 0;
    std::string front;
  };

  Received take(JsonDocument page) {
    pages_.push_back(std::move(page));
    const JsonView root = pages_.back().root();
    if (list_.empty()) list_ = list_in(root);
    const auto elements = list_.empty() ? std::vector<JsonView>() : root[list_].elements();
    for (const JsonView& record : elements) {
      if (known_.insert(identity_of(record)).second) records_.push_back(record);
    }
    return {.count = static_cast<std::int64_t>(elements.size()),
            .front = elements.empty() ? std::string() : identity_of(elements.front())};
  }

  Listing result() {
    Listing listing;
    listing.is_complete = !has_gaps();
    if (!listing.is_complete) listing.obstacle = obstacle_;
    if (parts_.at_most && records_.size() > *parts_.at_most) records_.resize(*parts_.at_most);
    listing.count = records_.size();
    listing.total = total_;
    listing.answer = JsonBody::copy_of(pages_.front().root());
    if (!list_.empty()) listing.answer.set_list(list_, records_);
    return listing;
  }

  Parts parts_;
  Paging paging_;
  std::int64_t first_;
  bool has_start_;
  std::vector<JsonDocument> pages_;  // own what the records are views of
  std::string list_;
  std::vector<JsonView> records_;
  std::set<std::string> known_;
  std::optional<std::int64_t> total_;
  std::optional<Error> obstacle_;
  bool has_moved_ = false;
};

}  // namespace

std::optional<Paging> paging_of(const Operation& operation) noexcept {
  const Parameter* size = operation.find("limit");
  const Parameter* start = operation.find("offset");
  // Operations that only count take these parameters, too.
  if (size == nullptr || start == nullptr || operation.id.starts_with("Count")) return std::nullopt;
  return Paging{size, start};
}

std::string list_in(const JsonView& answer) {
  std::string found;
  for (const auto& [name, value] : answer.entries()) {
    const bool has_others =
        value.is_array() && !value.elements().empty() && !value.elements().front().is_object();
    if (!value.is_array() || has_others) continue;
    if (!found.empty()) return {};
    found = name;
  }
  return found;
}

std::optional<std::int64_t> total_in(const JsonView& answer) noexcept {
  return answer[answer["total_count"].exists() ? "total_count" : "total"].integer();
}

Arguments first_page(const Operation& operation, const Arguments& arguments,
                     std::optional<std::size_t> at_most) {
  Arguments page = copy_of(arguments);
  const auto paging = paging_of(operation);
  if (!paging || find(arguments, paging->size->name) != nullptr) return page;
  set(page, paging->size->name, fmt::format("{}", page_size(*paging->size, at_most)));
  return page;
}

Result<Listing> read_pages(const Operation& operation, const Arguments& arguments,
                           std::optional<std::size_t> at_most, const FetchPage& fetch,
                           const TellProgress& tell) {
  return Reader({operation, arguments, at_most, fetch, tell}).read();
}

Result<Listing> read_both_orders(const Operation& operation, const Arguments& arguments,
                                 std::size_t at_most, const FetchPage& fetch) {
  const TellProgress tell_nobody = [](std::size_t, std::optional<std::int64_t>) {};
  return Reader({operation, arguments, at_most, fetch, tell_nobody, false}).read();
}

}  // namespace ccm::cloud
