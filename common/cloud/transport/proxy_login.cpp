// SPDX-License-Identifier: Apache-2.0
#include "cloud/transport/proxy_login.h"

#include "base/text.h"

namespace ccm::cloud {

Result<SharedProxyLogin> parse_proxy_login(const Secret& text) {
  std::string_view line = text.reveal();
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  const std::size_t colon = line.find(':');
  const bool is_one_line =
      line.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
  if (!is_one_line || colon == std::string_view::npos || colon == 0) {
    return fail(ErrorKind::invalid,
                "the file for the proxy must hold one line, the user and the password with a colon "
                "between them (user:password)");
  }
  auto login = std::make_shared<ProxyLogin>();
  login->user = Secret::copy_of(line.substr(0, colon));
  login->password = Secret::copy_of(line.substr(colon + 1));
  return SharedProxyLogin(std::move(login));
}

}  // namespace ccm::cloud
