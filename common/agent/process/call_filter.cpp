// SPDX-License-Identifier: Apache-2.0
#include "agent/process/call_filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/system_call_numbers.h"
#include "base/trial.h"

namespace ccm::agent {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t kArchitecture = 0;  // no filter
#endif

// Calls of the x32 interface, which the same kernel answers on x86-64.
constexpr std::uint32_t kX32 = 0x40000000;

constexpr long kNeedless[] = {
#ifdef SYS_fork
    SYS_fork,
    SYS_vfork,
#endif
#ifdef SYS_iopl
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
#endif
    SYS_execve,
    SYS_execveat,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    calls::kPidfdGetfd,
    calls::kProcessMadvise,
    SYS_chroot,
    SYS_pivot_root,
    SYS_mount,
    SYS_umount2,
    calls::kOpenTree,
    calls::kMoveMount,
    calls::kFsopen,
    calls::kFsconfig,
    calls::kFsmount,
    calls::kFspick,
    calls::kMountSetattr,
    SYS_setns,
    SYS_unshare,
    SYS_swapon,
    SYS_swapoff,
    SYS_quotactl,
    SYS_acct,
    SYS_reboot,
    SYS_kexec_load,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    calls::kIoUringSetup,
    calls::kIoUringEnter,
    calls::kIoUringRegister,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_name_to_handle_at,
    SYS_open_by_handle_at,
    SYS_mknodat,
    SYS_personality,
    SYS_syslog,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_clock_adjtime,
    SYS_adjtimex,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_vhangup,
    SYS_listen,
    SYS_accept,
    SYS_accept4,
    SYS_setuid,
    SYS_setgid,
    SYS_setreuid,
    SYS_setregid,
    SYS_setresuid,
    SYS_setresgid,
    SYS_setfsuid,
    SYS_setfsgid,
    SYS_setgroups,
    SYS_capset,
};

using Program = std::vector<sock_filter>;

void add(Program& program, int code, std::uint32_t operand, std::size_t if_true = 0,
         std::size_t if_false = 0) {
  program.push_back({static_cast<std::uint16_t>(code), static_cast<std::uint8_t>(if_true),
                     static_cast<std::uint8_t>(if_false), operand});
}

void load(Program& program, std::size_t offset) {
  add(program, BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}

void answer(Program& program, std::uint32_t verdict) {
  add(program, BPF_RET | BPF_K, verdict);
}

constexpr std::uint32_t refusal(int error_number) {
  return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error_number);
}

// Runs the block when the loaded value equals `value`. The block ends with a return.
void when(Program& program, long value, const Program& block) {
  add(program, BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(value), 0, block.size());
  program.insert(program.end(), block.begin(), block.end());
}

// The lower half of the first argument; both architectures are little-endian.
constexpr std::size_t kFirstArgument = offsetof(seccomp_data, args);

Program threads_only() {
  Program block;
  load(block, kFirstArgument);
  add(block, BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1, 0);
  answer(block, refusal(EPERM));
  answer(block, SECCOMP_RET_ALLOW);
  return block;
}

Program ordinary_sockets_only() {
  Program block;
  load(block, kFirstArgument);
  Program allowed;
  answer(allowed, SECCOMP_RET_ALLOW);
  for (const int family : {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK}) when(block, family, allowed);
  answer(block, refusal(EAFNOSUPPORT));
  return block;
}

Program make_program() {
  Program program;
  Program refused;
  answer(refused, refusal(EPERM));
  load(program, offsetof(seccomp_data, arch));
  add(program, BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0);
  answer(program, refusal(EPERM));
  load(program, offsetof(seccomp_data, nr));
  add(program, BPF_JMP | BPF_JGE | BPF_K, kX32, 0, 1);
  answer(program, refusal(EPERM));
  for (const long call : kNeedless) when(program, call, refused);
  // The flags of clone3 are in memory, which a filter cannot read; libc then uses clone.
  Program unknown;
  answer(unknown, refusal(ENOSYS));
  when(program, calls::kClone3, unknown);
  when(program, SYS_clone, threads_only());
  when(program, SYS_socket, ordinary_sockets_only());
  answer(program, SECCOMP_RET_ALLOW);
  return program;
}

void try_seccomp() {
  static_cast<void>(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, nullptr));
}

}  // namespace

Result<void> refuse_needless_calls() {
  constexpr std::string_view kActivity = "refusing needless system calls (seccomp)";
  if (kArchitecture == 0) return fail(system_error(kActivity, ENOTSUP));
  if (is_deadly(try_seccomp)) return fail(system_error(kActivity, EPERM));
  Program program = make_program();
  const sock_fprog whole{static_cast<unsigned short>(program.size()), program.data()};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &whole) != 0) {
    return fail(system_error(kActivity, errno));
  }
  return {};
}

}  // namespace ccm::agent
