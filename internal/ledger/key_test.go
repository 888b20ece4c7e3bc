package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestKeyIsCreatedOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pin.key")
	if _, err := LoadKey(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing key file: %v", err)
	}
	keys := make([]Key, 8)
	var wg sync.WaitGroup
	for i := range keys { // all at once: one of them makes it
		wg.Go(func() {
			k, err := LoadOrCreateKey(path)
			if err != nil {
				t.Error(err)
			}
			keys[i] = k
		})
	}
	wg.Wait()
	again, err := LoadKey(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if k != again {
			t.Error("two different keys came out of one file")
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() != KeySize {
		t.Errorf("the key file has mode %v, %d bytes, %v", info.Mode(), info.Size(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if other, err := LoadOrCreateKey(path + "2"); err != nil || other.secret == again.secret {
		t.Errorf("another key file has the same key, %v", err)
	}
}

func TestKeyFilesThatAreRefused(t *testing.T) {
	good := bytes.Repeat([]byte{7}, KeySize)
	for name, test := range map[string]struct {
		content []byte
		mode    os.FileMode
		want    string
	}{
		"group may read":  {good, 0o640, "chmod 600"},
		"others may read": {good, 0o604, "chmod 600"},
		"short":           {good[1:], 0o600, "31 bytes long, want 32"},
		"long":            {append(good[:KeySize:KeySize], '\n'), 0o600, "33 bytes long, want 32"},
		"empty":           {nil, 0o600, "0 bytes long, want 32"},
		"zeros":           {make([]byte, KeySize), 0o600, "no secret"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "pin.key")
			if err := errors.Join(os.WriteFile(path, test.content, 0o600), os.Chmod(path, test.mode)); err != nil {
				t.Fatal(err)
			}
			for _, load := range []func(string) (Key, error){LoadKey, LoadOrCreateKey} {
				_, err := load(path)
				if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
					t.Errorf("got %v, want an error with %q and the path", err, test.want)
				}
			}
			if content, _ := os.ReadFile(path); !bytes.Equal(content, test.content) {
				t.Error("the file was changed")
			}
		})
	}
	if _, err := LoadKey(t.TempDir()); err == nil {
		t.Error("a directory was read as a key")
	}
}

func TestKeyIsNeverShown(t *testing.T) {
	k := Key{path: "pin.key"}
	copy(k.secret[:], strings.Repeat("Q", KeySize))
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("key", "key", k, "pointer", &k)
	encoded, _ := json.Marshal(map[string]any{"k": k})
	shown := fmt.Sprintf("%v %+v %#v %s %q %x %d %v", k, k, k, k, k, k, k, []any{k, &k}) + k.String() + k.GoString() + log.String() + string(encoded)
	for _, secret := range []string{"QQ", "5151", "81 81", "UVFR"} {
		if strings.Contains(shown, secret) {
			t.Errorf("the key is in %s", shown)
		}
	}
}
