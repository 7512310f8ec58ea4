# packaging/: Debian package, systemd units, AppArmor, quickstart.
