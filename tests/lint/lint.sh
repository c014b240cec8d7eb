#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a program can check of docs/HACKING.md: the code, the documents, and the
# syntax of every script (shellcheck's opinion too, where it is installed).

set -uo pipefail
cd "${ADDER_SRCDIR:-$(dirname "$0")/../..}" || exit 1
status=0

python3 tests/lint/code_lint.py . || status=1
python3 tests/lint/docs_lint.py . || status=1
python3 tests/lint/perfscript_lint.py --self-test || status=1

while IFS= read -r script; do
	case $(head -n 1 "$script") in
	'#!/bin/bash' | '#!/bin/sh') ;;
	*) continue ;;
	esac
	bash -n "$script" || status=1
	if command -v shellcheck >/dev/null; then
		shellcheck -S warning "$script" || status=1
	fi
done < <(find setup .ci tests -type f -perm -u+x ! -name '*.py' \
	! -path '*/corpus/*')

python3 - <<'PYTHON' || status=1
import ast, os, sys
bad = 0
for top in ("tests", "example", "src"):
    for folder, _, names in os.walk(top):
        for name in names:
            if name.endswith(".py"):
                path = os.path.join(folder, name)
                try:
                    ast.parse(open(path, encoding="utf-8").read(), path)
                except SyntaxError as error:
                    print(error)
                    bad = 1
sys.exit(bad)
PYTHON
exit $status
