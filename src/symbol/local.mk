noinst_LIBRARIES += src/symbol/libsymbol.a
src_symbol_libsymbol_a_SOURCES = \
	src/symbol/debug_files.c src/symbol/debug_files.h \
	src/symbol/demangle.c \
	src/symbol/dwarf_lines.c src/symbol/dwarf_lines.h \
	src/symbol/elf_parts.c src/symbol/elf_parts.h \
	src/symbol/kallsyms.c \
	src/symbol/module.c src/symbol/module.h \
	src/symbol/plt.c \
	src/symbol/symbolizer.c \
	src/symbol/table.c src/symbol/table.h \
	src/symbol/wire.c src/symbol/wire.h \
	src/symbol/worker.c src/symbol/worker.h
src_symbol_libsymbol_a_CFLAGS = $(AM_CFLAGS) $(DW_CFLAGS) $(ELF_CFLAGS) \
	$(LZMA_CFLAGS)

SYMBOL_LIBS = $(DW_LIBS) $(ELF_LIBS) $(LZMA_LIBS) $(SECCOMP_LIBS) \
	$(IBERTY_LIBS)

check_PROGRAMS += tests/symbol/lookup
tests_symbol_lookup_SOURCES = tests/symbol/lookup.c
tests_symbol_lookup_LDADD = src/symbol/libsymbol.a $(LAYER2) $(SYMBOL_LIBS)

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_symbol
TESTS += tests/unit/test_symbol
tests_unit_test_symbol_SOURCES = tests/unit/test_symbol.c
tests_unit_test_symbol_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_test_symbol_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_symbol_LDADD = src/symbol/libsymbol.a $(LAYER2) \
	$(SYMBOL_LIBS) $(CMOCKA_LIBS)

# Debug information and a known place of the first segment are its subject.
check_PROGRAMS += tests/symbol/test_symbolizer
TESTS += tests/symbol/test_symbolizer
tests_symbol_test_symbolizer_SOURCES = tests/symbol/test_symbolizer.c
tests_symbol_test_symbolizer_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_symbol_test_symbolizer_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) -g
tests_symbol_test_symbolizer_LDADD = src/symbol/libsymbol.a $(LAYER2) \
	$(SYMBOL_LIBS) $(CMOCKA_LIBS)
endif

TESTS += tests/symbol/test_files.sh
EXTRA_DIST += tests/symbol/test_files.sh

check_PROGRAMS += tests/fuzz/fuzz_symbol
TESTS += tests/fuzz/fuzz_symbol
tests_fuzz_fuzz_symbol_SOURCES = tests/fuzz/fuzz_symbol.c \
	tests/fuzz/replay_main.c
tests_fuzz_fuzz_symbol_LDADD = src/symbol/libsymbol.a $(LAYER2) $(SYMBOL_LIBS)
EXTRA_DIST += tests/fuzz/corpus/symbol

EXTRA_PROGRAMS += tests/bench/bench_symbol
tests_bench_bench_symbol_SOURCES = tests/bench/bench_symbol.c
tests_bench_bench_symbol_LDADD = src/symbol/libsymbol.a $(LAYER2) \
	$(SYMBOL_LIBS)
