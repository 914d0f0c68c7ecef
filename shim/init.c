/*
 * The inside: PID 1 of the job, the same binary as the shim, between clone3(2) and its own end.
 *
 * It sets up everything the command finds (README.md, "What the command finds"), starts it, reaps whoever is orphaned,
 * passes a stop on, and when the command has ended reports its wait status and exits; the kernel then kills the rest.
 * It must exist: a command that is PID 1 itself is not killed by a SIGTERM for which it has no handler
 * (pid_namespaces(7)), so no plain command would ever stop gracefully.
 *
 * It is as unprivileged as the command by the time the command runs, not dumpable, and obeys nobody but the shim.
 */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void tell(int shim_fd, struct report report)
{
    (void)send(shim_fd, &report, sizeof report, MSG_NOSIGNAL);
}

/* Every step of set-up goes through this: a step that fails ends the job before the command exists. */
static void require(int result, int shim_fd, enum phase phase)
{
    if (result >= 0)
        return;
    tell(shim_fd, (struct report){.kind = REPORT_FAILED, .phase = phase, .value = errno});
    _exit(1);
}

/*
 * Die when the shim does. The kernel forgets the setting at every change of credentials (prctl(2)), so this is done
 * before and after. It does not tell us of a shim that died before: wait_for_order() does. getppid() cannot: it is 0 in
 * a new pid namespace anyway.
 */
static void die_with_shim(int shim_fd)
{
    require(prctl(PR_SET_PDEATHSIG, SIGKILL), shim_fd, PHASE_INIT);
}

/*
 * Wait until the command may start; exit if it may not, for there was no order to go or one to stop after it. End of file means that the shim has died, and none of its deaths
 * can slip between this and die_with_shim(): a process closes its files before its children are told of its death
 * (do_exit() in the kernel), so whoever died too early for the signal has closed the socket already.
 */
static void wait_for_order(int shim_fd)
{
    char order = 0;
    while (recv(shim_fd, &order, 1, 0) < 0 && errno == EINTR)
        ;
    if (order != ORDER_GO[0] || recv(shim_fd, &order, 1, MSG_DONTWAIT) >= 0 || errno != EAGAIN)
        _exit(0);
}

/*
 * `tasks` and "0", not cgroup.procs and our pid: moving one thread takes no global lock, and so does not wait 10 ms for an
 * RCU grace period. The namespace comes after the joins: it is rooted where we are.
 */
static int join_cgroups(const struct options *options)
{
    for (size_t i = 0; i < options->join_count; i++)
        if (write((int)options->joins[i], "0", 1) != 1)
            return -1;
    return unshare(CLONE_NEWCGROUP);
}

/*
 * The job may be killed for memory like anybody else, whatever the daemon and the shim have arranged for themselves. EACCES:
 * it was above 0, and without CAP_SYS_RESOURCE it stays so; then it is the first to go, which harms nobody else.
 */
static int reset_oom_score(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int result = write(fd, "0", 1) == 1 || errno == EACCES ? 0 : -1;
    (void)close(fd);
    return result;
}

/*
 * Enter a folder that the caller names, by names alone: we still hold folders of the host, and through /proc/self/fd/N one
 * of them would become the command's working directory, from which ".." leads up to the host's root (CVE-2024-21626, in
 * another runtime).
 */
static int enter_workdir(const char *path)
{
    struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS};
    int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
    return fd < 0 ? -1 : fchdir(fd);
}

