noinst_LIBRARIES += src/event/libevent.a
src_event_libevent_a_SOURCES = src/event/event.c
