#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Symbols and lines of real files against what binutils and LLVM say: inlines
# in DWARF 4 and 5, separate debug files by link and by build-id, a packed
# symbol table, PLT slots, C++ names; and files that are damaged.
# Runs in the build directory.
set -u
LC_ALL=C
export LC_ALL
here=$PWD
lookup=$here/tests/symbol/lookup
cc=${CC:-cc}
cxx=${CXX:-c++}
failed=0

for tool in "$cc" objdump objcopy strip nm addr2line xz cmp dd od; do
	command -v "${tool%% *}" > /dev/null && continue
	echo "cannot run: $tool is not installed"
	exit 77
done
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 99

fail()
{
	echo "FAILED: $*"
	failed=1
}

# same NAME WANT GOT
same()
{
	if cmp -s "$2" "$3"; then
		echo "ok: $1"
	else
		fail "$1"
		diff "$2" "$3" | head -10
	fi
}

cat > prog.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

/* Types that are worth sharing, for dwz. */
struct stat a_file;
struct tm a_time;

static inline int twice(int x)
{
	volatile int y = x;

	return y * 2;
}

static inline int thrice_of_twice(int x)
{
	int i, sum = 0;

	for (i = 0; i < 3; i++)
		sum += twice(x + i);
	return sum;
}

__attribute__((noinline)) static int hidden(int x)
{
	printf("%d\n", thrice_of_twice(x));
	return thrice_of_twice(x) + twice(x);
}

int shown(int x)
{
	return hidden(x) + abs(hidden(x + 1));
}

int main(int argc, char **argv)
{
	(void)argv;
	puts("here");
	return shown(argc) == 0;
}
END

# Addresses of every instruction of our own functions in FILE.
addresses()
{
	for f in hidden shown main; do
		objdump -d --disassemble="$f" "$1"
	done | sed -n 's/^ *\([0-9a-f]*\):\t.*/\1/p'
}

# addr2line prints discriminators, and "?" for an unknown line; LLVM's prints
# no leading zeroes.
plain()
{
	sed 's/ (discriminator.*//; s/^??:0$/??:?/; s/^0x0*/0x/'
}

got()
{
	"$lookup" "$@" 2> err | plain
}

inlines_and_lines()
{
	$cc -O2 $1 prog.c -o prog 2> cc.err || { cat cc.err; return; }
	addresses prog > addrs
	[ "$(wc -l < addrs)" -gt 40 ] || fail "$1: no code to look at"
	$2 -afiC -e prog < addrs | plain > expected
	grep -q twice expected || fail "$1: nothing was inlined"
	got prog < addrs > output
	same "inlines and lines, $cc $1" expected output
}

inlines_and_lines "-g -gdwarf-4" addr2line
# addr2line 2.40 overlooks inlined functions in clang's DWARF 5.
if command -v clang > /dev/null && command -v llvm-addr2line > /dev/null; then
	own=$cc
	cc=clang
	inlines_and_lines "-g -gdwarf-4" llvm-addr2line
	inlines_and_lines "-g -gdwarf-5" llvm-addr2line
	cc=$own
fi
inlines_and_lines "-g -gdwarf-5 -Wl,--build-id=sha1" addr2line
cp addrs text.addrs

# --- symbol tables alone ---
nm -S --defined-only prog | awk '$3 ~ /[tT]/ && NF == 4 { print $1, $2, $4 }' \
	> sized
while read -r start size name; do
	printf '%x\n' $((0x$start)) $((0x$start + 0x$size - 1))
	echo "$name" >&3
	echo "$name" >&3
done < sized > addrs 3> names
got -n prog < addrs | awk 'NR % 3 == 2' > output
same "first and last byte of every function" names output
"$lookup" -n prog < addrs 2> /dev/null | awk 'NR % 3 == 0' | grep -v '^??:0$' &&
	fail "lines although only symbol tables were asked for"

objdump -d prog | sed -n 's/^0*\([0-9a-f]*\) <\(.*@plt\)>:$/\1 \2/p' |
	sort > plt
[ -s plt ] || fail "objdump sees no PLT slot"
cut -d' ' -f1 plt | got -n prog | awk 'NR % 3 == 2' > output
cut -d' ' -f2 plt > expected
same "PLT slots" expected output

# --- separate debug files: the same answers as from the whole file ---
got prog < text.addrs > whole
grep -q hidden whole || fail "the whole file has no names"
objcopy --only-keep-debug prog prog.debug
strip -o stripped prog
got "$dir/stripped" < text.addrs > output
grep -q hidden output && fail "a stripped program has names"

cp stripped linked
objcopy --remove-section=.note.gnu.build-id linked
objcopy --only-keep-debug --remove-section=.note.gnu.build-id prog nolink.debug
objcopy --add-gnu-debuglink=nolink.debug linked
got "$dir/linked" < text.addrs > output
same "debug link, in the same folder" whole output
mkdir .debug
mv nolink.debug .debug/
got "$dir/linked" < text.addrs > output
same "debug link, in .debug" whole output
mkdir -p "root/usr/lib/debug/$dir"
mv .debug/nolink.debug "root/usr/lib/debug/$dir/"
got -r "$dir/root" "$dir/linked" < text.addrs > output
same "debug link, under /usr/lib/debug of another root" whole output
echo x >> "root/usr/lib/debug/$dir/nolink.debug"
got -r "$dir/root" "$dir/linked" < text.addrs > output
grep -q hidden output && fail "a debug file with a wrong checksum was used"

