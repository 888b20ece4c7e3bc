package agi

import (
	"errors"
	"io"

	"github.com/dialwarden/dialwarden/internal/call"
)

// unlessGone makes nothing of an error that only says that the caller has gone.
func unlessGone(err error) error {
	if errors.Is(err, call.ErrGone) || errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
