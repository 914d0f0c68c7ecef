/*
 * The outside: one shim per job, in the host's namespaces. README.md is the contract.
 *
 * It claims the job's directory, spawns init (clone3(2) into new namespaces), and then sits in one poll loop: init's
 * reports, signals, the job's output and input, the end of init, and at most one deadline. When init is gone, the kernel has ended
 * everything in its pid namespace (pid_namespaces(7)), so what is left in the pipe is all there will ever be; it goes to
 * the log, and the record is written last.
 *
 * All signals stay blocked for good and arrive on a signalfd: no handler, no EINTR, no async-signal-safety question.
 */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK_BYTES = 65536, OWN_POLLED = 4, POLLED = OWN_POLLED + INPUT_POLLED };
#define NS_PER_MS 1000000ULL
#define NS_PER_S 1000000000ULL

#ifdef __SANITIZE_ADDRESS__
/* For the tests under ASan: there is no other way to an option, since our environment is the command's. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0:abort_on_error=1";
}
#endif

struct job {
    const struct options *options;
    struct log log;
    struct input input;
    struct ending ending;
    int record_fd;
    int signal_fd;
    int output_fd;  /* read end of the job's stdout and stderr, or its terminal's master; -1 once it has ended */
    int slave_fd;   /* the terminal's other end, so that it is never without one; -1: there is no terminal */
    int init_fd;    /* init's reports, and our "stop" to it; -1 once init has closed it */
    int init_pidfd; /* -1 while there is no init */
    pid_t command_pid;
    bool running;    /* execve has succeeded */
    bool over;       /* the cause is settled: the command has ended, or never started */
    bool stopping;   /* SIGTERM is on its way; the deadline is that of the grace period */
    uint64_t deadline; /* monotonic nanoseconds; 0: none */
};

static uint64_t now_ns(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Only where there can be no record: until the directory is claimed, and when the record itself cannot be written. */
static _Noreturn void bail(const char *what)
{
    char line[128];
    (void)snprintf(line, sizeof line, "cannot %s: %s", what, strerror(errno));
    complain(line);
    exit(1);
}

/*
 * Default dispositions for all, everything blocked. The system call, because sigaction(3) refuses the two signals that
 * glibc keeps for itself, and the command must find those at their default, too. SIGCHLD matters to us: whoever ignores
 * it gets no wait status.
 */
static void block_signals(void)
{
    static const uint64_t default_action[4];
    for (int number = 1; number < 65; number++)
        (void)syscall(SYS_rt_sigaction, number, default_action, NULL, sizeof(uint64_t));
    sigset_t all;
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, NULL);
}

/*
 * Go on as a new process that is born in another cgroup, a child of our caller's, and end this one. Writing ourselves to
 * its cgroup.procs would do without a new process, but takes the kernel's cgroup_threadgroup_rwsem: measured 8 ms, in
 * which nobody on the host can fork, against 0.4 ms.
 */
static void be_reborn(const struct options *options)
{
    struct clone_args arguments = {
        .flags = CLONE_INTO_CGROUP | CLONE_PARENT, /* with which exit_signal must be 0: it is ours */
        .cgroup = options->shim_cgroup_fd,
    };
    pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0)
        return;
    if (pid < 0)
        bail("enter the shim's cgroup");
    char line[32];
    int length = snprintf(line, sizeof line, "shim %d\n", (int)pid);
    (void)!write((int)options->status_fd, line, (size_t)length);
    _exit(0);
}

/*
 * Make the directory ours. A lock that is held by another process means that a shim of this job lives; an exit.tmp that
 * exists, that one has: a directory is used once.
 *
 * This happens while init sets up, on another processor: it takes the disk about as long. If it fails we exit, and init,
 * which has had no order to start the command, goes with us.
 */
static void claim_directory(struct job *job)
{
    const struct options *options = job->options;
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl((int)options->lock_fd, F_SETLK, &whole) < 0 || write((int)options->lock_fd, "\n", 1) != 1)
        bail("lock the job's directory");
    job->record_fd = record_open((int)options->dir_fd);
    if (job->record_fd < 0)
        bail("create exit.tmp");
    if (log_open(&job->log, (int)options->dir_fd, options->log_max_bytes) < 0)
        bail("open output.log");
}

