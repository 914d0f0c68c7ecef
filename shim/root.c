/*
 * The private root: a small tmpfs that shows read-only pieces of the host, kernel file systems of its own, /tmp and /work.
 *
 * The order is the security argument. First the pieces of the host are cloned, detached from any tree, and made read-only
 * there: at no moment is one of them visible and writable. Then the new root is entered and the old one is gone. Only
 * then are names made and mounts attached: whatever symbolic links there are, no path can lead to the host any more.
 *
 * Binds take the new mount calls (open_tree, mount_setattr, move_mount; Linux 5.12), because mount(2) can make a recursive
 * bind read-only only afterwards, mount by mount. They are called by number: C libraries learned them late, and the
 * header that has their constants cannot be included beside <sys/mount.h> everywhere.
 */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#define UMOUNT_DETACH 2 /* MNT_DETACH of <sys/mount.h> */

#define GUARDED (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

/* Empty, read-only, cloned over whatever is to be hidden, and unlinked in the end: a clone does not need its name. */
#define EMPTY_FILE "/.empty-file"
#define EMPTY_FOLDER "/.empty-folder"

static int mount_new(const char *type, const char *path, unsigned long flags, const char *words)
{
    return (int)syscall(SYS_mount, type, path, type, flags, words);
}

/* A detached copy of a mount, with attributes set before anybody can see it. Returns its descriptor. */
static int clone_tree(int at_fd, const char *path, unsigned recursive, uint64_t attributes)
{
    struct mount_attr set = {.attr_set = attributes};
    int fd = (int)syscall(SYS_open_tree, at_fd, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | recursive);
    if (fd < 0)
        return -1;
    if (syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | recursive, &set, sizeof set) == 0)
        return fd;
    int error = errno;
    (void)close(fd);
    errno = error;
    return -1;
}

/* Put a detached tree at a path, and let go of it. */
static int attach(int tree_fd, const char *path)
{
    int result = (int)syscall(
        SYS_move_mount, tree_fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS);
    int error = errno;
    (void)close(tree_fd);
    errno = error;
    return result;
}

/* Cover `path` with a clone of `source`, which may be the same path. */
static int cover(const char *path, const char *source, uint64_t attributes)
{
    int fd = clone_tree(AT_FDCWD, source, 0, attributes);
    return fd < 0 ? -1 : attach(fd, path);
}

/*
 * Before the pivot, in the still empty root (so that no name can be a link to elsewhere): the devices. Where we may not
 * make one (EPERM: no CAP_MKNOD, or a device cgroup), the host's own is bound.
 */
