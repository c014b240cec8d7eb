bin_PROGRAMS += adder
adder_SOURCES = \
	src/cmd/blocked.c src/cmd/blocked.h \
	src/cmd/cmd.h \
	src/cmd/cmd_doctor.c \
	src/cmd/cmd_dump.c \
	src/cmd/cmd_record.c \
	src/cmd/cmd_report.c \
	src/cmd/cmd_script.c \
	src/cmd/load.c \
	src/cmd/main.c \
	src/cmd/select_opts.c \
	src/cmd/session.c src/cmd/session.h \
	src/cmd/stdout.c \
	src/cmd/target.c src/cmd/target.h \
	src/cmd/usage.c
adder_LDADD = $(LAYER6) $(EXTERNAL_LIBS) -lm
