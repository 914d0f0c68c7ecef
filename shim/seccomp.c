/*
 * The system calls a job has no business with: those that have opened the kernel to unprivileged users time and again, and
 * those that only an administrator needs. A list of what is refused and not of what is allowed: jobs are arbitrary
 * programs, and this is the second line of defence. The first is that they have no privilege.
 *
 * Refused means EPERM, and ENOSYS for clone3, whose flags a filter cannot see: libc then falls back to clone.
 */
#include "shim.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <asm/termbits.h>
#include <asm/ioctls.h>
#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE_ARCH AUDIT_ARCH_RISCV64
#else
#error "add the AUDIT_ARCH of this architecture, and check the order of clone's arguments in clone(2)"
#endif

/* Newer than the oldest headers we build with; the numbers are the same on all architectures since 424. */
#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

/* x86-64 has a second numbering behind the same arch value (x32); it is foreign, too. */
#define X32_BIT 0x40000000U

static const uint32_t REFUSED[] = {
    SYS_setns, SYS_mount, SYS_umount2, SYS_pivot_root,
    SYS_open_tree, SYS_open_tree_attr, SYS_move_mount, SYS_mount_setattr,
    SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick,
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_open_by_handle_at,
    SYS_keyctl, SYS_add_key, SYS_request_key,
    SYS_kexec_load, SYS_kexec_file_load, SYS_init_module, SYS_finit_module, SYS_delete_module,
    SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register,
};
enum { REFUSED_COUNT = sizeof REFUSED / sizeof REFUSED[0] };

/* The lower half of an argument: the kernel itself looks at no more of clone's flags and of ioctl's command. */
#define LOWER_HALF (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0)
#define ARGUMENT(n) ((uint32_t)offsetof(struct seccomp_data, args[n]) + LOWER_HALF)

#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offset))
#define UNLESS_EQUAL_SKIP(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skip))
#define UNLESS_ANY_BIT_SKIP(bits, skip) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), 0, (skip))
#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define ALLOW ANSWER(SECCOMP_RET_ALLOW)
#define REFUSE(error) ANSWER(SECCOMP_RET_ERRNO | (error))

#define REFUSE_NEW_USER_NAMESPACE(number) \
    UNLESS_EQUAL_SKIP(number, 4), LOAD(ARGUMENT(0)), UNLESS_ANY_BIT_SKIP(CLONE_NEWUSER, 1), REFUSE(EPERM), ALLOW

static const struct sock_filter HEAD[] = {
    LOAD(offsetof(struct seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0),
    REFUSE(EPERM),
    LOAD(offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1),
    REFUSE(EPERM),
    UNLESS_EQUAL_SKIP(SYS_clone3, 1),
    REFUSE(ENOSYS),
    REFUSE_NEW_USER_NAMESPACE(SYS_clone),
    REFUSE_NEW_USER_NAMESPACE(SYS_unshare),
    UNLESS_EQUAL_SKIP(SYS_ioctl, 6),
    LOAD(ARGUMENT(1)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TIOCSTI, 2, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TIOCSETD, 1, 0), /* has the kernel load the module of a line discipline */
    UNLESS_EQUAL_SKIP(TIOCLINUX, 1),
    REFUSE(EPERM),
    ALLOW,
};
enum { HEAD_COUNT = sizeof HEAD / sizeof HEAD[0] };

/* A program in the making: the head, then a tree over the numbers that are refused. */
struct program {
    struct sock_filter steps[HEAD_COUNT + 4 * REFUSED_COUNT];
    size_t length;
};

static void emit(struct program *program, struct sock_filter step)
{
    program->steps[program->length++] = step;
}

/* By insertion: the numbers are in nobody's order, and another one on each architecture. */
static void sort(uint32_t *numbers, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j > 0 && numbers[j - 1] > numbers[j]; j--) {
            uint32_t larger = numbers[j - 1];
            numbers[j - 1] = numbers[j];
            numbers[j] = larger;
        }
}

/*
 * Refuse these numbers, allow all others. A tree, because the kernel tries every system call on a new filter to learn which
 * it always allows: with one comparison after the other that took 93 us of each job's start, so it takes 30.
 */
static void emit_tree(struct program *program, const uint32_t *numbers, size_t count)
{
    if (count <= 2) {
        for (size_t i = 0; i < count; i++) {
            emit(program, (struct sock_filter)UNLESS_EQUAL_SKIP(numbers[i], 1));
            emit(program, (struct sock_filter)REFUSE(EPERM));
        }
        emit(program, (struct sock_filter)ALLOW);
        return;
    }
    size_t fork = program->length, half = count / 2;
    emit(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, numbers[half], 0, 0));
    emit_tree(program, numbers, half);
    program->steps[fork].jt = (uint8_t)(program->length - fork - 1);
    emit_tree(program, numbers + half, count - half);
}

/* Install it for ourselves, and so for the command. Needs no_new_privs, which drop_privileges() has set. */
int install_filter(void)
{
    struct program program = {.length = 0};
    uint32_t numbers[REFUSED_COUNT];
    for (size_t i = 0; i < HEAD_COUNT; i++)
        emit(&program, HEAD[i]);
    for (size_t i = 0; i < REFUSED_COUNT; i++)
        numbers[i] = REFUSED[i];
    sort(numbers, REFUSED_COUNT);
    emit_tree(&program, numbers, REFUSED_COUNT);
    struct sock_fprog filter = {.len = (unsigned short)program.length, .filter = program.steps};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);
}
