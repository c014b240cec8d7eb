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
tests_unit_test_splice_SOURCES = tests/unit/test_splice.c
tests_unit_test_splice_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_splice_LDADD = src/python/libpython.a $(LAYER2) \
	$(CMOCKA_LIBS)
endif
