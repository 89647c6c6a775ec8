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
};

static bool play(void *context, struct oracle_find *find)
{
    const struct job *job = context;
    bool found = !play_input(job->player->world, job->player->oracle, job->input, NULL);
    if (found) {
        *find = *oracle_find(job->player->oracle);
    }
    return found;
}

bool finds_try(const struct finds_player *player, const struct input *input, uint32_t seconds,
               struct oracle_find *find)
{
    struct job job = {player, input};
    return child_run(play, &job, seconds, find);
}
