// Package e2e drives the server with the official SDKs for Go, which are only told its endpoint.
package e2e

import (
	"errors"
	"fmt"
	"testing"
)

const (
	role       = "AliyunECSDiskEncryptDefaultRole"
	rolePolicy = "AliyunECSDiskEncryptRolePolicy"
	roleTrust  = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":["ecs.aliyuncs.com"]}}]}`
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

	// CreateDisk gives the new disk's id.
	CreateDisk(sizeGiB int) (string, error)
	// DescribeDisks shows all of the region's disks.
	DescribeDisks() ([]Disk, error)
	DeleteDisk(disk string) error
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
	var refusal *Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("expected %v, got %v", &expected, err)
	}
	if *refusal != expected {
		t.Fatalf("expected %v, got %v", &expected, refusal)
	}
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

// makeRole makes the role through which ECS reaches a customer's keys.
func makeRole(t *testing.T, cloud Cloud) {
	t.Helper()
	must(t, cloud.CreateRole(role, roleTrust))
	must(t, cloud.AttachPolicyToRole(rolePolicy, role))
}
