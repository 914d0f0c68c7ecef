/*
 * argv into numbers and paths.
 *
 * Not getopt_long(3): it permutes, takes abbreviations, and knows no option with two values. Here each option is exactly
 * what the contract says, given at most once unless it is repeatable, and everything else is refused before any file is
 * touched.
 */
#include "shim.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MS_MAX 1000000000000ULL /* 31 years: any sum of two, in nanoseconds, fits 64 bits */
#define BYTES_MAX INT64_MAX     /* off_t */
#define ID_MAX (UINT32_MAX - 1) /* the last one means "do not change", setresuid(2) */

static const struct number {
    const char *name;
    size_t offset;
    uint64_t maximum;
    bool required;
    uint64_t otherwise;
} NUMBERS[] = {
    {"--dir-fd", offsetof(struct options, dir_fd), INT_MAX, true, 0},
    {"--lock-fd", offsetof(struct options, lock_fd), INT_MAX, true, 0},
    {"--status-fd", offsetof(struct options, status_fd), INT_MAX, true, 0},
    {"--cgroup-fd", offsetof(struct options, cgroup_fd), INT_MAX, false, ABSENT},
    {"--shim-cgroup-fd", offsetof(struct options, shim_cgroup_fd), INT_MAX, false, ABSENT},
    {"--uid", offsetof(struct options, uid), ID_MAX, true, 0},
    {"--gid", offsetof(struct options, gid), ID_MAX, true, 0},
    {"--input-fd", offsetof(struct options, input_fd), INT_MAX, false, ABSENT},
    {"--terminal-rows", offsetof(struct options, terminal_rows), UINT16_MAX, false, ABSENT},
    {"--terminal-columns", offsetof(struct options, terminal_columns), UINT16_MAX, false, ABSENT},
    {"--tmp-bytes", offsetof(struct options, tmp_bytes), BYTES_MAX, false, 0},
    {"--log-max-bytes", offsetof(struct options, log_max_bytes), BYTES_MAX, false, 0},
    {"--timeout-ms", offsetof(struct options, timeout_ms), MS_MAX, false, 0},
    {"--grace-ms", offsetof(struct options, grace_ms), MS_MAX, false, 100},
};
enum { NUMBER_COUNT = sizeof NUMBERS / sizeof NUMBERS[0] };

/* One line on stderr, in one piece. */
void complain(const char *what)
{
    char line[300];
    int length = snprintf(line, sizeof line, "joblet-shim: %s\n", what);
    (void)!write(STDERR_FILENO, line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
}

static uint64_t *field(struct options *options, const struct number *number)
{
    return (uint64_t *)((char *)options + number->offset);
}

/* Wrong usage: one line on stderr, exit 2. Nothing has been touched yet, so there is nothing to undo. */
static _Noreturn void __attribute__((format(printf, 1, 2))) refuse(const char *format, ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    complain(line);
    exit(2);
}

/* Decimal digits and nothing else: strtoull(3) would take spaces and a sign, and wrap a minus around. */
static uint64_t parse_number(const char *name, const char *text, uint64_t maximum)
{
    if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0')
        refuse("%s: expected a decimal number, got '%s'", name, text);
    uint64_t value = 0;
    for (const char *digit = text; *digit; digit++) {
        uint64_t units = (uint64_t)(*digit - '0');
        if (value > (maximum - units) / 10)
            refuse("%s: expected at most %llu, got '%s'", name, (unsigned long long)maximum, text);
        value = value * 10 + units;
    }
    return value;
}

static void add_step(struct options *options, int kind, char *path, const char *target)
{
    if (path[0] != '/' || path[strspn(path, "/")] == '\0')
        refuse("expected an absolute path below /, got '%s'", path);
    if (options->step_count == MAX_STEPS)
        refuse("more than %d of --ro-bind, --symlink and --hide", MAX_STEPS);
    options->steps[options->step_count++] = (struct step){.kind = kind, .path = path, .target = target};
}

/* A newline in a counter's path could forge a line of the exit record. */
static void add_counter(struct options *options, const char *path)
{
    if (path[0] != '/' || strchr(path, '\n'))
        refuse("--counter: expected an absolute path of one line, got '%s'", path);
    if (options->counter_count == MAX_COUNTERS)
        refuse("more than %d of --counter", MAX_COUNTERS);
    options->counters[options->counter_count++] = path;
}

static void add_join(struct options *options, const char *text)
{
    if (options->join_count == MAX_JOINS)
        refuse("more than %d of --join-fd", MAX_JOINS);
    options->joins[options->join_count++] = parse_number("--join-fd", text, INT_MAX);
}

static bool take_number(struct options *options, const char *name, const char *value)
{
    for (size_t i = 0; i < NUMBER_COUNT; i++) {
        if (strcmp(name, NUMBERS[i].name) != 0)
            continue;
        if (*field(options, &NUMBERS[i]) != ABSENT)
            refuse("%s: given twice", name);
        *field(options, &NUMBERS[i]) = parse_number(name, value, NUMBERS[i].maximum);
        return true;
    }
    return false;
}

/* Take the option at argv[0] with its values; return how many words it was. argv ends with a NULL. */
static int take_option(struct options *options, char **argv)
{
    const char *name = argv[0];
    char *value = argv[1];
    if (strncmp(name, "--", 2) != 0)
        refuse("expected an option or --, got '%s'", name);
    if (!value)
        refuse("%s: unknown, or its value is missing", name);
    if (take_number(options, name, value))
        return 2;
    if (strcmp(name, "--hostname") == 0)
        options->hostname = value;
    else if (strcmp(name, "--workdir") == 0)
        options->workdir = value;
    else if (strcmp(name, "--join-fd") == 0)
        add_join(options, value);
    else if (strcmp(name, "--counter") == 0)
        add_counter(options, value);
    else if (strcmp(name, "--ro-bind") == 0)
        add_step(options, STEP_RO_BIND, value, NULL);
    else if (strcmp(name, "--hide") == 0)
        add_step(options, STEP_HIDE, value, NULL);
    else if (strcmp(name, "--symlink") == 0 && argv[2])
        return add_step(options, STEP_SYMLINK, argv[2], value), 3;
    else
        refuse("%s: unknown, or a value is missing", name);
    return 2;
}

/* Fill `options` from argv, or exit with 2. */
void parse_options(int argc, char **argv, struct options *options)
{
    *options = (struct options){0};
    for (size_t i = 0; i < NUMBER_COUNT; i++)
        *field(options, &NUMBERS[i]) = ABSENT;
    int at = 1;
    while (at < argc && strcmp(argv[at], "--") != 0)
        at += take_option(options, argv + at);
    for (size_t i = 0; i < NUMBER_COUNT; i++) {
        if (*field(options, &NUMBERS[i]) != ABSENT)
            continue;
        if (NUMBERS[i].required)
            refuse("%s is required", NUMBERS[i].name);
        *field(options, &NUMBERS[i]) = NUMBERS[i].otherwise;
    }
    bool has_rows = options->terminal_rows != ABSENT, has_columns = options->terminal_columns != ABSENT;
    if (has_rows != has_columns || (has_rows && options->input_fd == ABSENT))
        refuse("expected --terminal-rows and --terminal-columns together, and --input-fd with them");
    if (at + 1 >= argc)
        refuse("expected -- and a command");
    options->words = argv[1];
    options->command = argv + at + 1;
}
