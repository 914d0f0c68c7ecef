/*
 * output.log: what the job wrote, as it came.
 *
 * Rule: the log is always a prefix of the output, plus at most one notice. After the first byte that could not be kept
 * (the cap, a full disk) nothing more is written, even if there were room again: a hole in the middle that nobody sees
 * is worse than an end that the exit record states.
 */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

/* The caller may have created it, empty, so that a reader can watch it from the start. */
int log_open(struct log *log, int dir_fd, uint64_t cap)
{
    *log = (struct log){.cap = cap, .last = '\n'};
    log->fd = openat(dir_fd, "output.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return log->fd < 0 ? -1 : 0;
}

/* Write until all is written or the log is closed by an error; return what is left over. */
static size_t append(struct log *log, const char *chunk, size_t length)
{
    while (length > 0 && !log->closed) {
        ssize_t written = write(log->fd, chunk, length);
        if (written < 0) {
            if (errno != EINTR)
                log->closed = true;
            continue;
        }
        log->bytes += (uint64_t)written;
        log->last = written > 0 ? chunk[written - 1] : log->last;
        chunk += written;
        length -= (size_t)written;
    }
    return length;
}

/* Add output. What does not fit under the cap, or cannot be written, is counted as dropped. */
void log_append(struct log *log, const char *chunk, size_t length)
{
    size_t room = length;
    if (log->cap > 0 && !log->closed && length > log->cap - log->bytes)
        room = log->cap - log->bytes;
    size_t left = append(log, chunk, room);
    log->dropped += left + (length - room);
    if (room < length && !log->closed) {
        log_notice(log, "joblet: output limit of %llu bytes reached, the rest is discarded", (unsigned long long)log->cap);
        log->closed = true;
    }
}

/* Add a line of our own, on a line of its own. One that is longer than the buffer (a long command) is cut. */
void log_notice(struct log *log, const char *format, ...)
{
    char line[512] = "\n";
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line + 1, sizeof line - 1, format, arguments);
    va_end(arguments);
    if (length < 0)
        return;
    size_t end = (size_t)length < sizeof line - 2 ? (size_t)length : sizeof line - 3;
    line[1 + end] = '\n';
    size_t skipped = log->last == '\n';
    (void)append(log, line + skipped, end + 2 - skipped);
}

/*
 * Put the output on the disk before the record says how much there is of it: a host that crashes in between has then lost the
 * end, not the output. Best effort; a job that wrote nothing pays nothing.
 */
void log_sync(const struct log *log)
{
    if (log->bytes > 0)
        (void)fdatasync(log->fd);
}
