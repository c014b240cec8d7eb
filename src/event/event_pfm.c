/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "event/event_pfm.h"

#include <perfmon/pfmlib_perf_event.h>
#include <string.h>

/*
 * Tables of libpfm4 for PMUs outside the cores encode to types that a task's
 * event cannot have, or to wrong ones: refused.
 */
static bool is_uncore(const char *name)
{
	return !strncmp(name, "rapl::", 6) || strstr(name, "unc_") == name ||
	       strstr(name, "::UNC_") || strstr(name, "_unc_");
}

const char *event_pfm_encode(const char *name, struct event_spec *spec)
{
	struct perf_event_attr attr = { .size = sizeof(attr) };
	pfm_perf_encode_arg_t arg = { .attr = &attr, .size = sizeof(arg) };
	pfm_err_t ret;

	if (is_uncore(name))
		return "it does not count for a process";
	ret = pfm_initialize();
	if (ret != PFM_SUCCESS)
		return pfm_strerror(ret);
	ret = pfm_get_os_event_encoding(name, PFM_PLM0 | PFM_PLM3,
					PFM_OS_PERF_EVENT, &arg);
	if (ret != PFM_SUCCESS)
		return pfm_strerror(ret);
	spec->type = attr.type;
	spec->config = attr.config;
	spec->config1 = attr.config1;
	spec->config2 = attr.config2;
	spec->is_clock = attr.type == PERF_TYPE_SOFTWARE &&
			 (attr.config == PERF_COUNT_SW_CPU_CLOCK ||
			  attr.config == PERF_COUNT_SW_TASK_CLOCK);
	return NULL;
}
