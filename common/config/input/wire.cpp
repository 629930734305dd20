// SPDX-License-Identifier: Apache-2.0
#include "config/input/wire.h"

#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/packing.h"

namespace ccm::config {
namespace {

constexpr std::string_view kMagic = "CCMSETS\n";
constexpr std::uint32_t kVersion = 4;

void pack_texts(Packer& out, const std::vector<std::string>& texts) {
  out.size(texts.size());
  for (const std::string& item : texts) out.block(item);
}

void pack_origin(Packer& out, const Origin& origin) {
  out.block(origin.file);
  out.number(origin.line);
}

void pack_directives(Packer& out, const std::vector<RawDirective>& directives) {
  out.size(directives.size());
  for (const RawDirective& directive : directives) {
    out.block(directive.key);
    pack_texts(out, directive.arguments);
    pack_origin(out, directive.origin);
  }
}

std::vector<std::string> unpack_texts(Unpacker& in) {
  std::vector<std::string> items;
  for (std::uint32_t left = in.count(); left > 0 && !in.failed(); --left) {
    items.emplace_back(in.text());
  }
  return items;
}

Origin unpack_origin(Unpacker& in) {
  std::string file(in.text());
  return {std::move(file), in.number()};
}

RawDirective unpack_directive(Unpacker& in) {
  std::string key(in.text());
  std::vector<std::string> arguments = unpack_texts(in);
  return {std::move(key), std::move(arguments), unpack_origin(in)};
}

Failure malformed(std::string_view problem) {
  return fail(ErrorKind::invalid,
              fmt::format("the settings handed over by the server {}", problem));
}

void encode_server(Packer& out, const ServerFacts& server) {
  out.number(static_cast<std::uint32_t>(server.kind));
  out.number(static_cast<std::uint32_t>(server.log_level));
  out.number((server.logs_json ? 1U : 0U) | (server.logs_to_journal ? 2U : 0U));
  out.block(server.error_log);
  out.block(server.launch_id);
  out.block(server.module_path);
  out.block(server.module_version);
  out.block(server.instance);
  out.block(server.place);
}

void encode_agent(Packer& out, const AgentFacts& agent) {
  out.block(agent.path);
  out.block(agent.version);
  out.number(agent.pid);
}

AgentFacts decode_agent(Unpacker& in) {
  AgentFacts agent;
  agent.path = in.text();
  agent.version = in.text();
  agent.pid = in.number();
  return agent;
}

std::optional<ServerFacts> decode_server(Unpacker& in) {
  const std::uint32_t kind = in.number();
  const std::uint32_t level = in.number();
  const std::uint32_t log_form = in.number();
  ServerFacts server;
  server.logs_json = (log_form & 1U) != 0;
  server.logs_to_journal = (log_form & 2U) != 0;
  server.error_log = in.text();
  server.launch_id = in.text();
  server.module_path = in.text();
  server.module_version = in.text();
  server.instance = in.text();
  server.place = in.text();
  if (in.failed() || log_form > 3 || kind > static_cast<std::uint32_t>(ServerKind::none) ||
      level > static_cast<std::uint32_t>(Severity::debug)) {
    return std::nullopt;
  }
  server.kind = static_cast<ServerKind>(kind);
  server.log_level = static_cast<Severity>(level);
  return server;
}

}  // namespace

// Leaves out implicit certificates, because `use` makes them again. Decoding calls the same
// functions as a server's directives do, so finalize() can rely on the same checks.
class SettingsWire {
 public:
  static void encode(Packer& out, const Settings& settings) {
    pack_directives(out, settings.global_);
    std::vector<const RawCertificate*> blocks;
    for (const auto& [name, certificate] : settings.certificates_) {
      if (!certificate.is_implicit) blocks.push_back(&certificate);
    }
    out.size(blocks.size());
    for (const RawCertificate* block : blocks) {
      out.block(block->name);
      pack_origin(out, block->origin);
      pack_directives(out, block->directives);
    }
    out.size(settings.uses_.size());
    for (const RawUse& use : settings.uses_) {
      pack_texts(out, use.arguments);
      pack_texts(out, use.server_names);
      pack_origin(out, use.origin);
    }
  }

  static Result<Settings> decode(Unpacker& in) {
    Settings settings;
    for (std::uint32_t left = in.count(); left > 0 && !in.failed(); --left) {
      RawDirective directive = unpack_directive(in);
      if (in.failed()) break;
      auto taken = settings.set(directive.key, std::move(directive.arguments), directive.origin);
      if (!taken) return pass(std::move(taken));
    }
    for (std::uint32_t left = in.count(); left > 0 && !in.failed(); --left) {
      if (auto taken = decode_block(in, settings); !taken) return pass(std::move(taken));
    }
    for (std::uint32_t left = in.count(); left > 0 && !in.failed(); --left) {
      const std::vector<std::string> arguments = unpack_texts(in);
      const std::vector<std::string> server_names = unpack_texts(in);
      const Origin origin = unpack_origin(in);
      if (in.failed()) break;
      auto taken = settings.use(arguments, server_names, origin);
      if (!taken) return pass(std::move(taken));
    }
    return settings;
  }

 private:
  static Result<void> decode_block(Unpacker& in, Settings& settings) {
    const std::string name(in.text());
    const Origin origin = unpack_origin(in);
    const std::uint32_t count = in.count();
    if (in.failed()) return {};
    if (auto added = settings.add_certificate(name, origin); !added) return added;
    for (std::uint32_t left = count; left > 0 && !in.failed(); --left) {
      RawDirective directive = unpack_directive(in);
      if (in.failed()) break;
      auto taken =
          settings.set_in(name, directive.key, std::move(directive.arguments), directive.origin);
      if (!taken) return taken;
    }
    return {};
  }
};

std::string make_instance() {
  std::uint32_t number = 0;
  // Without random numbers the process number is used.
  if (getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number) {
    number = static_cast<std::uint32_t>(getpid());
  }
  return fmt::format("{:08x}", number);
}

std::string encode_handover(const Handover& handover) {
  Packer out;
  out.raw(kMagic);
  out.number(kVersion);
  encode_server(out, handover.server);
  encode_agent(out, handover.agent);
  SettingsWire::encode(out, handover.settings);
  return std::string(std::move(out).take().reveal());
}

Result<Handover> decode_handover(std::string_view bytes) {
  Unpacker in(bytes);
  if (in.text(kMagic.size()) != kMagic) return malformed("are not settings");
  const std::uint32_t version = in.number();
  if (in.failed() || version != kVersion) {
    return malformed(
        fmt::format("have version {}, but this agent reads version {}; agent and "
                    "server module must be of the same release",
                    version, kVersion));
  }
  auto server = decode_server(in);
  if (!server) return malformed("say nothing valid about the server");
  AgentFacts agent = decode_agent(in);
  auto settings = SettingsWire::decode(in);
  if (!settings) return fail_with(std::move(settings), "the settings handed over by the server");
  if (!in.is_complete()) return malformed("are cut short or have something behind them");
  return Handover{*std::move(server), *std::move(settings), std::move(agent)};
}

}  // namespace ccm::config
