/*
 * What the job is fed, as README.md says under "Input": taken from whoever is connected, given to the command's pipe or
 * terminal.
 *
 * Rules: nothing here blocks, and nothing is read that there is no place for. One packet is all that is ever held; while it
 * is, the connection is not polled, so the kernel's buffers fill up, and whoever feeds us waits. What was taken
 * is the job's: it survives the connection, the daemon, and everything but the job.
 */
#include "shim.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <fcntl.h>

enum { CONTENT_BYTES = 65536, CONTENT = 1, END_OF_FILE = 2, SIZE = 3 };
#define CTRL_D '\004'

struct head {
    uint32_t kind;
    uint16_t rows, columns;
    uint64_t offset;
};

struct progress {
    uint64_t taken, closed;
};

/* Static, and not in struct input: a job that is not fed never touches these pages. */
static struct {
    struct head head;
    char content[CONTENT_BYTES];
} packet;

/*
 * The pipe for the command's stdin, if it is to have one; a terminal comes later. Like the output's it is given to the job's
 * user, and our end does not block.
 */
int input_open(struct input *input, const struct options *options, int *command_fd)
{
    *input = (struct input){.listen_fd = -1, .connection_fd = -1, .job_fd = -1};
    if (options->input_fd == ABSENT)
        return 0;
    input->listen_fd = (int)options->input_fd;
    input->is_terminal = options->terminal_rows != ABSENT;
    int ends[2];
    if (input->is_terminal)
        return 0;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    *command_fd = ends[0];
    input->job_fd = ends[1];
    if (fcntl(ends[1], F_SETFL, O_NONBLOCK) < 0)
        return -1;
    return fchown(ends[0], (uid_t)options->uid, (gid_t)options->gid);
}

void input_attach(struct input *input, int master_fd)
{
    input->job_fd = master_fd;
}

static void disconnect(struct input *input)
{
    (void)close(input->connection_fd);
    input->connection_fd = -1;
}

/* The old connection first: with its descriptor there is one for the new, whatever the limit. */
static void connect_next(struct input *input)
{
    if (input->connection_fd >= 0)
        disconnect(input);
    input->connection_fd = accept4(input->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    input->told = false;
}

/* Closing the pipe is how the command learns of the end. A terminal's master stays: the job's output comes from it. */
static void close_input(struct input *input)
{
    if (!input->is_terminal)
        (void)close(input->job_fd);
    input->closed = true;
    input->held = 0;
    input->told = false;
}

/* EPIPE: the command has closed its stdin. Any other error is the end of it, too: there is no way to try again. */
static void give(struct input *input)
{
    ssize_t length = write(input->job_fd, packet.content + input->given, input->held);
    if (length < 0 && errno != EAGAIN && errno != EINTR) {
        close_input(input);
        return;
    }
    if (length > 0) {
        input->given += (size_t)length;
        input->held -= (size_t)length;
    }
    if (input->held == 0 && input->ended)
        close_input(input);
}

static void hold(struct input *input, size_t length)
{
    input->given = 0;
    input->held = length;
    give(input);
}

static void take_content(struct input *input, size_t length)
{
    if (input->closed || packet.head.offset != input->taken || length == 0)
        return;
    input->taken += length;
    hold(input, length);
}

static void take_end(struct input *input)
{
    if (input->closed || packet.head.offset != input->taken)
        return;
    input->ended = true;
    packet.content[0] = CTRL_D;
    if (input->is_terminal)
        hold(input, 1);
    else
        close_input(input);
}

/*
 * Nothing is held when a packet is read: input_poll() sees to that. Without a head, or longer than one may be, it is none of
 * ours. ECONNRESET comes once, before the last packets of a caller that died without having read all that we told it.
 */
static void take_packet(struct input *input)
{
    ssize_t length = recv(input->connection_fd, &packet, sizeof packet, MSG_TRUNC);
    if (length < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNRESET))
        return;
    if (length <= 0) {
        disconnect(input);
        return;
    }
    input->told = false;
    if ((size_t)length < sizeof packet.head || (size_t)length > sizeof packet)
        return;
    if (packet.head.kind == CONTENT)
        take_content(input, (size_t)length - sizeof packet.head);
    else if (packet.head.kind == END_OF_FILE)
        take_end(input);
    else if (packet.head.kind == SIZE && input->is_terminal)
        (void)resize_terminal(input->job_fd, packet.head.rows, packet.head.columns);
}

/* One that has left need not be told, and what it sent before is still to be read. */
static void tell_progress(struct input *input)
{
    struct progress progress = {.taken = input->taken, .closed = input->closed};
    ssize_t length = send(input->connection_fd, &progress, sizeof progress, MSG_NOSIGNAL);
    input->told = length >= 0 || (errno != EAGAIN && errno != EINTR);
}

/*
 * What to wait for. A connection that does not read what we tell it is not read from either. One that we do not wait for
 * is left out, and not given no events: poll(2) would tell of its end again and again. The pipe is always there: that its
 * reader has closed is an event without being asked for.
 */
void input_poll(const struct input *input, struct pollfd fds[INPUT_POLLED])
{
    bool is_ready = input->job_fd >= 0;
    bool is_heard = !input->told || input->held == 0;
    fds[0] = (struct pollfd){.fd = is_ready ? input->listen_fd : -1, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = is_heard ? input->connection_fd : -1, .events = input->told ? POLLIN : POLLOUT};
    fds[2] = (struct pollfd){.fd = input->closed ? -1 : input->job_fd, .events = input->held > 0 ? POLLOUT : 0};
}

void input_attend(struct input *input, const struct pollfd fds[INPUT_POLLED])
{
    if (fds[2].revents & (POLLERR | POLLHUP | POLLNVAL))
        close_input(input);
    else if (fds[2].revents)
        give(input);
    if (fds[1].revents && input->told)
        take_packet(input);
    if (input->connection_fd >= 0 && !input->told)
        tell_progress(input);
    if (fds[0].revents)
        connect_next(input);
}
