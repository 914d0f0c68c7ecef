/*
 * What the parts of joblet-shim share. README.md beside this file is the contract with the caller.
 *
 * The files, in the order of a job's life:
 *
 *   options.c       argv into numbers and paths; wrong usage ends here
 *   joblet-shim.c   the outside: claims the job's directory, spawns init, drains, stops, ends
 *   init.c          the inside: PID 1 of the job; sets up, starts the command, reaps, reports
 *   root.c          the private root
 *   user.c          every privilege dropped
 *   seccomp.c       the system calls a job has no business with
 *   terminal.c      the job's terminal, if it is to have one
 *   input.c         what the job is fed: connections, backpressure, the end of file
 *   log.c           output.log: the cap, the notices
 *   record.c        the exit record
 *
 * Nothing allocates memory. What is set up is reported by return values: 0, or -1 with errno set.
 */
#ifndef JOBLET_SHIM_H
#define JOBLET_SHIM_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { MAX_STEPS = 64, MAX_JOINS = 16, MAX_COUNTERS = 16 };

/* A number option that was not given. No option can have this value: see the table in options.c. */
#define ABSENT UINT64_MAX

/* One --ro-bind, --symlink or --hide, in the order given. `path` is cut and mended while its parents are made. */
struct step {
    enum { STEP_RO_BIND, STEP_SYMLINK, STEP_HIDE } kind;
    char *path;
    const char *target; /* of a symbolic link */
};

struct options {
    uint64_t dir_fd, lock_fd, status_fd, cgroup_fd, shim_cgroup_fd;
    uint64_t uid, gid;
    uint64_t input_fd, terminal_rows, terminal_columns;
    uint64_t tmp_bytes, log_max_bytes, timeout_ms, grace_ms;
    const char *hostname;
    const char *workdir;
    uint64_t joins[MAX_JOINS];
    size_t join_count;
    const char *counters[MAX_COUNTERS];
    size_t counter_count;
    struct step steps[MAX_STEPS];
    size_t step_count;
    char **command;
    char *words; /* where the options begin in memory; they end where the command begins */
};

/* The steps of set-up, as the exit record names them: PHASE_NAMES in record.c. */
enum phase {
    PHASE_SETUP,
    PHASE_CLONE,
    PHASE_INIT,
    PHASE_CGROUP,
    PHASE_HOSTNAME,
    PHASE_MOUNT,
    PHASE_USER,
    PHASE_WORKDIR,
    PHASE_TERMINAL,
    PHASE_SECCOMP,
    PHASE_EXEC,
};

/* What the shim tells init, as packets of one byte. */
#define ORDER_GO "g"   /* the job's directory is ours: the command may start */
#define ORDER_STOP "s" /* SIGTERM for the command; before ORDER_GO: do not start it */

/* What init tells the shim: one packet each. */
struct report {
    enum {
        REPORT_TERMINAL,  /* with both of its ends: enum end */
        REPORT_EXECUTING, /* from the command-to-be, just before execve: the kernel adds its pid */
        REPORT_RUNNING,   /* execve has succeeded */
        REPORT_ENDED,     /* value: the command's wait status */
        REPORT_FAILED,    /* value: the errno of the phase that failed */
    } kind;
    enum phase phase;
    int value;
};

/* The descriptors of a terminal: the one that plays the person's part, and the one that the job sees. */
enum end { MASTER, SLAVE, ENDS };

/* What the command gets as stdin, and as stdout and stderr. -1: nothing yet, or /dev/null. */
struct streams {
    int input_fd, output_fd;
};

struct input {
    int listen_fd;     /* -1: the job is not fed */
    int connection_fd; /* who feeds it; -1: nobody at the moment */
    int job_fd;        /* the pipe, or the terminal's master; -1: not yet */
    bool is_terminal;
    bool closed;    /* the job takes no more */
    bool ended;     /* no more is to come: closed, as soon as nothing is held */
    bool told;      /* the connection knows of `taken` and `closed` */
    uint64_t taken; /* bytes, in all */
    size_t given, held; /* of the content of the packet: with the job, and to come after that */
};

struct log {
    int fd;
    uint64_t cap;     /* 0: none */
    uint64_t bytes;   /* the size of the file */
    uint64_t dropped; /* output that is not in it */
    bool closed;      /* nothing more will be written */
    char last;        /* the last byte written */
};

enum cause { CAUSE_EXITED, CAUSE_STOPPED, CAUSE_TIMEOUT, CAUSE_START_FAILED };

struct ending {
    enum cause cause;
    bool has_wait_status;
    int wait_status;
    enum phase phase; /* with CAUSE_START_FAILED */
    int error;
    uint64_t started_ns, ended_ns; /* wall clock; 0: never */
};

void complain(const char *what);
void parse_options(int argc, char **argv, struct options *options);

_Noreturn void run_init(const struct options *options, int shim_fd, struct streams streams);
int make_root(const struct options *options);
int drop_privileges(uid_t uid, gid_t gid);
int install_filter(void);
int open_terminal(const struct options *options, int fds[ENDS]);
int own_terminal(int slave_fd);
int resize_terminal(int fd, uint16_t rows, uint16_t columns);

enum { INPUT_POLLED = 3 };
int input_open(struct input *input, const struct options *options, int *command_fd);
void input_attach(struct input *input, int master_fd);
void input_poll(const struct input *input, struct pollfd fds[INPUT_POLLED]);
void input_attend(struct input *input, const struct pollfd fds[INPUT_POLLED]);

int log_open(struct log *log, int dir_fd, uint64_t cap);
void log_append(struct log *log, const char *chunk, size_t length);
void log_notice(struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_sync(const struct log *log);

int record_open(int dir_fd);
int record_write(int record_fd, const struct options *options, const struct ending *ending, const struct log *log);

#endif
