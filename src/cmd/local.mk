bin_PROGRAMS += adder
adder_SOURCES = src/cmd/main.c
adder_LDADD = $(LAYER6) $(EXTERNAL_LIBS)