static void fail_start(struct job *job, enum phase phase, int error)
{
    job->over = true;
    job->deadline = 0;
    job->ending.cause = CAUSE_START_FAILED;
    job->ending.phase = phase;
    job->ending.error = error;
}

/*
 * The pipe is given to the job's user, for whoever opens /dev/stderr opens the pipe anew and
 * needs the permission. Our end does not block: after the job's death a stranger that was handed the other end must not
 * make us wait.
 */
static int open_output(struct job *job, int *command_fd)
{
    int output[2];
    if (pipe2(output, O_CLOEXEC) < 0)
        return -1;
    job->output_fd = output[0];
    *command_fd = output[1];
    if (fcntl(output[0], F_SETFL, O_NONBLOCK) < 0)
        return -1;
    return fchown(output[1], (uid_t)job->options->uid, (gid_t)job->options->gid);
}

/*
 * The descriptors of the loop, and the job's directory as our working directory for init's sake: its descriptor belongs to
 * a mount of our namespace, which init can do nothing with, but a working directory moves along into a new one.
 *
 * SO_PASSCRED: the kernel then tells us the sender's pid in our numbering.
 */
static int open_descriptors(struct job *job, struct streams *streams, int *shim_fd)
{
    const struct options *options = job->options;
    if (fchdir((int)options->dir_fd) < 0)
        return -1;
    sigset_t wanted;
    (void)sigemptyset(&wanted);
    (void)sigaddset(&wanted, SIGTERM);
    (void)sigaddset(&wanted, SIGUSR1);
    job->signal_fd = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    int talk[2], yes = 1;
    if (job->signal_fd < 0 || input_open(&job->input, options, &streams->input_fd) < 0)
        return -1;
    if (!job->input.is_terminal && open_output(job, &streams->output_fd) < 0)
        return -1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, talk) < 0)
        return -1;
    job->init_fd = talk[0];
    *shim_fd = talk[1];
    return setsockopt(talk[0], SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes);
}

/*
 * The cgroup namespace is not made here but by init, once it has joined its cgroups: a cgroup namespace is rooted where
 * its maker is at that moment, and with CLONE_INTO_CGROUP that would still be our own cgroup.
 */
static pid_t clone_init(struct job *job)
{
    uint64_t cgroup_fd = job->options->cgroup_fd;
    struct clone_args arguments = {
        .flags = CLONE_PIDFD | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS,
        .pidfd = (uint64_t)(uintptr_t)&job->init_pidfd,
        .exit_signal = SIGCHLD,
    };
    if (cgroup_fd != ABSENT) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = cgroup_fd;
    }
    return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
}

/* The kernel may kill anybody but us when memory is short: we hold the ending. Best effort: it needs CAP_SYS_RESOURCE. */
static void protect_from_oom(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)!write(fd, "-999", 4);
    (void)close(fd);
}

static void spawn_init(struct job *job)
{
    struct streams streams = {.input_fd = -1, .output_fd = -1};
    int shim_fd = -1;
    if (open_descriptors(job, &streams, &shim_fd) < 0) {
        fail_start(job, PHASE_SETUP, errno);
        return;
    }
    pid_t pid = clone_init(job);
    if (pid == 0) {
        /* init must not hold our end: that it closes is how init learns of our death. */
        (void)close(job->init_fd);
        run_init(job->options, shim_fd, streams);
    }
    if (pid < 0)
        fail_start(job, PHASE_CLONE, errno);
    /* The kernel queues a new process behind its parent; what we do next is better done while init waits for something. */
    (void)sched_yield();
    (void)close(streams.input_fd);
    (void)close(streams.output_fd);
    (void)close(shim_fd);
}

