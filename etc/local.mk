# etc/: the sample configuration.
