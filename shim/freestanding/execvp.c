/* execvp(3) for the freestanding build: the search along PATH, and the shell for a text without `#!`. */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Returns only if it fails. On the stack, as the caller may share its memory with its parent (vfork). */
static void execute(const char *path, char *const *argv)
{
    (void)syscall(SYS_execve, path, argv, environ);
    if (errno != ENOEXEC)
        return;
    size_t count = 0;
    while (argv[count])
        count++;
    const char **words = __builtin_alloca((count + 2) * sizeof *words);
    words[0] = "/bin/sh";
    words[1] = path;
    for (size_t i = 1; i <= count; i++)
        words[i + 1] = argv[i];
    (void)syscall(SYS_execve, words[0], words, environ);
}

static const char *search_path(void)
{
    for (char **word = environ; *word; word++)
        if (strncmp(*word, "PATH=", 5) == 0)
            return *word + 5;
    return "/bin:/usr/bin";
}

/* One folder of PATH; an empty one is the working directory. Returns what follows it, NULL at the end. */
static const char *try_folder(const char *folder, const char *name, char *const *argv)
{
    char path[PATH_MAX];
    const char *end = folder;
    while (*end && *end != ':')
        end++;
    size_t length = (size_t)(end - folder), name_length = strlen(name);
    errno = ENOENT;
    if (length + name_length + 2 <= sizeof path) {
        (void)memcpy(path, folder, length);
        path[length] = '/';
        (void)memcpy(path + length + (length > 0), name, name_length + 1);
        execute(path, argv);
    }
    return *end ? end + 1 : NULL;
}

int execvp(const char *name, char *const argv[])
{
    errno = *name ? ENAMETOOLONG : ENOENT;
    if (*name == '\0' || (!strchr(name, '/') && strlen(name) > NAME_MAX))
        return -1;
    if (strchr(name, '/'))
        return execute(name, argv), -1;
    int denied = 0;
    for (const char *folder = search_path(); folder;) {
        folder = try_folder(folder, name, argv);
        if (errno == EACCES)
            denied = 1;
        else if (errno != ENOENT && errno != ENOTDIR && errno != ESTALE && errno != ENODEV && errno != ETIMEDOUT)
            return -1;
    }
    errno = denied ? EACCES : errno;
    return -1;
}
