// SPDX-License-Identifier: Apache-2.0
// orders: shows what authorities are issuing for this host's certificates, and what the orders wait
// for.
#include <fmt/format.h>

#include <memory>

#include "base/text.h"
#include "cli/answers/render.h"
#include "cli/commands/commands.h"
#include "cli/commands/host/renewal.h"
#include "cli/host/overview.h"
#include "cli/host/state_directory.h"
#include "cli/input/secret_input.h"
#include "cli/input/value_checks.h"
#include "cli/output/table.h"
#include "sources/source_drivers.h"

namespace ccm::cli {
namespace {

using cloud::JsonObject;
using sources::OrderView;

JsonObject object_of(const std::string& name, const OrderView& order) {
  std::vector<JsonObject> proofs(order.proofs.size());
  for (std::size_t i = 0; i < proofs.size(); ++i) {
    proofs[i].set("proof", order.proofs[i].first).set("value", order.proofs[i].second);
  }
  JsonObject object;
  object.set("name", name)
      .set("certificate_id", order.id)
      .set_texts("names", order.names)
      .set("step", order.step)
      .set("status", order.status)
      .set("waits_for", order.waits_for)
      .set("begun", format_time(order.begun))
      .set("since", format_time(order.since))
      .set_flag("is_stopped", order.is_stopped)
      .set_flag("is_own", order.is_own)
      .set_objects("proofs", std::move(proofs));
  return object;
}

// nullopt, and said, when there is no order.
Result<std::optional<OrderView>> order_of(Workspace& workspace, const std::string& name) {
  auto overview = look_at(workspace, name);
  if (!overview) return pass(std::move(overview));
  if (!*overview) return std::optional<OrderView>();
  auto order = sources::find_order(workspace.store(), name);
  if (order && !*order) {
    Terminal::say(fmt::format("ccmctl: {} has no order; `ccmctl orders list` shows all", name));
  }
  return order;
}

Result<ExitCode> list_orders(Workspace& workspace) {
  if (say_wrong_directory(workspace)) return ExitCode::not_found;
  const auto names = workspace.store().names();
  if (!names) return fail(names.error());
  const Time now = workspace.clock().now();
  Table table({"NAME", "ORDER", "STEP", "AT THE CLOUD", "FOR", "WAITS FOR"});
  std::vector<JsonObject> objects;
  for (const std::string& name : *names) {
    const auto order = sources::find_order(workspace.store(), name);
    if (!order) return fail(order.error());
    if (!*order) continue;
    objects.push_back(object_of(name, **order));
    table.add({{name},
               {(*order)->id},
               {(*order)->step, (*order)->is_stopped ? Colour::red : Colour::yellow},
               {printable((*order)->status)},
               {format_duration(std::max(now - (*order)->since, Seconds::zero()))},
               {printable((*order)->waits_for)}});
  }
  if (workspace.options.json) {
    JsonObject answer;
    answer.set_objects("orders", std::move(objects));
    return print_object(std::move(answer));
  }
  if (table.empty()) Terminal::say("nothing is being issued");
  if (!table.empty()) Terminal::print(table.text(workspace.terminal));
  return ExitCode::ok;
}

Result<ExitCode> show_order(Workspace& workspace, const std::string& name) {
  const auto order = order_of(workspace, name);
  if (!order) return fail(order.error());
  if (!*order) return ExitCode::not_found;
  if (workspace.options.json) return print_object(object_of(name, **order));
  std::string text;
  const auto add = [&](std::string_view label, std::string_view value) {
    text +=
        fmt::format("{} {}\n", workspace.terminal.paint(Colour::bold, fmt::format("{:<13}", label)),
                    printable(value));
  };
  add("name", name);
  add("order", (*order)->id);
  add("names", join((*order)->names, ", "));
  add("applied for", (*order)->is_own ? "by the agent" : "by SCM itself or by somebody else");
  add("begun", format_time((*order)->begun));
  add("step", fmt::format("{}, since {}", (*order)->step, format_time((*order)->since)));
  add("at the cloud", (*order)->status);
  add((*order)->is_stopped ? "stopped" : "waits for", (*order)->waits_for);
  for (const auto& [what, value] : (*order)->proofs) {
    add("proof", what);
    add("", value);
  }
  Terminal::print(text);
  return ExitCode::ok;
}

const sources::SourceDriver* driver_with_orders() {
  for (const sources::SourceDriver* driver : sources::source_drivers()) {
    if (!driver->withdrawal.empty()) return driver;
  }
  return nullptr;
}

// Uses the credentials that apply to this certificate.
Result<Answer> withdraw(Workspace& workspace, const sources::SourceDriver& driver,
                        const std::string& name, const std::string& id) {
  const auto spec = workspace.find_spec(name);
  if (!spec) return fail(spec.error());
  std::optional<config::CredentialsSpec> credentials;
  if (*spec != nullptr && driver.applies_with != nullptr &&
      &sources::driver_of((*spec)->source) == &driver) {
    credentials = driver.applies_with((*spec)->source);
  }
  const Words words{{"certificate_id", id}};
  if (credentials) {
    auto own = workspace.cloud_with(*credentials);
    return own ? (*own)->call(driver.withdrawal, words) : Result<Answer>(pass(std::move(own)));
  }
  auto usual = workspace.cloud();
  return usual ? (*usual)->call(driver.withdrawal, words) : Result<Answer>(pass(std::move(usual)));
}

Result<ExitCode> cancel_order(Workspace& workspace, const std::string& name, bool is_agreed) {
  const auto order = order_of(workspace, name);
  if (!order) return fail(order.error());
  const sources::SourceDriver* driver = driver_with_orders();
  if (!*order || driver == nullptr) return ExitCode::not_found;
  if (!is_agreed && !workspace.options.dry_run) {
    const auto agreed = confirm(fmt::format("withdraw the application {} for {}", (*order)->id,
                                            join((*order)->names, ", ")),
                                "give --yes");
    if (!agreed) return fail(agreed.error());
    if (!*agreed) {
      Terminal::say("nothing was changed");
      return ExitCode::failed;
    }
  }
  const auto answer = withdraw(workspace, *driver, name, (*order)->id);
  if (!answer) return fail(answer.error());
  if (answer->is_preview) return ExitCode::ok;
  Terminal::say(
      fmt::format("{}: the authority has been asked to cancel {}; when it has agreed, "
                  "`ccmctl orders retry {}` begins a new order",
                  name, (*order)->id, name));
  return ExitCode::ok;
}

Result<ExitCode> retry_order(Workspace& workspace, const std::string& name, int timeout) {
  const auto order = order_of(workspace, name);
  if (!order) return fail(order.error());
  if (!*order) return ExitCode::not_found;
  return renew_one(workspace, name, timeout);
}

struct OrderOptions {
  std::string name;
  bool yes = false;
  int timeout = 120;
};

}  // namespace

void add_orders(CLI::App& app, Action& action) {
  auto options = std::make_shared<OrderOptions>();
  CLI::App& orders = group(
      app, "orders", "What is being issued for this host's certificates, and what it waits for");
  orders.footer("Example:\n  ccmctl orders list");
  const auto add = [&](const char* command, const char* about, const char* example) {
    CLI::App* added = orders.add_subcommand(command, about);
    added->footer(fmt::format("Example:\n  ccmctl orders {}", example));
    return added;
  };
  const auto add_named = [&](const char* command, const char* about, const char* example) {
    CLI::App* added = add(command, about, example);
    added->add_option("NAME", options->name, "the certificate")->required();
    return added;
  };
  add("list", "Lists the orders", "list")->callback([&action] { action = list_orders; });
  add_named("show", "Shows an order with the proofs that it needs", "show www")
      ->callback([=, &action] {
        action = [=](Workspace& workspace) { return show_order(workspace, options->name); };
      });
  auto* cancel = add_named("cancel", "Asks the authority to cancel an order", "cancel www");
  cancel->add_flag("--yes,-y", options->yes, "do not ask");
  cancel->callback([=, &action] {
    action = [=](Workspace& workspace) {
      return cancel_order(workspace, options->name, options->yes);
    };
  });
  auto* retry = add_named("retry",
                          "Looks again at once; begins a new order in the place of one "
                          "that has stopped",
                          "retry www");
  retry
      ->add_option("--timeout", options->timeout,
                   "how many seconds to wait for the agent; 0: do not wait")
      ->capture_default_str()
      ->check(number({.what = "number of seconds", .least = 0, .most = 86400}));
  retry->callback([=, &action] {
    action = [=](Workspace& workspace) {
      return retry_order(workspace, options->name, options->timeout);
    };
  });
}

}  // namespace ccm::cli
