# src/: the programs.
