/*
 * The C library that joblet-shim needs, and no more of one: system calls under their usual names, and a handful of string
 * functions. The shim's own sources do not know of it; they build against any libc (build.sh does both).
 *
 * Why not glibc: linked statically, it asks the processor some fifty times what it is (CPUID) before main. In a virtual
 * machine each answer is a trip to the hypervisor, together 0.28 ms of the 2.3 ms that a job takes from start to end. And
 * every page that it touches is memory of each running job, twice. Why not musl: it would do, but hosts do not have it.
 *
 * Everything here is what the manual page of its name says, for the arguments that the shim passes.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { KERNEL_SIGSET_BYTES = 8 };

extern char **environ;
char **environ;
uintptr_t __stack_chk_guard;
static int error_number;

int main(int argc, char **argv);
long to_result(long answer);
_Noreturn void start(long *stack);
_Noreturn void __stack_chk_fail(void);

int *__errno_location(void)
{
    return &error_number;
}

/* The kernel's answer in C's terms: -1 and errno for the last 4095 values. vfork jumps here. */
long to_result(long answer)
{
    if ((unsigned long)answer <= -4096UL)
        return answer;
    errno = (int)-answer;
    return -1;
}

/*
 * The processor's part: entry, one system call, and vfork, which must not return through the stack that its child has
 * been using meanwhile.
 */
#if defined(__x86_64__) && defined(__LP64__)
__asm__(".globl _start\n_start:\n  xor %ebp, %ebp\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call start\n");
__asm__(".globl vfork\nvfork:\n  pop %rdx\n  mov $58, %eax\n  syscall\n  push %rdx\n  mov %rax, %rdi\n  jmp to_result\n");

