// SPDX-License-Identifier: Apache-2.0
#include "cli/answers/listing.h"

#include <fmt/format.h>

#include <utility>

#include "cli/answers/render.h"

namespace ccm::cli {
namespace {

Result<ExitCode> preview(CloudAccess& cloud, const cloud::Operation& operation,
                         const cloud::Arguments& arguments, const ListOptions& options) {
  const auto shown =
      cloud.call(operation, cloud::first_page(operation, arguments, options.at_most));
  if (!shown) return fail(shown.error());
  return ExitCode::ok;
}

Result<Answer> as_answer(const cloud::Listing& listing) {
  Answer answer;
  answer.body = listing.answer.dump();
  auto document = cloud::JsonDocument::parse(answer.body.reveal(), cloud::kAnyNumberOfValues);
  if (!document) return pass(std::move(document));
  answer.document = *std::move(document);
  return answer;
}

}  // namespace

Result<ExitCode> print_list(Workspace& workspace, const cloud::Operation& operation,
                            const cloud::Arguments& arguments, const ListOptions& options) {
  auto cloud = workspace.cloud();
  if (!cloud) return pass(std::move(cloud));
  if (workspace.options.dry_run) return preview(**cloud, operation, arguments, options);
  Progress progress;
  const auto fetch = [&](cloud::Arguments page) -> Result<cloud::JsonDocument> {
    auto answer = (*cloud)->call(operation, std::move(page));
    if (!answer) return fail(answer.error());
    if (answer->document) return *std::move(answer->document);
    return fail(ErrorKind::transient, fmt::format("{}: the answer is not JSON", operation.id));
  };
  const auto tell = [&](std::size_t count, std::optional<std::int64_t> total) {
    const bool is_over = !total || std::cmp_greater_equal(count, *total) ||
                         (options.at_most && count >= *options.at_most);
    if (!is_over) progress.show(fmt::format("{} of {}", count, *total));
  };
  const auto listing = cloud::read_pages(operation, arguments, options.at_most, fetch, tell);
  progress.clear();
  if (!listing) return fail(listing.error());
  const auto answer = as_answer(*listing);
  if (!answer) return fail(answer.error());
  auto printed = print_answer(workspace, *answer, options.columns, options.output);
  if (!printed || listing->is_complete) return printed;
  Terminal::say(fmt::format(
      "ccmctl: the list is not complete, for the service shows no more of it{}{}",
      listing->obstacle ? ": " : "", listing->obstacle ? listing->obstacle->message() : ""));
  return ExitCode::failed;
}

}  // namespace ccm::cli
