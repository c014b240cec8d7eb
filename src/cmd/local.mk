bin_PROGRAMS += adder
adder_SOURCES = \
	src/cmd/cmd_report.c \
	src/cmd/cmd_script.c \
	src/cmd/load.c \
	src/cmd/main.c \
	src/cmd/select_opts.c \
	src/cmd/stdout.c \
	src/cmd/usage.c
adder_LDADD = $(LAYER6) $(EXTERNAL_LIBS) -lm
