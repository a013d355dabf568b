/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/seccomp.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#define FOREIGN                                                                                    \
    0x40000000u /* numbers from here on are of x32, whose calls have other arguments   \
                             */
#define RESULT(context) ((context)->uc_mcontext.gregs[REG_RAX])
#elif defined(__aarch64__) && defined(__AARCH64EL__)
#define MACHINE         AUDIT_ARCH_AARCH64
#define RESULT(context) ((context)->uc_mcontext.regs[0])
#endif

/* ---- the program ----------------------------------------------------------------------------- */

/* Kernels before 5.11 run all of it for each call; later ones only where arguments matter. So what
 * a read takes comes first, and the rest is found by halves. */
static const uint32_t first[] = {__NR_pread64,    __NR_writev, __NR_read,
                                 __NR_newfstatat, __NR_fstat,  __NR_futex};

struct program {
    struct sock_filter *out;
    unsigned len;
    enum syscall_user user;
};

static unsigned emit(struct program *p, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
    if (p->len < SECCOMP_PROGRAM_MOST) {
        p->out[p->len] = (struct sock_filter){code, yes, no, k};
    }
    return p->len++;
}

static void give(struct program *p, uint32_t verdict)
{
    emit(p, BPF_RET | BPF_K, verdict, 0, 0);
}

