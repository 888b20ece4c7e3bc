package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
)

// binary is the daemon, built with the race detector.
var binary string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if signal.Ignored(syscall.SIGHUP) { // by nohup; the programs that are tested must not inherit that
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
	dir, err := os.MkdirTemp("", "dialwarden-e2e")
	if err != nil {
		return fail(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "dialwarden")
	flag.Parse()
	if err := flag.Set("test.parallel", "64"); err != nil { // the tests of one lab wait, they do not compute; how many labs there are, places says
		return fail(err)
	}
	build := exec.Command("go", "build", "-race", "-o", binary, "../cmd/dialwarden")
	build.Stdout, build.Stderr = os.Stdout, os.Stderr
	if err := build.Run(); err != nil {
		return fail(fmt.Errorf("the daemon does not build: %w", err))
	}
	return m.Run()
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, "e2e:", err)
	return 1
}
