#!/bin/sh
# check_symbols.sh LIBRARY: the library exports exactly the names of symbols.txt, at most 25, each declared in client.h.
set -eu
here=$(dirname "$0")
found=$(nm -D --defined-only "$1" | awk '$2 == "T" || $2 == "D" || $2 == "B" || $2 == "W" || $2 == "V" { sub(/@.*/, "", $3); print $3 }' | LC_ALL=C sort -u)
wanted=$(cat "$here/symbols.txt")
if [ "$found" != "$wanted" ]; then
  echo "The exported names differ from test/c_abi/symbols.txt:" >&2
  printf '%s\n' "$found" | diff "$here/symbols.txt" - >&2 || true
  exit 1
fi
count=$(printf '%s\n' "$wanted" | wc -l)
[ "$count" -le 25 ] || { echo "$count functions; the bar is 25" >&2; exit 1; }
for name in $wanted; do
  grep -q "$name(" "$here/../../include/latchkey/client.h" || { echo "$name is not declared in client.h" >&2; exit 1; }
done
readelf -d "$1" | grep -q 'SONAME.*liblatchkey\.so\.0' || { echo "the SONAME is not liblatchkey.so.0" >&2; exit 1; }
echo "exported: $count functions"
