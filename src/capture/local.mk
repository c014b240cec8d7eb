noinst_LIBRARIES += src/capture/libcapture.a
src_capture_libcapture_a_SOURCES = \
	src/capture/attach.c \
	src/capture/capture.c \
	src/capture/cert.c src/capture/cert.h \
	src/capture/deliver.c \
	src/capture/hint.c src/capture/hint.h \
	src/capture/lazy.c \
	src/capture/merge.c src/capture/merge.h \
	src/capture/pass.c \
	src/capture/queue.c src/capture/queue.h \
	src/capture/reader.c src/capture/reader.h \
	src/capture/ring.c src/capture/ring.h \
	src/capture/session.h \
	src/capture/target.c src/capture/target.h

CAPTURE_LIBS = src/capture/libcapture.a src/decode/libdecode.a \
	src/arch/libarch.a src/sys/libsys.a $(LAYER0)

EXTRA_PROGRAMS += tests/bench/bench_capture
tests_bench_bench_capture_SOURCES = tests/bench/bench_capture.c
tests_bench_bench_capture_LDADD = $(CAPTURE_LIBS)

check_PROGRAMS += tests/prop/prop_ring
TESTS += tests/prop/prop_ring
tests_prop_prop_ring_SOURCES = tests/prop/prop_ring.c
tests_prop_prop_ring_LDADD = $(CAPTURE_LIBS)

if HAVE_CMOCKA
check_PROGRAMS += tests/kernel/test_capture tests/targets/capture_target \
	tests/unit/test_cert tests/unit/test_queue
TESTS += tests/unit/test_cert tests/unit/test_queue \
	tests/kernel/test_capture tests/kernel/capture-no-rt
tests_unit_test_cert_SOURCES = tests/unit/test_cert.c
tests_unit_test_cert_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_cert_LDADD = $(CAPTURE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_queue_SOURCES = tests/unit/test_queue.c
tests_unit_test_queue_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_queue_LDADD = $(CAPTURE_LIBS) $(CMOCKA_LIBS)
EXTRA_DIST += tests/kernel/capture-no-rt
tests_kernel_test_capture_SOURCES = tests/kernel/test_capture.c
tests_kernel_test_capture_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_kernel_test_capture_LDADD = $(CAPTURE_LIBS) $(CMOCKA_LIBS)
tests_targets_capture_target_SOURCES = tests/targets/capture_target.c \
	tests/targets/capture_target.h
# A sanitizer would change its frames, and add a thread at its end.
tests_targets_capture_target_CFLAGS = -std=gnu11 -O2 -Wall -Wextra
tests_targets_capture_target_LDFLAGS = -pthread
endif
