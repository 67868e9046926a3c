// Package coffertest starts a Coffer server in test mode for a Go test, and steers it: its clock, snapshots of everything, faults.
// docs/testing.md says what each of these does.
package coffertest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	"github.com/alibabacloud-go/tea/tea"
)

const (
	readyWithin  = 30 * time.Second
	stopWithin   = 30 * time.Second
	answerWithin = 2 * time.Minute
)

var announced = regexp.MustCompile(`http://([0-9.]+:\d+)`)

// Account is the account that a server has, and its own access key.
type Account struct{ ID, AccessKeyID, AccessKeySecret, Region string }

// Server is a server for tests, on a free port of this machine.
type Server struct {
	// Address is host and port.
	Address string
	// Account is who the clients are.
	Account Account
	process *exec.Cmd
	exited  chan error
	place   string
}

// Options are what a server can be started with.
type Options struct {
	// Binary is the server's executable; COFFER_BINARY, else coffer on the path, unless it is said.
	Binary string
	// Seed gives the same ids and keys in every run; 0 is none.
	Seed uint64
	// More options of `coffer serve`.
	More []string
}

// State is what can be seen of test mode.
type State struct {
	Clock struct {
		Now    time.Time
		Frozen bool
	}
	Seed      *uint64
	Snapshots []string
	Faults    []map[string]interface{}
}

// Fault is something that goes wrong. The functions below make them.
type Fault map[string]interface{}

// KMSDown has KMS answer nobody.
func KMSDown() Fault { return Fault{"kind": "kms-down"} }

// KeyDisabled disables a key, that of a service too.
func KeyDisabled(keyID string) Fault { return Fault{"kind": "key-disabled", "key_id": keyID} }

// SlowDisk delays every transfer to and from every disk.
func SlowDisk(delay time.Duration) Fault {
	return Fault{"kind": "slow-disk", "delay_ms": delay.Milliseconds()}
}

// ThrottleEvery refuses every n-th call of an action: CreateDisk, kms:CreateKey, kms:*, *.
func ThrottleEvery(action string, n int) Fault {
	return Fault{"kind": "throttle", "action": action, "every": n}
}

// ThrottleRate refuses calls of an action beyond so many a second.
func ThrottleRate(action string, perSecond int) Fault {
	return Fault{"kind": "throttle", "action": action, "per_second": perSecond}
}

// Error has the next calls of an action answered with one of its codes.
func Error(action, code string, times int) Fault {
	return Fault{"kind": "error", "action": action, "code": code, "times": times}
}

// Start starts a server that is stopped when the test ends. Tests that share one start it in TestMain with Run, and call Reset.
func Start(t testing.TB, options Options) *Server {
	t.Helper()
	server, err := Run(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// Run starts a server outside a test. Stop stops it.
func Run(options Options) (*Server, error) {
	binary, err := find(options.Binary)
	if err != nil {
		return nil, err
	}
	// Not the test's own directory: the path of a socket has 107 bytes at most.
	place, err := os.MkdirTemp("", "coffer-")
	if err != nil {
		return nil, err
	}
	server := &Server{place: place, exited: make(chan error, 1), Account: Account{
		ID: "1234567890123456", Region: "cn-hangzhou",
		AccessKeyID: "LTAIcofferTestingAccount", AccessKeySecret: "coffer-testing-account-secret-0",
	}}
	arguments := []string{"serve", "--test-mode", "--listen", "127.0.0.1:0", "--region", server.Account.Region}
	arguments = append(arguments, "--data", filepath.Join(place, "data"))
	if options.Seed != 0 {
		arguments = append(arguments, "--seed", strconv.FormatUint(options.Seed, 10))
	}
	server.process = exec.Command(binary, append(arguments, options.More...)...)
	server.process.Env = server.environment()
	if err := server.start(); err != nil {
		os.RemoveAll(place)
		return nil, err
	}
	return server, nil
}

func find(binary string) (string, error) {
	if binary != "" {
		return binary, nil
	}
	if binary = os.Getenv("COFFER_BINARY"); binary != "" {
		return binary, nil
	}
	binary, err := exec.LookPath("coffer")
	if err != nil {
		return "", fmt.Errorf("no server: set COFFER_BINARY, or put coffer on the path")
	}
	return binary, nil
}

func (s *Server) environment() []string {
	var kept []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "COFFER_") {
			kept = append(kept, variable)
		}
	}
	return append(kept,
		"COFFER_ACCOUNT_ID="+s.Account.ID,
		"COFFER_ROOT_ACCESS_KEY_ID="+s.Account.AccessKeyID,
		"COFFER_ROOT_ACCESS_KEY_SECRET="+s.Account.AccessKeySecret,
	)
}

func (s *Server) logFile() string { return filepath.Join(s.place, "log") }

