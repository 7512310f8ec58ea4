/*
 * metrics.h: counters of the running trap as text for Prometheus.
 */
#ifndef SMTPTRAP_METRICS_H
#define SMTPTRAP_METRICS_H

#include "boards.h"
#include "buf.h"

#define METRICS_PAGE_MAX (256u * 1024) /* all lists together make some 15 KiB */

enum metrics_format {
	METRICS_OPENMETRICS, /* OpenMetrics 1.0 */
	METRICS_PROMETHEUS,  /* the text format before it, version 0.0.4 */
};

/* The media type of a format, for Content-Type. */
const char *metrics_type(enum metrics_format format);

/* Put the page; without boards (NULL) it says only that the trap is not there. */
void metrics_put(struct buf *to, enum metrics_format format, const struct boards *b);

/*
 * Serve one HTTP request that comes from fd `in` with an answer to fd `out`, in at most
 * METRICS_TIMEOUT_S seconds: GET or HEAD of /metrics gets the page, made of the boards of the
 * master at this socket.  Returns whether an answer was sent whole.
 */
#define METRICS_TIMEOUT_S 5
#define METRICS_PATH "/metrics"
bool metrics_serve(int in, int out, const char *status_socket);

#endif
