package e2e

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	account     = "1234567890123456"
	region      = "cn-hangzhou"
	zone        = region + "-h"
	readyWithin = 20 * time.Second
	stopWithin  = 20 * time.Second
)

// Key is an access key; with a token a temporary one.
type Key struct{ ID, Secret, Token string }

var root = Key{ID: "LTAI5tRootOfTheTests0000", Secret: "root-secret-of-the-tests-000000"}

var announced = regexp.MustCompile(`http://(127\.0\.0\.1:\d+)`)

// Server is a Coffer process for one test, on a free port and a fresh data directory.
type Server struct {
	// Host and port, as the clients are told them.
	Address string
	data    string
	process *exec.Cmd
}

// serve starts a server with these options, and stops it when the test ends.
func serve(t *testing.T, options ...string) *Server {
	t.Helper()
	// Not t.TempDir, which has the test's name in it: a Unix socket's path is short.
	place := ok[string](t)(os.MkdirTemp("", "coffer-e2e-"))
	server := &Server{data: filepath.Join(place, "data")}
	t.Cleanup(func() {
		server.stop(t)
		must(t, os.RemoveAll(place))
	})
	server.start(t, options...)
	return server
}

// Restart stops the server and starts it with other options on the same data.
func (s *Server) Restart(t *testing.T, options ...string) {
	t.Helper()
	s.stop(t)
	s.start(t, options...)
}

// seen has the addresses that servers of this run had: the V2 SDKs keep a client, with whom it trusts, for every address.
var seen sync.Map

// start starts it at an address of its own.
func (s *Server) start(t *testing.T, options ...string) {
	t.Helper()
	s.startAnywhere(t, options...)
	for _, again := seen.LoadOrStore(s.Address, true); again; _, again = seen.LoadOrStore(s.Address, true) {
		s.stop(t)
		s.startAnywhere(t, options...)
	}
}

func (s *Server) startAnywhere(t *testing.T, options ...string) {
	t.Helper()
	binary := os.Getenv("COFFER_BINARY")
	if binary == "" {
		t.Fatal("COFFER_BINARY names no server to test")
	}
	command := exec.Command(binary, append([]string{"serve", "--listen", "127.0.0.1:0", "--data", s.data}, options...)...)
	command.Env = environment()
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	must(t, err)
	must(t, command.Start())
	s.process = command
	lines := make(chan string, 64)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(output); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}()
	s.Address = awaitAddress(t, lines)
	s.awaitReady(t)
}

// environment is this process's, with the settings of the server under test.
func environment() []string {
	var kept []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "COFFER_") {
			kept = append(kept, variable)
		}
	}
	return append(kept,
		"COFFER_ROOT_ACCESS_KEY_ID="+root.ID,
		"COFFER_ROOT_ACCESS_KEY_SECRET="+root.Secret,
		"COFFER_ACCOUNT_ID="+account,
		"RUST_LOG=error",
	)
}

// awaitAddress reads the address from what the server prints: it picked the port, so no other can have it.
func awaitAddress(t *testing.T, lines <-chan string) string {
	t.Helper()
	deadline := time.After(readyWithin)
	for {
		select {
		case line, more := <-lines:
			if !more {
				t.Fatal("the server ended early")
			}
			if found := announced.FindStringSubmatch(line); found != nil {
				go discard(lines)
				return found[1]
			}
		case <-deadline:
			t.Fatal("the server announced no endpoint")
		}
	}
}

// discard reads on, so that the server never waits to print.
func discard(lines <-chan string) {
	for range lines {
	}
}

func (s *Server) awaitReady(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(readyWithin); ; time.Sleep(20 * time.Millisecond) {
		answer, err := http.Get("http://" + s.Address + "/health/ready")
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server did not get ready: %v", err)
		}
	}
}

// CA is the path of the certificate of the server's own authority.
func (s *Server) CA() string { return filepath.Join(s.data, "ca.pem") }

// Trust is what a client of Go's needs to believe the server.
func (s *Server) Trust(t *testing.T) *tls.Config {
	t.Helper()
	certificates := x509.NewCertPool()
	if !certificates.AppendCertsFromPEM([]byte(s.readCA(t))) {
		t.Fatal("the authority's file holds no certificate")
	}
	return &tls.Config{RootCAs: certificates, MinVersion: tls.VersionTLS12}
}

func (s *Server) readCA(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(s.CA())
	must(t, err)
	return string(text)
}

func (s *Server) stop(t *testing.T) {
	t.Helper()
	if s.process == nil {
		return
	}
	command := s.process
	s.process = nil
	must(t, command.Process.Signal(syscall.SIGTERM))
	timer := time.AfterFunc(stopWithin, func() { _ = command.Process.Kill() })
	defer timer.Stop()
	if err := command.Wait(); err != nil {
		t.Error(fmt.Errorf("the server did not stop well: %w", err))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
