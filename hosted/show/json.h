/* SPDX-License-Identifier: BSD-2-Clause */

/* Shared by the files that write the state as JSON. */
#ifndef HOSTED_SHOW_JSON_H
#define HOSTED_SHOW_JSON_H

#include <stdint.h>

#include "hosted/show/json_writer.h"
#include "hosted/show/view.h"

/* The parts: members of the object that is open. */
void json_thread_part(struct json *j, const struct view *view);
void json_queue_part(struct json *j, const struct view *view);
void json_cap_part(struct json *j, const struct view *view);
void json_memory_part(struct json *j, const struct view *view);
void json_time_part(struct json *j, const struct view *view);

/* An object that is pointed to, by its label; null if there is none. */
void json_pointer(struct json *j, const struct view *view, const char *key, uint8_t type,
                  const void *object, uint64_t size);
void json_thread(struct json *j, const struct view *view, const char *key,
                 const struct thread *thread);
/* What a capability says of itself: members of the object that is open. */
void json_cap(struct json *j, const struct view *view, const struct cap *cap);

#endif
