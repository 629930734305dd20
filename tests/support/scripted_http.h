// SPDX-License-Identifier: Apache-2.0
// A network that answers from a script. Routes are matched in the order they were added, by method
// and a part of the URL; a route gives its answers one after the other and then its last one for
// ever. A request that no route expects fails the test. Safe to use from several threads.
//
//   ScriptedHttp http;
//   http.on("GET", "/v3/scm/certificates").answer(200, R"({"certificates":[]})");
//   http.on("POST", "/export").unreachable().answer(500, "{}");
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cloud/transport/http_client.h"

namespace ccm::test {

class ScriptedHttp final : public cloud::HttpClient {
 public:
  using Responder = std::function<Result<cloud::HttpResponse>(const cloud::HttpRequest&)>;

  class Route {
   public:
    Route(std::string_view method, std::string_view url_part)
        : method_(method), url_part_(url_part) {}

    Route& answer(int status, std::string body, cloud::Headers headers = {}) {
      return respond([=](const cloud::HttpRequest&) { return make(status, body, headers); });
    }
    // No complete answer arrives.
    Route& unreachable() {
      return respond([](const cloud::HttpRequest&) -> Result<cloud::HttpResponse> {
        return fail(ErrorKind::transient, "scripted: connection refused");
      });
    }
    // Called outside every lock, so it may wait for something.
    Route& respond(Responder responder) {
      responders_.push_back(std::move(responder));
      return *this;
    }

   private:
    friend class ScriptedHttp;

    bool matches(const cloud::HttpRequest& request) const {
      return request.method == method_ && request.url.find(url_part_) != std::string::npos;
    }
    Responder next() {
      Responder responder = responders_.front();
      if (responders_.size() > 1) responders_.pop_front();
      return responder;
    }

    std::string method_;
    std::string url_part_;
    std::deque<Responder> responders_;
  };

  // Valid as long as this object.
  Route& on(std::string_view method, std::string_view url_part) {
    const std::lock_guard lock(mutex_);
    return routes_.emplace_back(method, url_part);
  }
  // From here on only routes added later count.
  void forget_routes() {
    const std::lock_guard lock(mutex_);
    routes_.clear();
  }

  Result<cloud::HttpResponse> send(const cloud::HttpRequest& request) override {
    return take(request)(request);
  }

  // Everything that was sent so far, in order, with its headers and body as sent.
  std::vector<cloud::HttpRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  // How many requests had this in their URL.
  std::size_t count(std::string_view url_part) const {
    std::size_t found = 0;
    for (const auto& request : requests()) {
      if (request.url.find(url_part) != std::string::npos) ++found;
    }
    return found;
  }

  static cloud::HttpResponse make(int status, std::string_view body, cloud::Headers headers = {}) {
    return {.status = status, .headers = std::move(headers), .body = Secret::copy_of(body)};
  }

 private:
  Responder take(const cloud::HttpRequest& request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    for (auto& route : routes_) {
      if (route.matches(request) && !route.responders_.empty()) return route.next();
    }
    ADD_FAILURE() << "nothing is scripted for " << request.method << ' ' << request.url;
    return [](const cloud::HttpRequest&) -> Result<cloud::HttpResponse> {
      return fail(ErrorKind::internal, "nothing is scripted for this request");
    };
  }

  mutable std::mutex mutex_;
  std::deque<Route> routes_;
  std::vector<cloud::HttpRequest> requests_;
};

// The first value of a header of a request, compared without case; empty when absent.
inline std::string header_of(const cloud::HttpRequest& request, std::string_view name) {
  cloud::HttpResponse view;
  view.headers = request.headers;
  return std::string(view.header(name));
}

}  // namespace ccm::test
