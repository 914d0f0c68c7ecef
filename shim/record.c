/*
 * The exit record: the one thing about a job that must not be lost.
 *
 * Its space is allocated before the job starts, so that a job which fills the disk cannot cost us its own ending. It is
 * written under a temporary name and renamed: whoever sees `exit` sees all of it.
 */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORD_BYTES = 16384, COUNTER_BYTES = 4096, TRAILER_BYTES = sizeof "end\n" };

static const char *const CAUSE_NAMES[] = {
    [CAUSE_EXITED] = "exited",
    [CAUSE_STOPPED] = "stopped",
    [CAUSE_TIMEOUT] = "timeout",
    [CAUSE_START_FAILED] = "start-failed",
};

static const char *const PHASE_NAMES[] = {
    [PHASE_SETUP] = "setup",       [PHASE_CLONE] = "clone", [PHASE_INIT] = "init", [PHASE_CGROUP] = "cgroup",
    [PHASE_HOSTNAME] = "hostname", [PHASE_MOUNT] = "mount", [PHASE_USER] = "user", [PHASE_WORKDIR] = "workdir", [PHASE_TERMINAL] = "terminal", [PHASE_SECCOMP] = "seccomp",
    [PHASE_EXEC] = "exec",
};

struct text {
    char *bytes;
    size_t length, capacity;
};

/* Add a line, or nothing at all if it does not fit. */
static void __attribute__((format(printf, 2, 3))) add(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t room = text->capacity - text->length;
    int length = vsnprintf(text->bytes + text->length, room, format, arguments);
    va_end(arguments);
    if (length > 0 && (size_t)length < room)
        text->length += (size_t)length;
}

/* Read the start of a small file; -1 if it cannot be read. Kernel files may come in pieces, hence the loop. */
static ssize_t read_counter(const char *path, char *buffer, size_t capacity)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -1;
    size_t length = 0;
    ssize_t got = 0;
    while (length < capacity && (got = read(fd, buffer + length, capacity - length)) > 0)
        length += (size_t)got;
    (void)close(fd);
    return got < 0 ? -1 : (ssize_t)length;
}

/* A counter that cannot be read, or no longer fits into the record, is left out: unknown is not zero. */
static void add_counter(struct text *text, const char *path)
{
    char buffer[COUNTER_BYTES];
    ssize_t length = read_counter(path, buffer, sizeof buffer);
    if (length < 0)
        return;
    size_t before = text->length;
    add(text, "counter %s %zd\n", path, length);
    if (text->length == before || text->capacity - text->length < (size_t)length + 1) {
        text->length = before;
        return;
    }
    for (ssize_t i = 0; i < length; i++)
        text->bytes[text->length++] = buffer[i];
    text->bytes[text->length++] = '\n';
}

static void compose(struct text *text, const struct options *options, const struct ending *ending, const struct log *log)
{
    add(text, "joblet-exit 1\ncause %s\n", CAUSE_NAMES[ending->cause]);
    if (ending->has_wait_status)
        add(text, "wait-status %d\n", ending->wait_status);
    if (ending->cause == CAUSE_START_FAILED)
        add(text, "error %s %d\n", PHASE_NAMES[ending->phase], ending->error);
    if (ending->started_ns)
        add(text, "started %llu\n", (unsigned long long)ending->started_ns);
    add(text, "ended %llu\n", (unsigned long long)ending->ended_ns);
    add(text, "log-bytes %llu\n", (unsigned long long)log->bytes);
    add(text, "dropped-bytes %llu\n", (unsigned long long)log->dropped);
    for (size_t i = 0; i < options->counter_count; i++)
        add_counter(text, options->counters[i]);
    text->capacity += TRAILER_BYTES;
    add(text, "end\n");
}

/*
 * Create exit.tmp (never one that exists) with its space, beyond its end: so it need not be cut to size later, which costs
 * more than to write it. A file system that cannot allocate gets zeros.
 */
int record_open(int dir_fd)
{
    int fd = openat(dir_fd, "exit.tmp", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, RECORD_BYTES) == 0)
        return fd;
    static const char zeros[RECORD_BYTES];
    if (errno == EOPNOTSUPP && pwrite(fd, zeros, sizeof zeros, 0) == sizeof zeros)
        return fd;
    int error = errno;
    (void)close(fd);
    errno = error;
    return -1;
}

static int cut(int fd, size_t length)
{
    struct stat now;
    if (fstat(fd, &now) < 0)
        return -1;
    return (size_t)now.st_size > length ? ftruncate(fd, (off_t)length) : 0;
}

/*
 * Write, rename, sync. In this order one commit of the journal makes both the text and the name durable, where the other
 * takes two. A crash of the host in between may leave `exit` empty; that is what its last line, "end", is for.
 */
int record_write(int record_fd, const struct options *options, const struct ending *ending, const struct log *log)
{
    static char bytes[RECORD_BYTES];
    struct text text = {.bytes = bytes, .capacity = sizeof bytes - TRAILER_BYTES};
    compose(&text, options, ending, log);
    int dir_fd = (int)options->dir_fd;
    if (pwrite(record_fd, bytes, text.length, 0) != (ssize_t)text.length || cut(record_fd, text.length) < 0)
        return -1;
    if (renameat(dir_fd, "exit.tmp", dir_fd, "exit") < 0)
        return -1;
    return fdatasync(record_fd) < 0 || fsync(dir_fd) < 0 ? -1 : 0;
}
