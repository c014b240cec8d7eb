noinst_LIBRARIES += src/event/libevent.a
src_event_libevent_a_SOURCES = \
	src/event/event.c \
	src/event/event_pfm.c src/event/event_pfm.h

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_event
TESTS += tests/unit/test_event
tests_unit_test_event_SOURCES = tests/unit/test_event.c
tests_unit_test_event_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_event_LDADD = src/event/libevent.a $(LAYER0) \
	$(CMOCKA_LIBS) $(PFM_LIBS)
endif
