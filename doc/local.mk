# doc/: manual pages and PROCESSES.md.
