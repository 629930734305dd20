// Decides how many authenticated calls may be under way at once, so that bad credentials never
// reach the cloud more than twice however many threads hold them: one call while the credentials
// are new or were last refused, two while they are known to be good (both may fail when the key is
// disabled meanwhile). Two is also kind to the service, which asks for about one request per second
// (auth.md section 7).
//
// Owned by Session; thread-safe.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>

namespace ccm::cloud {

class AuthGate {
 public:
  // A place in the gate; leaving is automatic.
  class Lane {
   public:
    explicit Lane(AuthGate& gate) : gate_(gate) {}
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;
    ~Lane() { gate_.leave(); }

   private:
    AuthGate& gate_;
  };

  // Waits for a place. A fingerprint other than the last one starts as new.
  Lane enter(std::string_view fingerprint);

  // Outcomes, reported while inside.
  void accepted();
  void refused();

 private:
  void leave();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string fingerprint_;
  int inside_ = 0;
  bool trusted_ = false;
};

}  // namespace ccm::cloud
