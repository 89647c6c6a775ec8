/* SPDX-License-Identifier: BSD-2-Clause */

/* The web page that shows a timeline (view.html), as a string. */
#ifndef HOSTED_TIMELINE_PAGE_H
#define HOSTED_TIMELINE_PAGE_H

extern const char timeline_page[];

/* Stands in the page, once, where the timeline goes. */
#define TIMELINE_PAGE_DATA "TIMELINE_DATA"

#endif
