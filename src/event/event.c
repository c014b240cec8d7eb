/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event text: "cycles,page-faults:u,r01c2,skl::UOPS_ISSUED:ANY". perf's
 * generic names come first, then raw codes, then libpfm4's tables (pfm.c).
 * A comma inside libpfm4's modifiers does not occur, so it separates.
 */
#include "adder/event.h"

#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>

#include "adder/err.h"
#include "adder/mem.h"
#include "adder/vec.h"
#include "event/event_pfm.h"

#define TEXT_MAX_BYTES 65536
#define NAME_MAX_BYTES 512

static const struct {
	const char *name;
	uint32_t type;
	uint64_t config;
	bool is_clock;
} generic[] = {
#define HW(name, what) { name, PERF_TYPE_HARDWARE, PERF_COUNT_HW_##what, false }
#define SW(name, what) { name, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_##what, false }
#define CLOCK(name, what) \
	{ name, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_##what, true }
	HW("cycles", CPU_CYCLES),
	HW("cpu-cycles", CPU_CYCLES),
	HW("instructions", INSTRUCTIONS),
	HW("cache-references", CACHE_REFERENCES),
	HW("cache-misses", CACHE_MISSES),
	HW("branches", BRANCH_INSTRUCTIONS),
	HW("branch-instructions", BRANCH_INSTRUCTIONS),
	HW("branch-misses", BRANCH_MISSES),
	HW("bus-cycles", BUS_CYCLES),
	HW("stalled-cycles-frontend", STALLED_CYCLES_FRONTEND),
	HW("stalled-cycles-backend", STALLED_CYCLES_BACKEND),
	HW("ref-cycles", REF_CPU_CYCLES),
	CLOCK("cpu-clock", CPU_CLOCK),
	CLOCK("task-clock", TASK_CLOCK),
	SW("page-faults", PAGE_FAULTS),
	SW("faults", PAGE_FAULTS),
	SW("context-switches", CONTEXT_SWITCHES),
	SW("cs", CONTEXT_SWITCHES),
	SW("cpu-migrations", CPU_MIGRATIONS),
	SW("migrations", CPU_MIGRATIONS),
	SW("minor-faults", PAGE_FAULTS_MIN),
	SW("major-faults", PAGE_FAULTS_MAJ),
	SW("alignment-faults", ALIGNMENT_FAULTS),
	SW("emulation-faults", EMULATION_FAULTS),
	SW("cgroup-switches", CGROUP_SWITCHES),
#undef HW
#undef SW
#undef CLOCK
};

static bool find_generic(const char *name, struct event_spec *spec)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(generic); i++) {
		if (strcmp(generic[i].name, name))
			continue;
		spec->type = generic[i].type;
		spec->config = generic[i].config;
		spec->is_clock = generic[i].is_clock;
		return true;
	}
	return false;
}

/* rNNN: up to 16 hexadecimal digits. */
static bool find_raw(const char *name, struct event_spec *spec)
{
	size_t digits = strspn(name + (name[0] == 'r'),
			       "0123456789abcdefABCDEF");

	if (name[0] != 'r' || !digits || digits > 16 || name[1 + digits])
		return false;
	spec->type = PERF_TYPE_RAW;
	spec->config = strtoull(name + 1, NULL, 16);
	return true;
}

/* Levenshtein distance, stopped at `most`. */
static size_t distance(const char *a, const char *b, size_t most)
{
	size_t row[64], la = strlen(a), lb = strlen(b), i, k, old, next;

	if (lb >= ARRAY_LEN(row) || la > lb + most || lb > la + most)
		return most;
	for (k = 0; k <= lb; k++)
		row[k] = k;
	for (i = 1; i <= la; i++) {
		old = row[0];
		row[0] = i;
		for (k = 1; k <= lb; k++) {
			next = old + (a[i - 1] != b[k - 1]);
			old = row[k];
			if (row[k - 1] + 1 < next)
				next = row[k - 1] + 1;
			if (old + 1 < next)
				next = old + 1;
			row[k] = next;
		}
	}
	return row[lb] < most ? row[lb] : most;
}

static const char *nearest(const char *name)
{
	size_t best = strlen(name) / 2 + 2, d, i;
	const char *found = NULL;

	for (i = 0; i < ARRAY_LEN(generic); i++) {
		d = distance(name, generic[i].name, best);
		if (d < best) {
			best = d;
			found = generic[i].name;
		}
	}
	return found;
}

static int unknown(const char *name, const char *why, struct err *err)
{
	const char *near = nearest(name);

	if (near)
		return err_set(err, ERR_NOTFOUND,
			       "no event '%s' (%s); did you mean '%s'?", name,
			       why, near);
	return err_set(err, ERR_NOTFOUND, "no event '%s' (%s)", name, why);
}

/*
 * ":u" and ":k" at the end, or both as ":uk": which modes count. Cuts them
 * off; false where the suffix is something else.
 */
static bool cut_modes(char *name, struct event_spec *spec)
{
	char *colon = strrchr(name, ':');
	bool user, kernel;

	if (!colon || colon == name || colon[-1] == ':' || !colon[1] ||
	    colon[1 + strspn(colon + 1, "uk")])
		return false;
	user = strchr(colon + 1, 'u');
	kernel = strchr(colon + 1, 'k');
	spec->exclude_user = !user;
	spec->exclude_kernel = !kernel;
	*colon = '\0';
	return true;
}

static int parse_one(const char *text, size_t len, struct event_spec *spec,
		     struct err *err)
{
	char name[NAME_MAX_BYTES];
	const char *why;

	memset(spec, 0, sizeof(*spec));
	if (!len)
		return err_set(err, ERR_USAGE, "an event name is empty");
	if (len >= sizeof(name))
		return err_set(err, ERR_USAGE,
			       "an event name of %zu bytes is too long", len);
	memcpy(name, text, len);
	name[len] = '\0';
	cut_modes(name, spec);
	if (!find_generic(name, spec) && !find_raw(name, spec)) {
		why = event_pfm_encode(name, spec);
		if (why)
			return unknown(name, why, err);
	}
	spec->text = mem_alloc(len + 1);
	memcpy(spec->text, text, len);
	spec->text[len] = '\0';
	return 0;
}

int event_parse(const char *text, struct event_spec **specs, size_t *count,
		struct err *err)
{
	VEC(struct event_spec) v = { 0 };
	struct event_spec spec;
	size_t len;
	int ret;

	*specs = NULL;
	*count = 0;
	if (strnlen(text, TEXT_MAX_BYTES) == TEXT_MAX_BYTES)
		return err_set(err, ERR_USAGE, "the list of events is too long");
	for (;; text += len + 1) {
		len = strcspn(text, ",");
		ret = parse_one(text, len, &spec, err);
		if (ret) {
			event_specs_free(v.data, v.count);
			return ret;
		}
		*vec_push(&v) = spec;
		if (!text[len])
			break;
	}
	*specs = v.data;
	*count = v.count;
	return 0;
}

void event_specs_free(struct event_spec *specs, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		mem_free(specs[i].text);
	mem_free(specs);
}
