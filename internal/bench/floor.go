package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/dialwarden/dialwarden/internal/lab"
)

const (
	page  = 4096 // what a durable continue writes
	pages = 256  // the file is written round and round, as a write-ahead log is
)

// floor is the app that only continues: the least that an app can do, done as quickly as we know how.
type floor struct {
	address string // of Asterisk's HTTP server
	login   string // the Authorization header
	socket  *websocket.Conn
	file    *os.File
	done    sync.WaitGroup

	mu    sync.Mutex
	idle  []net.Conn
	conns []net.Conn // all that were opened
	turn  int64      // next page of the file
	fault error      // the first; it fails the benchmark
}

// startFloor connects the app; dir is where durable continues write.
func startFloor(ctx context.Context, l *lab.Lab, dir string) (*floor, error) {
	login := "Basic " + base64.StdEncoding.EncodeToString([]byte(lab.ARIUser+":"+l.ARIPassword()))
	f := &floor{address: l.ARIAddress(), login: login}
	var err error
	if f.file, err = os.Create(filepath.Join(dir, "floor.pages")); err != nil {
		return nil, err
	}
	if _, err = f.file.Write(make([]byte, page*pages)); err == nil {
		err = f.file.Sync()
	}
	if err != nil {
		return nil, errors.Join(err, f.file.Close())
	}
	u := "ws://" + f.address + "/ari/events?app=" + application
	f.socket, _, err = websocket.Dial(ctx, u, &websocket.DialOptions{ //nolint:bodyclose // the library closes it
		HTTPHeader: http.Header{"Authorization": {login}},
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the floor's app cannot connect: %w", err), f.file.Close())
	}
	f.socket.SetReadLimit(1 << 20)
	f.done.Go(f.read)
	if err := f.filter(ctx, l); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// filter has Asterisk send nothing but the arrivals of calls.
func (f *floor) filter(ctx context.Context, l *lab.Lab) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, l.ARIURL()+"/applications/"+application+"/eventFilter",
		strings.NewReader(`{"allowed":[{"type":"StasisStart"}]}`))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", f.login)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("the events of the floor's app cannot be filtered: %s", resp.Status)
	}
	return errors.Join(err, resp.Body.Close())
}

// read takes events until the socket is closed.
func (f *floor) read() {
	for {
		_, event, err := f.socket.Read(context.Background())
		if err != nil {
			return
		}
		if !bytes.Contains(event, []byte(`"type":"StasisStart"`)) {
			continue
		}
		_, rest, _ := bytes.Cut(event, []byte(`"channel":{"id":"`))
		id, _, ok := bytes.Cut(rest, []byte(`"`))
		switch {
		case !ok:
			f.failed(fmt.Errorf("no channel where it was expected in the event %s", event))
		case bytes.Contains(event, []byte(`"args":["durable"]`)):
			f.done.Go(func() {
				f.commit()
				f.goOn(string(id))
			})
		default:
			f.goOn(string(id))
		}
	}
}

// commit makes one page durable.
func (f *floor) commit() {
	f.mu.Lock()
	at := f.turn % pages * page
	f.turn++
	f.mu.Unlock()
	if err := writePage(f.file, at); err != nil {
		f.failed(err)
	}
}

// goOn sends the request that lets a channel go on, and leaves the reading of the answer to another goroutine.
func (f *floor) goOn(channel string) {
	conn, err := f.connection()
	if err != nil {
		f.failed(err)
		return
	}
	_, err = fmt.Fprintf(conn, "POST /ari/channels/%s/continue?context=bench-continued&extension=s&priority=1 HTTP/1.1\r\n"+
		"Host: %s\r\nAuthorization: %s\r\nContent-Length: 0\r\n\r\n", url.PathEscape(channel), f.address, f.login)
	if err != nil {
		f.failed(err)
		return
	}
	f.done.Go(func() { f.answered(conn) })
}

// answered reads the answer and makes the connection free.
func (f *floor) answered(conn net.Conn) {
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	resp, err := http.ReadResponse(bufio.NewReaderSize(conn, 1024), nil)
	if err != nil {
		f.failed(fmt.Errorf("no answer to a continue: %w", err))
		return
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		f.failed(fmt.Errorf("asterisk answers a continue with %s", resp.Status))
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.idle = append(f.idle, conn)
}

func (f *floor) connection() (net.Conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.idle); n > 0 {
		conn := f.idle[n-1]
		f.idle = f.idle[:n-1]
		return conn, nil
	}
	conn, err := net.Dial("tcp4", f.address) //nolint:noctx // the loopback
	if err == nil {
		f.conns = append(f.conns, conn)
	}
	return conn, err
}

func (f *floor) failed(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fault == nil {
		f.fault = err
	}
}

// close disconnects the app and returns what went wrong while it ran.
func (f *floor) close() error {
	_ = f.socket.CloseNow()
	f.done.Wait()
	for _, c := range f.conns {
		_ = c.Close()
	}
	return errors.Join(f.fault, f.file.Close())
}
