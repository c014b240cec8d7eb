noinst_LIBRARIES += src/model/libmodel.a
src_model_libmodel_a_SOURCES = \
	src/model/define.c \
	src/model/functions.c \
	src/model/model.c \
	src/model/profile.c \
	src/model/select.c \
	src/model/sums.c \
	src/model/tree.c

SESSION = tests/support/session.c tests/support/session.h
MODEL_LIBS = src/model/libmodel.a $(LAYER0)

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_model
TESTS += tests/unit/test_model
tests_unit_test_model_SOURCES = tests/unit/test_model.c $(SESSION)
tests_unit_test_model_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_model_LDADD = $(MODEL_LIBS) $(CMOCKA_LIBS)
endif

check_PROGRAMS += tests/prop/prop_model
TESTS += tests/prop/prop_model
tests_prop_prop_model_SOURCES = tests/prop/prop_model.c $(SESSION) \
	tests/support/prng.h
tests_prop_prop_model_LDADD = $(MODEL_LIBS)
