// SPDX-License-Identifier: Apache-2.0
#include "cli/input/secret_input.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>

#include "base/file.h"
#include "base/handle.h"
#include "base/text.h"

namespace ccm::cli {
namespace {

constexpr std::size_t kLargestInput = 16UL * 1024 * 1024;
constexpr std::size_t kLongestAnswer = 4096;
constexpr const char* kTerminal = "/dev/tty";

Result<Secret> read_standard_input() {
  Secret all = Secret::of_size(kLargestInput);
  std::size_t size = 0;
  for (;;) {
    const auto room = all.mutable_bytes().subspan(size);
    if (room.empty()) return fail(ErrorKind::invalid, "standard input: more than 16 MiB");
    const ssize_t count = read(STDIN_FILENO, room.data(), room.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(system_error("reading standard input", errno));
    if (count == 0) return Secret::copy_of(all.bytes().first(size));
    size += static_cast<std::size_t>(count);
  }
}

Secret first_line(const Secret& text) {
  const std::string_view all = text.reveal();
  return Secret::copy_of(all.substr(0, std::min(all.find_first_of("\r\n"), all.size())));
}

// The terminal without echo until it goes out of scope.
class Silence {
 public:
  explicit Silence(int terminal) : terminal_(terminal) {
    is_changed_ = tcgetattr(terminal, &before_) == 0;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    silent.c_lflag |= ECHONL;
    if (is_changed_) tcsetattr(terminal, TCSAFLUSH, &silent);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  ~Silence() {
    if (is_changed_) tcsetattr(terminal_, TCSAFLUSH, &before_);
  }

 private:
  int terminal_;
  termios before_{};
  bool is_changed_;
};

enum class Echo { on, off };

Result<Secret> read_answer(std::string_view question, std::string_view instead, Echo echo) {
  const FileDescriptor terminal(open(kTerminal, O_RDWR | O_CLOEXEC));
  if (!terminal) {
    return fail(ErrorKind::invalid,
                fmt::format("{}: there is no terminal to ask on; {}", question, instead));
  }
  // Before the question, so that an immediate answer is neither shown nor lost.
  std::optional<Silence> silence;
  if (echo == Echo::off) silence.emplace(terminal.get());
  const std::string prompt = fmt::format("{}: ", question);
  static_cast<void>(write(terminal.get(), prompt.data(), prompt.size()) < 0);
  Secret answer = Secret::of_size(kLongestAnswer);
  const ssize_t count = read(terminal.get(), answer.mutable_bytes().data(), kLongestAnswer);
  if (count <= 0) return fail(ErrorKind::invalid, fmt::format("{}: no answer", question));
  return first_line(Secret::copy_of(answer.bytes().first(static_cast<std::size_t>(count))));
}

}  // namespace

Result<Secret> read_input(const std::string& path) {
  if (path == "-") return read_standard_input();
  // What the operator names may be a link.
  const Handle<char, std::free> real(realpath(path.c_str(), nullptr));
  if (real == nullptr) {
    return fail(ErrorKind::invalid, fmt::format("{}: {}", path, errno_text(errno)));
  }
  auto text = read_secret_file(real.get(), kLargestInput);
  if (!text) return fail(std::move(text).error().with_kind(ErrorKind::invalid));
  return text;
}

Result<Secret> read_password(const std::string& path) {
  auto text = read_input(path);
  if (!text) return text;
  return first_line(*text);
}

bool can_ask() noexcept {
  return static_cast<bool>(FileDescriptor(open(kTerminal, O_RDWR | O_CLOEXEC)));
}

Result<Secret> ask(std::string_view question, std::string_view instead) {
  return read_answer(question, instead, Echo::off);
}

Result<bool> confirm(std::string_view question, std::string_view instead) {
  const auto answer = read_answer(fmt::format("{} [y/N]", question), instead, Echo::on);
  if (!answer) return fail(answer.error());
  const std::string_view text = trim(answer->reveal());
  return equals_ignoring_case(text, "y") || equals_ignoring_case(text, "yes");
}

Result<Secret> ask_new(std::string_view question, std::string_view instead) {
  for (;;) {
    auto first = ask(question, instead);
    if (!first) return first;
    auto second = ask("the same again", instead);
    if (!second || first->equals(*second)) return second;
  }
}

}  // namespace ccm::cli
