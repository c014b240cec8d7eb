noinst_LIBRARIES += src/arch/libarch.a
src_arch_libarch_a_SOURCES = src/arch/arch.c src/arch/archs.h \
	src/arch/x86_64.c src/arch/aarch64.c
