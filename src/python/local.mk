noinst_LIBRARIES += src/python/libpython.a
src_python_libpython_a_SOURCES = \
	src/python/activate.c \
	src/python/build.c \
	src/python/call_site.c \
	src/python/map_file.c \
	src/python/map_table.c \
	src/python/map_text.c \
	src/python/python_priv.h \
	src/python/splice.c

if HAVE_CMOCKA
PYTHON_TESTS = \
	tests/unit/test_activate \
	tests/unit/test_perfmap \
	tests/unit/test_pymap \
	tests/unit/test_python_real \
	tests/unit/test_splice
check_PROGRAMS += $(PYTHON_TESTS)
TESTS += $(PYTHON_TESTS)
tests_unit_test_activate_SOURCES = tests/unit/test_activate.c
tests_unit_test_activate_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_activate_LDADD = src/python/libpython.a $(LAYER2) \
	$(CMOCKA_LIBS)
tests_unit_test_perfmap_SOURCES = tests/unit/test_perfmap.c
tests_unit_test_perfmap_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_perfmap_LDADD = src/python/libpython.a $(LAYER2) \
	$(CMOCKA_LIBS)
tests_unit_test_pymap_SOURCES = tests/unit/test_pymap.c
tests_unit_test_pymap_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_pymap_LDADD = src/python/libpython.a $(LAYER2) \
	$(CMOCKA_LIBS)
tests_unit_test_python_real_SOURCES = tests/unit/test_python_real.c
tests_unit_test_python_real_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_python_real_LDADD = src/python/libpython.a $(LAYER2) \
	$(CMOCKA_LIBS)
tests_unit_test_splice_SOURCES = tests/unit/test_splice.c
tests_unit_test_splice_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_splice_LDADD = src/python/libpython.a $(LAYER2) \
	$(CMOCKA_LIBS)
endif

check_PROGRAMS += tests/prop/prop_ranges tests/fuzz/fuzz_perfmap
TESTS += tests/prop/prop_ranges tests/fuzz/fuzz_perfmap
tests_prop_prop_ranges_SOURCES = tests/prop/prop_ranges.c
tests_prop_prop_ranges_LDADD = src/python/libpython.a $(LAYER2)
tests_fuzz_fuzz_perfmap_SOURCES = tests/fuzz/fuzz_perfmap.c \
	tests/fuzz/replay_main.c
tests_fuzz_fuzz_perfmap_LDADD = src/python/libpython.a $(LAYER2)
EXTRA_DIST += tests/fuzz/corpus/perfmap
