#include "sandbox.hpp"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

namespace parley::knowledge {

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t architecture = AUDIT_ARCH_AARCH64;
#else
#error "the document sandbox knows x86-64 and aarch64"
#endif

constexpr std::uint32_t answer_eperm = SECCOMP_RET_ERRNO | EPERM;

sock_filter statement(unsigned code, std::uint32_t value) {
  return BPF_STMT(static_cast<std::uint16_t>(code), value);
}
sock_filter jump(unsigned code, std::uint32_t value, std::uint8_t yes, std::uint8_t no) {
  return BPF_JUMP(static_cast<std::uint16_t>(code), value, yes, no);
}

/// A filter that starts by refusing other architectures' numbering and loading the call's number.
std::vector<sock_filter> opening() {
  std::vector<sock_filter> filter;
  filter.push_back(statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)));
  filter.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, architecture, 1, 0));
  filter.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
  filter.push_back(statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
#if defined(__x86_64__)
  // The x32 numbering would go round every comparison below.
  filter.push_back(jump(BPF_JMP | BPF_JGE | BPF_K, 0x40000000u, 0, 1));
  filter.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
#endif
  return filter;
}

void when_call(std::vector<sock_filter>& filter, long number, std::uint32_t answer) {
  filter.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 1));
  filter.push_back(statement(BPF_RET | BPF_K, answer));
}

/// EPERM for a file opened in any way but for reading; `argument` holds the flags.
void when_opened_to_write(std::vector<sock_filter>& filter, long number, unsigned argument) {
  constexpr std::uint32_t writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;
  auto offset = static_cast<std::uint32_t>(offsetof(seccomp_data, args) + 8 * argument);
  filter.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 4));
  filter.push_back(statement(BPF_LD | BPF_W | BPF_ABS, offset));
  filter.push_back(jump(BPF_JMP | BPF_JSET | BPF_K, writing, 0, 1));
  filter.push_back(statement(BPF_RET | BPF_K, answer_eperm));
  filter.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
}

bool install(std::vector<sock_filter> filter) {
  sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

bool limit(__rlimit_resource resource, rlim_t soft, rlim_t hard) {
  rlimit value{soft, hard};
  return setrlimit(resource, &value) == 0;
}

bool allow_reading_below(int ruleset, const char* path) {
  int directory = open(path, O_PATH | O_CLOEXEC);
  if (directory < 0) return errno == ENOENT;
  landlock_path_beneath_attr rule{};
  rule.parent_fd = directory;
  rule.allowed_access = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE;
  // Both rights also apply to single files, which reading a directory does not.
  bool added = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
  close(directory);
  return added;
}

}  // namespace

bool enter_limits(const SandboxLimits& limits) {
  bool entered =
      prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
      syscall(SYS_close_range, 3u, ~0u, 0u) == 0 &&
      limit(RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1) && limit(RLIMIT_FSIZE, 0, 0) &&
      limit(RLIMIT_CORE, 0, 0) && limit(RLIMIT_NPROC, 0, 0) && limit(RLIMIT_NOFILE, 32, 32);
  // The parent may have died before it was asked to take this process along.
  return entered && getppid() == limits.parent;
}

bool limit_memory(const SandboxLimits& limits) {
  return limit(RLIMIT_AS, limits.memory_bytes, limits.memory_bytes);
}

bool hide_files() {
  landlock_ruleset_attr attributes{};
  // The rights of the first version of Landlock: every kernel that has it knows them.
  attributes.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
  auto ruleset =
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0));
  if (ruleset < 0) return errno == ENOSYS || errno == EOPNOTSUPP;
  bool ready = true;
  for (const auto* path : {"/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/fonts"})
    ready = ready && allow_reading_below(ruleset, path);
  ready = ready && syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
  close(ruleset);
  return ready;
}

