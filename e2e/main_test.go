package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/lab"
)

// binary is the daemon, built with the race detector.
var binary string

// shared is the Asterisk of the tests that do not stop it.
var shared *lab.Lab

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "dialwarden-e2e")
	if err != nil {
		return fail(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "dialwarden")
	flag.Parse()
	if err := flag.Set("test.parallel", "64"); err != nil { // calls wait, they do not compute
		return fail(err)
	}
	build := exec.Command("go", "build", "-race", "-o", binary, "../cmd/dialwarden")
	build.Stdout, build.Stderr = os.Stdout, os.Stderr
	if err := build.Run(); err != nil {
		return fail(fmt.Errorf("the daemon does not build: %w", err))
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if shared, err = lab.Start(ctx, lab.Options{}); err != nil {
		return fail(err)
	}
	defer func() { _ = shared.Close() }()
	return m.Run()
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, "e2e:", err)
	return 1
}
