// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <optional>

#include "store/file_store/file_reader.h"
#include "store/file_store/file_store.h"
#include "store/forgetting.h"
#include "store/host/snapshot_file.h"
#include "store/inbox.h"
#include "support/admission.h"
#include "support/system_calls.h"
#include "support/temp_directory.h"
#include "support/test_bundle.h"

namespace ccm::store {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// Both are made once: the tests repeat an installation hundreds of times.
const crypto::Bundle& old_bundle() {
  static const crypto::Bundle kBundle = test::make_test_bundle();
  return kBundle;
}
const crypto::Bundle& new_bundle() {
  static const crypto::Bundle kBundle = test::make_test_bundle();
  return kBundle;
}

class FileStoreTest : public ::testing::Test {
 protected:
  static Result<VersionInfo> install(Store& store, const Lease& lease,
                                     const crypto::Bundle& bundle) {
    return store.install(lease, test::let_in("www", bundle),
                         {.bundle = bundle,
                          .origin = "import",
                          .expected = store.current_version("www"),
                          .keep = 0,
                          .now = test::kTestNow});
  }
  // What an agent does, from the lock on: 0 done, 1 a transient failure, 2 any other.
  int install_afresh() const {
    const auto code = [](const Error& error) {
      return error.kind() == ErrorKind::transient ? 1 : 2;
    };
    const Result<std::unique_ptr<Store>> store = open_file_store(state());
    if (!store) return code(store.error());
    const Result<std::unique_ptr<Lease>> lease = (*store)->try_lead();
    if (!lease) return code(lease.error());
    const Result<VersionInfo> installed = install(**store, **lease, new_bundle());
    return installed ? 0 : code(installed.error());
  }
  void reset_to(bool has_old) {
    fs::remove_all(state());
    if (!has_old) return;
    const std::unique_ptr<Store> store = open_file_store(state()).value();
    const std::unique_ptr<Lease> lease = store->try_lead().value();
    ASSERT_TRUE(install(*store, *lease, old_bundle()));
  }
  // The fingerprint that is installed; "" for none. Damage is a failure.
  std::string installed() const {
    const StoreReader::Loaded loaded = FileReader(state()).load("www").value();
    if (loaded.damage) ADD_FAILURE() << loaded.damage->message();
    return loaded.certificate ? loaded.certificate->bundle.leaf().fingerprint() : "";
  }
  std::string state() const { return (directory_ / "state").string(); }
  // Everything in the store whose name marks it as temporary.
  std::vector<std::string> leftovers() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(directory_.path())) {
      if (entry.path().filename().string().find(".tmp-") != std::string::npos) {
        found.push_back(entry.path());
      }
    }
    return found;
  }

  const std::string old_ = old_bundle().leaf().fingerprint();
  const std::string new_ = new_bundle().leaf().fingerprint();
  test::TempDirectory directory_{test::memory_backed_parent()};
};

// An installation and its response each wake several readers.
TEST_F(FileStoreTest, WhoFollowsNeedsNotReadWhatTheStoreHasJustWritten) {
  const std::unique_ptr<Store> store = open_file_store(state()).value();
  const std::unique_ptr<Lease> lease = store->try_lead().value();
  ASSERT_TRUE(install(*store, *lease, new_bundle()));
  const auto loaded = [&] { return store->load_again("www").value().certificate.value(); };
  EXPECT_EQ(loaded().bundle.leaf().native(), new_bundle().leaf().native());
  EXPECT_EQ(loaded().info.number, 1U);
  EXPECT_EQ(loaded().info.origin, "import");
  const std::vector<std::byte> response(3, std::byte{7});
  ASSERT_TRUE(store->keep_response(*lease, "www", 1, response));
  EXPECT_EQ(loaded().bundle.leaf().native(), new_bundle().leaf().native());
  EXPECT_EQ(loaded().ocsp_response, response);
  ASSERT_TRUE(install(*store, *lease, old_bundle()));
  EXPECT_TRUE(loaded().ocsp_response.empty()) << "it is of another version";
  fs::remove(state() + "/certificates/www/current/privkey.pem");
  EXPECT_TRUE(store->load_again("www").value().damage) << "what is altered is read";
}

