// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdexcept>

namespace emulator {

World::World(const std::string& state_directory)
    : directory(state_directory),
      store(directory + "/state.sqlite"),
      options(store),
      clock(store),
      accounts(store, clock, options),
      authentication(accounts, clock, options),
      faults(store) {
  if (store.find("setting", "demo") != nullptr) return;
  const auto demo = accounts.create_account("demo")["domain_id"].get<std::string>();
  accounts.create_key(demo);
  accounts.set_demo(demo);
}

void World::write_credentials() const {
  const json& demo = accounts.demo();
  const auto domain_id = demo["domain_id"].get<std::string>();
  const json* key = accounts.current_key(domain_id);
  if (key == nullptr) return;
  write_file(credentials_file(),
             fmt::format("[global]\nak = {}\nsk = {}\ndomain_id = {}\niam_endpoint = {}\n",
                         (*key)["ak"].get<std::string>(), (*key)["sk"].get<std::string>(),
                         domain_id, secure_url),
             0600);
}

void write_file(const std::string& file, const std::string& content, unsigned mode) {
  const std::string temporary = file + ".new";
  const int descriptor = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  const auto size = static_cast<ssize_t>(content.size());
  const bool written = descriptor >= 0 && fchmod(descriptor, mode) == 0 &&
                       write(descriptor, content.data(), content.size()) == size;
  if (descriptor >= 0) close(descriptor);
  if (!written || rename(temporary.c_str(), file.c_str()) != 0) {
    throw std::runtime_error(fmt::format("cannot write {}", file));
  }
}

}  // namespace emulator
