noinst_LIBRARIES += src/arch/libarch.a
src_arch_libarch_a_SOURCES = src/arch/arch.c