static long call(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    long answer;
    __asm__ volatile("syscall"
                     : "=a"(answer)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return answer;
}
#else
#error "not ported to this architecture; build.sh then takes the host's libc"
#endif

/* The stack as the kernel leaves it: argc, argv, NULL, environment, NULL, auxiliary vector. Its random bytes guard ours. */
__attribute__((optimize("no-stack-protector"))) _Noreturn void start(long *stack)
{
    char **argv = (char **)(stack + 1);
    environ = argv + stack[0] + 1;
    char **word = environ;
    while (*word)
        word++;
    for (unsigned long *pair = (unsigned long *)(word + 1); pair[0] != AT_NULL; pair += 2)
        if (pair[0] == AT_RANDOM)
            __stack_chk_guard = *(uintptr_t *)pair[1] & ~(uintptr_t)0xff;
    exit(main((int)stack[0], argv));
}

_Noreturn void __stack_chk_fail(void)
{
    for (;;)
        __builtin_trap();
}

long syscall(long number, ...)
{
    long a[6];
    va_list arguments;
    va_start(arguments, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(arguments, long);
    va_end(arguments);
    return to_result(call(number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

/* NAME(types and names)(name, arguments): a system call under its own name. */
#define L(value) ((long)(value))
#define DO(name, a, b, c, d) to_result(call(SYS_##name, L(a), L(b), L(c), L(d), 0, 0))

int accept4(int fd, struct sockaddr *from, socklen_t *length, int flags) { return (int)DO(accept4, fd, from, length, flags); }
int chdir(const char *path) { return (int)DO(chdir, path, 0, 0, 0); }
int close(int fd) { return (int)DO(close, fd, 0, 0, 0); }
int clock_gettime(clockid_t clock, struct timespec *now) { return (int)DO(clock_gettime, clock, now, 0, 0); }
int dup2(int from, int to) { return (int)DO(dup3, from, to, 0, 0); }
int fallocate(int fd, int mode, off_t at, off_t length) { return (int)DO(fallocate, fd, mode, at, length); }
int fchdir(int fd) { return (int)DO(fchdir, fd, 0, 0, 0); }
int fchown(int fd, uid_t uid, gid_t gid) { return (int)DO(fchown, fd, uid, gid, 0); }
int fdatasync(int fd) { return (int)DO(fdatasync, fd, 0, 0, 0); }
int fstat(int fd, struct stat *found) { return (int)DO(fstat, fd, found, 0, 0); }
int fsync(int fd) { return (int)DO(fsync, fd, 0, 0, 0); }
int ftruncate(int fd, off_t length) { return (int)DO(ftruncate, fd, length, 0, 0); }
int kill(pid_t pid, int number) { return (int)DO(kill, pid, number, 0, 0); }
int mkdir(const char *path, mode_t mode) { return (int)DO(mkdirat, AT_FDCWD, path, mode, 0); }
int mknod(const char *path, mode_t mode, dev_t device) { return (int)DO(mknodat, AT_FDCWD, path, mode, device); }
int pipe2(int fds[2], int flags) { return (int)DO(pipe2, fds, flags, 0, 0); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return DO(pwrite64, fd, bytes, length, at); }
ssize_t read(int fd, void *bytes, size_t length) { return DO(read, fd, bytes, length, 0); }
ssize_t recvmsg(int fd, struct msghdr *message, int flags) { return DO(recvmsg, fd, message, flags, 0); }
int sched_yield(void) { return (int)DO(sched_yield, 0, 0, 0, 0); }
int renameat(int a, const char *from, int b, const char *to) { return (int)DO(renameat, a, from, b, to); }
int rmdir(const char *path) { return (int)DO(unlinkat, AT_FDCWD, path, AT_REMOVEDIR, 0); }
int setgroups(size_t count, const gid_t *groups) { return (int)DO(setgroups, count, groups, 0, 0); }
int sethostname(const char *name, size_t length) { return (int)DO(sethostname, name, length, 0, 0); }
int setresgid(gid_t real, gid_t effective, gid_t saved) { return (int)DO(setresgid, real, effective, saved, 0); }
int setresuid(uid_t real, uid_t effective, uid_t saved) { return (int)DO(setresuid, real, effective, saved, 0); }
ssize_t sendmsg(int fd, const struct msghdr *message, int flags) { return DO(sendmsg, fd, message, flags, 0); }
pid_t setsid(void) { return (pid_t)DO(setsid, 0, 0, 0, 0); }
int signalfd(int fd, const sigset_t *set, int flags) { return (int)DO(signalfd4, fd, set, KERNEL_SIGSET_BYTES, flags); }
int socketpair(int a, int b, int c, int fds[2]) { return (int)DO(socketpair, a, b, c, fds); }
int stat(const char *path, struct stat *found) { return (int)DO(newfstatat, AT_FDCWD, path, found, 0); }
int symlink(const char *target, const char *path) { return (int)DO(symlinkat, target, AT_FDCWD, path, 0); }
mode_t umask(mode_t mask) { return (mode_t)DO(umask, mask, 0, 0, 0); }
int unlink(const char *path) { return (int)DO(unlinkat, AT_FDCWD, path, 0, 0); }
int unshare(int flags) { return (int)DO(unshare, flags, 0, 0, 0); }
pid_t waitpid(pid_t pid, int *status, int flags) { return (pid_t)DO(wait4, pid, status, flags, 0); }
ssize_t write(int fd, const void *bytes, size_t length) { return DO(write, fd, bytes, length, 0); }

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
    struct timespec limit = {timeout / 1000, timeout % 1000 * 1000000L};
    return ppoll(fds, count, timeout < 0 ? NULL : &limit, NULL);
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *limit, const sigset_t *mask)
{
    struct timespec left = limit ? *limit : (struct timespec){0}; /* the kernel writes to it */
    return (int)to_result(call(SYS_ppoll, L(fds), L(count), L(limit ? &left : NULL), L(mask), KERNEL_SIGSET_BYTES, 0));
}

ssize_t recv(int fd, void *bytes, size_t length, int flags)
{
    return to_result(call(SYS_recvfrom, fd, L(bytes), L(length), flags, 0, 0));
}

ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
    return to_result(call(SYS_sendto, fd, L(bytes), L(length), flags, 0, 0));
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
    return (int)to_result(call(SYS_setsockopt, fd, level, name, L(value), length, 0));
}

int waitid(idtype_t type, id_t id, siginfo_t *info, int flags)
{
    return (int)to_result(call(SYS_waitid, type, id, L(info), flags, 0, 0));
}

/* The variadic ones, with as many arguments as the kernel can take; what was not passed is not looked at. */
#define TAKE(last, a, b, c, d) \
    va_list rest; \
    va_start(rest, last); \
    long a = va_arg(rest, long), b = va_arg(rest, long), c = va_arg(rest, long), d = va_arg(rest, long); \
    va_end(rest); \
    (void)a, (void)b, (void)c, (void)d

int fcntl(int fd, int command, ...)
{
    TAKE(command, a, b, c, d);
    return (int)DO(fcntl, fd, command, a, 0);
}

int ioctl(int fd, unsigned long request, ...)
{
    TAKE(request, a, b, c, d);
    return (int)DO(ioctl, fd, request, a, 0);
}

int open(const char *path, int flags, ...)
{
    TAKE(flags, mode, b, c, d);
    return (int)DO(openat, AT_FDCWD, path, flags, mode);
}

int openat(int at_fd, const char *path, int flags, ...)
{
    TAKE(flags, mode, b, c, d);
    return (int)DO(openat, at_fd, path, flags, mode);
}

int prctl(int option, ...)
{
    TAKE(option, a, b, c, d);
    return (int)to_result(call(SYS_prctl, option, a, b, c, d, 0));
}

_Noreturn void _exit(int code)
{
    for (;;)
        (void)call(SYS_exit_group, code, 0, 0, 0, 0, 0);
}

_Noreturn void exit(int code)
{
    _exit(code);
}

int sigemptyset(sigset_t *set)
{
    *set = (sigset_t){0};
    return 0;
}

int sigfillset(sigset_t *set)
{
    (void)memset(set, 0xff, sizeof *set);
    return 0;
}

int sigaddset(sigset_t *set, int number)
{
    *(uint64_t *)(void *)set |= UINT64_C(1) << (number - 1);
    return 0;
}

int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
    return (int)DO(rt_sigprocmask, how, set, old, KERNEL_SIGSET_BYTES);
}
