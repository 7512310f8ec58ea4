# src/: the programs.

# The TLS engine of a worker, the key holder, and what the master does for both.
TLS_SOURCES = \
	src/heap_fill.c src/heap_fill.h \
	src/key_store.c src/key_store.h \
	src/keyholder.c src/keyholder.h \
	src/keyholder_give.c \
	src/tls.c src/tls.h src/tls_internal.h \
	src/tls_client_cert.c \
	src/tls_failure.c \
	src/tls_info.c \
	src/tls_key_client.c src/tls_key_client.h \
	src/tls_names.c \
	src/tls_priority.c src/tls_priority.h \
	src/tls_setup.c \
	src/tls_transport.c
