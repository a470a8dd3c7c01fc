#!/bin/sh
# notes_test.sh PROGRAM: the notebook without any license server.
set -eu
notes=$1
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
unset XDG_DATA_HOME XDG_STATE_HOME XDG_CONFIG_HOME LC_ALL LC_MESSAGES VISUAL || true
export HOME="$home" LANG=C
fail() { echo "failed: $1" >&2; exit 1; }
has() { printf '%s' "$1" | grep -q -- "$2" || fail "expected \"$2\" in: $1"; }

# Reading needs no settings at all.
mkdir -p "$home/.local/share/notes"
printf 'Shopping\nmilk and bread #home\n' > "$home/.local/share/notes/1.md"
printf '# Meeting\nwith Lena #work\n' > "$home/.local/share/notes/2.md"
has "$($notes list)" "Shopping  #home"
has "$($notes list '#work')" "Meeting"
has "$($notes show 1)" "milk and bread"
has "$($notes search LENA meeting)" "Meeting"
has "$($notes export)" "note 2"
$notes export "$home/all.md" > /dev/null
has "$(cat "$home/all.md")" "Lena"
has "$($notes help)" "notes activate KEY"

# Unlicensed: writing is refused, with the way on; nothing is lost.
if out=$($notes add hello 2>&1); then fail "added without settings"; fi
has "$out" "No license server is set"
has "$out" "export NOTES_SERVER="
if out=$(NOTES_SERVER=http://127.0.0.1:9 $notes license 2>&1); then fail "opened without a public key"; fi
has "$out" "please set NOTES_PUBLIC_KEY, NOTES_PRODUCT"
export NOTES_SERVER=http://127.0.0.1:9 NOTES_PRODUCT=8a6d2b47-51c9-4e0f-8d33-6f1b2c9e4a21
export NOTES_PUBLIC_KEY=03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8
if out=$($notes add hello 2>&1); then fail "added without a license"; fi
has "$out" "Not activated"
has "$out" "notes activate KEY"
has "$($notes license)" "Not licensed"
has "$($notes license --json)" '"access":"none"'

# Every action that is offered leads somewhere; what this app cannot do is not offered.
if printf '%s' "$out" | grep -- '->' | grep -qv ': '; then fail "an action without a way: $out"; fi
if printf '%s' "$out" | grep -q "Use my browser"; then fail "offers what it cannot do: $out"; fi
if bad=$(NOTES_PORTAL=javascript:x $notes license 2>&1); then fail "took an address that is no page"; fi
has "$bad" "must start with https://"
has "$(NOTES_SUPPORT=mailto:help@acme.example $notes license --json)" '"support":"mailto:help@acme.example"'

# A key with one wrong character is caught before any request.
if out=$($notes activate 000000-000000-000000-000000-000001-V3 2>&1); then fail "took a mistyped key"; fi
has "$out" "heck"
has "$out" "--anyway"

# Nobody to ask: the key is kept, and the work goes on. A soft state: exit code 0.
out=$($notes activate a-key-of-some-vendor-0001) || fail "no exit code 0 offline"
has "$out" "Your key is saved"
$notes add "Call Lena #work" > /dev/null 2>&1 || fail "cannot add in the provisional week"
printf 'from a pipe\n' | $notes add > /dev/null 2>&1 || fail "cannot add from a pipe"
# Complaint_3_ of ux.md: the same notice comes once a day, not after each command.
again=$($notes tag 3 work 2>&1) || fail "cannot tag"
if printf '%s' "$again" | grep -q -- '->'; then fail "the same notice again: $again"; fi
$notes tag 4 idea > /dev/null 2>&1 || fail "cannot tag"
has "$($notes list '#idea')" "from a pipe"
EDITOR='sed -i s/pipe/tube/' $notes edit 4 > /dev/null 2>&1 || fail "cannot edit"
has "$($notes show 4)" "from a tube"
$notes delete 4 > /dev/null
if $notes show 4 2> /dev/null; then fail "deleted note is shown"; fi
if $notes frobnicate 2> /dev/null; then fail "took an unknown command"; fi
echo "notes: all well"
