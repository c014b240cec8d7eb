#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Each folder here is a case: `cmd` holds the arguments of adder, in which
# example.rec is the recording of tests/support/gen_session; its output must be
# `expected`, byte for byte. What `adder script` prints passes the linter too.
#
#	golden.sh [--update]	writes `expected` anew and shows what changed

set -uo pipefail
export LC_ALL=C.UTF-8 TZ=UTC
src=${ADDER_SRCDIR:?}/tests/golden
adder=${ADDER:?}
update=no
[ "${1-}" = --update ] && update=yes

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
"${ADDER_BUILDDIR:?}"/tests/support/gen_session example.rec || exit 1

failed=0
cases=0
for folder in "$src"/*/; do
	name=$(basename "$folder")
	cases=$((cases + 1))
	read -r -a arguments <"$folder/cmd"
	"$adder" "${arguments[@]}" >out 2>err
	status=$?
	if [ -s err ] || [ $status -ne 0 ]; then
		printf 'status %d\n' $status >>out
		cat err >>out
	fi
	if [ "${arguments[0]}" = script ] && [ $status -eq 0 ]; then
		mode=
		[[ ${arguments[*]} == *--exact* ]] && mode=--exact
		"$adder" "${arguments[@]}" 2>/dev/null >text
		if [ -s text ]; then
			python3 "$src/../lint/perfscript_lint.py" $mode text ||
				failed=$((failed + 1))
		fi
	fi
	if [[ ${arguments[*]} == *json* ]]; then
		python3 "$src/json_check.py" out || failed=$((failed + 1))
	fi
	if [ $update = yes ]; then
		diff -u "$folder/expected" out
		cp out "$folder/expected"
	elif ! diff -u "$folder/expected" out; then
		echo "FAIL: $name: adder ${arguments[*]}"
		failed=$((failed + 1))
	fi
done
echo "$cases cases, $failed failed"
[ $cases -gt 0 ] && [ $failed -eq 0 ]
