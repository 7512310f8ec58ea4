/*
 * check.h: what smtptrapd -n looks at beyond the configuration's text.
 */
#ifndef SMTPTRAP_CHECK_H
#define SMTPTRAP_CHECK_H

#include "conf.h"

/* Read the certificates and keys that the configuration names, as a start would; what is wrong with
 * one is fatal().  Keys that this user may not read are told on standard error, and nothing is
 * checked then. */
void check_tls(const struct conf *conf);

#endif