TEST_F(FileStoreTest, KilledAtAnySystemCallTheOldOrTheNewOneIsInstalled) {
  for (const bool has_old : {true, false}) {
    bool saw_old = false;
    bool saw_new = false;
    for (int n = 1;; ++n) {
      reset_to(has_old);
      const bool was_reached = test::run_and_kill(n, [&] { return install_afresh(); }).was_reached;
      const std::string left = installed();
      saw_old = saw_old || left == (has_old ? old_ : "");
      saw_new = saw_new || left == new_;
      ASSERT_TRUE(left == new_ || left == (has_old ? old_ : "")) << "call " << n;
      ASSERT_EQ(install_afresh(), 0) << "call " << n;
      ASSERT_EQ(installed(), new_) << "call " << n;
      ASSERT_THAT(leftovers(), ::testing::IsEmpty()) << "call " << n;
      if (!was_reached) break;
    }
    EXPECT_TRUE(saw_old);
    EXPECT_TRUE(saw_new);
  }
}

TEST_F(FileStoreTest, AFullDiskAtAnySystemCallChangesNothing) {
  for (const bool has_old : {true, false}) {
    int failures = 0;
    for (int n = 1;; ++n) {
      reset_to(has_old);
      const test::TracedRun run = test::run_and_deny(n, ENOSPC, [&] { return install_afresh(); });
      if (!run.was_reached) break;
      if (run.exit_code != 0) ++failures;
      ASSERT_LE(run.exit_code, 1) << "call " << n << ": not a transient failure";
      ASSERT_EQ(installed(), run.exit_code == 0 ? new_ : (has_old ? old_ : "")) << "call " << n;
      ASSERT_THAT(leftovers(), ::testing::IsEmpty()) << "call " << n;
      ASSERT_EQ(install_afresh(), 0) << "call " << n;
      ASSERT_EQ(installed(), new_) << "call " << n;
    }
    EXPECT_GT(failures, 20);
  }
}

TEST_F(FileStoreTest, RecordsSurviveAKillAtAnySystemCall) {
  const auto write = [&](std::uint64_t expected) {
    const std::unique_ptr<Store> store = open_file_store(state()).value();
    const std::unique_ptr<Lease> lease = store->try_lead().value();
    const Secret value = Secret::copy_of(expected == 0 ? "old" : "new");
    return store->write_record(*lease, "www", "order", value, expected) ? 0 : 1;
  };
  for (int n = 1;; ++n) {
    fs::remove_all(state());
    ASSERT_EQ(write(0), 0);
    const bool was_reached = test::run_and_kill(n, [&] { return write(1); }).was_reached;
    const std::unique_ptr<Store> store = open_file_store(state()).value();
    const std::optional<StoredRecord> record = store->read_record("www", "order").value();
    ASSERT_TRUE(record) << "call " << n;
    EXPECT_EQ(record->value.reveal(), record->version == 1 ? "old" : "new") << "call " << n;
    if (!was_reached) break;
  }
}

// What an agent does with a response, from the lock on: 0 done, 1 a transient failure, 2 any other.
int keep_response_afresh(const std::string& state, char content) {
  const Result<std::unique_ptr<Store>> store = open_file_store(state);
  if (!store) return store.error().kind() == ErrorKind::transient ? 1 : 2;
  const Result<std::unique_ptr<Lease>> lease = (*store)->try_lead();
  if (!lease) return lease.error().kind() == ErrorKind::transient ? 1 : 2;
  const std::vector<std::byte> der(1000, static_cast<std::byte>(content));
  const Result<void> kept = (*store)->keep_response(**lease, "www", 1, der);
  if (kept) return 0;
  return kept.error().kind() == ErrorKind::transient ? 1 : 2;
}

char kept_response(const std::string& state) {
  const StoreReader::Loaded loaded = FileReader(state).load("www").value();
  if (loaded.damage) ADD_FAILURE() << loaded.damage->message();
  const std::vector<std::byte> whole = loaded.certificate.value().ocsp_response;
  if (whole.size() != 1000) ADD_FAILURE() << whole.size() << " bytes of a response";
  return whole.empty() ? ' ' : static_cast<char>(whole.back());
}

TEST_F(FileStoreTest, AResponseSurvivesAKillAtAnySystemCall) {
  reset_to(true);
  for (int n = 1;; ++n) {
    ASSERT_EQ(keep_response_afresh(state(), 'a'), 0);
    ASSERT_THAT(leftovers(), ::testing::IsEmpty()) << "after call " << n - 1;
    const bool was_reached =
        test::run_and_kill(n, [&] { return keep_response_afresh(state(), 'b'); }).was_reached;
    const char kept = kept_response(state());
    ASSERT_TRUE(kept == 'a' || kept == 'b') << "call " << n;
    if (!was_reached) {
      EXPECT_EQ(kept, 'b');
      break;
    }
  }
}

