// Package e2e drives the server with the official SDKs for Go, which are only told its endpoint.
package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
)

const (
	role       = "AliyunECSDiskEncryptDefaultRole"
	rolePolicy = "AliyunECSDiskEncryptRolePolicy"
	diskGiB    = 20
)

// Disk is what DescribeDisks shows of one.
type Disk struct {
	ID, Status, KMSKeyID string
	SizeGiB              int
	Encrypted            bool
}

// Cloud is what the tests do, each kind of client in its own way. An error that the server answered is a *Refusal.
type Cloud interface {
	// Call asks for any action of any product, through the client's general interface.
	Call(product, action string, parameters map[string]string) (Reply, error)
	// ECS asks for an action through the request and the response that the client has for it.
	ECS(action string, parameters Members) (Reply, error)

	// GetCallerIdentity gives the caller's account.
	GetCallerIdentity() (string, error)
	CreateRole(name, trust string) error
	AttachPolicyToRole(policy, role string) error

	OpenKmsService() error
	// CreateKey gives the new key's id.
	CreateKey() (string, error)
	DisableKey(key string) error
	// DescribeKey gives the key's state.
	DescribeKey(key string) (string, error)

	EnableDiskEncryptionByDefault(region string) error
	DescribeDiskEncryptionByDefaultStatus(region string) (bool, error)
	ModifyDiskDefaultKMSKeyId(region, key string) error
	DescribeDiskDefaultKMSKeyId(region string) (string, error)

	// CreateDisk gives the new disk's id; without a client token, where that is empty.
	CreateDisk(sizeGiB int, clientToken string) (string, error)
	// DescribeDisks shows all of the region's disks.
	DescribeDisks() ([]Disk, error)
	DeleteDisk(disk string) error
}

// versions are those of the products' interfaces.
var versions = map[string]string{"ecs": "2014-05-26", "kms": "2016-01-20", "ram": "2015-05-01", "sts": "2015-04-01"}

// Members are values by the vendor's names; lists are []string or []Members.
type Members = map[string]interface{}

// Reply is what was answered, by the vendor's names.
type Reply Members

// At gives the member that the path leads to; nil where there is none.
func (r Reply) At(path ...string) interface{} {
	var found interface{} = Members(r)
	for _, name := range path {
		members, _ := found.(Members)
		found = members[name]
	}
	return found
}

// Text gives the text that the path leads to.
func (r Reply) Text(path ...string) string {
	text, _ := r.At(path...).(string)
	return text
}

// List gives the replies in the list that the path leads to.
func (r Reply) List(path ...string) []Reply {
	items, _ := r.At(path...).([]interface{})
	replies := make([]Reply, len(items))
	for i, item := range items {
		replies[i] = item.(Members)
	}
	return replies
}

// parsed is an answer in JSON.
func parsed(text string) (Reply, error) {
	var reply Reply
	err := json.Unmarshal([]byte(text), &reply)
	return reply, err
}

// replyOf is a typed response by the vendor's names, which both SDKs keep for JSON.
func replyOf(response interface{}) (Reply, error) {
	text, err := json.Marshal(response)
	if err != nil {
		return nil, err
	}
	return parsed(string(text))
}

// kinds are the clients; each connects to a server with an access key.
var kinds = []struct {
	name    string
	connect func(*testing.T, *Server, Key) Cloud
}{
	{"the_V2_SDKs", connectV2},
	{"the_V2_SDKs_over_HTTPS", connectV2OverHTTPS},
	{"the_older_SDK", connectLegacy},
	{"the_older_SDK_over_HTTPS", connectLegacyOverHTTPS},
}

// withEachClient runs the test once a kind of client.
func withEachClient(t *testing.T, test func(*testing.T, func(*Server, Key) Cloud)) {
	for _, kind := range kinds {
		connect := kind.connect
		t.Run(kind.name, func(t *testing.T) {
			test(t, func(server *Server, key Key) Cloud { return connect(t, server, key) })
		})
	}
}

// Refusal is an error that the server answered, as the client understood it.
type Refusal struct {
	Status        int
	Code, Message string
}

func (r *Refusal) Error() string { return fmt.Sprintf("%d %s %s", r.Status, r.Code, r.Message) }

// expectRefusal fails the test unless the call was refused so.
func expectRefusal(t *testing.T, err error, expected Refusal) {
	t.Helper()
	equal(t, expectCode(t, err, expected.Status, expected.Code).Message, expected.Message)
}

// expectCode fails the test unless the call was refused so, whatever the words.
func expectCode(t *testing.T, err error, status int, code string) *Refusal {
	t.Helper()
	var refusal *Refusal
	if !errors.As(err, &refusal) || refusal.Status != status || refusal.Code != code {
		t.Fatalf("expected %d %s, got %v", status, code, err)
	}
	return refusal
}

// ok gives the value of a call that must succeed.
func ok[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		must(t, err)
		return value
	}
}

// equal fails the test unless both are the same.
func equal[T comparable](t *testing.T, got, expected T) {
	t.Helper()
	if got != expected {
		t.Fatalf("expected %v, got %v", expected, got)
	}
}

// trust is a policy by which the principal may assume a role.
func trust(kind, principal string) string {
	return fmt.Sprintf(
		`{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{%q:[%q]}}]}`, kind, principal,
	)
}

// makeRole makes the role through which ECS reaches a customer's keys.
func makeRole(t *testing.T, cloud Cloud) {
	t.Helper()
	must(t, cloud.CreateRole(role, trust("Service", "ecs.aliyuncs.com")))
	must(t, cloud.AttachPolicyToRole(rolePolicy, role))
}
