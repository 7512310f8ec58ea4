# src/: the programs.

# smtptrap: the reader.
bin_PROGRAMS += smtptrap
smtptrap_SOURCES = \
	src/smtptrap/cmd_cat.c \
	src/smtptrap/cmd_fields.c \
	src/smtptrap/cmd_mail.c \
	src/smtptrap/cmd_show.c \
	src/smtptrap/cmd_verify.c \
	src/smtptrap/env.c \
	src/smtptrap/mail_out.c src/smtptrap/mail_out.h \
	src/smtptrap/mail_store.c src/smtptrap/mail_store.h \
	src/smtptrap/main.c \
	src/smtptrap/message_info.c src/smtptrap/message_info.h \
	src/smtptrap/records.c src/smtptrap/records.h \
	src/smtptrap/smtptrap.h \
	src/smtptrap/verify.h \
	src/smtptrap/verify_mail.c
smtptrap_LDADD = libsmtptrap.a $(GNUTLS_LIBS) $(LIBBSD_LIBS) $(ZLIB_LIBS) $(YAJL_LIBS)
