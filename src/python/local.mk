noinst_LIBRARIES += src/python/libpython.a
src_python_libpython_a_SOURCES = \
	src/python/activate.c \
	src/python/build.c \
	src/python/map_file.c \
	src/python/map_table.c \
	src/python/map_text.c \
	src/python/python_priv.h \
	src/python/splice.c

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_perfmap
TESTS += tests/unit/test_perfmap
tests_unit_test_perfmap_SOURCES = tests/unit/test_perfmap.c
tests_unit_test_perfmap_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_perfmap_LDADD = src/python/libpython.a $(LAYER2) \
	$(CMOCKA_LIBS)
endif
