/* SPDX-License-Identifier: BSD-2-Clause */

/* Playing inputs. */
#include <string.h>

#include "fuzz/finds/child.h"
#include "fuzz/finds/finds.h"

bool finds_open(const struct finds_words *words, struct finds_player *player)
{
    struct sim_error error;
    memset(player, 0, sizeof *player);
    player->world = world_create(&error);
    if (player->world == NULL) {
        finds_complain(words, "the world cannot be made: %s", error.text);
        return false;
    }
    player->oracle = oracle_create(player->world, words->level);
    if (player->oracle == NULL) {
        finds_complain(words, "out of memory");
        finds_close(player);
        return false;
    }
    return true;
}

void finds_close(struct finds_player *player)
{
    if (player->oracle != NULL) {
        oracle_free(player->oracle);
    }
    if (player->world != NULL) {
        world_destroy(player->world);
    }
    memset(player, 0, sizeof *player);
}

struct job {
    const struct finds_player *player;
    const struct input *input;
    FILE *log; /* May be null. */
};

/* Full oracles look, too, but only when the root task has written nearly everything anew. */
static bool is_reset(struct world *world, struct oracle_find *find)
{
    char what[256];
    world_reset(world, world->topology);
    return world_is_reset(world, what, sizeof what) ||
           oracle_fail(find, "residue", "not as built after a reset: %s", what);
}

/* In the child. */
static bool play(void *context, struct oracle_find *find)
{
    const struct job *job = context;
    struct play_options options = {.log = job->log};
    bool found = !play_input(job->player->world, job->player->oracle, job->input, &options);
    if (job->log != NULL) {
        fflush(job->log);
    }
    if (found) {
        *find = *oracle_find(job->player->oracle);
    }
    return found || !is_reset(job->player->world, find);
}

bool finds_try(const struct finds_player *player, const struct input *input, uint32_t seconds,
               struct oracle_find *find)
{
    return finds_try_logged(player, input, seconds, NULL, find);
}

bool finds_try_logged(const struct finds_player *player, const struct input *input,
                      uint32_t seconds, FILE *log, struct oracle_find *find)
{
    struct job job = {player, input, log};
    return child_run(play, &job, seconds, find);
}
