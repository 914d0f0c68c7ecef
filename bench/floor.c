/*
 * The floor: what the kernel itself takes for one isolated command. clone3 into the same namespaces as joblet-shim, the
 * same private root (made by the very same root.c), execve, reaped. Nothing else: no init, no privileges dropped, no output
 * captured, no record. Called with the shim's own options; runs the command once for each line on stdin, and answers with
 * the nanoseconds from before clone3 to after waitpid.
 */
#include "shim.h"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

/* Run the command once; return its wait status, or -1. */
static int run_once(const struct options *options)
{
    struct clone_args arguments = {
        .flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP,
        .exit_signal = SIGCHLD,
    };
    int status = -1;
    pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0) {
        if (make_root(options) == 0)
            (void)execvp(options->command[0], options->command);
        (void)fprintf(stderr, "floor: %s\n", strerror(errno));
        _exit(126);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

int main(int argc, char **argv)
{
    struct options options;
    parse_options(argc, argv, &options);
    (void)umask(0);
    if (fchdir((int)options.dir_fd) < 0)
        return 1;
    while (getchar() != EOF) {
        uint64_t start = now_ns();
        int status = run_once(&options);
        uint64_t end = now_ns();
        if (status != 0)
            return 1;
        (void)printf("%llu\n", (unsigned long long)(end - start));
        (void)fflush(stdout);
    }
    return 0;
}