static void order(const struct job *job, const char *what)
{
    (void)send(job->init_fd, what, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Kill everything. init is PID 1 of its namespace: with it, the kernel ends all others. */
static void kill_everything(struct job *job)
{
    job->deadline = 0;
    (void)syscall(SYS_pidfd_send_signal, job->init_pidfd, SIGKILL, NULL, 0);
}

/*
 * Begin to stop. init passes SIGTERM on: it alone reaps the command, so it alone knows that the process group is still
 * the command's. A packet and not a signal to init, because the job could keep a signal of its own pending there, and a
 * second one of the same number is lost. During set-up init finds the packet before it starts the command.
 */
static void begin_stop(struct job *job, enum cause cause)
{
    if (job->over || job->stopping)
        return;
    job->stopping = true;
    job->ending.cause = cause;
    job->deadline = now_ns(CLOCK_MONOTONIC) + job->options->grace_ms * NS_PER_MS;
    order(job, ORDER_STOP);
}

static void take_signal(struct job *job)
{
    struct signalfd_siginfo info;
    while (read(job->signal_fd, &info, sizeof info) == sizeof info) {
        begin_stop(job, CAUSE_STOPPED);
        if (info.ssi_signo == SIGUSR1)
            kill_everything(job);
    }
}

static void tell_running(struct job *job)
{
    char line[32];
    job->running = true;
    job->ending.started_ns = now_ns(CLOCK_REALTIME);
    if (job->options->timeout_ms > 0 && !job->stopping)
        job->deadline = now_ns(CLOCK_MONOTONIC) + job->options->timeout_ms * NS_PER_MS;
    int length = snprintf(line, sizeof line, "running %d\n", (int)job->command_pid);
    (void)!write((int)job->options->status_fd, line, (size_t)length);
}

static void command_not_executed(struct job *job, const struct report *report)
{
    if (job->stopping)
        return; /* it was not to start anyway */
    fail_start(job, report->phase, report->value);
    if (report->phase == PHASE_EXEC || report->phase == PHASE_WORKDIR)
        log_notice(&job->log, "joblet: cannot run %s: %s", job->options->command[0], strerror(report->value));
}

/* Both ends of the terminal, or none of them: we may have no more descriptors than this. The command has not started. */
static void take_terminal(struct job *job, const int fds[ENDS])
{
    if (fds[SLAVE] < 0) {
        fail_start(job, PHASE_TERMINAL, EMFILE);
        kill_everything(job);
        return;
    }
    job->slave_fd = fds[SLAVE];
    job->output_fd = fds[MASTER];
    input_attach(&job->input, fds[MASTER]);
}

static void take_report(struct job *job, const struct report *report, pid_t sender, const int fds[ENDS])
{
    switch (report->kind) {
    case REPORT_TERMINAL:
        take_terminal(job, fds);
        break;
    case REPORT_EXECUTING:
        job->command_pid = sender;
        break;
    case REPORT_RUNNING:
        tell_running(job);
        break;
    case REPORT_ENDED:
        job->over = true;
        job->deadline = 0;
        job->ending.has_wait_status = true;
        job->ending.wait_status = report->value;
        break;
    case REPORT_FAILED:
        command_not_executed(job, report);
        break;
    }
}

/*
 * Receive one report; false when there is none. At end of file the socket leaves the poll set: it would stay readable.
 * ECONNRESET comes before the last reports of an init that died without having read our order, and only once.
 */
static bool receive_report(struct job *job)
{
    struct report report;
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(ENDS * sizeof(int))];
    } control;
    struct ucred sender = {0};
    int fds[ENDS] = {-1, -1};
    struct iovec part = {&report, sizeof report};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t length = recvmsg(job->init_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (length < 0 && errno == ECONNRESET)
        length = recvmsg(job->init_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (length != sizeof report) {
        job->init_fd = -1;
        return false;
    }
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_type == SCM_CREDENTIALS)
            memcpy(&sender, CMSG_DATA(header), sizeof sender);
        else if (header->cmsg_len == CMSG_LEN(sizeof fds))
            memcpy(fds, CMSG_DATA(header), sizeof fds);
    }
    take_report(job, &report, sender.pid, fds);
    return true;
}

/* Copy at most `limit` bytes of output; return how many. read(2) and write(2): splice(2) raised no inotify event before 6.5. */
static size_t copy_output(struct job *job, size_t limit)
{
    static char chunk[CHUNK_BYTES];
    ssize_t length = read(job->output_fd, chunk, limit < sizeof chunk ? limit : sizeof chunk);
    if (length > 0)
        log_append(&job->log, chunk, (size_t)length);
    else if (length == 0 || errno != EAGAIN)
        job->output_fd = -1;
    return length > 0 ? (size_t)length : 0;
}

