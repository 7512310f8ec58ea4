/*
 * rule_compile.h: from rules as they were written to rules that can be evaluated.
 */
#ifndef SMTPTRAP_RULE_COMPILE_H
#define SMTPTRAP_RULE_COMPILE_H

#include "arena.h"
#include "conf.h"
#include "rule_ast.h"

/*
 * Compile the rules and read the files that they name, by the opener, into the arena.  conf says
 * which listeners, arms and profiles there are; NULL: any is taken for known.  What is wrong goes
 * to errors; if nothing is, *rules_r has the rules, which live as long as the arena.  Returns 0, also after errors, or ERR_MEMORY.
 */
int rule_compile(const struct rules **rules_r, const struct rule_list *list, struct arena *arena,
		 const struct conf_opener *opener, const struct conf *conf,
		 struct conf_errors *errors);

/*
 * Read the file at path, which holds rules or blocks of rules, and compile it.  Returns 0,
 * ERR_FORMAT if anything is wrong (see errors), or ERR_MEMORY.
 */
int rule_load(const struct rules **rules_r, const char *path, struct arena *arena,
	      const struct conf_opener *opener, struct conf_errors *errors);

#endif
