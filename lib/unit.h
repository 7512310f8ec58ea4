/*
 * unit.h: units of sizes, in bytes, and of durations, in microseconds.
 */
#ifndef SMTPTRAP_UNIT_H
#define SMTPTRAP_UNIT_H

#define KIB 1024ull
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define TIB (1024 * GIB)
#define PIB (1024 * TIB)

#define MILLISECOND 1000ull
#define SECOND (1000 * MILLISECOND)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define YEAR (365 * DAY)

#endif