TEST_F(FileStoreTest, KilledAtAnySystemCallACertificateIsForgottenAsAWholeOrNotAtAll) {
  const auto forget = [&](Keep keep) {
    const std::unique_ptr<Store> store = open_file_store(state()).value();
    const std::unique_ptr<Lease> lease = store->try_lead().value();
    const Result<void> done = store->forget(*lease, "www", keep);
    return done || done.error().kind() == ErrorKind::rejected ? 0 : 1;
  };
  for (const Keep keep : {Keep::nothing, Keep::versions}) {
    for (int n = 1;; ++n) {
      reset_to(true);
      const bool was_reached = test::run_and_kill(n, [&] { return forget(keep); }).was_reached;
      const std::string left = installed();
      const bool is_there = fs::exists(state() + "/certificates/www");
      ASSERT_EQ(left, is_there ? old_ : "") << "call " << n;
      ASSERT_TRUE(is_there || keep == Keep::nothing) << "call " << n;
      ASSERT_EQ(forget(keep), 0) << "call " << n;
      ASSERT_EQ(installed(), keep == Keep::versions ? old_ : "") << "call " << n;
      ASSERT_EQ(is_forgotten(FileReader(state()), "www"), keep == Keep::versions) << "call " << n;
      ASSERT_THAT(leftovers(), ::testing::IsEmpty()) << "call " << n;
      if (!was_reached) break;
    }
  }
}

// Whoever makes the snapshot has read the certificate a moment before it was forgotten.
TEST_F(FileStoreTest, NoSnapshotOfAnyMomentKeepsWhatIsForgotten) {
  const auto forget = [&] {
    const std::unique_ptr<Store> store = open_file_store(state()).value();
    return store->forget(*store->try_lead().value(), "www", Keep::nothing) ? 0 : 1;
  };
  const auto make_snapshot = [&] {
    if (!fs::exists(state() + "/certificates/www/current")) return;
    ASSERT_TRUE(replace_snapshot(state(), Secret::copy_of("with its key")));
  };
  bool was_reached = true;
  for (int n = 1; was_reached; ++n) {
    reset_to(true);
    const test::TracedRun run = test::run_and_pause(n, make_snapshot, forget);
    was_reached = run.was_reached;
    ASSERT_EQ(run.exit_code, 0) << "call " << n;
    ASSERT_FALSE(fs::exists(snapshot_path(state()))) << "call " << n;
  }
}

// Whoever has the account may put one there; opening it would wait for its other end.
TEST_F(FileStoreTest, AFifoIsNoLock) {
  reset_to(true);
  const std::string lock = state() + "/leader.lock";
  ASSERT_EQ(unlink(lock.c_str()), 0);
  ASSERT_EQ(mkfifo(lock.c_str(), 0600), 0);
  const std::unique_ptr<Store> store = open_file_store(state()).value();
  EXPECT_THAT(store->try_lead().error().message(), HasSubstr("leader.lock: Invalid argument"));
}

// Another process makes a new lock when somebody has removed this one.
TEST_F(FileStoreTest, ARequestIsNotTakenByWhoLeadsNoMore) {
  reset_to(true);
  const std::unique_ptr<Store> store = open_file_store(state()).value();
  const std::unique_ptr<Lease> before = store->try_lead().value();
  ASSERT_EQ(unlink((state() + "/leader.lock").c_str()), 0);
  ASSERT_TRUE(store->try_lead().value());
  const std::string id = store->inbox().leave({.wish = Wish::forget, .name = "www"}).value();
  EXPECT_FALSE(store->inbox().take(*before, {id, "www"}, std::nullopt));
  EXPECT_TRUE(store->inbox().is_waiting({id, "www"}));
}

