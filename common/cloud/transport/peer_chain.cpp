// SPDX-License-Identifier: Apache-2.0
#include "cloud/transport/peer_chain.h"

#include <curl/curl.h>

#include <string_view>

#include "cloud/transport/curl_protocols.h"
#include "crypto/certificate/pem.h"

namespace ccm::cloud {
namespace {

constexpr long kMilliseconds = 10'000;

std::string pem_of(CURL* handle) {
  std::string pem;
  curl_certinfo* shown = nullptr;
  if (curl_easy_getinfo(handle, CURLINFO_CERTINFO, &shown) != CURLE_OK || shown == nullptr) {
    return pem;
  }
  constexpr std::string_view kName = "Cert:";
  for (int i = 0; i < shown->num_of_certs; ++i) {
    for (const curl_slist* field = shown->certinfo[i]; field != nullptr; field = field->next) {
      const std::string_view text = field->data;
      if (text.starts_with(kName)) pem.append(text.substr(kName.size())).append("\n");
    }
  }
  return pem;
}

}  // namespace

Result<std::vector<crypto::Certificate>> fetch_peer_chain(const std::string& url,
                                                          const std::string& proxy,
                                                          const SharedProxyLogin& login) {
  const CurlHandle handle(curl_easy_init());
  if (!handle) return fail(ErrorKind::transient, "curl has no memory for a connection");
  curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
  limit_protocols(handle.get(), Protocols::https);
  curl_easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_PROXY, proxy.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_NOPROXY, proxy.empty() ? "*" : "");
  if (login != nullptr) {
    std::string user(login->user.reveal());
    std::string password(login->password.reveal());
    curl_easy_setopt(handle.get(), CURLOPT_PROXYUSERNAME, user.c_str());
    curl_easy_setopt(handle.get(), CURLOPT_PROXYPASSWORD, password.c_str());
    wipe(user);
    wipe(password);
  }
  curl_easy_setopt(handle.get(), CURLOPT_TIMEOUT_MS, kMilliseconds);
  // Verification is off, because this looks for chains that do not verify. The connection carries
  // no request.
  curl_easy_setopt(handle.get(), CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_SSL_VERIFYPEER, 0L);
  curl_easy_setopt(handle.get(), CURLOPT_SSL_VERIFYHOST, 0L);
  curl_easy_setopt(handle.get(), CURLOPT_CERTINFO, 1L);
  const CURLcode code = curl_easy_perform(handle.get());
  if (code != CURLE_OK) return fail(ErrorKind::transient, curl_easy_strerror(code));
  return crypto::parse_certificates_pem(pem_of(handle.get()));
}

}  // namespace ccm::cloud
