// SPDX-License-Identifier: Apache-2.0
#include "store/catalogue_membership.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace ccm::store {
namespace {

constexpr std::string_view kMembership = "catalogue";
constexpr std::string_view kReports = "catalogues";

std::string seconds_of(Time time) {
  return fmt::format("{}", time.time_since_epoch().count());
}

Time time_in(const Record& record, std::string_view key) {
  return Time(Seconds(record.find_number(key).value_or(0)));
}

std::vector<std::string> all_in(const Record& record, std::string_view key) {
  const auto values = record.find_all(key);
  return {values.begin(), values.end()};
}

std::optional<Record> record_in(const StoreReader& store, std::string_view name,
                                std::string_view kind) {
  const auto stored = store.read_record(name, kind);
  if (!stored || !*stored) return std::nullopt;
  auto record = Record::parse((*stored)->value.reveal());
  if (!record) return std::nullopt;
  return *std::move(record);
}

Result<void> replace(Store& store, const Lease& lease, std::string_view name, std::string_view kind,
                     const Record& record) {
  const auto stored = store.read_record(name, kind);
  const std::uint64_t expected = stored && *stored ? (*stored)->version : 0;
  const std::string text = record.serialize();
  auto written =
      store.write_record(lease, name, kind, Secret::copy_of(std::string_view(text)), expected);
  if (!written) return pass(std::move(written));
  return {};
}

// With several selections, a report is its first line and the lines up to the next report.
SelectionReport report_in(const Record& record) {
  return {.selection = std::string(record.find("selection").value_or("")),
          .listed = record.find_number("listed").value_or(0),
          .stored = record.find_number("stored").value_or(0),
          .refused = record.find_number("refused").value_or(0),
          .hidden = record.find_number("hidden").value_or(0),
          .looked_at = time_in(record, "looked_at"),
          .problem = std::string(record.find("problem").value_or(""))};
}

}  // namespace

std::optional<Membership> read_membership(const StoreReader& store, const std::string& name) {
  const auto record = record_in(store, name, kMembership);
  if (!record) return std::nullopt;
  return Membership{.id = std::string(record->find("id").value_or("")),
                    .mark = std::string(record->find("mark").value_or("")),
                    .end = time_in(*record, "end"),
                    .names = all_in(*record, "name"),
                    .selections = all_in(*record, "selection")};
}

Result<void> write_membership(Store& store, const Lease& lease, const std::string& name,
                              const Membership& membership) {
  Record record;
  record.add("id", membership.id);
  record.add("mark", membership.mark);
  record.add("end", seconds_of(membership.end));
  for (const std::string& each : membership.names) record.add("name", each);
  for (const std::string& each : membership.selections) record.add("selection", each);
  return replace(store, lease, name, kMembership, record);
}

Result<void> end_membership(Store& store, const Lease& lease, const std::string& name) {
  return store.remove_record(lease, name, kMembership);
}

std::optional<std::vector<std::string>> read_selections(
    const StoreReader& store, const std::string& name,
    std::span<const config::CatalogueSpec> catalogues) {
  const bool is_asked = std::any_of(catalogues.begin(), catalogues.end(),
                                    [](const auto& each) { return each.kind != nullptr; });
  if (!is_asked) return std::nullopt;
  auto membership = read_membership(store, name);
  return membership ? std::move(membership->selections) : std::vector<std::string>();
}

bool is_selected(const StoreReader& store, const std::string& name,
                 const config::CatalogueSpec& catalogue) {
  if (catalogue.kind == nullptr) return true;
  const auto membership = read_membership(store, name);
  if (!membership) return false;
  const auto& selections = membership->selections;
  return std::find(selections.begin(), selections.end(), catalogue.selection()) != selections.end();
}

Result<void> check_may_remove(const StoreReader& store, const std::string& name) {
  const auto membership = read_membership(store, name);
  if (!membership) return {};
  return fail(
      ErrorKind::rejected,
      fmt::format("a catalogue shows it because the account has it ({}), and would fetch it "
                  "again; remove it there, or take its tag away, or keep it out with "
                  "--keep-versions",
                  membership->id));
}

std::vector<SelectionReport> read_selection_reports(const StoreReader& store) {
  std::vector<SelectionReport> reports;
  const auto record = record_in(store, kStoreWide, kReports);
  if (!record) return reports;
  Record part;
  for (const auto& [key, value] : record->fields()) {
    if (key == "selection" && !part.fields().empty()) {
      reports.push_back(report_in(part));
      part = {};
    }
    part.add(key, value);
  }
  if (!part.fields().empty()) reports.push_back(report_in(part));
  return reports;
}

Result<void> write_selection_reports(Store& store, const Lease& lease,
                                     const std::vector<SelectionReport>& reports) {
  Record record;
  for (const SelectionReport& each : reports) {
    record.add("selection", each.selection);
    record.add("listed", fmt::format("{}", each.listed));
    record.add("stored", fmt::format("{}", each.stored));
    record.add("refused", fmt::format("{}", each.refused));
    record.add("hidden", fmt::format("{}", each.hidden));
    record.add("looked_at", seconds_of(each.looked_at));
    if (!each.problem.empty()) record.add("problem", each.problem);
  }
  return replace(store, lease, kStoreWide, kReports, record);
}

}  // namespace ccm::store