// Also without a leader, who would find out by himself.
TEST_F(FileStoreTest, ForgettingDropsTheRenewalThatWasAskedFor) {
  for (const Keep keep : {Keep::nothing, Keep::versions}) {
    reset_to(true);
    directory_.write("state/granted-www", "id: 0123456789abcdef\n");
    directory_.write("state/granted-www2", "id: 0123456789abcdef\n");
    const std::unique_ptr<Store> store = open_file_store(state()).value();
    ASSERT_TRUE(store->forget(*store->try_lead().value(), "www", keep));
    EXPECT_FALSE(fs::exists(state() + "/granted-www"));
    EXPECT_TRUE(fs::exists(state() + "/granted-www2"));
  }
}

TEST_F(FileStoreTest, AForgottenCertificateCountsAgainOnceTheEngineWorksOnIt) {
  reset_to(true);
  const std::unique_ptr<Store> store = open_file_store(state()).value();
  const std::unique_ptr<Lease> lease = store->try_lead().value();
  EXPECT_FALSE(is_forgotten(FileReader(state()), "www"));
  ASSERT_TRUE(store->forget(*lease, "www", Keep::versions));
  EXPECT_TRUE(is_forgotten(FileReader(state()), "www"));
  fs::create_directory_symlink(state(), directory_ / "link");
  EXPECT_TRUE(is_forgotten(FileReader((directory_ / "link").string()), "www"));
  ASSERT_TRUE(store->write_record(*lease, "www", "state", Secret::copy_of("x"), 0));
  EXPECT_FALSE(is_forgotten(FileReader(state()), "www"));
}

TEST_F(FileStoreTest, ANameThatLooksTemporaryIsNoLeftover) {
  const std::unique_ptr<Store> store = open_file_store(state()).value();
  directory_.write("state/certificates/.tmp-www/versions/1/privkey.pem", "half removed");
  directory_.write("state/certificates/www.tmp-site/versions/1/privkey.pem", "a key");
  ASSERT_TRUE(store->try_lead().value());
  EXPECT_FALSE(fs::exists(state() + "/certificates/.tmp-www"));
  EXPECT_TRUE(fs::exists(state() + "/certificates/www.tmp-site/versions/1/privkey.pem"));
}

TEST_F(FileStoreTest, AFullDiskAtAnySystemCallLeavesTheOldResponse) {
  reset_to(true);
  int failures = 0;
  for (int n = 1;; ++n) {
    ASSERT_EQ(keep_response_afresh(state(), 'a'), 0);
    const test::TracedRun run =
        test::run_and_deny(n, ENOSPC, [&] { return keep_response_afresh(state(), 'b'); });
    if (!run.was_reached) break;
    if (run.exit_code != 0) ++failures;
    ASSERT_LE(run.exit_code, 1) << "call " << n << ": not a transient failure";
    ASSERT_EQ(kept_response(state()), run.exit_code == 0 ? 'b' : 'a') << "call " << n;
  }
  EXPECT_GT(failures, 3);
}

TEST_F(FileStoreTest, AReallyFullDiskIsReportedAndChangesNothing) {
  fs::create_directory(state());
  if (mount("ccm-test", state().c_str(), "tmpfs", 0, "size=256k") != 0) {
    GTEST_SKIP() << "mounting a small file system needs root; the injected ENOSPC tests do not";
  }
  const auto fill = [&] {
    const int file = open((state() + "/ballast").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    const std::string block(4096, 'x');
    while (write(file, block.data(), block.size()) > 0) continue;
    close(file);
  };
  {
    const std::unique_ptr<Store> store = open_file_store(state()).value();
    const std::unique_ptr<Lease> lease = store->try_lead().value();
    EXPECT_TRUE(install(*store, *lease, old_bundle()));
    fill();
    const Result<VersionInfo> full = install(*store, *lease, new_bundle());
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().kind(), ErrorKind::transient);
    EXPECT_THAT(full.error().message(), HasSubstr("No space left on device"));
    EXPECT_EQ(installed(), old_);
    EXPECT_THAT(leftovers(), ::testing::IsEmpty());
    fs::remove(state() + "/ballast");
    EXPECT_TRUE(install(*store, *lease, new_bundle()));
    EXPECT_EQ(installed(), new_);
  }
  EXPECT_EQ(umount(state().c_str()), 0);
}

TEST_F(FileStoreTest, WritesTheFormsThatServersWant) {
  reset_to(true);
  const fs::path current = state() + "/certificates/www/current";
  const std::string leaf = old_bundle().leaf().to_pem();
  const std::string issuer = old_bundle().chain().back().to_pem();
  EXPECT_EQ(test::read_whole_file(current / "fullchain.pem"), leaf + issuer);
  EXPECT_EQ(test::read_whole_file(current / "cert.pem"), leaf);
  EXPECT_EQ(test::read_whole_file(current / "chain.pem"), issuer);
  EXPECT_EQ(test::read_whole_file(current / "privkey.pem"),
            old_bundle().key().to_pem().value().reveal());
}

