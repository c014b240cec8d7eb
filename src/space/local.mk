noinst_LIBRARIES += src/space/libspace.a
src_space_libspace_a_SOURCES = \
	src/space/elf_image.c \
	src/space/maps.c \
	src/space/modules.c \
	src/space/sight.c \
	src/space/space.c \
	src/space/space_priv.h

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_space
TESTS += tests/unit/test_space
tests_unit_test_space_SOURCES = tests/unit/test_space.c
tests_unit_test_space_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_space_LDADD = src/space/libspace.a $(LAYER1) $(CMOCKA_LIBS)
endif
