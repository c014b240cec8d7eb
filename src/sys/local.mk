noinst_LIBRARIES += src/sys/libsys.a
src_sys_libsys_a_SOURCES = \
	src/sys/clock.c \
	src/sys/confine.c \
	src/sys/file.c \
	src/sys/handle.c \
	src/sys/mem.c \
	src/sys/output.c \
	src/sys/sys_perf.c \
	src/sys/proc.c \
	src/sys/sched.c \
	src/sys/seccomp_filter.c \
	src/sys/seccomp_filter.h \
	src/sys/spawn.c \
	src/sys/thread.c \
	src/sys/wait.c

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_file tests/unit/test_proc
TESTS += tests/unit/test_file tests/unit/test_proc
tests_unit_test_file_SOURCES = tests/unit/test_file.c
tests_unit_test_file_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_file_LDADD = src/sys/libsys.a $(LAYER0) $(CMOCKA_LIBS)
tests_unit_test_proc_SOURCES = tests/unit/test_proc.c
tests_unit_test_proc_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_proc_LDADD = src/sys/libsys.a $(LAYER0) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_confine
TESTS += tests/unit/test_confine
tests_unit_test_confine_SOURCES = tests/unit/test_confine.c
tests_unit_test_confine_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_test_confine_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_confine_LDADD = src/sys/libsys.a $(LAYER0) $(SECCOMP_LIBS) \
	$(CMOCKA_LIBS)
endif