TEST_F(FileStoreTest, IsOwnerOnlyThroughoutWhateverTheUmask) {
  const mode_t before = umask(0);
  reset_to(true);
  {
    const std::unique_ptr<Store> store = open_file_store(state()).value();
    const std::unique_ptr<Lease> lease = store->try_lead().value();
    EXPECT_TRUE(store->write_record(*lease, "www", "state", Secret(), 0));
    EXPECT_TRUE(store->keep_response(*lease, "www", 1, std::vector<std::byte>(3)));
  }
  umask(before);
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(state())) {
    if (entry.is_symlink()) continue;
    ++files;
    const fs::perms wanted = entry.is_directory() ? fs::perms(0700) : fs::perms(0600);
    EXPECT_EQ(entry.status().permissions(), wanted) << entry.path();
  }
  EXPECT_GT(files, 10);
}

TEST_F(FileStoreTest, AnnouncesEveryChangeOfACurrentVersion) {
  reset_to(true);
  const auto revision = [&] { return test::read_whole_file(state() + "/revision"); };
  EXPECT_EQ(revision(), "1\n");
  const std::unique_ptr<Store> store = open_file_store(state()).value();
  const std::unique_ptr<Lease> lease = store->try_lead().value();
  ASSERT_TRUE(store->install(*lease, test::let_in("www", new_bundle()),
                             {.bundle = new_bundle(),
                              .origin = "import",
                              .expected = 1,
                              .keep = 1,
                              .now = test::kTestNow}));
  EXPECT_EQ(revision(), "2\n");
  ASSERT_TRUE(store->restore(*lease, test::let_back(*store, "www", 1), 1));
  EXPECT_EQ(revision(), "3\n");
  ASSERT_TRUE(store->write_record(*lease, "www", "state", Secret(), 0));
  EXPECT_EQ(revision(), "3\n");
  ASSERT_TRUE(store->keep_response(*lease, "www", 1, std::vector<std::byte>(3)));
  EXPECT_EQ(revision(), "4\n");
}

// The leader before may have been killed between a change and its word of it.
TEST_F(FileStoreTest, HasReadersLookAtAllAfterANewLeader) {
  reset_to(true);
  const std::unique_ptr<Store> store = open_file_store(state()).value();
  std::unique_ptr<Lease> lease = store->try_lead().value();
  const Revision now = store->changes_since({}).revision;
  EXPECT_TRUE(store->changes_since(now).names);
  lease.reset();
  EXPECT_TRUE(store->changes_since(now).names);
  lease = store->try_lead().value();
  EXPECT_FALSE(store->changes_since(now).names);
}

