noinst_LIBRARIES += src/unwind/libunwind.a
src_unwind_libunwind_a_SOURCES = src/unwind/cfi.h src/unwind/cfi_compile.c \
	src/unwind/cfi_expr.c src/unwind/cfi_parse.c src/unwind/cfi_regs.c \
	src/unwind/cfi_table.c src/unwind/memo.c src/unwind/rules.c \
	src/unwind/walk.c src/unwind/walk.h

# The unwinder, and a live process's address space for it to walk in.
UNWIND_LIBS = src/unwind/libunwind.a $(LAYER2)
EXTRA_DIST += tests/support/map_space.h tests/support/tiny_elf.h \
	tests/fuzz/corpus/elf

check_PROGRAMS += tests/fuzz/fuzz_elf
TESTS += tests/fuzz/fuzz_elf
tests_fuzz_fuzz_elf_SOURCES = tests/fuzz/fuzz_elf.c tests/fuzz/replay_main.c
tests_fuzz_fuzz_elf_LDADD = $(UNWIND_LIBS)

check_PROGRAMS += tests/unit/test_cfi_rows
TESTS += tests/unit/test_cfi_rows
tests_unit_test_cfi_rows_SOURCES = tests/unit/test_cfi_rows.c
tests_unit_test_cfi_rows_CFLAGS = $(AM_CFLAGS) $(DW_CFLAGS) $(ELF_CFLAGS)
tests_unit_test_cfi_rows_LDADD = $(UNWIND_LIBS) $(DW_LIBS) $(ELF_LIBS)

check_PROGRAMS += tests/prop/prop_memo
TESTS += tests/prop/prop_memo
tests_prop_prop_memo_SOURCES = tests/prop/prop_memo.c tests/support/prng.h
tests_prop_prop_memo_LDADD = $(UNWIND_LIBS)

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_self_unwind tests/unit/test_cfi \
	tests/unit/test_unwind tests/unit/test_elf_image
TESTS += tests/unit/test_self_unwind tests/unit/test_cfi tests/unit/test_unwind \
	tests/unit/test_elf_image
tests_unit_test_elf_image_SOURCES = tests/unit/test_elf_image.c
tests_unit_test_elf_image_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_elf_image_LDADD = $(LAYER2) $(CMOCKA_LIBS)
tests_unit_test_cfi_SOURCES = tests/unit/test_cfi.c
tests_unit_test_cfi_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_cfi_LDADD = $(UNWIND_LIBS) $(CMOCKA_LIBS)
tests_unit_test_unwind_SOURCES = tests/unit/test_unwind.c
tests_unit_test_unwind_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_unwind_LDADD = $(UNWIND_LIBS) $(CMOCKA_LIBS)
tests_unit_test_self_unwind_SOURCES = tests/unit/test_self_unwind.c \
	tests/support/map_space.c
tests_unit_test_self_unwind_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_self_unwind_LDADD = $(UNWIND_LIBS) $(CMOCKA_LIBS)
endif

EXTRA_PROGRAMS += tests/bench/bench_unwind
tests_bench_bench_unwind_SOURCES = tests/bench/bench_unwind.c \
	tests/support/map_space.c
tests_bench_bench_unwind_LDADD = $(UNWIND_LIBS)
