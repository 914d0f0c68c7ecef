/*
 * Every privilege dropped, for good: user, groups, capabilities, keyring; nothing gives any of them back, not even an exec
 * by user 0 (capabilities(7): with the bounding and inheritable sets empty, such an exec gains nothing).
 */
#include "shim.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The bounding set, one by one until the kernel knows no more: asking /proc for the last would cost a file. */
static int drop_bounding_set(void)
{
    for (unsigned long capability = 0; prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; capability++)
        ;
    return errno == EINVAL ? 0 : -1;
}

/*
 * A keyring of the job's own, for the one it inherited is the daemon's. While we are still user 0, for it is charged to
 * its maker: 200 keys are all that an ordinary user may have by default (keyrings(7)). No keys in this kernel is fine.
 */
static int leave_session_keyring(void)
{
    return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS ? -1 : 0;
}

/* All three sets at once; the ambient one follows (capset(2)). Leaving user 0 alone would keep the inheritable one. */
static int drop_capability_sets(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {0};
    return (int)syscall(SYS_capset, &header, none);
}

/* Become `uid`:`gid`. Not dumpable: the command will have the same user, and must not trace or read its init. */
int drop_privileges(uid_t uid, gid_t gid)
{
    if (leave_session_keyring() < 0 || drop_bounding_set() < 0)
        return -1;
    if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
        return -1;
    if (drop_capability_sets() < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -1;
    return prctl(PR_SET_DUMPABLE, 0);
}