TEST_F(FileStoreTest, ALeadersDeathFreesTheLockAtOnceAndItsChildrenDoNotKeepIt) {
  const std::unique_ptr<Store> store = open_file_store(state()).value();
  int ready[2];
  int finish[2];
  ASSERT_EQ(pipe2(ready, O_CLOEXEC), 0);
  ASSERT_EQ(pipe(finish), 0);
  const pid_t leader = fork();
  if (leader == 0) {
    // The lease is never given back: only the kernel can free it.
    static_cast<void>(open_file_store(state()).value()->try_lead().value().release());
    if (fork() == 0) {
      close(ready[0]);
      dup2(finish[0], 0);
      close(finish[0]);
      close(finish[1]);
      execl("/bin/sh", "sh", "-c", "read line", nullptr);
      _exit(1);
    }
    static_cast<void>(write(ready[1], "x", 1) < 0);
    pause();
    _exit(0);
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_EQ(store->try_lead().value(), nullptr);
  kill(leader, SIGKILL);
  ASSERT_EQ(waitpid(leader, nullptr, 0), leader);
  // The pipe's end comes when the grandchild has executed its program and so closed its copies.
  close(ready[1]);
  EXPECT_EQ(read(ready[0], &byte, 1), 0);
  EXPECT_NE(store->try_lead().value(), nullptr);
  for (const int end : {ready[0], finish[0], finish[1]}) close(end);
}

TEST_F(FileStoreTest, TryingToLeadInVainWakesNobodyWhoWatches) {
  const std::unique_ptr<Store> store = open_file_store(state()).value();
  const std::unique_ptr<Lease> lease = store->try_lead().value();
  const FileDescriptor watch(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  constexpr std::uint32_t kChanges = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ATTRIB;
  ASSERT_GE(inotify_add_watch(watch.get(), state().c_str(), kChanges), 0);
  char event[512];
  EXPECT_EQ(store->try_lead().value(), nullptr);
  EXPECT_EQ(read(watch.get(), event, sizeof event), -1);
  ASSERT_TRUE(install(*store, *lease, new_bundle()));
  EXPECT_GT(read(watch.get(), event, sizeof event), 0);
}

TEST_F(FileStoreTest, ANewLeaderRemovesOnlyWhatDeadWritersLeft) {
  const std::unique_ptr<Store> store = open_file_store(state()).value();
  const auto path = [&](const std::string& name) { return state() + "/" + name; };
  const std::string settings = "settings-nginx.tmp-0123456789abcdef";
  const std::string request = "request-www.tmp-0123456789abcdef";
  const std::string others = "request-a.tmp-b";
  for (const std::string& name : {settings, request, others}) {
    directory_.write("state/" + name, "half");
  }
  // Another agent, in the middle of writing its settings.
  const FileDescriptor writer(open(path(settings).c_str(), O_WRONLY | O_CLOEXEC));
  ASSERT_EQ(flock(writer.get(), LOCK_EX), 0);
  const std::unique_ptr<Lease> lease = store->try_lead().value();
  ASSERT_NE(lease, nullptr);
  EXPECT_TRUE(fs::exists(path(settings)));
  EXPECT_FALSE(fs::exists(path(request)));
  EXPECT_TRUE(fs::exists(path(others))) << "the request for a certificate of that name";
}

TEST_F(FileStoreTest, ADamagedRecordCanBeMended) {
  const std::unique_ptr<Store> store = open_file_store(state()).value();
  const std::unique_ptr<Lease> lease = store->try_lead().value();
  ASSERT_TRUE(store->write_record(*lease, kStoreWide, "lockout", Secret::copy_of("a"), 0));
  directory_.write("state/records/lockout", "ccm-record-1 1 0000\na");
  EXPECT_EQ(store->read_record(kStoreWide, "lockout").error().kind(), ErrorKind::invalid);
  ASSERT_TRUE(store->write_record(*lease, kStoreWide, "lockout", Secret::copy_of("b"), 0));
  EXPECT_EQ(store->read_record(kStoreWide, "lockout").value()->value.reveal(), "b");
}

TEST_F(FileStoreTest, RefusesNamesThatLeadElsewhere) {
  const std::unique_ptr<Store> store = open_file_store(state()).value();
  const std::unique_ptr<Lease> lease = store->try_lead().value();
  for (const std::string name : {"..", "../x", "a/b", ".a"}) {
    const Result<VersionInfo> installed = store->install(
        *lease, test::let_in(name, old_bundle()),
        {.bundle = old_bundle(), .origin = "", .expected = 0, .keep = 0, .now = test::kTestNow});
    EXPECT_EQ(installed.error().kind(), ErrorKind::invalid);
    EXPECT_FALSE(store->restore(*lease, test::let_back(*store, name, 1), 1));
    EXPECT_FALSE(store->keep_response(*lease, name, 1, {}));
    EXPECT_FALSE(store->write_record(*lease, name, "state", Secret(), 0));
    EXPECT_FALSE(store->write_record(*lease, "www", name, Secret(), 0));
    EXPECT_FALSE(store->read_record("www", name));
    EXPECT_FALSE(store->remove_record(*lease, "www", name));
  }
}

TEST_F(FileStoreTest, ABadOperatorKeyCostsOnlyItself) {
  const std::unique_ptr<Store> store = open_file_store(state()).value();
  directory_.write("state/keys/bad.pem", "nonsense");
  directory_.write("state/keys/notes.txt", "ignored");
  const Result<std::vector<crypto::KeyPair>> none = store->operator_keys();
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message(), HasSubstr("keys/bad.pem"));
  directory_.write("state/keys/good.pem", test::make_test_key().to_pem().value().reveal());
  EXPECT_EQ(store->operator_keys().value().size(), 1U);
}

}  // namespace
}  // namespace ccm::store
