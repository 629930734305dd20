// SPDX-License-Identifier: Apache-2.0
#include "config/wire.h"

#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace ccm::config {
namespace {

constexpr std::string_view kMagic = "CCMSETS\n";
constexpr std::uint32_t kVersion = 3;
constexpr std::size_t kNumberSize = 4;

// Numbers are 32 bits, least significant byte first; texts and lists have their length in front.
class Encoder {
 public:
  void number(std::uint32_t value) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
      bytes_ += static_cast<char>(static_cast<unsigned char>(value >> shift));
    }
  }
  void raw(std::string_view bytes) { bytes_ += bytes; }
  void text(std::string_view text) {
    number(static_cast<std::uint32_t>(text.size()));
    bytes_ += text;
  }
  void texts(const std::vector<std::string>& texts) {
    number(static_cast<std::uint32_t>(texts.size()));
    for (const std::string& item : texts) text(item);
  }
  void origin(const Origin& origin) {
    text(origin.file);
    number(origin.line);
  }
  void directives(const std::vector<RawDirective>& directives) {
    number(static_cast<std::uint32_t>(directives.size()));
    for (const RawDirective& directive : directives) {
      text(directive.key);
      texts(directive.arguments);
      origin(directive.origin);
    }
  }
  std::string take() && { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// After the first thing that does not fit, everything it reads is empty and `failed` stays true, so
// that callers check once per record.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : rest_(bytes) {}

  bool failed() const noexcept { return failed_; }
  bool is_complete() const noexcept { return !failed_ && rest_.empty(); }

  std::string_view raw(std::size_t size) {
    if (failed_ || size > rest_.size()) {
      failed_ = true;
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::uint32_t number() {
    const std::string_view bytes = raw(kNumberSize);
    std::uint32_t value = 0;
    for (std::size_t i = bytes.size(); i > 0; --i) {
      value = (value << 8U) | static_cast<unsigned char>(bytes[i - 1]);
    }
    return value;
  }
  std::string text() { return std::string(raw(number())); }
  std::vector<std::string> texts() {
    std::vector<std::string> items;
    for (std::uint32_t left = count(); left > 0 && !failed_; --left) items.push_back(text());
    return items;
  }
  Origin origin() {
    std::string file = text();
    return {std::move(file), number()};
  }
  RawDirective directive() {
    std::string key = text();
    std::vector<std::string> arguments = texts();
    return {std::move(key), std::move(arguments), origin()};
  }
  // Every item takes at least a number, so a count beyond what is left is a lie.
  std::uint32_t count() {
    const std::uint32_t value = number();
    if (value > rest_.size() / kNumberSize) failed_ = true;
    return failed_ ? 0 : value;
  }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

Failure malformed(std::string_view problem) {
  return fail(ErrorKind::invalid,
              fmt::format("the settings handed over by the server {}", problem));
}

void encode_server(Encoder& out, const ServerFacts& server) {
  out.number(static_cast<std::uint32_t>(server.kind));
  out.number(static_cast<std::uint32_t>(server.log_level));
  out.text(server.error_log);
  out.text(server.launch_id);
  out.text(server.module_path);
  out.text(server.module_version);
  out.text(server.instance);
  out.text(server.place);
}

void encode_agent(Encoder& out, const AgentFacts& agent) {
  out.text(agent.path);
  out.text(agent.version);
  out.number(agent.pid);
}

AgentFacts decode_agent(Decoder& in) {
  AgentFacts agent;
  agent.path = in.text();
  agent.version = in.text();
  agent.pid = in.number();
  return agent;
}

std::optional<ServerFacts> decode_server(Decoder& in) {
  const std::uint32_t kind = in.number();
  const std::uint32_t level = in.number();
  ServerFacts server;
  server.error_log = in.text();
  server.launch_id = in.text();
  server.module_path = in.text();
  server.module_version = in.text();
  server.instance = in.text();
  server.place = in.text();
  if (in.failed() || kind > static_cast<std::uint32_t>(ServerKind::none) ||
      level > static_cast<std::uint32_t>(Severity::debug)) {
    return std::nullopt;
  }
  server.kind = static_cast<ServerKind>(kind);
  server.log_level = static_cast<Severity>(level);
  return server;
}

}  // namespace

// Implicit certificates do not travel: `use` makes them again. Decoding goes through the same doors
// as a server's directives do, so nothing comes in that finalize has not been promised.
class SettingsWire {
 public:
  static void encode(Encoder& out, const Settings& settings) {
    out.directives(settings.global_);
    std::vector<const RawCertificate*> blocks;
    for (const auto& [name, certificate] : settings.certificates_) {
      if (!certificate.is_implicit) blocks.push_back(&certificate);
    }
    out.number(static_cast<std::uint32_t>(blocks.size()));
    for (const RawCertificate* block : blocks) {
      out.text(block->name);
      out.origin(block->origin);
      out.directives(block->directives);
    }
    out.number(static_cast<std::uint32_t>(settings.uses_.size()));
    for (const RawUse& use : settings.uses_) {
      out.texts(use.arguments);
      out.texts(use.server_names);
      out.origin(use.origin);
    }
  }

  static Result<Settings> decode(Decoder& in) {
    Settings settings;
    for (std::uint32_t left = in.count(); left > 0 && !in.failed(); --left) {
      RawDirective directive = in.directive();
      if (in.failed()) break;
      auto taken = settings.set(directive.key, std::move(directive.arguments), directive.origin);
      if (!taken) return pass(std::move(taken));
    }
    for (std::uint32_t left = in.count(); left > 0 && !in.failed(); --left) {
      if (auto taken = decode_block(in, settings); !taken) return pass(std::move(taken));
    }
    for (std::uint32_t left = in.count(); left > 0 && !in.failed(); --left) {
      const std::vector<std::string> arguments = in.texts();
      const std::vector<std::string> server_names = in.texts();
      const Origin origin = in.origin();
      if (in.failed()) break;
      auto taken = settings.use(arguments, server_names, origin);
      if (!taken) return pass(std::move(taken));
    }
    return settings;
  }

 private:
  static Result<void> decode_block(Decoder& in, Settings& settings) {
    const std::string name = in.text();
    const Origin origin = in.origin();
    const std::uint32_t count = in.count();
    if (in.failed()) return {};
    if (auto added = settings.add_certificate(name, origin); !added) return added;
    for (std::uint32_t left = count; left > 0 && !in.failed(); --left) {
      RawDirective directive = in.directive();
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
  // Without random numbers the process number has to do.
  if (getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number) {
    number = static_cast<std::uint32_t>(getpid());
  }
  return fmt::format("{:08x}", number);
}

std::string encode_handover(const Handover& handover) {
  Encoder out;
  out.raw(kMagic);
  out.number(kVersion);
  encode_server(out, handover.server);
  encode_agent(out, handover.agent);
  SettingsWire::encode(out, handover.settings);
  return std::move(out).take();
}

Result<Handover> decode_handover(std::string_view bytes) {
  Decoder in(bytes);
  if (in.raw(kMagic.size()) != kMagic) return malformed("are not settings");
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