// Log is what the server has logged: JSON lines.
func (s *Server) Log() string {
	log, err := os.ReadFile(s.logFile())
	if err != nil {
		return err.Error()
	}
	return string(log)
}

func (s *Server) start() error {
	log, err := os.Create(s.logFile())
	if err != nil {
		return err
	}
	defer log.Close()
	s.process.Stderr = log
	output, err := s.process.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.process.Start(); err != nil {
		return err
	}
	addresses := make(chan string, 1)
	go func() {
		for scanner := bufio.NewScanner(output); scanner.Scan(); {
			if found := announced.FindStringSubmatch(scanner.Text()); found != nil {
				select {
				case addresses <- found[1]:
				default:
				}
			}
		}
		s.exited <- s.process.Wait()
	}()
	select {
	case s.Address = <-addresses:
		return nil
	case err := <-s.exited:
		return fmt.Errorf("the server did not start (%v):\n%s", err, s.Log())
	case <-time.After(readyWithin):
		s.process.Process.Kill()
		return fmt.Errorf("the server did not start in time:\n%s", s.Log())
	}
}

// Stop stops the server.
func (s *Server) Stop() error {
	defer os.RemoveAll(s.place)
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-s.exited:
		return err
	case <-time.After(stopWithin):
		s.process.Process.Kill()
		return fmt.Errorf("the server did not stop in time")
	}
}

// Config is the configuration of the official V2 clients for this server, as its account. Each client gets its own.
func (s *Server) Config() *openapi.Config {
	return &openapi.Config{
		AccessKeyId:     tea.String(s.Account.AccessKeyID),
		AccessKeySecret: tea.String(s.Account.AccessKeySecret),
		RegionId:        tea.String(s.Account.Region),
		Endpoint:        tea.String(s.Address),
		Protocol:        tea.String("HTTP"),
	}
}

// Ask asks a path of test mode; the state afterwards.
func (s *Server) Ask(path string, body interface{}) (*State, error) {
	method, content := http.MethodPost, []byte(nil)
	if path == "state" {
		method = http.MethodGet
	} else if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequest(method, "http://"+s.Address+"/test/"+path, bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	// No proxy: the server is on this machine.
	client := http.Client{Timeout: answerWithin, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	content, err = io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		var refusal struct{ Code, Message string }
		if err := json.Unmarshal(content, &refusal); err != nil {
			return nil, fmt.Errorf("%s: %s", answer.Status, content)
		}
		return nil, fmt.Errorf("%s: %s", refusal.Code, refusal.Message)
	}
	state := &State{}
	return state, json.Unmarshal(content, state)
}

func (s *Server) does(t testing.TB, path string, body interface{}) *State {
	t.Helper()
	state, err := s.Ask(path, body)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// State is the clock, the seed, the snapshots and the faults.
func (s *Server) State(t testing.TB) *State { t.Helper(); return s.does(t, "state", nil) }

// Now is what the server's clock shows, to the second.
func (s *Server) Now(t testing.TB) time.Time { t.Helper(); return s.State(t).Clock.Now }

// Reset has everything as it was at the start: nothing there, no faults, the machine's time.
func (s *Server) Reset(t testing.TB) { t.Helper(); s.does(t, "reset", nil) }

type named struct {
	Name string `json:"name"`
}

// Snapshot keeps everything as it is under a name.
func (s *Server) Snapshot(t testing.TB, name string) { t.Helper(); s.does(t, "snapshot", named{name}) }

// Restore has everything as it was when that snapshot was made.
func (s *Server) Restore(t testing.TB, name string) { t.Helper(); s.does(t, "restore", named{name}) }

// Forget drops a snapshot.
func (s *Server) Forget(t testing.TB, name string) { t.Helper(); s.does(t, "forget", named{name}) }

// SetClock sets the clock, to the second; what falls due on the way there is done.
func (s *Server) SetClock(t testing.TB, to time.Time) {
	t.Helper()
	s.does(t, "clock", map[string]string{"set": to.UTC().Format("2006-01-02T15:04:05Z")})
}

// Advance moves the clock on; what falls due is done, each at its moment.
func (s *Server) Advance(t testing.TB, by time.Duration) {
	t.Helper()
	s.does(t, "clock", map[string]float64{"advance_s": by.Seconds()})
}

// Freeze stops the clock.
func (s *Server) Freeze(t testing.TB) {
	t.Helper()
	s.does(t, "clock", map[string]bool{"frozen": true})
}

// Unfreeze lets the clock run.
func (s *Server) Unfreeze(t testing.TB) {
	t.Helper()
	s.does(t, "clock", map[string]bool{"frozen": false})
}

// Fault brings a fault about, until Mend or Reset.
func (s *Server) Fault(t testing.TB, fault Fault) { t.Helper(); s.does(t, "fault", fault) }

// Mend ends all faults.
func (s *Server) Mend(t testing.TB) { t.Helper(); s.does(t, "mend", nil) }