static void load(struct program *p, size_t offset)
{
    emit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void masked(struct program *p, uint32_t mask)
{
    if (mask != UINT32_MAX) {
        emit(p, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
    }
}

/* Goes on if the term holds. All values have 32 bits. */
static void hold(struct program *p, const struct syscall_term *t)
{
    size_t at = offsetof(struct seccomp_data, args) + 8 * (size_t)t->argument;
    if (t->mask >> 32) {
        load(p, at + 4);
        masked(p, (uint32_t)(t->mask >> 32));
        emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
        give(p, SECCOMP_RET_TRAP);
    }
    load(p, at);
    masked(p, (uint32_t)t->mask);
    for (uint8_t i = 0; i < t->count; i++) {
        uint32_t value = t->values[i] == SYSCALL_SELF ? (uint32_t)getpid() : (uint32_t)t->values[i];
        emit(p, BPF_JMP | BPF_JEQ | BPF_K, value, (uint8_t)(t->count - i), 0);
    }
    give(p, SECCOMP_RET_TRAP);
}

/* What becomes of the call of that rule. */
static void decide(struct program *p, const struct syscall_rule *r)
{
    for (unsigned i = 0; i < SYSCALL_TERMS && r->terms[i].count; i++) {
        hold(p, &r->terms[i]);
    }
    give(p, r->absent ? SECCOMP_RET_ERRNO | ENOSYS : SECCOMP_RET_ALLOW);
}

/* Which of rules [0, count), in the order of their numbers, it is. The number is loaded. */
static void emit_search(struct program *p, const struct syscall_rule *const *rules, uint32_t count)
{
    if (count == 1) {
        emit(p, BPF_JMP | BPF_JEQ | BPF_K, rules[0]->number, 1, 0);
        give(p, SECCOMP_RET_TRAP);
        decide(p, rules[0]);
        return;
    }
    uint32_t half = count / 2;
    emit(p, BPF_JMP | BPF_JGE | BPF_K, rules[half]->number, 0, 1);
    unsigned jump = emit(p, BPF_JMP | BPF_JA, 0, 0, 0);
    emit_search(p, rules, half);
    if (jump < SECCOMP_PROGRAM_MOST) {
        p->out[jump].k = p->len - jump - 1;
    }
    emit_search(p, rules + half, count - half);
}

static int by_number(const void *a, const void *b)
{
    const struct syscall_rule *const *left = a;
    const struct syscall_rule *const *right = b;
    return ((*left)->number > (*right)->number) - ((*left)->number < (*right)->number);
}

static void check_machine(struct program *p, uint32_t machine)
{
    load(p, offsetof(struct seccomp_data, arch));
    emit(p, BPF_JMP | BPF_JEQ | BPF_K, machine, 1, 0);
    give(p, SECCOMP_RET_TRAP);
    load(p, offsetof(struct seccomp_data, nr));
#ifdef FOREIGN
    emit(p, BPF_JMP | BPF_JGE | BPF_K, FOREIGN, 0, 1);
    give(p, SECCOMP_RET_TRAP);
#endif
}

int seccomp_program(enum syscall_user user, struct sock_filter *out)
{
#ifdef MACHINE
    struct program p = {out, 0, user};
    const struct syscall_rule *rules[512];
    uint32_t count = 0;
    for (uint32_t i = 0; i < syscall_rule_count && count < ARRAY_LEN(rules); i++) {
        if (syscall_rules[i].users & user) {
            rules[count++] = &syscall_rules[i];
        }
    }
    qsort(rules, count, sizeof(*rules), by_number);
    check_machine(&p, MACHINE);
    for (size_t i = 0; i < ARRAY_LEN(first); i++) {
        emit(&p, BPF_JMP | BPF_JEQ | BPF_K, first[i], 0, 1);
        give(&p, SECCOMP_RET_ALLOW);
    }
    emit_search(&p, rules, count);
    return p.len <= SECCOMP_PROGRAM_MOST ? (int)p.len : -EOVERFLOW;
#else
    (void)user;
    (void)out;
    return -ENOTSUP;
#endif
}

/* ---- what it refuses ------------------------------------------------------------------------- */

enum { NUMBERS = 1024 }; /* a larger one counts as the last */

static _Atomic uint64_t refused[NUMBERS / 64]; /* a bit a number: to be told of */
static _Atomic uint64_t told[NUMBERS / 64];
static atomic_bool news;

#ifdef MACHINE
static void note_refused(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    ucontext_t *machine = context;
    unsigned number =
        (unsigned)info->si_syscall < NUMBERS ? (unsigned)info->si_syscall : NUMBERS - 1;
    RESULT(machine) = -ENOSYS;
    atomic_fetch_or(&refused[number / 64], UINT64_C(1) << (number % 64));
    atomic_store(&news, true);
}

static errint catch_refusals(void)
{
    struct sigaction action = {.sa_sigaction = note_refused,
                               .sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART};
    sigset_t ours;
    sigemptyset(&action.sa_mask);
    sigemptyset(&ours);
    sigaddset(&ours, SIGSYS);
    return sigaction(SIGSYS, &action, NULL) != 0 || sigprocmask(SIG_UNBLOCK, &ours, NULL) != 0
               ? -errno
               : 0;
}
#endif

int seccomp_refused(void)
{
    if (!atomic_load_explicit(&news, memory_order_relaxed) || !atomic_exchange(&news, false)) {
        return -1;
    }
    for (unsigned i = 0; i < NUMBERS / 64; i++) {
        uint64_t more = atomic_load(&refused[i]) & ~atomic_load(&told[i]);
        uint64_t bit = more & -more;
        if (bit && !(atomic_fetch_or(&told[i], bit) & bit)) {
            atomic_store(&news, true); /* perhaps there are more */
            return (int)(64 * i) + __builtin_ctzll(bit);
        }
    }
    return -1;
}

errint seccomp_enter(enum syscall_user user)
{
#ifdef MACHINE
    struct sock_filter *filter = calloc(SECCOMP_PROGRAM_MOST, sizeof(*filter));
    if (!filter) {
        return -ENOMEM;
    }
    int len = seccomp_program(user, filter);
    errint rc = len < 0 ? len : catch_refusals();
    struct sock_fprog program = {(unsigned short)(len < 0 ? 0 : len), filter};
    /* Without this flag older kernels slow the process down, so that what it runs cannot spy on
     * itself: it runs nobody else's code. */
    if (rc == 0 && syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW,
                           &program) != 0) {
        rc = errno == EINVAL && syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0
                 ? 0
                 : -errno;
    }
    free(filter);
    return rc;
#else
    (void)user;
    return -ENOTSUP;
#endif
}