static int make_devices(void)
{
    static const struct {
        const char *path;
        unsigned major, minor;
    } DEVICES[] = {
        {"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
        {"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0},
    };
    if (mkdir("dev", 0755) < 0)
        return -1;
    for (size_t i = 0; i < sizeof DEVICES / sizeof DEVICES[0]; i++) {
        const char *host_path = DEVICES[i].path, *path = host_path + 1;
        if (mknod(path, S_IFCHR | 0666, makedev(DEVICES[i].major, DEVICES[i].minor)) == 0)
            continue;
        if (errno != EPERM || mknod(path, S_IFREG | 0444, 0) < 0)
            return -1;
        if (cover(path, host_path, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC) < 0)
            return -1;
    }
    return 0;
}

/* Swap the roots on the spot, the old one on top, and take it away: pivot_root(2), "pivot_root(".", ".")". */
static int enter_root(void)
{
    if (syscall(SYS_pivot_root, ".", ".") < 0 || syscall(SYS_umount2, ".", UMOUNT_DETACH) < 0)
        return -1;
    return chdir("/");
}

/*
 * /proc, /dev and the private temporary folders. devpts: a new instance each time, ptmx usable by all, ttys 0620, and so many
 * at most, for all instances share the 3072 that kernel.pty.max leaves: one job could keep every other from its terminal.
 */
static int make_kernel_folders(uint64_t tmp_bytes)
{
    static const char *const LINKS[][2] = {
        {"/proc/self/fd", "/dev/fd"},
        {"/proc/self/fd/0", "/dev/stdin"},
        {"/proc/self/fd/1", "/dev/stdout"},
        {"/proc/self/fd/2", "/dev/stderr"},
        {"pts/ptmx", "/dev/ptmx"},
    };
    static const char *const FOLDERS[] = {"/proc", "/dev/pts", "/dev/shm", "/tmp", "/work", EMPTY_FOLDER};
    const unsigned long quiet = MS_NOSUID | MS_NODEV;
    char words[64];
    (void)snprintf(words, sizeof words, "mode=1777,size=%llu", (unsigned long long)tmp_bytes);
    const char *tmp_words = tmp_bytes > 0 ? words : "mode=1777";
    for (size_t i = 0; i < sizeof FOLDERS / sizeof FOLDERS[0]; i++)
        if (mkdir(FOLDERS[i], 0755) < 0)
            return -1;
    for (size_t i = 0; i < sizeof LINKS / sizeof LINKS[0]; i++)
        if (symlink(LINKS[i][0], LINKS[i][1]) < 0)
            return -1;
    if (mount_new("proc", "/proc", quiet | MS_NOEXEC, NULL) < 0)
        return -1;
    if (mount_new("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620,max=64") < 0)
        return -1;
    if (mount_new("tmpfs", "/dev/shm", quiet, tmp_words) < 0 || mount_new("tmpfs", "/tmp", quiet, tmp_words) < 0)
        return -1;
    return mknod(EMPTY_FILE, S_IFREG | 0444, 0);
}

/* Make the folders above `path`. EEXIST wins over EROFS in the kernel, so a path below an earlier bind is fine. */
static int make_parents(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int result = mkdir(path, 0755);
        *slash = '/';
        if (result < 0 && errno != EEXIST)
            return -1;
    }
    return 0;
}

/* Attach a cloned piece of the host at its own path: a folder on a folder, a file on a file. */
static int attach_bind(int tree_fd, char *path)
{
    struct stat source;
    if (fstat(tree_fd, &source) < 0 || make_parents(path) < 0)
        return -1;
    int result = S_ISDIR(source.st_mode) ? mkdir(path, 0755) : mknod(path, S_IFREG | 0444, 0);
    if (result < 0 && errno != EEXIST)
        return -1;
    return attach(tree_fd, path);
}

/* Hide what is there: what is not there needs no hiding. */
static int hide(const char *path)
{
    struct stat there;
    if (stat(path, &there) < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
    return cover(path, S_ISDIR(there.st_mode) ? EMPTY_FOLDER : EMPTY_FILE, GUARDED | MOUNT_ATTR_NOEXEC);
}

/*
 * What of /proc is not about processes: to user 0 it is writable even without any capability. The same parts that
 * bubblewrap and runc cover. What this kernel does not have is skipped.
 */
static int guard_proc(void)
{
    static const char *const READ_ONLY[] = {
        "/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs"};
    static const char *const HIDDEN[] = {"/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/latency_stats"};
    for (size_t i = 0; i < sizeof READ_ONLY / sizeof READ_ONLY[0]; i++)
        if (cover(READ_ONLY[i], READ_ONLY[i], GUARDED | MOUNT_ATTR_NOEXEC) < 0 && errno != ENOENT)
            return -1;
    for (size_t i = 0; i < sizeof HIDDEN / sizeof HIDDEN[0]; i++)
        if (hide(HIDDEN[i]) < 0)
            return -1;
    return 0;
}

/* The --ro-bind and --symlink steps in the order given, then every --hide, so that none can be undone by its place. */
static int take_steps(const struct options *options, const int *trees)
{
    for (size_t i = 0; i < options->step_count; i++) {
        const struct step *step = &options->steps[i];
        if (step->kind == STEP_RO_BIND && attach_bind(trees[i], step->path) < 0)
            return -1;
        if (step->kind == STEP_SYMLINK && (make_parents(step->path) < 0 || symlink(step->target, step->path) < 0))
            return -1;
    }
    for (size_t i = 0; i < options->step_count; i++)
        if (options->steps[i].kind == STEP_HIDE && hide(options->steps[i].path) < 0)
            return -1;
    return 0;
}

static int finish_root(void)
{
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
    if (unlink(EMPTY_FILE) < 0 || rmdir(EMPTY_FOLDER) < 0)
        return -1;
    return (int)syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, &read_only, sizeof read_only);
}

/*
 * Make the root and enter it; called in the job's directory. Private and not slave propagation: a mount that the host makes below a bound folder later
 * would otherwise arrive in the job, writable. The new root is mounted over the job's own `work`, in our mount namespace
 * only: so no name of the host is needed as a mount point.
 */
int make_root(const struct options *options)
{
    int trees[MAX_STEPS];
    if (syscall(SYS_mount, NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return -1;
    for (size_t i = 0; i < options->step_count; i++) {
        const struct step *step = &options->steps[i];
        trees[i] = step->kind == STEP_RO_BIND ? clone_tree(AT_FDCWD, step->path, AT_RECURSIVE, GUARDED) : -1;
        if (step->kind == STEP_RO_BIND && trees[i] < 0)
            return -1;
    }
    int work_fd = clone_tree(AT_FDCWD, "work", 0, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
    if (work_fd < 0 || mount_new("tmpfs", "work", MS_NOSUID, "mode=755") < 0 || chdir("work") < 0)
        return -1;
    if (make_devices() < 0 || enter_root() < 0 || make_kernel_folders(options->tmp_bytes) < 0)
        return -1;
    if (attach(work_fd, "/work") < 0 || take_steps(options, trees) < 0 || guard_proc() < 0)
        return -1;
    return finish_root();
}