/*
 * CLOCK_MONOTONIC, which stands still while the host is suspended: a job is granted so much time of a running host, and
 * must not find itself timed out on waking up. Hence poll's own timeout will do, and no timerfd is needed.
 */
static int wait_for_events(const struct job *job, struct pollfd fds[POLLED])
{
    struct timespec left = {0};
    if (job->deadline > 0) {
        uint64_t now = now_ns(CLOCK_MONOTONIC);
        uint64_t ns = job->deadline > now ? job->deadline - now : 0;
        left.tv_sec = (time_t)(ns / NS_PER_S);
        left.tv_nsec = (long)(ns % NS_PER_S);
    }
    fds[0] = (struct pollfd){.fd = job->init_fd, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = job->signal_fd, .events = POLLIN};
    fds[2] = (struct pollfd){.fd = job->output_fd, .events = POLLIN};
    fds[3] = (struct pollfd){.fd = job->init_pidfd, .events = POLLIN};
    input_poll(&job->input, fds + OWN_POLLED);
    return ppoll(fds, POLLED, job->deadline > 0 ? &left : NULL, NULL);
}

/*
 * From here on we may no longer give up: somebody's job is running. Reports are read before signals, so that a stop which
 * comes after the command's end finds it ended.
 */
static void supervise(struct job *job)
{
    for (;;) {
        struct pollfd fds[POLLED];
        if (wait_for_events(job, fds) < 0)
            continue;
        if (fds[0].revents)
            while (receive_report(job))
                ;
        if (fds[1].revents)
            take_signal(job);
        if (fds[2].revents)
            (void)copy_output(job, CHUNK_BYTES);
        input_attend(&job->input, fds + OWN_POLLED);
        if (fds[3].revents)
            return;
        if (job->deadline > 0 && now_ns(CLOCK_MONOTONIC) >= job->deadline) {
            if (job->stopping)
                kill_everything(job);
            else
                begin_stop(job, CAUSE_TIMEOUT);
        }
    }
}

/*
 * init is gone, and with it everybody who wrote. What the pipe holds now is the rest of the output; no more than that is
 * read, for a process outside the job may have been handed the other end and could keep us here for ever. What a terminal
 * holds cannot be asked for (FIONREAD does not count what is on its way to the master), but it is less than a chunk
 * (pty_common_install() in the kernel), and reading brings all of it (n_tty_read(): tty_buffer_flush_work()).
 */
static void settle(struct job *job)
{
    while (job->init_fd >= 0 && receive_report(job))
        ;
    int left = 0, copied = 1;
    if (job->slave_fd >= 0)
        left = CHUNK_BYTES;
    else if (job->output_fd >= 0)
        (void)ioctl(job->output_fd, FIONREAD, &left);
    for (; left > 0 && copied > 0 && job->output_fd >= 0; left -= copied)
        copied = (int)copy_output(job, (size_t)left);
    if (!job->running && !job->stopping && !job->over)
        fail_start(job, PHASE_INIT, EOWNERDEAD); /* it was killed before it could say anything */
    (void)waitid(P_PIDFD, (id_t)job->init_pidfd, &(siginfo_t){0}, WEXITED);
}

int main(int argc, char **argv)
{
    struct options options;
    struct job job = {.options = &options, .output_fd = -1, .slave_fd = -1, .init_fd = -1, .init_pidfd = -1};
    parse_options(argc, argv, &options);
    block_signals();
    if (options.shim_cgroup_fd != ABSENT)
        be_reborn(&options);
    (void)setsid();
    (void)umask(0);
    spawn_init(&job);
    claim_directory(&job);
    if (job.init_pidfd >= 0) {
        take_signal(&job); /* a stop that came before: then init finds the order to stop first */
        order(&job, ORDER_GO);
        protect_from_oom();
        supervise(&job);
        settle(&job);
    }
    log_sync(&job.log);
    job.ending.ended_ns = now_ns(CLOCK_REALTIME);
    if (record_write(job.record_fd, &options, &job.ending, &job.log) < 0)
        bail("write the exit record");
    return 0;
}