id=$(objdump -s -j .note.gnu.build-id prog | sed -n 's/^ [0-9a-f]* \(.\{35\}\).*/\1/p' |
	tr -d ' \n' | cut -c33-72)
rest=${id#??}
ids=root/usr/lib/debug/.build-id/${id%"$rest"}
mkdir -p "$ids"
cp prog.debug "$ids/$rest.debug"
got -r "$dir/root" "$dir/stripped" < text.addrs > output
same "debug file by build-id" whole output
objcopy --remove-section=.note.gnu.build-id prog.debug "$ids/$rest.debug"
got -r "$dir/root" "$dir/stripped" < text.addrs > output
grep -q hidden output && fail "a debug file without the build-id was used"

# --- .gnu_debugdata ---
got -n prog < text.addrs > whole
objcopy --strip-debug prog mini
xz -k mini
cp stripped packed
objcopy --add-section .gnu_debugdata=mini.xz packed
got "$dir/packed" < text.addrs > output
same "packed symbol table" whole output

# --- DWARF that two programs share ---
got prog < text.addrs > whole
if command -v dwz > /dev/null; then
	mkdir -p root/usr/lib/debug/.dwz
	shared=/usr/lib/debug/.dwz/common.debug
	cp prog prog1
	sed 's/y \* 2/y * 3/' prog.c > prog2.c
	$cc -O2 -g prog2.c -o prog2
	dwz -m "root$shared" -M "$shared" prog1 prog2 2> dwz.err
	if [ -s "root$shared" ]; then
		got -r "$dir/root" "$dir/prog1" < text.addrs > output
		same "DWARF that dwz has moved to a shared file" whole output
	else
		echo "dwz found nothing to share: $(cat dwz.err)"
	fi
else
	echo "dwz is not installed: shared DWARF not tried"
fi

# --- C++ ---
cat > prog.cc <<'END'
namespace shop {
template <class T> struct Basket {
	T sum;
	__attribute__((noinline)) T add(T v) const { volatile T s = sum + v; return s; }
};
__attribute__((noinline)) int visit(const Basket<int> &b, int *v)
{
	return b.add(*v) + Basket<long>{2}.add(3);
}
}
int main(int argc, char **)
{
	return shop::visit(shop::Basket<int>{argc}, &argc);
}
END
if $cxx -O1 prog.cc -o cxxprog 2> cc.err; then
	nm -S --defined-only cxxprog | grep -i ' [tw] _ZN' > sized
	[ "$(wc -l < sized)" -ge 3 ] || fail "no C++ functions to look at"
	cut -d' ' -f4 sized | c++filt > expected
	cut -d' ' -f1 sized | got cxxprog | awk 'NR % 3 == 2' > output
	same "C++ names" expected output
else
	echo "no C++ compiler: C++ names not compared"
fi

# --- damage: the good file is named after whatever came before it ---
head -5 text.addrs > few
got prog < few > good
size=$(wc -c < prog)
i=1
bad=
while [ $i -lt 40 ]; do
	head -c $((size * i / 40)) prog > cut$i
	bad="$bad cut$i"
	i=$((i + 1))
done
# patch NAME OFFSET BYTES...: overwrites bytes of a copy.
patch()
{
	cp prog "$1"
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc 2> /dev/null
	bad="$bad $1"
}
patch shoff_far 40 '\377\377\377\377\377\377\377\177'
patch shoff_odd 40 '\001\000\000\000\000\000\000\000'
patch shnum_many 60 '\377\377'
patch shnum_none 60 '\000\000'
patch shstrndx 62 '\376\377'
patch phnum_many 56 '\377\377'
patch class_32 4 '\001'
patch big_endian 5 '\002'
patch relocatable 16 '\001'
shoff=$(od -An -tu8 -j40 -N8 prog | tr -d ' ')
shnum=$(od -An -tu2 -j60 -N2 prog | tr -d ' ')
i=1
while [ $i -lt "$shnum" ]; do
	# sh_size, sh_offset, sh_entsize, sh_link of each section
	patch size$i $((shoff + 64 * i + 32)) '\377\377\377\377\377\377\377\177'
	patch large$i $((shoff + 64 * i + 32)) '\000\000\000\020'
	patch offset$i $((shoff + 64 * i + 24)) '\360\377\377\377\377\377\377\377'
	patch entsize$i $((shoff + 64 * i + 56)) '\000\000\000\000\000\000\000\000'
	patch link$i $((shoff + 64 * i + 40)) '\377\377\377\377'
	i=$((i + 1))
done
i=0
while [ $i -lt 60 ]; do
	at=$(((i * 2654435761 + 12345) % (size - 64)))
	patch noise$i $at '\377\200\001\177\000\376\101\203\377\377\002\020\377\300\200\200'
	i=$((i + 1))
done
head -c 100000 /dev/urandom > random
bad="$bad random"
timeout 120 "$lookup" $bad prog < few > output 2> err
[ $? -lt 2 ] || fail "lookup ended badly: $(tail -1 err)"
tail -n "$(wc -l < good)" output | plain > last
same "a whole file after $(echo $bad | wc -w) damaged ones" good last
tail -1 err
grep -q 'unreadable [1-9]' err || fail "no damaged file was refused"
# All cuts but the last are behind no section table.
[ "$(grep -c "'cut[0-9]*'" err)" -ge 39 ] || fail "a cut file was not told"

exit $failed
