/* SPDX-License-Identifier: Apache-2.0 */
#include "propose/prover.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/thread.h"

struct run {
    const struct prover_crew *crew;
    prover_work *work;
    void *context;
    uint64_t count;
    _Atomic uint64_t next;
    atomic_int rc; /* the first failure */
};

static errint prover_init(struct prover *p, const struct prover_crew *crew)
{
    *p = (struct prover){0};
    arena_init(&p->arena);
    arena_init(&p->making);
    diag_init(&p->diag);
    for (unsigned end = 0; end < 2; end++) {
        p->readers[end] =
            (struct reader){.catalog = crew->catalogs[end], .verified = crew->verified[end]};
        p->blocks[end] = malloc(PROVER_BLOCK);
    }
    return p->blocks[0] && p->blocks[1] ? 0 : -ENOMEM;
}

static void prover_fini(struct prover *p)
{
    for (unsigned end = 0; end < 2; end++) {
        reader_fini(&p->readers[end]);
        free(p->blocks[end]);
    }
    arena_fini(&p->arena);
    arena_fini(&p->making);
    diag_fini(&p->diag);
}

static void *work_on(void *data)
{
    struct run *run = data;
    CLEANUP(prover_fini) struct prover p;
    errint rc = prover_init(&p, run->crew);
    while (rc == 0 && atomic_load(&run->rc) == 0) {
        uint64_t i = atomic_fetch_add(&run->next, 1);
        if (i >= run->count) {
            return NULL;
        }
        rc = run->work(run->context, &p, i);
        arena_reset(&p.arena);
        arena_reset(&p.making);
    }
    int none = 0;
    atomic_compare_exchange_strong(&run->rc, &none, rc);
    return NULL;
}

errint provers_run(const struct prover_crew *crew, uint64_t count, prover_work *work, void *context)
{
    struct run run = {.crew = crew, .work = work, .context = context, .count = count};
    unsigned most = crew->threads < count ? crew->threads : (unsigned)count;
    CLEANUP_FREE pthread_t *others = calloc((size_t)most + 1, sizeof(*others));
    if (!others) {
        return -ENOMEM;
    }
    unsigned started = 0;
    while (started + 1 < most && thread_start(&others[started], work_on, &run) == 0) {
        started++; /* fewer than asked for are enough */
    }
    work_on(&run);
    for (unsigned i = 0; i < started; i++) {
        pthread_join(others[i], NULL);
    }
    return atomic_load(&run.rc);
}