/* With descriptors: SCM_RIGHTS, unix(7). */
static int tell_terminal(int shim_fd, const int fds[ENDS])
{
    struct report report = {.kind = REPORT_TERMINAL};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(ENDS * sizeof(int))];
    } control = {.header = {.cmsg_len = CMSG_LEN(ENDS * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    memcpy(CMSG_DATA(&control.header), fds, ENDS * sizeof(int));
    struct iovec part = {&report, sizeof report};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    return (int)sendmsg(shim_fd, &message, MSG_NOSIGNAL);
}

/* The shim has it before it hears that the command runs: reports come in their order. */
static int set_up_terminal(const struct options *options, int shim_fd, struct streams *streams)
{
    int fds[ENDS];
    if (open_terminal(options, fds) < 0 || tell_terminal(shim_fd, fds) < 0)
        return -1;
    *streams = (struct streams){.input_fd = fds[SLAVE], .output_fd = fds[SLAVE]};
    return close(fds[MASTER]);
}

static void set_up(const struct options *options, int shim_fd, struct streams *streams)
{
    die_with_shim(shim_fd);
    require(join_cgroups(options), shim_fd, PHASE_CGROUP);
    if (options->hostname)
        require(sethostname(options->hostname, strlen(options->hostname)), shim_fd, PHASE_HOSTNAME);
    require(make_root(options), shim_fd, PHASE_MOUNT);
    require(reset_oom_score(), shim_fd, PHASE_USER);
    require(drop_privileges((uid_t)options->uid, (gid_t)options->gid), shim_fd, PHASE_USER);
    require(chdir("/work"), shim_fd, PHASE_USER);
    if (options->workdir)
        require(enter_workdir(options->workdir), shim_fd, PHASE_WORKDIR);
    if (options->terminal_rows != ABSENT)
        require(set_up_terminal(options, shim_fd, streams), shim_fd, PHASE_TERMINAL);
    (void)umask(022);
    require(install_filter(), shim_fd, PHASE_SECCOMP);
    die_with_shim(shim_fd);
    wait_for_order(shim_fd);
}

/* What the job sees as the command line of its PID 1 must not tell it the host's paths. No option is needed any more. */
static void forget_options(const struct options *options)
{
    memset(options->words, 0, (size_t)(options->command[0] - options->words));
}

/*
 * Become the command: own session, its three descriptors and no other, nothing blocked. Returns the errno if it cannot.
 * The report goes out before the descriptors are closed; it carries nothing but our pid, which the kernel adds.
 */
static int become_command(const struct options *options, int shim_fd, struct streams streams)
{
    char **command = options->command;
    if (streams.input_fd < 0)
        streams.input_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (streams.input_fd < 0 || setsid() < 0)
        return errno;
    if (options->terminal_rows != ABSENT && own_terminal(streams.input_fd) < 0)
        return errno;
    if (dup2(streams.input_fd, 0) < 0 || dup2(streams.output_fd, 1) < 0 || dup2(streams.output_fd, 2) < 0)
        return errno;
    tell(shim_fd, (struct report){.kind = REPORT_EXECUTING});
    if (syscall(SYS_close_range, 3U, ~0U, 0U) < 0)
        return errno;
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)execvp(command[0], command);
    return errno;
}

/*
 * vfork: we go on when execve has succeeded or failed, not before. So "running" is never said of a command that does not
 * run, a SIGTERM never meets a process group that does not exist yet, and the errno comes back in memory.
 */
static pid_t start_command(const struct options *options, int shim_fd, struct streams streams)
{
    volatile int error = 0;
    pid_t pid = vfork();
    if (pid == 0) {
        error = become_command(options, shim_fd, streams);
        _exit(1);
    }
    if (pid > 0 && error != 0)
        errno = error;
    require(pid < 0 || error != 0 ? -1 : 0, shim_fd, PHASE_EXEC);
    tell(shim_fd, (struct report){.kind = REPORT_RUNNING});
    return pid;
}

/* Reap all there is. Many children can stand behind one SIGCHLD, and children that are not ours by birth come, too. */
static void reap(pid_t command, int shim_fd)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid != command)
            continue;
        tell(shim_fd, (struct report){.kind = REPORT_ENDED, .value = status});
        _exit(0);
    }
}

/*
 * Keep the lock (a free one means that we are gone, too), the shim's socket and our signals, as 0, 1 and 2; close all
 * else. The job's pipe must go: our copy of it would be one that the shim waits for.
 */
static void keep_only(int lock_fd, int shim_fd, int signal_fd)
{
    (void)dup2(lock_fd, 0);
    (void)dup2(shim_fd, 1);
    (void)dup2(signal_fd, 2);
    (void)syscall(SYS_close_range, 3U, ~0U, 0U);
}

/* Wait for children that ended and for the shim's "stop". The command leads its group for good: it is a session leader. */
static _Noreturn void attend(pid_t command, int shim_fd, int signal_fd)
{
    for (;;) {
        struct signalfd_siginfo info;
        struct pollfd fds[] = {{.fd = signal_fd, .events = POLLIN}, {.fd = shim_fd, .events = POLLIN}};
        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[0].revents && read(signal_fd, &info, sizeof info) > 0)
            reap(command, shim_fd);
        if (fds[1].revents) {
            if (recv(shim_fd, &info, 1, MSG_DONTWAIT) <= 0)
                _exit(0); /* the shim is dead, and we would be in a moment */
            (void)kill(-command, SIGTERM);
        }
    }
}

/* SIGCHLD has been blocked since before the shim cloned us: none is lost before the signalfd is read. */
_Noreturn void run_init(const struct options *options, int shim_fd, struct streams streams)
{
    sigset_t child;
    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    int signal_fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    require(signal_fd, shim_fd, PHASE_INIT);
    set_up(options, shim_fd, &streams);
    forget_options(options);
    pid_t command = start_command(options, shim_fd, streams);
    keep_only((int)options->lock_fd, shim_fd, signal_fd);
    attend(command, 1, 2);
}
