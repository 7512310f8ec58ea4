/*
 * slow_clock.h: looks at the clock between which time passes; the program is linked with
 * --wrap=clock_us.
 */
#ifndef SMTPTRAP_SLOW_CLOCK_H
#define SMTPTRAP_SLOW_CLOCK_H

#include <stdint.h>

uint64_t __real_clock_us(void);
uint64_t __wrap_clock_us(void);

static uint64_t look_takes; /* microseconds that pass with each look at the clock */
static uint64_t passed;     /* so far */

uint64_t __wrap_clock_us(void)
{
	passed += look_takes;
	return __real_clock_us() + passed;
}

#endif
