noinst_LIBRARIES += src/space/libspace.a
src_space_libspace_a_SOURCES = src/space/elf_image.c src/space/space.c