bool allow_only_computing() {
  auto filter = opening();
  for (long number :
       {SYS_read,         SYS_write,       SYS_close,         SYS_fstat,        SYS_newfstatat,
        SYS_lseek,        SYS_mmap,        SYS_munmap,        SYS_mremap,       SYS_mprotect,
        SYS_madvise,      SYS_brk,         SYS_futex,         SYS_rt_sigaction, SYS_rt_sigprocmask,
        SYS_rt_sigreturn, SYS_sigaltstack, SYS_clock_gettime, SYS_gettimeofday, SYS_getrandom,
        SYS_getpid,       SYS_gettid,      SYS_sched_yield,   SYS_exit,         SYS_exit_group})
    when_call(filter, number, SECCOMP_RET_ALLOW);
#ifdef PARLEY_SANITIZED
  // How a sanitizer finds out whether memory can be read.
  when_call(filter, SYS_pipe2, SECCOMP_RET_ALLOW);
#if defined(__x86_64__)
  when_call(filter, SYS_pipe, SECCOMP_RET_ALLOW);
#endif
#endif
  filter.push_back(statement(BPF_RET | BPF_K, answer_eperm));
  return install(std::move(filter));
}

bool deny_effects() {
  auto filter = opening();
  when_opened_to_write(filter, SYS_openat, 2);
#if defined(__x86_64__)
  when_opened_to_write(filter, SYS_open, 1);
  for (long number :
       {SYS_fork, SYS_vfork, SYS_creat, SYS_unlink, SYS_rename, SYS_link, SYS_symlink, SYS_mkdir,
        SYS_rmdir, SYS_chmod, SYS_chown, SYS_lchown, SYS_mknod, SYS_utime, SYS_utimes})
    when_call(filter, number, answer_eperm);
#endif
  // The C library falls back from these to the calls that are judged above and below.
  for (long number : {SYS_clone3, SYS_openat2})
    when_call(filter, number, SECCOMP_RET_ERRNO | ENOSYS);
  for (long number : {SYS_socket,
                      SYS_socketpair,
                      SYS_connect,
                      SYS_bind,
                      SYS_listen,
                      SYS_accept,
                      SYS_accept4,
                      SYS_sendto,
                      SYS_sendmsg,
                      SYS_sendmmsg,
                      SYS_clone,
                      SYS_kill,
                      SYS_tkill,
                      SYS_tgkill,
                      SYS_rt_sigqueueinfo,
                      SYS_pidfd_send_signal,
                      SYS_pidfd_open,
                      SYS_pidfd_getfd,
                      SYS_ptrace,
                      SYS_process_vm_readv,
                      SYS_process_vm_writev,
                      SYS_mount,
                      SYS_umount2,
                      SYS_unshare,
                      SYS_setns,
                      SYS_chroot,
                      SYS_pivot_root,
                      SYS_bpf,
                      SYS_perf_event_open,
                      SYS_keyctl,
                      SYS_add_key,
                      SYS_request_key,
                      SYS_io_uring_setup,
                      SYS_io_uring_enter,
                      SYS_userfaultfd,
                      SYS_unlinkat,
                      SYS_renameat,
                      SYS_renameat2,
                      SYS_linkat,
                      SYS_symlinkat,
                      SYS_mkdirat,
                      SYS_mknodat,
                      SYS_fchmod,
                      SYS_fchmodat,
                      SYS_fchown,
                      SYS_fchownat,
                      SYS_truncate,
                      SYS_ftruncate,
                      SYS_fallocate,
                      SYS_utimensat,
                      SYS_setxattr,
                      SYS_removexattr,
                      SYS_memfd_create,
                      SYS_execveat,
                      SYS_shmget,
                      SYS_msgget,
                      SYS_semget,
                      SYS_mq_open,
                      SYS_prctl,
                      SYS_seccomp,
                      SYS_setpriority,
                      SYS_sched_setattr,
                      SYS_init_module,
                      SYS_finit_module,
                      SYS_kexec_load,
                      SYS_reboot,
                      SYS_swapon})
    when_call(filter, number, answer_eperm);
  filter.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  return install(std::move(filter));
}

}  // namespace parley::knowledge
