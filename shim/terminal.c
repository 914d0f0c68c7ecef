/*
 * The job's terminal: the first one of its own devpts instance, so that it has a name where the job looks for it, and no
 * terminal of the host is involved. Made by init, whose root that is; the shim gets both ends.
 */
#include "shim.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

/*
 * Text on a terminal is UTF-8 by now: so that erasing a character takes all of its bytes. The rest is as the kernel has
 * it, which is what a person expects who has not called stty(1).
 */
static int expect_utf8(int fd)
{
    struct termios settings;
    if (ioctl(fd, TCGETS, &settings) < 0)
        return -1;
    settings.c_iflag |= IUTF8;
    return ioctl(fd, TCSETS, &settings);
}

int resize_terminal(int fd, uint16_t rows, uint16_t columns)
{
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    return ioctl(fd, TIOCSWINSZ, &size);
}

/*
 * Called as the job's user, who owns the terminal thereby. TIOCGPTPEER (Linux 4.13) opens the slave without a look at any name.
 * The master does not block: that is the shim's end.
 */
int open_terminal(const struct options *options, int fds[ENDS])
{
    int unlocked = 0;
    fds[MASTER] = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fds[MASTER] < 0 || ioctl(fds[MASTER], TIOCSPTLCK, &unlocked) < 0)
        return -1;
    fds[SLAVE] = ioctl(fds[MASTER], TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fds[SLAVE] < 0 || expect_utf8(fds[SLAVE]) < 0)
        return -1;
    return resize_terminal(fds[MASTER], (uint16_t)options->terminal_rows, (uint16_t)options->terminal_columns);
}

/* Make it the controlling terminal of the caller's session, whose leader the caller is, with the caller in front. */
int own_terminal(int slave_fd)
{
    return ioctl(slave_fd, TIOCSCTTY, 0);
}
