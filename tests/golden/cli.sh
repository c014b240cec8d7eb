#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Command lines and recordings that are wrong: one clear line on standard
# error, nothing on standard output, the right status.

set -uo pipefail
export LC_ALL=C.UTF-8
adder=${ADDER:?}
failed=0
cases=0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

complain() {
	echo "FAIL: $*"
	failed=$((failed + 1))
}

# STATUS TEXT ARGUMENT...: adder says TEXT in one line and ends with STATUS.
refused() {
	local want=$1 text=$2 status
	shift 2
	cases=$((cases + 1))
	"$adder" "$@" >out 2>err
	status=$?
	[ $status -eq "$want" ] || complain "adder $*: status $status"
	[ "$(wc -l <err)" -eq 1 ] || complain "adder $*: $(cat err)"
	grep -qF -- "$text" err || complain "adder $*: said $(cat err)"
	[ ! -s out ] || complain "adder $*: wrote to standard output"
}

# STATUS TEXT ARGUMENT...: prints what there is, warns, ends with STATUS.
warned() {
	local want=$1 text=$2 status
	shift 2
	cases=$((cases + 1))
	"$adder" "$@" >out 2>err
	status=$?
	[ $status -eq "$want" ] || complain "adder $*: status $status"
	[ "$(wc -l <err)" -eq 1 ] || complain "adder $*: $(cat err)"
	grep -qF -- "$text" err || complain "adder $*: said $(cat err)"
	[ -s out ] || complain "adder $*: printed nothing"
}

refused 2 "did you mean 'report'" repot
refused 2 "no command 'xyzzy'" xyzzy
refused 2 "'adder script FILE'" flamegraph
refused 2 "a command comes first" --by tree
refused 2 "no command 'nothing'" help nothing
for command in report script; do
	refused 2 "did you mean '--thread'" $command --tread 1
	refused 2 "no option '-Z'" $command -Z
	refused 2 "needs a value" $command --event
	refused 2 "one too many" $command a b
	refused 2 "python, native or both" $command --show all
	refused 2 "a time since the start" $command --from yesterday
	refused 2 "must lie behind" $command --from 2 --to 1
	refused 1 "No such file" $command missing.rec
	refused 1 "No such file" $command
	refused 1 "'/etc/passwd'" $command /etc/passwd
	refused 1 "'/dev/null'" $command /dev/null
	refused 1 "'/'" $command /
done
refused 2 "function, tree or thread" report --by line
refused 2 "text or json" report --format xml
refused 2 "'adder script'" report --format flamegraph
refused 2 "self or total" report --sort name
refused 2 "a number" report --limit many
refused 2 "a percentage" report --min 101
refused 2 "takes no value" report --expand=1
refused 2 "--by thread" report --threads
refused 2 "goes with --exact" script --header
refused 2 "+pid and +cpu" script -F +nothing

"${ADDER_BUILDDIR:?}"/tests/support/gen_session good.rec || exit 1
refused 1 "cpu-clock, page-faults" report --event cycles good.rec
refused 1 "no thread 'nobody'" report --thread nobody good.rec
refused 1 "no process '99'" script --process 99 good.rec
refused 2 "regular expression" report --function 'a(' good.rec

size=$(stat -c %s good.rec)
head -c $((size - 7)) good.rec >cut.rec
warned 1 "'cut.rec' is cut off" report cut.rec
"${ADDER_BUILDDIR:?}"/tests/support/gen_recording --samples 20000 big.rec ||
	exit 1
cp big.rec flipped.rec
size=$(stat -c %s big.rec)
printf '\377\377\377\377' | dd of=flipped.rec bs=1 seek=$((size * 3 / 4)) \
	conv=notrunc status=none
warned 1 "'flipped.rec' is damaged" report flipped.rec
warned 1 "'flipped.rec' is damaged" script flipped.rec

cases=$((cases + 3))
"$adder" script big.rec 2>err | head -n 1 >/dev/null
status=${PIPESTATUS[0]}
[ "$status" -eq 0 ] && [ ! -s err ] || complain "closed pipe: $(cat err)"
"$adder" report big.rec >/dev/full 2>err && complain "full disk: status 0"
grep -q "No space left" err || complain "full disk: $(cat err)"
for word in --help --version help "help report" "report --help" "script -h"; do
	cases=$((cases + 1))
	# shellcheck disable=SC2086
	"$adder" $word >out 2>err || complain "adder $word: status $?"
	[ -s out ] && [ ! -s err ] || complain "adder $word"
done

echo "$cases cases, $failed failed"
[ $failed -eq 0 ]
