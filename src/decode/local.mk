noinst_LIBRARIES += src/decode/libdecode.a
src_decode_libdecode_a_SOURCES = src/decode/decode.c
