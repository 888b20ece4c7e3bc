#!/usr/bin/env bash
# Everything that must hold, from a bare machine on: installs what is missing, then checks formatting, vet, lint and
# all tests with the race detector against a real Asterisk. Every step runs, whatever the ones before it said; the
# last lines sum up. Ends with a status other than zero if anything failed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
export CGO_ENABLED=1
export CGO_CFLAGS="-g -O2 -DHAVE_FDATASYNC=1" # as in the Makefile
passed=0 failed=0 summary=()

# step TITLE COMMAND…
step() {
	local title=$1 start=$SECONDS verdict
	shift
	printf '\n=== %s\n' "$title"
	if "$@"; then
		verdict=ok passed=$((passed + 1))
	else
		verdict=FAILED failed=$((failed + 1))
	fi
	summary+=("$(printf '%-7s %4d s  %s' "$verdict" $((SECONDS - start)) "$title")")
}

formatted() {
	local files
	files=$(gofmt -l $(go list -f '{{.Dir}}' ./...)) || return
	[ -z "$files" ] && return
	printf 'gofmt would change:\n%s\n' "$files"
	return 1
}

# Rego is judged by the binary that people get, with the built-in configuration.
policies=(policy examples/*/policy)

rego_format() { bin/dialwarden --config /dev/null policy fmt --diff "${policies[@]}"; }

rego_tests() {
	local dir failed=0
	for dir in "${policies[@]}"; do
		bin/dialwarden --config /dev/null policy check "$dir" || failed=1
		bin/dialwarden --config /dev/null policy test --min-coverage 100 "$dir" || failed=1
	done
	return "$failed"
}

# The linter and the tests together need some 2 GB; -p 2 keeps two cores busy without starving the real-time audio.
# Calls and prompts take their time and little else: several labs at once.
tests() { go test -race -count=1 -timeout 14m -p 2 -parallel 6 ./...; }

# The race detector would make this take minutes.
reloads() { go test -count=1 -timeout 5m -run '^TestReloadsUnderLoad$' ./internal/app; }

step "tools (gcc, certificates)" scripts/need.sh ca-certificates gcc libc6-dev
step "a real Asterisk" scripts/asterisk-root.sh
step "gofmt" formatted
step "go build" go build ./...
step "make build" make --no-print-directory build
step "Rego format" rego_format
step "Rego tests" rego_tests
step "go vet" go vet ./...
step "golangci-lint" make --no-print-directory lint
step "1,000 reloads under load" reloads
step "go test -race" tests

printf '\n=== summary\n'
printf '%s\n' "${summary[@]}"
printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
