noinst_LIBRARIES += src/recording/librecording.a
src_recording_librecording_a_SOURCES = src/recording/recording.c
